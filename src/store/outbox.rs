//! The outbox of SMS: queued in the flow's own transaction, claimed with a lease, sent with no transaction open, recorded.
//! A claimed message falls due again when its lease ends; whoever's token is no longer on the row records nothing.

mod answers;

use uuid::Uuid;

pub use self::answers::{
    Final, accept, accept_late, again, cancel, doubt, fail, hold, is_delivered, retry, settle,
    submit, wait,
};
use super::{At, Json, Result, Tx, all, on, one, run, value};
use crate::domain::{
    carrier::Carrier,
    ids::{MessageId, ProviderId, RequestId, VerificationId},
    message::{Arrival, SmsState},
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

/// A message that is ours to send until the lease ends, and what a decision about it needs of its verification.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Claimed {
    /// Its identifier.
    pub id: MessageId,
    /// Whose verification it is for.
    pub verification_id: VerificationId,
    /// That verification's request.
    pub request_id: RequestId,
    /// The request's provider.
    pub provider_id: ProviderId,
    /// Why it is sent.
    pub kind: MessageKind,
    /// How often it has been handed to a gateway.
    pub attempts: i64,
    /// When it was queued.
    pub queued_at: At,
    /// Phone, sender, text, code and link, sealed.
    pub sealed: Vec<u8>,
    /// The gateway that it was handed to last.
    pub gateway: Option<String>,
    /// When, if that has not answered yet.
    pub submitted_at: Option<At>,
    /// How often it went without an answer.
    pub doubts: i64,
    /// Whose answer was missed last.
    pub doubted_by: Option<String>,
    /// The gateways that refused it for good.
    pub refused_by: Json<Vec<String>>,
    /// Until when the verification can be answered.
    pub expires_at: At,
    /// When the verification ended.
    pub verification_ended_at: Option<At>,
}

/// What is stored of a message but for its content.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct MessageRow {
    /// Its identifier.
    pub id: MessageId,
    /// Whose verification it is for.
    pub verification_id: VerificationId,
    /// That verification's request.
    pub request_id: RequestId,
    /// How far it is; receipts apart.
    pub state: SmsState,
    /// When it was queued.
    pub queued_at: At,
    /// Kept back until then by a ceiling or a gateway's pace.
    pub held_until: Option<At>,
    /// When a gateway took it.
    pub accepted_at: Option<At>,
    /// Which one has it, or had it last.
    pub gateway: Option<String>,
    /// By whose chain.
    pub carrier: Option<Carrier>,
    /// What receipts came to, …
    pub receipt: Option<Arrival>,
    /// … and when.
    pub receipt_at: Option<At>,
}

macro_rules! columns {
    () => {
        "id, verification_id, request_id, state, queued_at, held_until, accepted_at, gateway, carrier, receipt, receipt_at"
    };
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
    /// By whose chain.
    pub carrier: Option<Carrier>,
    /// What receipts came to.
    pub receipt: Option<Arrival>,
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
                AND sealed IS NOT NULL ORDER BY next_attempt_at LIMIT $2",
                $skip,
                ") UPDATE sms_messages SET lease_token = $3, next_attempt_at = $4 \
                FROM due WHERE sms_messages.id = due.id"
            )
        };
    }
    const SQLITE: &str = claim!("");
    const POSTGRES: &str = claim!(" FOR UPDATE SKIP LOCKED");
    const CLAIMED: &str = "SELECT m.id, m.verification_id, m.request_id, r.provider_id, m.kind, m.attempts, m.queued_at, \
        m.sealed, m.gateway, m.submitted_at, m.doubts, m.doubted_by, m.refused_by, v.expires_at, v.ended_at AS verification_ended_at \
        FROM sms_messages m JOIN verifications v ON v.id = m.verification_id \
        JOIN filing_requests r ON r.id = m.request_id \
        WHERE m.state = 'queued' AND m.next_attempt_at = $1 AND m.lease_token = $2 ORDER BY m.queued_at, m.id";
    let claim = match tx {
        Tx::Sqlite(_) => SQLITE,
        Tx::Postgres(_) => POSTGRES,
    };
    if run!(tx, claim, now, limit, token, lease_until)? == 0 {
        return Ok(Vec::new());
    }
    Ok(all!(tx, CLAIMED, lease_until, token)?)
}

/// The message of an identifier.
pub async fn load(tx: &mut Tx, id: MessageId) -> Result<Option<MessageRow>> {
    Ok(one!(
        tx,
        concat!("SELECT ", columns!(), " FROM sms_messages WHERE id = $1"),
        id
    )?)
}

/// All of a request's messages, oldest first.
pub async fn of_request(tx: &mut Tx, request: RequestId) -> Result<Vec<MessageRow>> {
    const OF_REQUEST: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM sms_messages WHERE verification_id IN (SELECT id FROM verifications WHERE request_id = $1) \
        ORDER BY queued_at, id"
    );
    Ok(all!(tx, OF_REQUEST, request)?)
}

/// A newer message of the same verification has been queued.
pub async fn is_superseded(
    tx: &mut Tx,
    verification: VerificationId,
    id: MessageId,
) -> Result<bool> {
    const NEWER: &str = "SELECT COUNT(*) FROM sms_messages WHERE verification_id = $1 AND id > $2 \
        AND state IN ('queued', 'accepted')";
    let newer: i64 = value!(tx, NEWER, verification, id)?;
    Ok(newer > 0)
}

/// A newer message has been queued: those that have failed an attempt and wait for their next are not sent any more.
pub async fn supersede(
    tx: &mut Tx,
    verification: VerificationId,
    newer: MessageId,
    at: At,
) -> Result<u64> {
    const SUPERSEDE: &str = "UPDATE sms_messages SET state = 'cancelled', ended_at = $3, sealed = NULL \
        WHERE verification_id = $1 AND state = 'queued' AND id <> $2 AND attempts > 0 AND lease_token IS NULL \
        AND submitted_at IS NULL";
    Ok(run!(tx, SUPERSEDE, verification, newer, at)?)
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

/// When the next message is due, or a lease ends.
pub async fn next_at(tx: &mut Tx) -> Result<Option<At>> {
    const NEXT: &str = "SELECT MIN(next_attempt_at) FROM sms_messages WHERE state = 'queued'";
    Ok(value!(tx, NEXT)?)
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
            "SELECT m.id, m.verification_id, m.request_id, m.kind, m.sealed, m.accepted_at, m.carrier, m.receipt FROM ",
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
