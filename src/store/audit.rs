//! The chain over the events: what waits for it, its links, and what a verification reads. Times, words and details come as
//! they are stored, whatever somebody has made of them.

use uuid::Uuid;

use super::{At, Result, Tx, all, on, one, run, value};
use crate::domain::{ids::ProviderId, province::Province};

/// An event as it stands in its row.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct AuditRow {
    /// Its number.
    pub id: i64,
    /// The request.
    pub request_id: Option<Uuid>,
    /// The verification.
    pub verification_id: Option<Uuid>,
    /// Who of the staff.
    pub staff_id: Option<Uuid>,
    /// When.
    pub at: At,
    /// What.
    pub r#type: String,
    /// By whom.
    pub actor: String,
    /// Details: JSON.
    pub data: String,
    /// The key of the seal.
    pub key_id: String,
    /// 8 random bytes and a keyed hash; empty: written before there were seals.
    pub seal: Vec<u8>,
}

/// An event that has yet to be chained, and what it counts for.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct WaitingRow {
    /// The event.
    #[sqlx(flatten)]
    pub event: AuditRow,
    /// Its request's province.
    pub province: Option<Province>,
    /// Its request's provider.
    pub provider_id: Option<ProviderId>,
    /// How many phones its request verifies; known of `filing_request.verifying` alone.
    pub phones: Option<i64>,
    /// When its verification's first SMS was accepted.
    pub first_sent_at: Option<At>,
    /// When its request's verifications were made.
    pub started_at: Option<At>,
}

/// A link of the chain.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct LinkRow {
    /// 1, 2, 3 …
    pub position: i64,
    /// Which event.
    pub event_id: i64,
    /// The key of `mac`.
    pub key_id: String,
    /// Keyed hash of the link before and the event.
    pub mac: Vec<u8>,
}

/// The columns of an [`AuditRow`], of an `events e`.
macro_rules! columns {
    () => {
        "e.id, e.request_id, e.verification_id, e.staff_id, e.at, e.type, e.actor, e.data, e.key_id, e.seal"
    };
}

/// Something has yet to be chained.
pub async fn is_waiting(tx: &mut Tx) -> Result<bool> {
    const FIRST: &str = "SELECT event_id FROM unchained_events ORDER BY event_id LIMIT 1";
    let first: Option<(i64,)> = one!(tx, FIRST)?;
    Ok(first.is_some())
}

/// What has yet to be chained after the event given (0: from the first), in the order of the numbers.
pub async fn waiting(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<WaitingRow>> {
    const WAITING: &str = concat!(
        "SELECT ",
        columns!(),
        ", r.province, r.provider_id, r.started_at, v.first_sent_at, \
        CASE WHEN e.type = 'filing_request.verifying' \
        THEN (SELECT COUNT(*) FROM verifications p WHERE p.request_id = e.request_id) END AS phones \
        FROM unchained_events u JOIN events e ON e.id = u.event_id \
        LEFT JOIN filing_requests r ON r.id = e.request_id LEFT JOIN verifications v ON v.id = e.verification_id \
        WHERE u.event_id > $1 ORDER BY u.event_id LIMIT $2"
    );
    Ok(all!(tx, WAITING, after, limit)?)
}

/// Appends a link.
pub async fn link(tx: &mut Tx, link: &LinkRow) -> Result<()> {
    const LINK: &str =
        "INSERT INTO event_chain (position, event_id, key_id, mac) VALUES ($1, $2, $3, $4)";
    run!(
        tx,
        LINK,
        link.position,
        link.event_id,
        &link.key_id,
        &link.mac
    )?;
    Ok(())
}

/// What the links after a position hold waits no longer.
pub async fn chained(tx: &mut Tx, after: i64) -> Result<()> {
    const CHAINED: &str = "DELETE FROM unchained_events WHERE event_id IN \
        (SELECT event_id FROM event_chain WHERE position > $1)";
    run!(tx, CHAINED, after)?;
    Ok(())
}

/// The links after a position, in order.
pub async fn links(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<LinkRow>> {
    const LINKS: &str = "SELECT position, event_id, key_id, mac FROM event_chain \
        WHERE position > $1 ORDER BY position LIMIT $2";
    Ok(all!(tx, LINKS, after, limit)?)
}

/// The last link's position; 0: there is none.
pub async fn last_position(tx: &mut Tx) -> Result<i64> {
    const LAST: &str = "SELECT COALESCE(MAX(position), CAST(0 AS BIGINT)) FROM event_chain";
    Ok(value!(tx, LAST)?)
}

/// The events of the same links, in no order; fewer where some are gone.
pub async fn linked(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<AuditRow>> {
    const LINKED: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM events e WHERE e.id IN \
        (SELECT event_id FROM event_chain WHERE position > $1 ORDER BY position LIMIT $2)"
    );
    Ok(all!(tx, LINKED, after, limit)?)
}

/// An event.
pub async fn event(tx: &mut Tx, id: i64) -> Result<Option<AuditRow>> {
    const EVENT: &str = concat!("SELECT ", columns!(), " FROM events e WHERE e.id = $1");
    Ok(one!(tx, EVENT, id)?)
}

/// The last event without a seal; 0: all have one. Reads the whole table.
pub async fn last_unsealed(tx: &mut Tx) -> Result<i64> {
    const LAST: &str = "SELECT COALESCE(MAX(id), CAST(0 AS BIGINT)) FROM events WHERE seal = $1";
    Ok(value!(tx, LAST, &b""[..])?)
}

/// The first event that neither is in the chain nor waits for it. Reads the whole table.
pub async fn left_out(tx: &mut Tx) -> Result<Option<i64>> {
    const LEFT_OUT: &str = "SELECT MIN(e.id) FROM events e \
        WHERE NOT EXISTS (SELECT 1 FROM event_chain c WHERE c.event_id = e.id) \
        AND NOT EXISTS (SELECT 1 FROM unchained_events u WHERE u.event_id = e.id)";
    Ok(value!(tx, LEFT_OUT)?)
}

/// The first event that has the seal of another. Reads the whole table.
pub async fn copied(tx: &mut Tx) -> Result<Option<i64>> {
    const COPIED: &str = "SELECT MIN(copies.id) FROM \
        (SELECT MAX(id) AS id FROM events WHERE seal <> $1 GROUP BY seal HAVING COUNT(*) > 1) copies";
    Ok(value!(tx, COPIED, &b""[..])?)
}

/// The keys that the log's seals and links stand under: a verification needs them. Reads whole tables.
pub async fn keys_in_use(tx: &mut Tx) -> Result<Vec<String>> {
    const IN_USE: &str = "SELECT key_id FROM event_chain UNION SELECT key_id FROM events";
    let rows: Vec<(String,)> = all!(tx, IN_USE)?;
    let mut keys: Vec<_> = rows.into_iter().map(|(key,)| key).collect();
    keys.retain(|key| !key.is_empty());
    keys.sort_unstable();
    Ok(keys)
}
