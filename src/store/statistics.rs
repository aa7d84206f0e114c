//! The daily counts: rows of day, province and provider, and of each alone, so that what is read does not grow with what was
//! filed. Only the chain's job writes them, each event once.

use uuid::Uuid;

use super::{Result, Tx, all, on, run};
use crate::domain::{ids::ProviderId, province::Province, statistics::Counted};

/// Stands for all provinces.
const EVERYWHERE: &str = "";
/// Stands for all providers.
const EVERYBODY: ProviderId = ProviderId(Uuid::nil());

/// What of a row is its key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counter {
    /// Whose; `None`: of all providers.
    pub provider: Option<ProviderId>,
    /// The day in Shanghai: `2026-11-26`.
    pub day: String,
    /// Where; `None`: in all provinces.
    pub province: Option<Province>,
    /// What.
    pub what: Counted,
}

/// Days, the last one included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Days {
    /// `2026-10-28`
    pub from: String,
    /// `2026-11-26`
    pub to: String,
}

fn word(province: Option<Province>) -> &'static str {
    province.map_or(EVERYWHERE, Province::slug)
}

/// Adds to a counter.
pub async fn add(tx: &mut Tx, counter: &Counter, count: i64) -> Result<()> {
    const ADD: &str = "INSERT INTO daily_counts (provider_id, day, province, what, count) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (provider_id, day, province, what) DO UPDATE SET count = daily_counts.count + excluded.count";
    run!(
        tx,
        ADD,
        counter.provider.unwrap_or(EVERYBODY),
        &counter.day,
        word(counter.province),
        counter.what,
        count
    )?;
    Ok(())
}

/// What happened each day, of a provider (or all) in a province (or all): day, what, how often.
pub async fn by_day(
    tx: &mut Tx,
    provider: Option<ProviderId>,
    province: Option<Province>,
    days: &Days,
) -> Result<Vec<(String, Counted, i64)>> {
    const BY_DAY: &str = "SELECT day, what, count FROM daily_counts \
        WHERE provider_id = $1 AND day >= $2 AND day <= $3 AND province = $4";
    Ok(all!(
        tx,
        BY_DAY,
        provider.unwrap_or(EVERYBODY),
        &days.from,
        &days.to,
        word(province)
    )?)
}

/// What happened in each province, of a provider (or all).
pub async fn by_province(
    tx: &mut Tx,
    provider: Option<ProviderId>,
    days: &Days,
) -> Result<Vec<(Province, Counted, i64)>> {
    const BY_PROVINCE: &str = "SELECT province, what, CAST(SUM(count) AS BIGINT) FROM daily_counts \
        WHERE provider_id = $1 AND day >= $2 AND day <= $3 AND province <> '' GROUP BY province, what";
    Ok(all!(
        tx,
        BY_PROVINCE,
        provider.unwrap_or(EVERYBODY),
        &days.from,
        &days.to
    )?)
}

/// What happened with each provider in a province (or all).
pub async fn by_provider(
    tx: &mut Tx,
    province: Option<Province>,
    days: &Days,
) -> Result<Vec<(ProviderId, Counted, i64)>> {
    const BY_PROVIDER: &str = "SELECT provider_id, what, CAST(SUM(count) AS BIGINT) FROM daily_counts \
        WHERE province = $1 AND day >= $2 AND day <= $3 AND provider_id <> $4 GROUP BY provider_id, what";
    Ok(all!(
        tx,
        BY_PROVIDER,
        word(province),
        &days.from,
        &days.to,
        EVERYBODY
    )?)
}
