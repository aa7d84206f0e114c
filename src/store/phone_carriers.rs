//! What was learnt of phones: the carriers that called a number foreign (携号转网). By keyed hash; gone with the phone's last
//! verification.

use super::{At, Json, Result, Tx, on, one, run};
use crate::domain::carrier::Carrier;

/// The carriers that called a phone foreign, in that order.
pub async fn foreign_to(tx: &mut Tx, phone_hash: &[u8]) -> Result<Vec<Carrier>> {
    const FOREIGN: &str = "SELECT foreign_to FROM phone_carriers WHERE phone_hash = $1";
    let row: Option<(Json<Vec<Carrier>>,)> = one!(tx, FOREIGN, phone_hash)?;
    Ok(row.map_or_else(Vec::new, |(found,)| found.0))
}

/// Remembers them, in place of what was known.
pub async fn put(
    tx: &mut Tx,
    phone_hash: &[u8],
    key_id: &str,
    foreign_to: &Json<Vec<Carrier>>,
    now: At,
) -> Result<()> {
    const PUT: &str = "INSERT INTO phone_carriers (phone_hash, key_id, foreign_to, found_at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (phone_hash) DO UPDATE SET foreign_to = $3, found_at = $4";
    run!(tx, PUT, phone_hash, key_id, foreign_to, now)?;
    Ok(())
}

/// The phone is hashed anew; where it is known under the new hash already, that is newer.
pub async fn rehash(tx: &mut Tx, old: &[u8], new: &[u8], key_id: &str) -> Result<()> {
    const REHASH: &str = "UPDATE phone_carriers SET phone_hash = $2, key_id = $3 WHERE phone_hash = $1 \
        AND NOT EXISTS (SELECT 1 FROM phone_carriers newer WHERE newer.phone_hash = $2)";
    run!(tx, REHASH, old, new, key_id)?;
    run!(tx, "DELETE FROM phone_carriers WHERE phone_hash = $1", old)?;
    Ok(())
}
