//! Rotating keys while the system runs: what is sealed is sealed again under the active key, phones and tails are hashed
//! again under the index key. Codes, links and API keys cannot be read again; their key stays until they are gone. In
//! bounded batches, each its own transaction: cut off, it is simply begun again.

use std::{collections::BTreeSet, fmt::Display, sync::Arc};

use uuid::Uuid;

use super::{
    FlowError, Result, Services, aggregate, aggregate::Person, audit::chain, hashes, retry,
    review_phone,
};
use crate::{
    domain::{
        ids::{RequestId, VerificationId},
        phone::Phone,
    },
    keys::{Cell, KeyError},
    store::{
        Tx, audit,
        filing_phones::{self, PhoneRow},
        filing_requests, phone_carriers,
        rotation::{self, HashedRow, SealedColumn, SealedRow},
        verifications,
    },
};

/// Rows a batch.
const BATCH: i64 = 200;

/// What a rotation did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Values sealed anew.
    pub resealed: u64,
    /// Verifications whose phone and tail were hashed anew, and phones that nobody verifies.
    pub rehashed: u64,
    /// Values that do not open, left as they are.
    pub unreadable: u64,
    /// Keys other than the active and the index key that something still stands under: they must stay loaded.
    pub still_needed: BTreeSet<String>,
    /// The same of the audit log, which is never written anew: only its verification needs them.
    pub audited_under: BTreeSet<String>,
}

/// How far a rotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// So many sealed values will be looked at.
    Total(u64),
    /// So many more have been.
    Looked(u64),
}

/// Rotates everything; `tell` hears how far it is.
///
/// # Errors
/// What the database says. What does not open is counted, and the rest goes on.
pub async fn rotate(services: &Services, tell: impl Fn(Step)) -> Result<Rotated> {
    let mut tx = services.db.read().await?;
    let mut total = 0;
    for column in SealedColumn::ALL {
        total += rotation::sealed_count(&mut tx, column).await?;
    }
    drop(tx);
    tell(Step::Total(u64::try_from(total).unwrap_or(0)));
    let mut rotated = Rotated::default();
    // hashes first: they are made of what is sealed
    rehash(services, &mut rotated).await?;
    rehash_phones(services, &mut rotated).await?;
    for column in SealedColumn::ALL {
        reseal(services, column, &mut rotated, &tell).await?;
    }
    chain::rekey(services).await?;
    rotated.still_needed = still_needed(services).await?;
    rotated.audited_under = audited_under(services).await?;
    Ok(rotated)
}

async fn reseal(
    services: &Services,
    column: SealedColumn,
    rotated: &mut Rotated,
    tell: &impl Fn(Step),
) -> Result<()> {
    let mut after = Vec::new();
    loop {
        let rows = batch(services, column, &after).await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after.clone_from(&last.row);
        tell(Step::Looked(rows.len() as u64));
        let mut anew = Vec::new();
        for row in rows {
            match sealed_anew(services, column, &row) {
                Ok(None) => {}
                Ok(Some(new)) => anew.push((row, new)),
                Err(error) => {
                    rotated.unreadable += 1;
                    let place = format!("{}.{}", column.table(), column.column());
                    tracing::error!(%error, place, "a sealed value does not open; the others go on");
                }
            }
        }
        if anew.is_empty() {
            continue;
        }
        let anew = Arc::new(anew);
        rotated.resealed += retry(services, move |services| {
            let anew = anew.clone();
            async move {
                let mut done = 0;
                let mut tx = services.db.write().await?;
                for (row, new) in &*anew {
                    let replaced = rotation::reseal(&mut tx, column, &row.row, &row.sealed, new);
                    done += u64::from(replaced.await?);
                }
                tx.commit().await?;
                Ok(done)
            }
        })
        .await?;
    }
}

async fn batch(services: &Services, column: SealedColumn, after: &[u8]) -> Result<Vec<SealedRow>> {
    let mut tx = services.db.read().await?;
    Ok(rotation::sealed_after(&mut tx, column, after, BATCH).await?)
}

/// The value under the active key; `None`: it is under that already.
fn sealed_anew(
    services: &Services,
    column: SealedColumn,
    row: &SealedRow,
) -> Result<Option<Vec<u8>>, KeyError> {
    let keys = &services.keys;
    if keys.key_of(&row.sealed)? == *keys.active() {
        return Ok(None);
    }
    let cell = Cell {
        table: column.table(),
        column: column.column(),
        row: &row.row,
    };
    let plain = keys.open(cell, &row.sealed)?;
    Ok(Some(keys.seal(cell, &plain, &services.random)))
}

async fn rehash(services: &Services, rotated: &mut Rotated) -> Result<()> {
    let index = services.keys.index().as_str();
    let mut after = None;
    loop {
        let mut tx = services.db.read().await?;
        let rows = rotation::hashed_after(&mut tx, index, after, BATCH).await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = Some(last.id);
        let mut anew = Vec::new();
        for row in &rows {
            let hashes = hashed_anew(services, &mut tx, row).await;
            anew.extend(readable(hashes, &row.id, rotated)?);
        }
        drop(tx);
        let anew = Arc::new(anew);
        rotated.rehashed += retry(services, move |services| {
            let anew = anew.clone();
            async move {
                let mut done = 0;
                let mut tx = services.db.write().await?;
                for Hashes {
                    id,
                    old_phone,
                    phone,
                    tail,
                } in &*anew
                {
                    let index = services.keys.index().as_str();
                    let replaced = rotation::rehash(&mut tx, *id, index, phone, tail);
                    done += u64::from(replaced.await?);
                    if old_phone != phone {
                        phone_carriers::rehash(&mut tx, old_phone, phone, index).await?;
                    }
                }
                tx.commit().await?;
                Ok(done)
            }
        })
        .await?;
    }
}

