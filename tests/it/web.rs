//! The portal over real HTTP.

mod docs;
mod forms;
mod guards;
mod limits;
mod main_job;
mod pages;
mod puzzle;

use heyan::domain::{filing::FilingDraft, province::Province, words::FilingKind};

use crate::world::{Who, filing};

/// Nationwide: 24 hours, five tries, a link.
pub const IN_2021: &str = "2021-03-01T10:00+08:00";

/// A filing in Gansu with one person.
pub fn one(who: &Who) -> FilingDraft {
    filing(Province::Gansu, FilingKind::NewSite, None, &[who.json()])
}

/// A filing in Gansu with two people.
pub fn two(first: &Who, second: &Who) -> FilingDraft {
    filing(
        Province::Gansu,
        FilingKind::NewFiling,
        Some(first.json()),
        &[second.json()],
    )
}
