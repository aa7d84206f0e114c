mod assets;
mod pages;
