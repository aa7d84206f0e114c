//! The parts of accepted messages, by their gateways' own references, and the receipts that came for them: in either order, and
//! perhaps for nothing of ours.

use chrono::TimeDelta;

use super::{At, Result, Tx, all, on, one, value};
use crate::domain::{ids::MessageId, message::Arrival};

/// A receipt that came first waits so long for its message's acceptance: gateways count their references from anew.
const EARLY: TimeDelta = TimeDelta::minutes(10);

/// A gateway accepted a part of a message under this reference; the receipt that has come for it already.
pub async fn accepted(
    tx: &mut Tx,
    gateway: &str,
    reference: &str,
    message: MessageId,
    now: At,
) -> Result<Option<Arrival>> {
    const ACCEPTED: &str = "INSERT INTO sms_parts (gateway, reference, message_id, created_at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (gateway, reference) DO UPDATE SET message_id = $3, created_at = $4, receipt = CASE \
        WHEN sms_parts.message_id = $3 OR sms_parts.message_id IS NULL AND sms_parts.created_at > $5 \
        THEN sms_parts.receipt END RETURNING receipt";
    Ok(value!(
        tx,
        ACCEPTED,
        gateway,
        reference,
        message,
        now,
        now - EARLY
    )?)
}

/// A receipt came; whose part it is about. None: it is not known yet, or says nothing new.
pub async fn received(
    tx: &mut Tx,
    gateway: &str,
    reference: &str,
    receipt: Arrival,
    now: At,
) -> Result<Option<MessageId>> {
    const RECEIVED: &str = "INSERT INTO sms_parts (gateway, reference, receipt, created_at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (gateway, reference) DO UPDATE SET receipt = $3 \
        WHERE sms_parts.receipt IS NULL OR sms_parts.receipt <> 'delivered' AND sms_parts.receipt <> $3 \
        RETURNING message_id";
    let row: Option<(Option<MessageId>,)> = one!(tx, RECEIVED, gateway, reference, receipt, now)?;
    Ok(row.and_then(|(message,)| message))
}

/// What has come for the parts of a message by a gateway: another may have a copy of it.
pub async fn of_message(
    tx: &mut Tx,
    message: MessageId,
    gateway: &str,
) -> Result<Vec<Option<Arrival>>> {
    const OF_MESSAGE: &str = "SELECT receipt FROM sms_parts WHERE message_id = $1 AND gateway = $2";
    let rows: Vec<(Option<Arrival>,)> = all!(tx, OF_MESSAGE, message, gateway)?;
    Ok(rows.into_iter().map(|(receipt,)| receipt).collect())
}
