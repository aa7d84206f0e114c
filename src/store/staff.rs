//! The bureau's staff: accounts, and what guards their login. Sessions, and what the console shows, in modules of their own.

pub mod desk;
pub mod export;
pub mod log;
pub mod sessions;

use super::{At, Result, Tx, all, on, one, run, value};
use crate::domain::{ids::StaffId, province::Province, staff::Role};

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct StaffRow {
    /// Its identifier.
    pub id: StaffId,
    /// Its name, folded; unique among those that have not been removed.
    pub name: String,
    /// What its owner is employed for.
    pub role: Role,
    /// Of which bureau; none: national.
    pub province: Option<Province>,
    /// Argon2id in PHC form; none once removed.
    pub password_hash: Option<String>,
    /// The sealed TOTP seed; none once removed.
    pub totp: Option<Vec<u8>>,
    /// The last TOTP step used.
    pub totp_step: i64,
    /// Failures since the last login.
    pub failures: i64,
    /// When it was made.
    pub created_at: At,
    /// The last login.
    pub last_login_at: Option<At>,
    /// When it was closed after too many failures.
    pub disabled_at: Option<At>,
    /// When it was taken away.
    pub removed_at: Option<At>,
}

macro_rules! columns {
    () => {
        "id, name, role, province, password_hash, totp, totp_step, failures, created_at, last_login_at, disabled_at, \
        removed_at"
    };
}

/// Adds an account; false: the name is taken.
pub async fn insert(tx: &mut Tx, row: &StaffRow) -> Result<bool> {
    const INSERT: &str = concat!(
        "INSERT INTO staff (",
        columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
        ON CONFLICT (name) WHERE removed_at IS NULL DO NOTHING"
    );
    let done = run!(
        tx,
        INSERT,
        row.id,
        &row.name,
        row.role,
        row.province,
        &row.password_hash,
        &row.totp,
        row.totp_step,
        row.failures,
        row.created_at,
        row.last_login_at,
        row.disabled_at,
        row.removed_at,
    )?;
    Ok(done == 1)
}

/// The account of a name, unless it has been removed.
pub async fn by_name(tx: &mut Tx, name: &str) -> Result<Option<StaffRow>> {
    const BY_NAME: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM staff WHERE name = $1 AND removed_at IS NULL"
    );
    Ok(one!(tx, BY_NAME, name)?)
}

/// The account of an identifier, a removed one too.
pub async fn by_id(tx: &mut Tx, id: StaffId) -> Result<Option<StaffRow>> {
    Ok(one!(
        tx,
        concat!("SELECT ", columns!(), " FROM staff WHERE id = $1"),
        id
    )?)
}

/// All accounts, removed ones too, in the order in which they were added. There are hundreds at most.
pub async fn all(tx: &mut Tx) -> Result<Vec<StaffRow>> {
    Ok(all!(
        tx,
        concat!("SELECT ", columns!(), " FROM staff ORDER BY id")
    )?)
}

/// Uses a TOTP step up; false: it or a later one has been used, or the account is closed.
pub async fn take_step(tx: &mut Tx, id: StaffId, step: i64) -> Result<bool> {
    const TAKE: &str = "UPDATE staff SET totp_step = $2 \
        WHERE id = $1 AND totp_step < $2 AND disabled_at IS NULL AND removed_at IS NULL";
    Ok(run!(tx, TAKE, id, step)? == 1)
}

/// Notes a login: its owner has been there, earlier failures no longer count.
pub async fn logged_in(tx: &mut Tx, id: StaffId, now: At) -> Result<()> {
    const LOGGED_IN: &str = "UPDATE staff SET failures = 0, last_login_at = $2 WHERE id = $1";
    run!(tx, LOGGED_IN, id, now)?;
    Ok(())
}

