//! One integration binary: fewer links, shared helpers.

mod architecture;
mod assets;
mod pages;
mod pg;
mod store;
