//! Captchas used up. A submission takes its captcha before it is judged; the same POST again finds its own result.

use super::{At, Result, Tx, on, one, run};

/// How a captcha was used.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct CaptchaUse {
    /// Keyed hash of the form that used it.
    pub form_digest: Vec<u8>,
    /// When.
    pub used_at: At,
    /// When the row may go.
    pub expires_at: At,
    /// The sealed outcome, once there is one.
    pub result: Option<Vec<u8>>,
    /// The submission has been counted in the limits.
    pub settled: bool,
    /// The submission was past a limit.
    pub limited: bool,
}

/// Uses a captcha up; false: it had been.
pub async fn take(
    tx: &mut Tx,
    id_hash: &[u8],
    form_digest: &[u8],
    now: At,
    expires_at: At,
) -> Result<bool> {
    const TAKE: &str = "INSERT INTO captcha_uses (id_hash, form_digest, used_at, expires_at, settled, limited) \
        VALUES ($1, $2, $3, $4, FALSE, FALSE) ON CONFLICT (id_hash) DO NOTHING";
    Ok(run!(tx, TAKE, id_hash, form_digest, now, expires_at)? == 1)
}

/// How it was used, if it was.
pub async fn load(tx: &mut Tx, id_hash: &[u8]) -> Result<Option<CaptchaUse>> {
    const LOAD: &str = "SELECT form_digest, used_at, expires_at, result, settled, limited FROM captcha_uses WHERE id_hash = $1";
    Ok(one!(tx, LOAD, id_hash)?)
}

/// Keeps the sealed outcome.
pub async fn record_result(tx: &mut Tx, id_hash: &[u8], result: &[u8]) -> Result<()> {
    run!(
        tx,
        "UPDATE captcha_uses SET result = $2 WHERE id_hash = $1",
        id_hash,
        result
    )?;
    Ok(())
}

/// True for the one caller that may count the submission.
pub async fn settle(tx: &mut Tx, id_hash: &[u8]) -> Result<bool> {
    const SETTLE: &str =
        "UPDATE captcha_uses SET settled = TRUE WHERE id_hash = $1 AND settled = FALSE";
    Ok(run!(tx, SETTLE, id_hash)? == 1)
}

/// Notes that the submission was past a limit.
pub async fn set_limited(tx: &mut Tx, id_hash: &[u8]) -> Result<()> {
    run!(
        tx,
        "UPDATE captcha_uses SET limited = TRUE WHERE id_hash = $1",
        id_hash
    )?;
    Ok(())
}
