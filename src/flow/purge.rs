//! Retention: after its time a finished request loses its persons; what the pages and the API kept for a while goes too.

use chrono::{DateTime, Utc};

use super::{
    Result, Services, aggregate,
    each::{AT_ONCE, each},
    retry,
};
use crate::{
    domain::{
        event::{Actor, Event},
        ids::RequestId,
        words::EventType,
    },
    store::{due, purge as erase, staff},
};

/// Requests a round.
const BATCH: i64 = 200;
/// Rows of each swept table a round.
const SWEEP: i64 = 500;

/// Applies the retention now, to all that it concerns (`heyan purge`); how many requests lost their persons.
///
/// # Errors
/// Those of the database. A request that cannot be purged is logged, and the others are.
pub async fn purge(services: &Services) -> Result<u64> {
    let now = services.clock.now();
    let mut purged = 0;
    loop {
        let done = round(services, now).await?;
        purged += done;
        if done == 0 {
            break;
        }
    }
    while sweep(services, now).await? > 0 {}
    out_of_the_log(services).await?;
    Ok(purged)
}

/// What was erased stands in SQLite's write-ahead log until that is written over.
pub(super) async fn out_of_the_log(services: &Services) -> Result<()> {
    if !services.db.checkpoint().await? {
        tracing::warn!(
            "a reader kept the write-ahead log open: what was purged is still in it, until its next checkpoint"
        );
    }
    Ok(())
}

/// Purges the requests due at `now`, one batch; how many.
pub(super) async fn round(services: &Services, now: DateTime<Utc>) -> Result<u64> {
    let mut tx = services.db.read().await?;
    let due = due::purges(&mut tx, now - services.settings.retention, BATCH).await?;
    drop(tx);
    let work = due.into_iter().map(|id| (id, one(services, id, now)));
    each("a purge", AT_ONCE, work.collect()).await
}

async fn one(services: &Services, id: RequestId, now: DateTime<Utc>) -> Result<bool> {
    retry(services, move |services| async move {
        let mut tx = services.db.write().await?;
        if !erase::request(&mut tx, id, now).await? {
            return Ok(false);
        }
        let purged = [Event::of_request(EventType::Purged)];
        aggregate::record(&mut tx, &services, id, &purged, Actor::System, now).await?;
        tx.commit().await?;
        Ok(true)
    })
    .await
}

/// Deletes what has expired of limits, captchas, idempotency keys and rotated secrets, one batch; how many rows.
pub(super) async fn sweep(services: &Services, now: DateTime<Utc>) -> Result<u64> {
    retry(services, move |services| async move {
        let mut tx = services.db.write().await?;
        let swept = due::sweep(&mut tx, now, SWEEP).await?
            + staff::sweep(&mut tx, services.clock.real_now(), SWEEP).await?;
        tx.commit().await?;
        Ok(swept)
    })
    .await
}
