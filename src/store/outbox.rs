//! The outbox of SMS: queued in the flow's own transaction, claimed with a lease, sent with no transaction open, recorded.
//! A claimed message falls due again when its lease ends; whoever's token is no longer on the row records nothing.

use uuid::Uuid;

use super::{At, Result, Tx, all, on, run, value};
use crate::domain::{
    ids::{MessageId, RequestId, VerificationId},
    words::MessageKind,
};

/// A message to be queued.
#[derive(Debug)]
pub struct NewMessage<'a> {
    /// Its identifier, the gateway's reference for it too.
    pub id: MessageId,
    /// Whose verification it is for.
    pub verification_id: VerificationId,
    /// That verification's request.
    pub request_id: RequestId,
    /// Why it is sent.
    pub kind: MessageKind,
    /// When it was queued.
    pub queued_at: At,
    /// From when on it may be sent.
    pub next_attempt_at: At,
    /// Phone, sender, text, code and link, sealed.
    pub sealed: &'a [u8],
}

/// A message that is ours to send until the lease ends.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Claimed {
    /// Its identifier.
    pub id: MessageId,
    /// Whose verification it is for.
    pub verification_id: VerificationId,
    /// That verification's request.
    pub request_id: RequestId,
    /// Why it is sent.
    pub kind: MessageKind,
    /// How often it was claimed, this time included.
    pub attempts: i64,
    /// When it was queued.
    pub queued_at: At,
    /// Phone, sender, text, code and link, sealed.
    pub sealed: Vec<u8>,
}

/// What a gateway answered to a message that it took or refused for good.
#[derive(Debug, Clone, Copy)]
pub struct Final<'a> {
    /// The gateway's name.
    pub gateway: &'a str,
    /// Its own reference.
    pub gateway_ref: Option<&'a str>,
    /// When.
    pub at: At,
    /// Keep the sealed message (a sandbox's inbox shows it) rather than erase it.
    pub keep_sealed: bool,
}

/// An accepted message that a sandbox has kept.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct InboxRow {
    /// Its identifier.
    pub id: MessageId,
    /// Whose verification it was for.
    pub verification_id: VerificationId,
    /// That verification's request.
    pub request_id: RequestId,
    /// Why it was sent.
    pub kind: MessageKind,
    /// Phone, sender, text, code and link, sealed.
    pub sealed: Vec<u8>,
    /// When the gateway took it.
    pub accepted_at: At,
}

/// Queues a message.
pub async fn insert(tx: &mut Tx, new: &NewMessage<'_>) -> Result<()> {
    const INSERT: &str = "INSERT INTO sms_messages \
        (id, verification_id, request_id, kind, state, attempts, queued_at, next_attempt_at, sealed) \
        VALUES ($1, $2, $3, $4, 'queued', 0, $5, $6, $7)";
    run!(
        tx,
        INSERT,
        new.id,
        new.verification_id,
        new.request_id,
        new.kind,
        new.queued_at,
        new.next_attempt_at,
        new.sealed,
    )?;
    Ok(())
}

/// Takes messages that are due, oldest first; each falls due again at `lease_until`.
pub async fn claim(
    tx: &mut Tx,
    now: At,
    lease_until: At,
    token: Uuid,
    limit: i64,
) -> Result<Vec<Claimed>> {
    // the one statement with two texts: only a server has other instances at work on the same rows
    macro_rules! claim {
        ($skip:literal) => {
            concat!(
                "WITH due AS (SELECT id FROM sms_messages WHERE state = 'queued' AND next_attempt_at <= $1 \
                ORDER BY next_attempt_at LIMIT $2",
                $skip,
                ") UPDATE sms_messages SET lease_token = $3, next_attempt_at = $4, attempts = attempts + 1 \
                FROM due WHERE sms_messages.id = due.id AND sms_messages.sealed IS NOT NULL \
                RETURNING sms_messages.id, verification_id, request_id, kind, attempts, queued_at, sealed"
            )
        };
    }
    const SQLITE: &str = claim!("");
    const POSTGRES: &str = claim!(" FOR UPDATE SKIP LOCKED");
    let claim = match tx {
        Tx::Sqlite(_) => SQLITE,
        Tx::Postgres(_) => POSTGRES,
    };
    let mut claimed: Vec<Claimed> = all!(tx, claim, now, limit, token, lease_until)?;
    claimed.sort_by_key(|message| (message.queued_at, message.id));
    Ok(claimed)
}

