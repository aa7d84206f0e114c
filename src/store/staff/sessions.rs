//! The staff's sessions, found by a keyed hash of what the cookie holds.

use crate::{
    domain::{
        ids::{SessionId, StaffId},
        province::Province,
        staff::Role,
    },
    store::{At, Result, Tx, all, on, one, run},
};

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SessionRow {
    /// Its identifier.
    pub id: SessionId,
    /// Whose it is.
    pub staff_id: StaffId,
    /// When it began.
    pub created_at: At,
    /// When it was last used, give or take a minute.
    pub seen_at: At,
    /// When it ends, however much it is used.
    pub ends_at: At,
    /// From where, sealed.
    pub client: Option<Vec<u8>>,
}

/// A session, and whose.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Live {
    /// The session.
    #[sqlx(flatten)]
    pub session: SessionRow,
    /// The account's name.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// Its bureau.
    pub province: Option<Province>,
}

/// Adds a session.
pub async fn insert(tx: &mut Tx, row: &SessionRow, hash: &[u8], key_id: &str) -> Result<()> {
    const INSERT: &str = "INSERT INTO staff_sessions \
        (id, token_hash, key_id, staff_id, created_at, seen_at, ends_at, client) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    run!(
        tx,
        INSERT,
        row.id,
        hash,
        key_id,
        row.staff_id,
        row.created_at,
        row.seen_at,
        row.ends_at,
        &row.client,
    )?;
    Ok(())
}

macro_rules! live {
    ($where:literal) => {
        concat!(
            "SELECT s.id, s.staff_id, s.created_at, s.seen_at, s.ends_at, s.client, u.name, u.role, u.province \
            FROM staff_sessions s JOIN staff u ON u.id = s.staff_id WHERE ",
            $where,
            " AND s.ends_at > $2 AND s.seen_at > $3 AND u.disabled_at IS NULL AND u.removed_at IS NULL"
        )
    };
}

/// The session of a cookie: not ended, used since `idle_since`, its account open.
pub async fn by_token(tx: &mut Tx, hash: &[u8], now: At, idle_since: At) -> Result<Option<Live>> {
    Ok(one!(tx, live!("s.token_hash = $1"), hash, now, idle_since)?)
}

/// The live sessions of an account, the latest first.
pub async fn of_staff(tx: &mut Tx, staff: StaffId, now: At, idle_since: At) -> Result<Vec<Live>> {
    const OF_STAFF: &str = concat!(live!("s.staff_id = $1"), " ORDER BY s.id DESC");
    Ok(all!(tx, OF_STAFF, staff, now, idle_since)?)
}

/// Notes that it is used; never set back.
pub async fn touch(tx: &mut Tx, id: SessionId, now: At) -> Result<()> {
    run!(
        tx,
        "UPDATE staff_sessions SET seen_at = $2 WHERE id = $1 AND seen_at < $2",
        id,
        now
    )?;
    Ok(())
}

/// Ends a session of an account; false: there was none.
pub async fn end(tx: &mut Tx, id: SessionId, staff: StaffId) -> Result<bool> {
    const END: &str = "DELETE FROM staff_sessions WHERE id = $1 AND staff_id = $2";
    Ok(run!(tx, END, id, staff)? == 1)
}

/// Ends all sessions of an account; how many.
pub async fn end_all(tx: &mut Tx, staff: StaffId) -> Result<u64> {
    Ok(run!(
        tx,
        "DELETE FROM staff_sessions WHERE staff_id = $1",
        staff
    )?)
}
