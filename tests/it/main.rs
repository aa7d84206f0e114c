mod assets;
mod pages;
mod pg;
mod store;
