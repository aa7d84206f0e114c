//! The data file as it is written: named policies, and for each province which of them is in force from when on.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{HkMacauTail, Senders};
use crate::domain::words::{FilingKind, Wording};

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub policies: BTreeMap<String, Settings>,
    pub national: Place,
    pub provinces: BTreeMap<String, Place>,
}

/// `[policies.NAME]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own"
)]
pub struct Settings {
    pub source: String,
    pub validity_hours: u32,
    pub max_wrong_tries: u32,
    pub max_manual_resends: u32,
    pub noon_resend: bool,
    pub verify_unchanged_phone: bool,
    pub phone_change_review: bool,
    pub verified_kinds: Vec<FilingKind>,
    pub senders: Senders,
    pub short_link: bool,
    pub national_entry: bool,
    pub wording: Wording,
    pub name_in_messages: bool,
    pub hk_macau_tail: HkMacauTail,
}

/// `[provinces.SLUG]`, or `[national]` for the national page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    pub batch: u8,
    pub timeline: Vec<Entry>,
    /// What differs there from the named policies, whichever is in force.
    pub deviation: Option<Deviation>,
}

/// One line of a timeline.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub from: String,
    pub policy: String,
    pub source: String,
}

/// A province's own settings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deviation {
    pub hk_macau_tail: HkMacauTail,
    pub source: String,
}
