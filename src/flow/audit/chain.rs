//! The job that chains what has been written, in the order in which it was committed, and counts it: bounded batches, read
//! from a snapshot and worked out before the short transaction that writes them down. One at a time does so, under a lease;
//! one whose lease has ended writes nothing, for the head has moved on.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Unsealed,
    head::{HEAD, Head},
};
use crate::{
    flow::{FlowError, Result, Services, retry, statistics},
    keys::{KeyId, Keys},
    store::{
        Tx,
        audit::{self, AuditRow, LinkRow, WaitingRow},
        meta,
        statistics::{Counter, add},
    },
};

/// Events of a full batch: SQLite's writer is ours for some milliseconds.
pub const FULL: u64 = 256;
/// By the real time, a sandbox's clock may jump.
const LEASE: TimeDelta = TimeDelta::seconds(5);
/// Where the lease stands in `meta`.
const LEASED: &str = "audit_lease";

/// Whoever is chaining; no value at all: nobody.
#[derive(Serialize, Deserialize)]
struct Chainer {
    token: Uuid,
    until: DateTime<Utc>,
}

/// Chains and counts one batch; how many events. 0 too while somebody else is at it ([`is_waiting`] says so).
///
/// # Errors
/// Those of the database; `Corrupt` or `Key`: the head does not read, and nothing is chained until it does.
pub async fn round(services: &Services) -> Result<u64> {
    if !is_waiting(services).await? {
        return Ok(0);
    }
    let Some(lease) = claim(services).await? else {
        return Ok(0);
    };
    let mut tx = services.db.read().await?;
    let head = meta::get(&mut tx, HEAD).await?;
    let (from, rows) = read(&mut tx, &services.keys, head.as_deref()).await?;
    drop(tx);
    let batch = Arc::new(Batch::new(services, lease, head, &from, rows)?);
    retry(services, move |services| write(services, batch.clone())).await
}

/// Something has been written and not been chained yet.
///
/// # Errors
/// Those of the database.
pub async fn is_waiting(services: &Services) -> Result<bool> {
    let mut tx = services.db.read().await?;
    Ok(audit::is_waiting(&mut tx).await?)
}

/// Writes the head anew under the index key, so that the old one can be taken out of use.
pub(in crate::flow) async fn rekey(services: &Services) -> Result<()> {
    retry(services, move |services| async move {
        let mut tx = services.db.write().await?;
        if let Some(old) = meta::get(&mut tx, HEAD).await? {
            let new = Head::read(&services.keys, &old)?.write(&services.keys)?;
            // the chain went on meanwhile: then it is new anyway
            meta::swap(&mut tx, HEAD, Some(&old), &new).await?;
            tx.commit().await?;
        }
        Ok(())
    })
    .await
}

/// The text of our lease; `None`: somebody else has it.
async fn claim(services: &Services) -> Result<Option<String>> {
    let now = services.clock.real_now();
    let ours = serde_json::to_string(&Chainer {
        token: Uuid::from_bytes(services.random.bytes()),
        until: now + LEASE,
    })?;
    retry(services, move |services| {
        let ours = ours.clone();
        async move {
            let mut tx = services.db.write().await?;
            let old = meta::get(&mut tx, LEASED).await?;
            let holder = old.as_deref().map(serde_json::from_str::<Chainer>);
            // what does not read is nobody's; a lease that ends far ahead was taken before the clock was put back
            let is_held = matches!(holder, Some(Ok(holder)) if now < holder.until && holder.until <= now + LEASE);
            if is_held || !meta::swap(&mut tx, LEASED, old.as_deref(), &ours).await? {
                return Ok(None);
            }
            tx.commit().await?;
            Ok(Some(ours))
        }
    })
    .await
}

/// How far the chain is, and what comes next.
async fn read(tx: &mut Tx, keys: &Keys, head: Option<&str>) -> Result<(Head, Vec<WaitingRow>)> {
    let from = match head {
        Some(text) => Head::read(keys, text)?,
        None if !audit::links(tx, 0, 1).await?.is_empty() => {
            return Err(FlowError::Corrupt(format!("meta has no {HEAD}")));
        }
        None => Head {
            unsealed_to: audit::last_unsealed(tx).await?,
            ..Head::default()
        },
    };
    Ok((from, audit::waiting(tx, 0, FULL.cast_signed()).await?))
}

/// What is written down together.
struct Batch {
    /// The text of our lease.
    lease: String,
    /// The head's text as it was read.
    before: Option<String>,
    /// And as it will be.
    after: String,
    /// The last position before these links.
    from: i64,
    links: Vec<LinkRow>,
    counts: BTreeMap<Counter, i64>,
}

impl Batch {
    fn new(
        services: &Services,
        lease: String,
        before: Option<String>,
        from: &Head,
        rows: Vec<WaitingRow>,
    ) -> Result<Self> {
        let mut head = from.clone();
        let mut links = Vec::with_capacity(rows.len());
        let mut counts = BTreeMap::new();
        for row in rows {
            let link = next(&services.keys, services.keys.index(), &head, &row.event)?;
            head.position = link.position;
            head.mac.clone_from(&link.mac);
            links.push(link);
            statistics::count(&row, &mut counts);
        }
        Ok(Self {
            lease,
            before,
            after: head.write(&services.keys)?,
            from: from.position,
            links,
            counts,
        })
    }
}

/// The link that follows a head.
pub(super) fn next(keys: &Keys, key: &KeyId, head: &Head, event: &AuditRow) -> Result<LinkRow> {
    let position = head.position + 1;
    let before: [&[u8]; 6] = [
        b"link",
        &head.mac,
        &position.to_be_bytes(),
        &event.id.to_be_bytes(),
        event.key_id.as_bytes(),
        &event.seal,
    ];
    let mac = Unsealed::from(event).hash(keys, key, &before)?;
    Ok(LinkRow {
        position,
        event_id: event.id,
        key_id: mac.key.to_string(),
        mac: mac.value.into(),
    })
}

async fn write(services: Services, batch: Arc<Batch>) -> Result<u64> {
    let mut tx = services.db.write().await?;
    if !meta::swap(&mut tx, HEAD, batch.before.as_deref(), &batch.after).await? {
        return Ok(0);
    }
    for link in &batch.links {
        audit::link(&mut tx, link).await?;
    }
    audit::chained(&mut tx, batch.from).await?;
    for (counter, count) in &batch.counts {
        add(&mut tx, counter, *count).await?;
    }
    meta::swap(&mut tx, LEASED, Some(&batch.lease), "").await?;
    tx.commit().await?;
    Ok(batch.links.len() as u64)
}
