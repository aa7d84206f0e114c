//! What the staff did that is no request's, as its log is read: of one bureau's staff or of all.

use crate::{
    domain::province::Province,
    store::{At, Json, Result, Tx, all, on},
};

/// A deed, and whose account it was.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct LogRow {
    /// The event's number.
    pub id: i64,
    /// When.
    pub at: At,
    /// What: a word of [`crate::domain::event::Deed`].
    pub r#type: String,
    /// Details.
    pub data: Json<serde_json::Value>,
    /// Whose account; none: there is no such account, or it was the system.
    pub name: Option<String>,
    /// Of which bureau.
    pub province: Option<Province>,
}

/// What was done, the newest first: so many after so many.
pub async fn list(
    tx: &mut Tx,
    province: Option<Province>,
    (limit, offset): (i64, i64),
) -> Result<Vec<LogRow>> {
    const ALL: &str = "SELECT e.id, e.at, e.type, e.data, u.name, u.province \
        FROM events e LEFT JOIN staff u ON u.id = e.staff_id \
        WHERE e.request_id IS NULL ORDER BY e.id DESC LIMIT $1 OFFSET $2";
    const OWN: &str = "SELECT e.id, e.at, e.type, e.data, u.name, u.province \
        FROM events e LEFT JOIN staff u ON u.id = e.staff_id \
        WHERE e.request_id IS NULL AND EXISTS (SELECT 1 FROM staff o WHERE o.id = e.staff_id AND o.province = $3) ORDER BY e.id DESC LIMIT $1 OFFSET $2";
    Ok(match province {
        None => all!(tx, ALL, limit, offset)?,
        Some(province) => all!(tx, OWN, limit, offset, province)?,
    })
}
