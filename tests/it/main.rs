//! One integration binary: fewer links, shared helpers.

mod architecture;
mod assets;
mod jobs;
mod pages;
mod pg;
mod store;
