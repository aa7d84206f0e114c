//! The append-only log of a request: what happened, when and by whom, without personal data.

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
}

/// Appends an event; its number.
pub async fn insert(
    tx: &mut Tx,
    request: RequestId,
    verification: Option<VerificationId>,
    at: At,
    what: EventType,
    actor: &str,
    data: &serde_json::Value,
) -> Result<i64> {
    const INSERT: &str = "INSERT INTO events (request_id, verification_id, at, type, actor, data) \
        VALUES ($1, $2, $3, $4, $5, $6) RETURNING id";
    Ok(value!(
        tx,
        INSERT,
        request,
        verification,
        at,
        what,
        actor,
        Json(data)
    )?)
}

/// A request's events after the one given (0: from the first), oldest first.
pub async fn of_request(
    tx: &mut Tx,
    request: RequestId,
    after: i64,
    limit: i64,
) -> Result<Vec<EventRow>> {
    const OF_REQUEST: &str = "SELECT id, request_id, verification_id, at, type, actor, data FROM events \
        WHERE request_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    Ok(all!(tx, OF_REQUEST, request, after, limit)?)
}
