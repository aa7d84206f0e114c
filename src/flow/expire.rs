//! Time is up: verifications whose deadline has passed end, and their requests go back to the provider.

use chrono::{DateTime, Utc};

use super::{
    Result, Services, aggregate,
    each::{AT_ONCE, each},
    retry,
};
use crate::{
    domain::{event::Actor, ids::RequestId},
    store::due,
};

/// Requests a round.
const BATCH: i64 = 500;

/// Ends what is out of time at `now`, one batch; how many requests that changed.
pub(super) async fn round(services: &Services, now: DateTime<Utc>) -> Result<u64> {
    let mut tx = services.db.read().await?;
    let due = due::expiries(&mut tx, now, BATCH).await?;
    drop(tx);
    let work = due.into_iter().map(|id| (id, expire(services, id, now)));
    each("an expiry", AT_ONCE, work.collect()).await
}

async fn expire(services: &Services, id: RequestId, now: DateTime<Utc>) -> Result<bool> {
    retry(services, move |services| async move {
        let mut tx = services.db.write().await?;
        let mut loaded = aggregate::load(&mut tx, id).await?;
        let events = loaded.request.expire(now);
        if events.is_empty() {
            return Ok(false);
        }
        aggregate::save(&mut tx, &services, &mut loaded, &events, Actor::System, now).await?;
        tx.commit().await?;
        Ok(true)
    })
    .await
}
