//! Statistics: what the chain's job counts of each event, and what the staff's page and a provider are told of the counts.

use std::collections::BTreeMap;

use chrono::{DateTime, Days as CalendarDays, Utc};
use serde::Deserialize;

use super::{Result, Services};
use crate::{
    domain::{
        ids::ProviderId,
        province::Province,
        statistics::{Counted, Totals, counts_of},
        time::SHANGHAI,
        words::{EventType, ReturnReason},
    },
    store::{
        audit::WaitingRow,
        providers,
        statistics::{self, Counter, Days},
    },
};

/// What of a return's details counts.
#[derive(Deserialize)]
struct Details {
    reason: Option<ReturnReason>,
}

/// Adds what an event counts for: of its provider in its province, of each alone, and of all.
pub(super) fn count(row: &WaitingRow, counts: &mut BTreeMap<Counter, i64>) {
    let event = &row.event;
    let (Some(province), Some(provider), Some(what)) = (
        row.province,
        row.provider_id,
        EventType::from_word(&event.r#type),
    ) else {
        return;
    };
    let since = row.first_sent_at.or(row.started_at);
    let took = since.map(|since| event.at - since);
    let reason = serde_json::from_str(&event.data)
        .ok()
        .and_then(|Details { reason }| reason);
    for (what, count) in counts_of(what, row.phones.unwrap_or(0), took, reason) {
        for provider in [None, Some(provider)] {
            for province in [None, Some(province)] {
                let counter = Counter {
                    provider,
                    day: day(event.at),
                    province,
                    what,
                };
                *counts.entry(counter).or_default() += count;
            }
        }
    }
}

/// The day in Shanghai, as the counters have it.
fn day(at: DateTime<Utc>) -> String {
    at.with_timezone(&SHANGHAI).format("%Y-%m-%d").to_string()
}

/// The last days that are told of, today included.
pub const DAYS: u64 = 30;

/// What a bureau, the whole country or a provider is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statistics {
    /// Each of the last 30 days, `2026-11-26`, the oldest first; the last is today.
    pub days: Vec<(String, Totals)>,
    /// All of them together.
    pub month: Totals,
    /// Each province in which something was counted, in the order of their codes.
    pub provinces: Vec<(Province, Totals)>,
    /// Each provider with which something was counted, by name.
    pub providers: Vec<(String, Totals)>,
}

impl Statistics {
    /// Today.
    #[must_use]
    pub fn today(&self) -> Totals {
        let last = self.days.last();
        last.map_or_else(Totals::default, |(_, totals)| totals.clone())
    }
}

/// What the staff of a province is told, or (`None`) of all of them.
///
/// # Errors
/// What the database says.
pub async fn of_bureau(services: &Services, province: Option<Province>) -> Result<Statistics> {
    let now = services.clock.now();
    let days = range(now);
    let mut tx = services.db.read().await?;
    let by_day = statistics::by_day(&mut tx, None, province, &days).await?;
    let mut by_province = statistics::by_province(&mut tx, None, &days).await?;
    by_province.retain(|(found, _, _)| province.is_none_or(|province| province == *found));
    let by_provider = statistics::by_provider(&mut tx, province, &days).await?;
    let known = providers::all(&mut tx).await?;
    drop(tx);
    let mut named: Vec<_> = grouped(by_provider)
        .into_iter()
        .map(|(id, totals)| {
            let found = known.iter().find(|provider| provider.id == id);
            let name = found.map_or_else(|| id.to_string(), |provider| provider.name.clone());
            (name, totals)
        })
        .collect();
    named.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(told(now, by_day, by_province, named))
}

/// What a provider is told of its own requests.
///
/// # Errors
/// What the database says.
pub async fn of_provider(services: &Services, provider: ProviderId) -> Result<Statistics> {
    let now = services.clock.now();
    let days = range(now);
    let mut tx = services.db.read().await?;
    let by_day = statistics::by_day(&mut tx, Some(provider), None, &days).await?;
    let by_province = statistics::by_province(&mut tx, Some(provider), &days).await?;
    Ok(told(now, by_day, by_province, Vec::new()))
}

fn told(
    now: DateTime<Utc>,
    by_day: Vec<(String, Counted, i64)>,
    by_province: Vec<(Province, Counted, i64)>,
    providers: Vec<(String, Totals)>,
) -> Statistics {
    let mut by_day = grouped(by_day);
    let mut month = Totals::default();
    let days = last_days(now).map(|day| {
        let totals = by_day.remove(&day).unwrap_or_default();
        month.add_all(&totals);
        (day, totals)
    });
    Statistics {
        days: days.collect(),
        month,
        provinces: grouped(by_province).into_iter().collect(),
        providers,
    }
}

fn grouped<K: Ord>(rows: Vec<(K, Counted, i64)>) -> BTreeMap<K, Totals> {
    let mut groups = BTreeMap::<K, Totals>::new();
    for (key, what, count) in rows {
        groups.entry(key).or_default().add(what, count);
    }
    groups
}

/// The last 30 days, the oldest first.
fn last_days(now: DateTime<Utc>) -> impl Iterator<Item = String> {
    let back = move |n| now.checked_sub_days(CalendarDays::new(n)).unwrap_or(now);
    (0..DAYS).rev().map(move |n| day(back(n)))
}

fn range(now: DateTime<Utc>) -> Days {
    Days {
        from: last_days(now).next().unwrap_or_else(|| day(now)),
        to: day(now),
    }
}
