//! What became of an attempt, on the message's row. Each but the late ones is guarded by the lease: false: it is no longer
//! ours, nothing was written.

use uuid::Uuid;

use crate::{
    domain::{
        carrier::Carrier,
        ids::{MessageId, VerificationId},
        message::Arrival,
    },
    store::{At, Json, Result, Tx, on, run, value},
};

/// What a gateway answered to a message that it took or refused for good.
#[derive(Debug, Clone, Copy)]
pub struct Final<'a> {
    /// The gateway's name.
    pub gateway: &'a str,
    /// Its own reference, the first where there are several.
    pub gateway_ref: Option<&'a str>,
    /// When.
    pub at: At,
    /// Keep the sealed message (a sandbox's inbox shows it) rather than erase it.
    pub keep_sealed: bool,
}

/// It is about to be handed to a gateway, which has until `lease_until`.
pub async fn submit(
    tx: &mut Tx,
    id: MessageId,
    token: Uuid,
    gateway: &str,
    carrier: Option<Carrier>,
    at: At,
    lease_until: At,
) -> Result<bool> {
    const SUBMIT: &str = "UPDATE sms_messages SET gateway = $3, carrier = $4, submitted_at = $5, attempts = attempts + 1, \
        held_until = NULL, next_attempt_at = $6 WHERE id = $1 AND lease_token = $2 AND state = 'queued'";
    Ok(run!(tx, SUBMIT, id, token, gateway, carrier, at, lease_until)? == 1)
}

/// A gateway took it.
pub async fn accept(tx: &mut Tx, id: MessageId, token: Uuid, answer: Final<'_>) -> Result<bool> {
    const ACCEPT: &str = "UPDATE sms_messages SET state = 'accepted', accepted_at = $3, ended_at = $3, gateway = $4, \
        gateway_ref = $5, lease_token = NULL, submitted_at = NULL, held_until = NULL, \
        sealed = CASE WHEN $6 THEN sealed END WHERE id = $1 AND lease_token = $2 AND state = 'queued'";
    let Final {
        gateway,
        gateway_ref,
        at,
        keep_sealed,
    } = answer;
    Ok(run!(tx, ACCEPT, id, token, at, gateway, gateway_ref, keep_sealed)? == 1)
}

/// A receipt says that a gateway took it, whoever's hands it is in.
pub async fn accept_late(tx: &mut Tx, id: MessageId, answer: Final<'_>) -> Result<bool> {
    const ACCEPT: &str = "UPDATE sms_messages SET state = 'accepted', accepted_at = $2, ended_at = $2, gateway = $3, \
        gateway_ref = $4, lease_token = NULL, submitted_at = NULL, held_until = NULL, \
        sealed = CASE WHEN $5 THEN sealed END WHERE id = $1 AND state = 'queued'";
    let Final {
        gateway,
        gateway_ref,
        at,
        keep_sealed,
    } = answer;
    Ok(run!(tx, ACCEPT, id, at, gateway, gateway_ref, keep_sealed)? == 1)
}

/// To be tried again, it was certainly not sent; by whom it has been refused for good.
pub async fn retry(
    tx: &mut Tx,
    id: MessageId,
    token: Uuid,
    next_attempt_at: At,
    refused_by: &Json<Vec<String>>,
) -> Result<bool> {
    const RETRY: &str = "UPDATE sms_messages SET next_attempt_at = $3, refused_by = $4, lease_token = NULL, \
        submitted_at = NULL WHERE id = $1 AND lease_token = $2 AND state = 'queued'";
    Ok(run!(tx, RETRY, id, token, next_attempt_at, refused_by)? == 1)
}