struct Hashes {
    id: VerificationId,
    old_phone: Vec<u8>,
    phone: [u8; 32],
    tail: [u8; 32],
}

/// Both hashes of a verification under the index key, from its sealed person and its request's sealed filing.
async fn hashed_anew(
    services: &Services,
    tx: &mut Tx,
    hashed: &HashedRow,
) -> Result<Option<Hashes>> {
    let Some(row) = verifications::load(tx, hashed.id).await? else {
        return Ok(None);
    };
    let Some(person) = Person::open(&services.keys, &row)? else {
        return Ok(None);
    };
    let Some(request) = filing_requests::load(tx, hashed.request_id).await? else {
        return Ok(None);
    };
    let filing = review_phone::filing(tx, services, hashed.request_id).await?;
    let policy = aggregate::policy(request.policy.as_deref())?;
    let pointer = hashed.principals.0.first();
    let principal = filing
        .principals()
        .find(|(found, _)| Some(found) == pointer)
        .map(|(_, principal)| principal.clone());
    let (Some(policy), Some(principal)) = (policy, principal) else {
        return Err(FlowError::Corrupt("a verification of nobody".into()));
    };
    let tail = principal.document.id_tail(policy.hk_macau_tail);
    Ok(Some(Hashes {
        id: hashed.id,
        old_phone: row.phone_hash.unwrap_or_default(),
        phone: hashes::phone(&services.keys, &person.phone).value,
        tail: hashes::tail(&services.keys, hashed.id, &tail).value,
    }))
}

/// The same of the phones that nobody verifies.
async fn rehash_phones(services: &Services, rotated: &mut Rotated) -> Result<()> {
    let index = services.keys.index().as_str();
    let mut last = PhoneRow {
        phone_hash: Vec::new(),
        request_id: RequestId(Uuid::nil()),
    };
    loop {
        let mut tx = services.db.read().await?;
        let rows = filing_phones::hashed_after(&mut tx, index, &last, BATCH).await?;
        let Some(end) = rows.last() else {
            return Ok(());
        };
        last = end.clone();
        let mut anew = Vec::new();
        for row in rows {
            let hash = phone_anew(services, &mut tx, &row).await;
            let hash = readable(hash, &row.request_id, rotated)?;
            anew.extend(hash.map(|hash| (row, hash)));
        }
        drop(tx);
        rotated.rehashed += anew.len() as u64;
        let anew = Arc::new(anew);
        retry(services, move |services| {
            let anew = anew.clone();
            async move {
                let mut tx = services.db.write().await?;
                for (row, new) in &*anew {
                    let index = services.keys.index().as_str();
                    filing_phones::rehash(&mut tx, row, new, index).await?;
                }
                Ok(tx.commit().await?)
            }
        })
        .await?;
    }
}

/// The hash under the index key of the request's phone that stands there under another.
async fn phone_anew(services: &Services, tx: &mut Tx, row: &PhoneRow) -> Result<Option<[u8; 32]>> {
    let keys = &services.keys;
    let filing = review_phone::filing(tx, services, row.request_id).await?;
    let is_it = |phone: &&Phone| {
        let under_each = hashes::phones(keys, phone);
        under_each
            .iter()
            .any(|hash| hash.value[..] == row.phone_hash)
    };
    let phone = filing.phones_beside(&[]).into_iter().find(is_it);
    let nobody = || FlowError::Corrupt("a phone of nobody, or its key is not loaded".into());
    Ok(Some(hashes::phone(keys, phone.ok_or_else(nobody)?).value))
}

/// What was made of a row; none: it has been purged meanwhile, or does not open, which is told and counted.
fn readable<T>(
    made: Result<Option<T>>,
    id: &dyn Display,
    rotated: &mut Rotated,
) -> Result<Option<T>> {
    match made {
        Err(FlowError::NotFound) => Ok(None),
        Err(error @ (FlowError::Key(_) | FlowError::Corrupt(_))) => {
            rotated.unreadable += 1;
            tracing::error!(%id, %error, "what a hash is made of does not open; the others go on");
            Ok(None)
        }
        made => made,
    }
}

/// The keys that `audit verify` needs, besides those in use. Reads whole tables.
async fn audited_under(services: &Services) -> Result<BTreeSet<String>> {
    let mut tx = services.db.read().await?;
    let mut needed: BTreeSet<_> = audit::keys_in_use(&mut tx).await?.into_iter().collect();
    needed.remove(services.keys.active().as_str());
    needed.remove(services.keys.index().as_str());
    Ok(needed)
}

/// The keys that could not be taken out of use. Reads whole tables.
async fn still_needed(services: &Services) -> Result<BTreeSet<String>> {
    let keys = &services.keys;
    let mut tx = services.db.read().await?;
    let hashed = rotation::hash_keys_in_use(&mut tx).await?;
    drop(tx);
    let mut needed: BTreeSet<_> = hashed.into_iter().collect();
    for column in SealedColumn::ALL {
        let mut after = Vec::new();
        loop {
            let rows = batch(services, column, &after).await?;
            let Some(last) = rows.last() else { break };
            after.clone_from(&last.row);
            // what names no key has been counted as unreadable
            let named = rows.iter().filter_map(|row| keys.key_of(&row.sealed).ok());
            needed.extend(named.map(|id| id.to_string()));
        }
    }
    needed.remove(keys.active().as_str());
    needed.remove(keys.index().as_str());
    Ok(needed)
}
