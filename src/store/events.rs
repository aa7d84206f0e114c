//! The append-only log: what happened, when and by whom, without personal data. Who writes is `flow::audit`, which seals.

use uuid::Uuid;

use super::{At, Json, Result, Tx, all, on, value};
use crate::domain::{
    ids::{RequestId, VerificationId},
    words::EventType,
};

/// Something that happened to a request.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct EventRow {
    /// Rises with each event.
    pub id: i64,
    /// Whose it is.
    pub request_id: RequestId,
    /// The verification it is about, if about one.
    pub verification_id: Option<VerificationId>,
    /// When.
    pub at: At,
    /// What.
    pub r#type: EventType,
    /// By whom: visitor, provider, bureau, system.
    pub actor: String,
    /// Details, without personal data.
    pub data: Json<serde_json::Value>,
    /// Who of the staff it was, if anybody of them.
    pub staff_id: Option<Uuid>,
}

/// An event to be appended.
#[derive(Debug, Clone, Copy)]
pub struct NewEvent<'a> {
    /// Whose it is, if a request's.
    pub request_id: Option<RequestId>,
    /// The verification it is about, if about one.
    pub verification_id: Option<VerificationId>,
    /// Who of the staff did it, if anybody of them.
    pub staff_id: Option<Uuid>,
    /// When.
    pub at: At,
    /// What: an event's or a deed's word.
    pub r#type: &'a str,
    /// By whom.
    pub actor: &'a str,
    /// Details as JSON.
    pub data: &'a str,
    /// The key of the seal.
    pub key_id: &'a str,
    /// 8 random bytes and the keyed hash of the above.
    pub seal: &'a [u8],
}

/// Appends an event; its number.
pub async fn insert(tx: &mut Tx, new: NewEvent<'_>) -> Result<i64> {
    const INSERT: &str = "INSERT INTO events (request_id, verification_id, staff_id, at, type, actor, data, key_id, seal) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id";
    Ok(value!(
        tx,
        INSERT,
        new.request_id,
        new.verification_id,
        new.staff_id,
        new.at,
        new.r#type,
        new.actor,
        new.data,
        new.key_id,
        new.seal
    )?)
}

/// A request's events after the one given (0: from the first), oldest first.
pub async fn of_request(
    tx: &mut Tx,
    request: RequestId,
    after: i64,
    limit: i64,
) -> Result<Vec<EventRow>> {
    const OF_REQUEST: &str = "SELECT id, request_id, verification_id, at, type, actor, data, staff_id FROM events \
        WHERE request_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    Ok(all!(tx, OF_REQUEST, request, after, limit)?)
}
