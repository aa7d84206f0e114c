//! 统计: pictures, each with its table and the table's file.

use askama::Template;

use super::{Desk, Filter};
use crate::web::page::Frame;

/// The statistics (`staff/statistics.html`).
#[derive(Debug, Template)]
#[template(path = "staff/statistics.html")]
pub struct StatisticsPage {
    /// The frame.
    pub frame: Frame,
    /// The header.
    pub desk: Desk,
    /// Which bureau; none: nothing to choose.
    pub filter: Option<Filter>,
    /// Until when it was counted, `2026年11月26日 15:00`.
    pub now: String,
    /// The tables.
    pub tables: Vec<Table>,
}

/// A table, with its picture.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its word in addresses: `funnel`.
    pub id: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What its numbers are, in a sentence.
    pub about: &'static str,
    /// SVG; empty: none.
    pub picture: String,
    /// What its colours are, in words; empty: there is but one.
    pub legend: &'static str,
    /// The names of its columns.
    pub headings: Vec<&'static str>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
    /// Where its file is.
    pub file: String,
}
