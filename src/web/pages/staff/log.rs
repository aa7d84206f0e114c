//! 操作日志: what the staff did.

use askama::Template;

use super::{Desk, Pager};
use crate::{domain::province::Province, web::page::Frame};

/// The log (`staff/log.html`).
#[derive(Debug, Template)]
#[template(path = "staff/log.html")]
pub struct LogPage {
    /// The frame.
    pub frame: Frame,
    /// Who looks.
    pub desk: Desk,
    /// The newest first.
    pub lines: Vec<Line>,
    /// The other pages.
    pub pager: Pager,
}

/// Something that was done.
#[derive(Debug, Clone)]
pub struct Line {
    /// When, to the second, `2026-11-26 09:00:00`.
    pub at: String,
    /// Whose account; none: no account of that name, or an operator at the command line.
    pub name: Option<String>,
    /// Of which bureau.
    pub province: Option<Province>,
    /// What, in words.
    pub what: String,
    /// Details, in words.
    pub detail: String,
}
