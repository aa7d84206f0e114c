//! Which policy is in force where and when. Reading the data file judges every value of it and names the line or the key.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};

use super::{
    Policy, Senders,
    file::{Entry, File, Place, Settings},
};
use crate::domain::{province::Province, time::parse_time};

/// What is wrong with the data file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It cannot be read as what it should be (broken TOML, an unknown key, a value of the wrong kind).
    #[error("line {line}: {message}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// A value that makes no sense.
    #[error("{key}: {message}")]
    Key {
        /// Such as `provinces.gansu.timeline[1].from`.
        key: String,
        /// What is wrong with it.
        message: String,
    },
}

/// For each province, and for the national page, the policies in the order they come into force.
#[derive(Debug, Clone)]
pub struct Timeline {
    provinces: HashMap<Province, Vec<Arc<Policy>>>,
    national: Vec<Arc<Policy>>,
}

impl Timeline {
    /// The rules as they were, from the `provinces.toml` of this repository.
    pub fn built_in() -> Result<Self, PolicyError> {
        Self::parse(include_str!("../../../provinces.toml"))
    }

    /// Reads a data file.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let file: File = toml::from_str(text).map_err(|error| in_line(text, &error))?;
        for (name, settings) in &file.policies {
            check_settings(&format!("policies.{name}"), settings)?;
        }
        let mut provinces = HashMap::new();
        for (slug, place) in &file.provinces {
            let key = format!("provinces.{slug}");
            let province =
                Province::from_slug(slug).ok_or_else(|| wrong(&key, "no such province"))?;
            provinces.insert(province, read_place(&key, place, &file)?);
        }
        for province in Province::ALL {
            if !provinces.contains_key(&province) {
                let key = format!("provinces.{}", province.slug());
                return Err(wrong(
                    &key,
                    "missing (a province not covered has an empty timeline)",
                ));
            }
        }
        let national = read_place("national", &file.national, &file)?;
        if let Some(index) = national.iter().position(|policy| !policy.national_entry) {
            let key = format!("national.timeline[{index}].policy");
            return Err(wrong(&key, "must be a policy with national_entry"));
        }
        Ok(Self {
            provinces,
            national,
        })
    }

    /// The policy in force in a province; `None`: it is not covered yet.
    pub fn at(&self, province: Province, now: DateTime<Utc>) -> Option<&Arc<Policy>> {
        in_force(self.entries(province), now)
    }

    /// The national page's policy; `None`: it does not take codes yet.
    pub fn national_at(&self, now: DateTime<Utc>) -> Option<&Arc<Policy>> {
        in_force(&self.national, now)
    }

    /// All policies of a province, earliest first.
    pub fn entries(&self, province: Province) -> &[Arc<Policy>] {
        self.provinces.get(&province).map_or(&[], Vec::as_slice)
    }

    /// All policies of the national page, earliest first.
    pub fn national_entries(&self) -> &[Arc<Policy>] {
        &self.national
    }
}

fn in_force(entries: &[Arc<Policy>], now: DateTime<Utc>) -> Option<&Arc<Policy>> {
    entries.iter().rev().find(|policy| policy.from <= now)
}

fn wrong(key: &str, message: impl Into<String>) -> PolicyError {
    PolicyError::Key {
        key: key.to_owned(),
        message: message.into(),
    }
}

fn in_line(text: &str, error: &toml::de::Error) -> PolicyError {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or(text);
    PolicyError::Line {
        line: before.matches('\n').count() + 1,
        message: error.message().replace('\n', " "),
    }
}

fn check_settings(key: &str, settings: &Settings) -> Result<(), PolicyError> {
    check_source(key, &settings.source)?;
    let hours = format!("{key}.validity_hours");
    match settings.validity_hours {
        0 => return Err(wrong(&hours, "must be at least 1")),
        1..=8760 => {}
        _ => return Err(wrong(&hours, "must be at most 8760, a year")),
    }
    if settings.max_wrong_tries == 0 {
        return Err(wrong(
            &format!("{key}.max_wrong_tries"),
            "must be at least 1",
        ));
    }
    check_senders(&format!("{key}.senders"), &settings.senders)
}

fn check_senders(key: &str, senders: &Senders) -> Result<(), PolicyError> {
    let own = [&senders.telecom, &senders.unicom, &senders.mobile];
    if senders.default.is_none() && own.iter().any(|number| number.is_none()) {
        return Err(wrong(
            key,
            "needs default, or each of telecom, unicom and mobile",
        ));
    }
    for (carrier, number) in senders.given() {
        let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        if !digits || number.len() > 21 {
            return Err(wrong(&format!("{key}.{carrier}"), "must be 1 to 21 digits"));
        }
    }
    Ok(())
}

fn check_source(key: &str, source: &str) -> Result<(), PolicyError> {
    if source.trim().is_empty() {
        return Err(wrong(&format!("{key}.source"), "must say who says so"));
    }
    Ok(())
}

fn read_place(key: &str, place: &Place, file: &File) -> Result<Vec<Arc<Policy>>, PolicyError> {
    if place.batch == 0 {
        return Err(wrong(&format!("{key}.batch"), "must be at least 1"));
    }
    if let Some(deviation) = &place.deviation {
        check_source(&format!("{key}.deviation"), &deviation.source)?;
    }
    let mut policies: Vec<Arc<Policy>> = Vec::with_capacity(place.timeline.len());
    for (index, entry) in place.timeline.iter().enumerate() {
        let key = format!("{key}.timeline[{index}]");
        check_source(&key, &entry.source)?;
        let policy = read_entry(&key, entry, place, file)?;
        if policies
            .last()
            .is_some_and(|before| before.from >= policy.from)
        {
            return Err(wrong(
                &format!("{key}.from"),
                "must be later than the entry before it",
            ));
        }
        policies.push(Arc::new(policy));
    }
    Ok(policies)
}

fn read_entry(key: &str, entry: &Entry, place: &Place, file: &File) -> Result<Policy, PolicyError> {
    let from = parse_time(&entry.from).map_err(|error| {
        wrong(
            &format!("{key}.from"),
            format!("`{}` is {error}", entry.from),
        )
    })?;
    let settings = file.policies.get(&entry.policy).ok_or_else(|| {
        wrong(
            &format!("{key}.policy"),
            format!("no policy is named `{}`", entry.policy),
        )
    })?;
    let deviation = place.deviation.as_ref();
    let mut source = format!("{}; from: {}", settings.source, entry.source);
    if let Some(deviation) = deviation {
        source = format!("{source}; hk_macau_tail: {}", deviation.source);
    }
    Ok(Policy {
        name: entry.policy.clone(),
        batch: place.batch,
        from,
        source,
        validity_hours: settings.validity_hours,
        max_wrong_tries: settings.max_wrong_tries,
        max_manual_resends: settings.max_manual_resends,
        noon_resend: settings.noon_resend,
        verify_unchanged_phone: settings.verify_unchanged_phone,
        phone_change_review: settings.phone_change_review,
        verified_kinds: settings.verified_kinds.clone(),
        senders: settings.senders.clone(),
        short_link: settings.short_link,
        national_entry: settings.national_entry,
        wording: settings.wording,
        name_in_messages: settings.name_in_messages,
        hk_macau_tail: deviation
            .map_or(settings.hk_macau_tail, |deviation| deviation.hk_macau_tail),
    })
}
