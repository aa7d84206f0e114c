//! `policy`: which rules are in force where and when, and who says so.

use std::{fmt::Write, sync::Arc};

use chrono::{DateTime, Utc};

use super::{Failure, print};
use crate::domain::{
    policy::{Policy, Timeline},
    province::Province,
    time::{parse_time, rfc3339},
};

/// Of one province and instant everything, else a table.
///
/// # Errors
/// No such province, or not a time.
pub fn show(timeline: &Timeline, province: Option<&str>, at: Option<&str>) -> Result<(), Failure> {
    let province = province.map(read_province).transpose()?;
    let at = at.map(read_time).transpose()?;
    print(&match (province, at) {
        (Some(province), Some(at)) => match timeline.at(province, at) {
            Some(policy) => details(province, policy),
            None => format!("{}: not covered at {}\n", province.slug(), rfc3339(at)),
        },
        (Some(province), None) => table([(province.slug(), entries(timeline, province))]),
        (None, at) => {
            let provinces = Province::ALL
                .into_iter()
                .map(|province| (province.slug(), entries(timeline, province)));
            let all = [("national", timeline.national_entries().to_vec())]
                .into_iter()
                .chain(provinces);
            table(all.map(|(name, entries)| (name, in_force(entries, at))))
        }
    })
}

fn entries(timeline: &Timeline, province: Province) -> Vec<Arc<Policy>> {
    timeline.entries(province).to_vec()
}

/// The last that had come into force; without an instant, all.
fn in_force(entries: Vec<Arc<Policy>>, at: Option<DateTime<Utc>>) -> Vec<Arc<Policy>> {
    let Some(at) = at else { return entries };
    let last = entries
        .into_iter()
        .filter(|policy| policy.from <= at)
        .last();
    last.into_iter().collect()
}

fn read_province(text: &str) -> Result<Province, Failure> {
    Province::from_slug(text).ok_or_else(|| {
        let slugs = Province::ALL.map(Province::slug).join(", ");
        Failure::Arguments(format!(
            "--province: there is no province `{text}`; there are {slugs}"
        ))
    })
}

fn read_time(text: &str) -> Result<DateTime<Utc>, Failure> {
    parse_time(text).map_err(|error| Failure::Arguments(format!("--at: `{text}` is {error}")))
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

/// Every setting on a line of its own, under the names of the data file.
fn details(province: Province, policy: &Policy) -> String {
    let kinds: Vec<_> = policy
        .verified_kinds
        .iter()
        .map(|kind| kind.as_str())
        .collect();
    let senders: Vec<_> = policy
        .senders
        .given()
        .into_iter()
        .map(|(carrier, number)| format!("{carrier} {number}"))
        .collect();
    let rows = [
        (
            "province",
            format!("{} {}", province.slug(), province.full_name()),
        ),
        ("policy", policy.name.clone()),
        ("source", policy.source.clone()),
        ("batch", policy.batch.to_string()),
        ("from", rfc3339(policy.from)),
        ("validity_hours", policy.validity_hours.to_string()),
        ("max_wrong_tries", policy.max_wrong_tries.to_string()),
        ("max_manual_resends", policy.max_manual_resends.to_string()),
        ("noon_resend", yes(policy.noon_resend).into()),
        (
            "verify_unchanged_phone",
            yes(policy.verify_unchanged_phone).into(),
        ),
        (
            "phone_change_review",
            yes(policy.phone_change_review).into(),
        ),
        ("verified_kinds", kinds.join(", ")),
        ("senders", senders.join(", ")),
        ("short_link", yes(policy.short_link).into()),
        ("national_entry", yes(policy.national_entry).into()),
        ("wording", policy.wording.to_string()),
        ("name_in_messages", yes(policy.name_in_messages).into()),
        ("hk_macau_tail", policy.hk_macau_tail.to_string()),
    ];
    rows.iter().fold(String::new(), |mut text, (name, value)| {
        let _ = writeln!(text, "{name:<24}{value}");
        text
    })
}

fn table<'a>(places: impl IntoIterator<Item = (&'a str, Vec<Arc<Policy>>)>) -> String {
    let mut text = format!(
        "{:<14}{:<7}{:<27}{:<12}{:<7}{:<7}{:<9}{:<9}source\n",
        "province", "batch", "from", "policy", "hours", "tries", "resends", "wording"
    );
    for (place, policies) in places {
        if policies.is_empty() {
            let _ = writeln!(text, "{place:<14}not covered");
        }
        for policy in policies {
            let _ = writeln!(
                text,
                "{place:<14}{:<7}{:<27}{:<12}{:<7}{:<7}{:<9}{:<9}{}",
                policy.batch,
                rfc3339(policy.from),
                policy.name,
                policy.validity_hours,
                policy.max_wrong_tries,
                policy.max_manual_resends,
                policy.wording.as_str(),
                policy.source
            );
        }
    }
    text
}
