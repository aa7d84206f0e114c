//! Erasing: a request's persons after the retention time (states, times, reference and events stay), a whole sandbox.

use super::{At, Result, Tx, on, run};
use crate::domain::ids::RequestId;

/// Erases the persons of a request and every hash of them; false: it had been done.
pub async fn request(tx: &mut Tx, id: RequestId, now: At) -> Result<bool> {
    const REQUEST: &str = "UPDATE filing_requests SET content = NULL, return_detail = NULL, \
        purged_at = $2, version = version + 1 WHERE id = $1 AND purged_at IS NULL";
    const VERIFICATIONS: &str = "UPDATE verifications SET person = NULL, phone_hash = NULL, tail_hash = NULL, \
        link_hash = NULL WHERE request_id = $1";
    const CODES: &str = "DELETE FROM sms_codes WHERE verification_id IN \
        (SELECT id FROM verifications WHERE request_id = $1)";
    const MESSAGES: &str = "UPDATE sms_messages SET sealed = NULL WHERE verification_id IN \
        (SELECT id FROM verifications WHERE request_id = $1)";
    // what is told to the provider holds masked names and numbers
    const WEBHOOKS: &str = "UPDATE webhook_deliveries SET sealed = NULL, lease_token = NULL, \
        ended_at = COALESCE(ended_at, $2), \
        state = CASE WHEN state IN ('queued', 'waiting') THEN 'parked' ELSE state END WHERE request_id = $1";
    // holds a hash of the submission's body
    const KEY: &str = "DELETE FROM idempotency_keys WHERE request_id = $1";
    if run!(tx, REQUEST, id, now)? == 0 {
        return Ok(false);
    }
    run!(tx, VERIFICATIONS, id)?;
    run!(tx, CODES, id)?;
    run!(tx, MESSAGES, id)?;
    run!(tx, WEBHOOKS, id, now)?;
    run!(tx, KEY, id)?;
    Ok(true)
}

/// Empties the database, but for what says who may run on it, in which mode and with which keys.
pub async fn reset(tx: &mut Tx) -> Result<()> {
    // children first
    run!(tx, "DELETE FROM webhook_deliveries")?;
    run!(tx, "DELETE FROM events")?;
    run!(tx, "DELETE FROM sms_messages")?;
    run!(tx, "DELETE FROM sms_codes")?;
    run!(tx, "DELETE FROM verifications")?;
    run!(tx, "DELETE FROM idempotency_keys")?;
    run!(tx, "DELETE FROM filing_requests")?;
    run!(tx, "DELETE FROM webhook_secrets")?;
    run!(tx, "DELETE FROM provider_keys")?;
    run!(tx, "DELETE FROM providers")?;
    run!(tx, "DELETE FROM captcha_uses")?;
    run!(tx, "DELETE FROM limit_counters")?;
    run!(tx, "DELETE FROM visitors")?;
    run!(
        tx,
        "DELETE FROM meta WHERE key NOT IN ('oldest_version', 'index_key', 'mode') AND key NOT LIKE 'key_check/%'"
    )?;
    Ok(())
}
