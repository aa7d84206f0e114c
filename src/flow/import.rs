//! A file of requests submitted in a provider's name. Each is noted, in the transaction that files it, by the file's digest
//! and its own first row: broken off, the same file goes on where it stopped, and files nothing twice.

use std::collections::BTreeSet;

use super::{FlowError, Result, Services, submit};
use crate::{
    domain::{filing::FilingDraft, ids::ProviderId},
    keys::Purpose,
    store::imports::{self, Row},
};

/// Rows looked up at once.
const BATCH: i64 = 10_000;

/// The SHA-256 of a file.
pub type Digest = [u8; 32];

/// The first rows of all requests of a file that have been filed and not been purged yet.
///
/// # Errors
/// What the database says.
pub async fn known(
    services: &Services,
    provider: ProviderId,
    file: &Digest,
) -> Result<BTreeSet<i64>> {
    let mut known = BTreeSet::new();
    // under a key that is loaded still: a rotation must not make an old file new
    for hash in services.keys.hashes(Purpose::Import, &[file]) {
        let mut after = 0;
        loop {
            let mut tx = services.db.read().await?;
            let row = Row {
                provider_id: provider,
                file_hash: &hash.value,
                first_row: after,
            };
            let rows = imports::rows_after(&mut tx, row, BATCH).await?;
            let Some(&last) = rows.last() else { break };
            after = last;
            known.extend(rows);
        }
    }
    Ok(known)
}

/// Submits the request that begins in a row of a file; false: it has been.
///
/// # Errors
/// `Invalid` with all broken rules; what the database says.
pub async fn submit_row(
    services: &Services,
    provider: ProviderId,
    file: &Digest,
    first_row: i64,
    draft: FilingDraft,
) -> Result<bool> {
    let file = services.keys.hash(Purpose::Import, &[file]);
    let once = submit::Once::Row { file, first_row };
    let now = services.clock.now();
    match submit::file(services, provider, draft, once, now).await {
        Ok(_) => Ok(true),
        Err(FlowError::Imported) => Ok(false),
        Err(error) => Err(error),
    }
}