/// Counts a failure against an account; true: it has been closed by it. An account that there is not takes as long.
pub async fn failed(tx: &mut Tx, id: StaffId, most: i64, now: At) -> Result<bool> {
    const COUNT: &str = "UPDATE staff SET failures = failures + 1 WHERE id = $1";
    const CLOSE: &str = "UPDATE staff SET disabled_at = $3 \
        WHERE id = $1 AND failures >= $2 AND disabled_at IS NULL AND removed_at IS NULL";
    run!(tx, COUNT, id)?;
    Ok(run!(tx, CLOSE, id, most, now)? == 1)
}

/// A new password.
pub async fn set_password(tx: &mut Tx, id: StaffId, hash: &str) -> Result<()> {
    run!(
        tx,
        "UPDATE staff SET password_hash = $2 WHERE id = $1 AND removed_at IS NULL",
        id,
        hash
    )?;
    Ok(())
}

/// A new sealed TOTP seed, of which `step` is the last one used.
pub async fn set_totp(tx: &mut Tx, id: StaffId, sealed: &[u8], step: i64) -> Result<()> {
    run!(
        tx,
        "UPDATE staff SET totp = $2, totp_step = $3 WHERE id = $1 AND removed_at IS NULL",
        id,
        sealed,
        step
    )?;
    Ok(())
}

/// Opens a closed account again.
pub async fn reopen(tx: &mut Tx, id: StaffId) -> Result<()> {
    run!(
        tx,
        "UPDATE staff SET failures = 0, disabled_at = NULL WHERE id = $1",
        id
    )?;
    Ok(())
}

/// Takes an account away, its password and its seed with it; false: it had been.
pub async fn remove(tx: &mut Tx, id: StaffId, now: At) -> Result<bool> {
    const REMOVE: &str = "UPDATE staff SET removed_at = $2, password_hash = NULL, totp = NULL \
        WHERE id = $1 AND removed_at IS NULL";
    Ok(run!(tx, REMOVE, id, now)? == 1)
}

/// Counts a failure of a name from an address, which is forgotten at `expires_at`; the count that came of it.
pub async fn count_failure(tx: &mut Tx, bucket: &[u8], now: At, expires_at: At) -> Result<i64> {
    const COUNT: &str = "INSERT INTO staff_failures (bucket, count, expires_at) VALUES ($1, 1, $3) \
        ON CONFLICT (bucket) DO UPDATE SET expires_at = excluded.expires_at, \
        count = CASE WHEN staff_failures.expires_at <= $2 THEN 1 ELSE staff_failures.count + 1 END RETURNING count";
    Ok(value!(tx, COUNT, bucket, now, expires_at)?)
}

/// The failures of a name from an address that are not forgotten, and until when they are not.
pub async fn failures(tx: &mut Tx, bucket: &[u8], now: At) -> Result<Option<(i64, At)>> {
    const FAILURES: &str =
        "SELECT count, expires_at FROM staff_failures WHERE bucket = $1 AND expires_at > $2";
    Ok(one!(tx, FAILURES, bucket, now)?)
}

/// Forgets the failures of a name from an address.
pub async fn forget_failures(tx: &mut Tx, bucket: &[u8]) -> Result<()> {
    run!(tx, "DELETE FROM staff_failures WHERE bucket = $1", bucket)?;
    Ok(())
}

/// Deletes sessions and failures that have ended by the real clock, at most `limit` of each; how many.
pub async fn sweep(tx: &mut Tx, real_now: At, limit: i64) -> Result<u64> {
    const SESSIONS: &str = "DELETE FROM staff_sessions WHERE id IN \
        (SELECT id FROM staff_sessions WHERE ends_at <= $1 ORDER BY ends_at LIMIT $2)";
    const FAILURES: &str = "DELETE FROM staff_failures WHERE bucket IN \
        (SELECT bucket FROM staff_failures WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    Ok(run!(tx, SESSIONS, real_now, limit)? + run!(tx, FAILURES, real_now, limit)?)
}
