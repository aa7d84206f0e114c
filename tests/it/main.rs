//! One integration binary: fewer links, shared helpers.

mod architecture;
mod assets;
mod jobs;
mod life;
mod pages;
mod pg;
mod store;
mod world;