/// A gateway took the message; false: the lease is no longer ours, nothing was recorded.
pub async fn accept(tx: &mut Tx, id: MessageId, token: Uuid, answer: Final<'_>) -> Result<bool> {
    const ACCEPT: &str = "UPDATE sms_messages SET state = 'accepted', accepted_at = $3, ended_at = $3, gateway = $4, \
        gateway_ref = $5, lease_token = NULL, sealed = CASE WHEN $6 THEN sealed END \
        WHERE id = $1 AND lease_token = $2 AND state = 'queued'";
    let Final {
        gateway,
        gateway_ref,
        at,
        keep_sealed,
    } = answer;
    Ok(run!(tx, ACCEPT, id, token, at, gateway, gateway_ref, keep_sealed)? == 1)
}

/// To be tried again; false: the lease is no longer ours, nothing was recorded.
pub async fn retry(tx: &mut Tx, id: MessageId, token: Uuid, next_attempt_at: At) -> Result<bool> {
    const RETRY: &str = "UPDATE sms_messages SET next_attempt_at = $3, lease_token = NULL \
        WHERE id = $1 AND lease_token = $2 AND state = 'queued'";
    Ok(run!(tx, RETRY, id, token, next_attempt_at)? == 1)
}

/// Refused for good; false: the lease is no longer ours, nothing was recorded.
pub async fn fail(tx: &mut Tx, id: MessageId, token: Uuid, answer: Final<'_>) -> Result<bool> {
    const FAIL: &str = "UPDATE sms_messages SET state = 'failed', ended_at = $3, gateway = $4, gateway_ref = $5, \
        lease_token = NULL, sealed = CASE WHEN $6 THEN sealed END \
        WHERE id = $1 AND lease_token = $2 AND state = 'queued'";
    let Final {
        gateway,
        gateway_ref,
        at,
        keep_sealed,
    } = answer;
    Ok(run!(tx, FAIL, id, token, at, gateway, gateway_ref, keep_sealed)? == 1)
}

/// A verification has ended: none of its queued messages is sent any more. How many there were.
pub async fn cancel_of_verification(
    tx: &mut Tx,
    verification: VerificationId,
    at: At,
) -> Result<u64> {
    const CANCEL: &str = "UPDATE sms_messages SET state = 'cancelled', ended_at = $2, lease_token = NULL, sealed = NULL \
        WHERE verification_id = $1 AND state = 'queued'";
    Ok(run!(tx, CANCEL, verification, at)?)
}

/// How many messages of a verification wait or are in flight.
pub async fn queued_of_verification(tx: &mut Tx, verification: VerificationId) -> Result<i64> {
    const QUEUED: &str =
        "SELECT COUNT(*) FROM sms_messages WHERE verification_id = $1 AND state = 'queued'";
    Ok(value!(tx, QUEUED, verification)?)
}

/// How many messages are in somebody's hands: leased, and the lease not over.
pub async fn in_flight(tx: &mut Tx, now: At) -> Result<i64> {
    const IN_FLIGHT: &str = "SELECT COUNT(*) FROM sms_messages \
        WHERE state = 'queued' AND next_attempt_at > $1 AND lease_token IS NOT NULL";
    Ok(value!(tx, IN_FLIGHT, now)?)
}

macro_rules! inbox {
    ($from:literal, $order:literal) => {
        concat!(
            "SELECT m.id, m.verification_id, m.request_id, m.kind, m.sealed, m.accepted_at FROM ",
            $from,
            " m.state = 'accepted' AND m.sealed IS NOT NULL ORDER BY m.accepted_at DESC, m.id DESC LIMIT ",
            $order
        )
    };
}

/// What a sandbox has sent and kept, newest first.
pub async fn inbox(tx: &mut Tx, limit: i64) -> Result<Vec<InboxRow>> {
    const INBOX: &str = inbox!("sms_messages m WHERE", "$1");
    Ok(all!(tx, INBOX, limit)?)
}

/// The same for one phone.
pub async fn inbox_of_phone(tx: &mut Tx, phone_hash: &[u8], limit: i64) -> Result<Vec<InboxRow>> {
    const INBOX: &str = inbox!(
        "verifications v JOIN sms_messages m ON m.verification_id = v.id WHERE v.phone_hash = $1 AND",
        "$2"
    );
    Ok(all!(tx, INBOX, phone_hash, limit)?)
}
