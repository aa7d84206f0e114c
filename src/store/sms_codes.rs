//! The codes sent, as keyed hashes of phone and code together.

use super::{At, Result, Tx, on, one, run};
use crate::domain::ids::VerificationId;

/// Adds a code; false: an unpurged code of the same phone is the same (S0: 验证码不重复), draw another.
pub async fn insert(
    tx: &mut Tx,
    code_hash: &[u8],
    key_id: &str,
    verification: VerificationId,
    now: At,
) -> Result<bool> {
    const INSERT: &str = "INSERT INTO sms_codes (code_hash, key_id, verification_id, created_at) \
        VALUES ($1, $2, $3, $4) ON CONFLICT (code_hash) DO NOTHING";
    Ok(run!(tx, INSERT, code_hash, key_id, verification, now)? == 1)
}

/// The verification that a phone's code was sent for.
pub async fn verification_of(tx: &mut Tx, code_hash: &[u8]) -> Result<Option<VerificationId>> {
    let row: Option<(VerificationId,)> = one!(
        tx,
        "SELECT verification_id FROM sms_codes WHERE code_hash = $1",
        code_hash
    )?;
    Ok(row.map(|(id,)| id))
}