/// A ceiling or a gateway's pace keeps it back; by whom it has been refused for good. What a gateway held was no attempt that
/// the next backoff would count (the first stays counted: by it a message has been counted for its ceilings).
pub async fn hold(
    tx: &mut Tx,
    id: MessageId,
    token: Uuid,
    until: At,
    refused_by: &Json<Vec<String>>,
) -> Result<bool> {
    const HOLD: &str = "UPDATE sms_messages SET next_attempt_at = $3, held_until = $3, refused_by = $4, lease_token = NULL, \
        attempts = CASE WHEN submitted_at IS NOT NULL AND attempts > 1 THEN attempts - 1 ELSE attempts END, \
        submitted_at = NULL WHERE id = $1 AND lease_token = $2 AND state = 'queued'";
    Ok(run!(tx, HOLD, id, token, until, refused_by)? == 1)
}

/// The attempt went without an answer: the gateway may have it.
pub async fn doubt(tx: &mut Tx, id: MessageId, token: Uuid, look_at: At) -> Result<bool> {
    const DOUBT: &str = "UPDATE sms_messages SET doubts = doubts + 1, doubted_by = gateway, next_attempt_at = $3, lease_token = NULL \
        WHERE id = $1 AND lease_token = $2 AND state = 'queued'";
    Ok(run!(tx, DOUBT, id, token, look_at)? == 1)
}

/// Whether the gateway has it is still unknown: to be looked at again.
pub async fn wait(tx: &mut Tx, id: MessageId, token: Uuid, look_at: At) -> Result<bool> {
    const WAIT: &str = "UPDATE sms_messages SET next_attempt_at = $3, lease_token = NULL \
        WHERE id = $1 AND lease_token = $2 AND state = 'queued'";
    Ok(run!(tx, WAIT, id, token, look_at)? == 1)
}

/// A late answer says that the gateway does not have it: it may be tried again at once, unless somebody is at it.
pub async fn again(tx: &mut Tx, id: MessageId, gateway: &str, at: At) -> Result<bool> {
    const AGAIN: &str = "UPDATE sms_messages SET next_attempt_at = $3, submitted_at = NULL \
        WHERE id = $1 AND gateway = $2 AND state = 'queued' AND lease_token IS NULL AND submitted_at IS NOT NULL";
    Ok(run!(tx, AGAIN, id, gateway, at)? == 1)
}

/// Refused for good by every gateway.
pub async fn fail(tx: &mut Tx, id: MessageId, token: Uuid, answer: Final<'_>) -> Result<bool> {
    const FAIL: &str = "UPDATE sms_messages SET state = 'failed', ended_at = $3, gateway = $4, gateway_ref = $5, \
        lease_token = NULL, submitted_at = NULL, sealed = CASE WHEN $6 THEN sealed END \
        WHERE id = $1 AND lease_token = $2 AND state = 'queued'";
    let Final {
        gateway,
        gateway_ref,
        at,
        keep_sealed,
    } = answer;
    Ok(run!(tx, FAIL, id, token, at, gateway, gateway_ref, keep_sealed)? == 1)
}

/// Not wanted any more.
pub async fn cancel(tx: &mut Tx, id: MessageId, token: Uuid, at: At) -> Result<bool> {
    const CANCEL: &str = "UPDATE sms_messages SET state = 'cancelled', ended_at = $3, lease_token = NULL, sealed = NULL \
        WHERE id = $1 AND lease_token = $2 AND state = 'queued'";
    Ok(run!(tx, CANCEL, id, token, at)? == 1)
}

/// An SMS of a verification is on the phone.
pub async fn is_delivered(tx: &mut Tx, verification: VerificationId) -> Result<bool> {
    const DELIVERED: &str =
        "SELECT COUNT(*) FROM sms_messages WHERE verification_id = $1 AND receipt = 'delivered'";
    let count: i64 = value!(tx, DELIVERED, verification)?;
    Ok(count > 0)
}

/// What receipts of an accepted message came to; false: nothing new. Once it is on the phone, it is.
pub async fn settle(tx: &mut Tx, id: MessageId, receipt: Arrival, at: At) -> Result<bool> {
    const SETTLE: &str = "UPDATE sms_messages SET receipt = $2, receipt_at = $3 WHERE id = $1 AND state = 'accepted' \
        AND (receipt IS NULL OR receipt <> 'delivered' AND receipt <> $2)";
    Ok(run!(tx, SETTLE, id, receipt, at)? == 1)
}
