//! Which request a row of an imported file made, so that the same file again files nothing twice.

use super::{Result, Tx, all, on, run};
use crate::domain::ids::{ProviderId, RequestId};

/// A row of a provider's file.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// For whom it is imported.
    pub provider_id: ProviderId,
    /// The keyed hash of the file's digest.
    pub file_hash: &'a [u8],
    /// The request's first row in it.
    pub first_row: i64,
}

/// Notes what a row made, in the same transaction; false: it had made one before.
pub async fn insert(tx: &mut Tx, row: Row<'_>, key_id: &str, request: RequestId) -> Result<bool> {
    const INSERT: &str = "INSERT INTO imported_rows (provider_id, file_hash, first_row, key_id, request_id) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (provider_id, file_hash, first_row) DO NOTHING";
    let done = run!(
        tx,
        INSERT,
        row.provider_id,
        row.file_hash,
        row.first_row,
        key_id,
        request,
    )?;
    Ok(done == 1)
}

/// The rows of a file, after one, that have made their requests; in order.
pub async fn rows_after(tx: &mut Tx, after: Row<'_>, limit: i64) -> Result<Vec<i64>> {
    const AFTER: &str = "SELECT first_row FROM imported_rows \
        WHERE provider_id = $1 AND file_hash = $2 AND first_row > $3 ORDER BY first_row LIMIT $4";
    let rows: Vec<(i64,)> = all!(
        tx,
        AFTER,
        after.provider_id,
        after.file_hash,
        after.first_row,
        limit,
    )?;
    Ok(rows.into_iter().map(|(row,)| row).collect())
}
