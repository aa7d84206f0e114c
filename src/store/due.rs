//! What has fallen due, found by partial indexes: the cost follows what is due, not what is stored. Always the oldest
//! first and in bounded batches; the outbox has its own claim.

use chrono::TimeDelta;

use super::{At, Result, Tx, all, on, outbox, run, value};
use crate::domain::ids::{RequestId, VerificationId};

/// Requests with a pending verification that is out of time, each once.
pub async fn expiries(tx: &mut Tx, now: At, limit: i64) -> Result<Vec<RequestId>> {
    const DUE: &str = "SELECT request_id FROM verifications WHERE state = 'pending' AND expires_at <= $1 \
        ORDER BY expires_at LIMIT $2";
    let rows: Vec<(RequestId,)> = all!(tx, DUE, now, limit)?;
    let mut ids = Vec::with_capacity(rows.len());
    for (id,) in rows {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// Pending verifications whose noon resend is due.
pub async fn noon(tx: &mut Tx, now: At, limit: i64) -> Result<Vec<(VerificationId, RequestId)>> {
    const DUE: &str = "SELECT id, request_id FROM verifications \
        WHERE state = 'pending' AND noon_at IS NOT NULL AND noon_at <= $1 ORDER BY noon_at LIMIT $2";
    Ok(all!(tx, DUE, now, limit)?)
}

/// Requests that ended at an instant or before, and still have their persons' data.
pub async fn purges(tx: &mut Tx, ended_by: At, limit: i64) -> Result<Vec<RequestId>> {
    const DUE: &str = "SELECT id FROM filing_requests \
        WHERE ended_at IS NOT NULL AND purged_at IS NULL AND ended_at <= $1 ORDER BY ended_at LIMIT $2";
    let rows: Vec<(RequestId,)> = all!(tx, DUE, ended_by, limit)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// The earliest instant at which something falls due (or fell): an expiry, a noon resend, a message or the end of its
/// lease, a purge (so long after a request's end).
pub async fn next_at(tx: &mut Tx, retention: TimeDelta) -> Result<Option<At>> {
    let message = outbox::next_at(tx).await?;
    let request = next_of_requests(tx, retention).await?;
    Ok(request.into_iter().chain(message).min())
}

/// The same without messages.
pub async fn next_of_requests(tx: &mut Tx, retention: TimeDelta) -> Result<Option<At>> {
    const NEXT: &str = "SELECT MIN(due.at) FROM ( \
        SELECT MIN(expires_at) AS at FROM verifications WHERE state = 'pending' \
        UNION ALL SELECT MIN(noon_at) AS at FROM verifications WHERE state = 'pending' AND noon_at IS NOT NULL) due";
    const OLDEST: &str = "SELECT MIN(ended_at) FROM filing_requests WHERE ended_at IS NOT NULL AND purged_at IS NULL";
    let next: Option<At> = value!(tx, NEXT)?;
    let oldest: Option<At> = value!(tx, OLDEST)?;
    let purge = oldest.map(|ended| ended + retention);
    Ok(next.into_iter().chain(purge).min())
}

/// The same among instants after one: what could not be done at its own must not hide what comes later.
pub async fn next_after(tx: &mut Tx, after: At, retention: TimeDelta) -> Result<Option<At>> {
    const NEXT: &str = "SELECT MIN(due.at) FROM ( \
        SELECT MIN(expires_at) AS at FROM verifications WHERE state = 'pending' AND expires_at > $1 \
        UNION ALL SELECT MIN(noon_at) AS at FROM verifications \
        WHERE state = 'pending' AND noon_at IS NOT NULL AND noon_at > $1 \
        UNION ALL SELECT MIN(next_attempt_at) AS at FROM sms_messages \
        WHERE state = 'queued' AND next_attempt_at > $1) due";
    const OLDEST: &str = "SELECT MIN(ended_at) FROM filing_requests \
        WHERE ended_at IS NOT NULL AND purged_at IS NULL AND ended_at > $1";
    let next: Option<At> = value!(tx, NEXT, after)?;
    let oldest: Option<At> = value!(tx, OLDEST, after - retention)?;
    let purge = oldest.map(|ended| ended + retention);
    Ok(next.into_iter().chain(purge).min())
}

/// Receipts of nothing that is known are kept so long: their message's own acceptance may yet come.
const STRAY: TimeDelta = TimeDelta::days(1);

/// Deletes counters, used captchas, idempotency keys, API keys and webhook secrets that have expired, and receipts that are
/// nobody's, at most `limit` of each; how many.
pub async fn sweep(tx: &mut Tx, now: At, limit: i64) -> Result<u64> {
    const COUNTERS: &str = "DELETE FROM limit_counters WHERE bucket IN \
        (SELECT bucket FROM limit_counters WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    const CAPTCHAS: &str = "DELETE FROM captcha_uses WHERE id_hash IN \
        (SELECT id_hash FROM captcha_uses WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    const KEYS: &str = "DELETE FROM idempotency_keys WHERE (provider_id, key_hash) IN \
        (SELECT provider_id, key_hash FROM idempotency_keys WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    const API_KEYS: &str = "DELETE FROM provider_keys WHERE hash IN \
        (SELECT hash FROM provider_keys WHERE expires_at IS NOT NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    const PARTS: &str = "DELETE FROM sms_parts WHERE (gateway, reference) IN (SELECT gateway, reference FROM sms_parts \
        WHERE message_id IS NULL AND created_at <= $1 ORDER BY created_at LIMIT $2)";
    const SECRETS: &str = "DELETE FROM webhook_secrets WHERE id IN \
        (SELECT id FROM webhook_secrets WHERE expires_at IS NOT NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    Ok(run!(tx, COUNTERS, now, limit)?
        + run!(tx, CAPTCHAS, now, limit)?
        + run!(tx, KEYS, now, limit)?
        + run!(tx, API_KEYS, now, limit)?
        + run!(tx, SECRETS, now, limit)?
        + run!(tx, PARTS, now - STRAY, limit)?)
}
