//! The phones that nobody verifies, by keyed hash: so that staff find a request by them all the same. Gone with the persons.

use super::{Result, Tx, all, on, run};
use crate::domain::{ids::RequestId, province::Province};

/// A phone of a request.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct PhoneRow {
    /// Its keyed hash.
    pub phone_hash: Vec<u8>,
    /// Whose.
    pub request_id: RequestId,
}

/// Notes a phone of a request.
pub async fn insert(tx: &mut Tx, phone: &[u8], request: RequestId, key_id: &str) -> Result<()> {
    const INSERT: &str = "INSERT INTO filing_phones (phone_hash, request_id, key_id) VALUES ($1, $2, $3) \
        ON CONFLICT (phone_hash, request_id) DO NOTHING";
    run!(tx, INSERT, phone, request, key_id)?;
    Ok(())
}

/// The requests of a phone, of a province or of all, the newest first.
pub async fn requests(
    tx: &mut Tx,
    phone: &[u8],
    province: Option<Province>,
    limit: i64,
) -> Result<Vec<RequestId>> {
    const ALL: &str = "SELECT request_id FROM filing_phones WHERE phone_hash = $1 ORDER BY request_id DESC LIMIT $2";
    const OWN: &str = "SELECT p.request_id FROM filing_phones p JOIN filing_requests r ON r.id = p.request_id \
        WHERE p.phone_hash = $1 AND r.province = $3 ORDER BY p.request_id DESC LIMIT $2";
    let rows: Vec<(RequestId,)> = match province {
        None => all!(tx, ALL, phone, limit)?,
        Some(province) => all!(tx, OWN, phone, limit, province)?,
    };
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// The next phones that are not hashed under the index key.
pub async fn hashed_after(
    tx: &mut Tx,
    index_key: &str,
    after: &PhoneRow,
    limit: i64,
) -> Result<Vec<PhoneRow>> {
    const NEXT: &str = "SELECT phone_hash, request_id FROM filing_phones \
        WHERE (phone_hash, request_id) > ($1, $2) AND key_id <> $3 ORDER BY phone_hash, request_id LIMIT $4";
    Ok(all!(
        tx,
        NEXT,
        &after.phone_hash,
        after.request_id,
        index_key,
        limit
    )?)
}

/// The phone of a request is hashed anew, unless it has been purged meanwhile. One statement: a purge that waits for it sees the
/// new hash.
pub async fn rehash(tx: &mut Tx, old: &PhoneRow, new: &[u8], key_id: &str) -> Result<()> {
    const REHASH: &str = "UPDATE filing_phones SET phone_hash = $3, key_id = $4 WHERE phone_hash = $1 AND request_id = $2";
    run!(tx, REHASH, &old.phone_hash, old.request_id, new, key_id)?;
    Ok(())
}
