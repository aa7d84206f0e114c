//! The pages: one struct each, plain data in, wording in `templates/`. A page holds the [`Frame`](super::page::Frame)
//! and renders itself (`page.render()`); a part (form, panel, steps) is a struct of its own that its page writes
//! with `{{ part|safe }}`.

pub mod desk;
pub mod docs;
pub mod error;
pub mod form;
pub mod help;
pub mod home;
pub mod link;
pub mod panel;
pub mod progress;
pub mod rules;
pub mod staff;
pub mod tabs;
