//! What browsers and providers see.

pub mod assets;
pub mod page;
pub mod pages;
