//! What browsers and providers see.

pub mod api;
pub mod assets;
pub mod page;
pub mod pages;
