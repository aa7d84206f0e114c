//! Erasing: a request's persons after the retention time (states, times, reference and events stay), a whole sandbox.

use super::{At, Result, Tx, meta, on, run};
use crate::domain::ids::RequestId;

/// Erases the persons of a request and every hash of them; false: it had been done. (Its `filing_phones` go by a trigger.)
pub async fn request(tx: &mut Tx, id: RequestId, now: At) -> Result<bool> {
    const REQUEST: &str = "UPDATE filing_requests SET content = NULL, return_detail = NULL, \
        purged_at = $2, version = version + 1 WHERE id = $1 AND purged_at IS NULL";
    // two requests of a phone purged at once: the second waits here, and sees that the first is gone
    const TURN: &str = "UPDATE phone_carriers SET found_at = found_at WHERE phone_hash IN \
        (SELECT phone_hash FROM verifications WHERE request_id = $1)";
    // while another verification of the phone is kept, so is what was learnt of it
    const CARRIERS: &str = "DELETE FROM phone_carriers WHERE phone_hash IN \
        (SELECT phone_hash FROM verifications WHERE request_id = $1) AND NOT EXISTS \
        (SELECT 1 FROM verifications v WHERE v.phone_hash = phone_carriers.phone_hash AND v.request_id <> $1)";
    const PARTS: &str = "DELETE FROM sms_parts WHERE message_id IN (SELECT m.id FROM sms_messages m \
        JOIN verifications v ON v.id = m.verification_id WHERE v.request_id = $1)";
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
    // and of the file that it came in
    const ROW: &str = "DELETE FROM imported_rows WHERE request_id = $1";
    if run!(tx, REQUEST, id, now)? == 0 {
        return Ok(false);
    }
    run!(tx, TURN, id)?;
    run!(tx, CARRIERS, id)?;
    run!(tx, PARTS, id)?;
    run!(tx, VERIFICATIONS, id)?;
    run!(tx, CODES, id)?;
    run!(tx, MESSAGES, id)?;
    run!(tx, WEBHOOKS, id, now)?;
    run!(tx, KEY, id)?;
    run!(tx, ROW, id)?;
    Ok(true)
}

/// Empties the database, but for what says who may run on it, in which mode and with which keys, and for the accounts of the
/// staff, who have them from an operator and by the real clock.
pub async fn reset(tx: &mut Tx) -> Result<()> {
    // what may not be deleted lets go for this transaction: the last statement takes the word back
    meta::put(tx, "resetting", "1").await?;
    // children first
    run!(tx, "DELETE FROM webhook_deliveries")?;
    run!(tx, "DELETE FROM event_chain")?;
    run!(tx, "DELETE FROM unchained_events")?;
    run!(tx, "DELETE FROM events")?;
    run!(tx, "DELETE FROM sms_parts")?;
    run!(tx, "DELETE FROM phone_carriers")?;
    run!(tx, "DELETE FROM daily_counts")?;
    run!(tx, "DELETE FROM sms_messages")?;
    run!(tx, "DELETE FROM sms_codes")?;
    run!(tx, "DELETE FROM verifications")?;
    run!(tx, "DELETE FROM idempotency_keys")?;
    run!(tx, "DELETE FROM imported_rows")?;
    run!(tx, "DELETE FROM filing_phones")?;
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
