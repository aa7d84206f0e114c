//! 12:00 of the day after the first SMS: whoever has not answered gets one more, with a new code (S0, S1, S4).

use chrono::{DateTime, Utc};

use super::{
    FlowError, Result, Services,
    aggregate::{self, Person},
    each::{AT_ONCE, each},
    message, retry,
};
use crate::{
    domain::{event::Actor, ids::RequestId, words::MessageKind},
    store::due,
};

/// Verifications a round.
const BATCH: i64 = 500;

/// Queues the noon resends due at `now`, one batch, or drops those that come too late; how many requests that changed.
pub(super) async fn round(services: &Services, now: DateTime<Utc>) -> Result<u64> {
    let mut tx = services.db.read().await?;
    let due = due::noon(&mut tx, now, BATCH).await?;
    drop(tx);
    let mut requests: Vec<RequestId> = due.into_iter().map(|(_, request)| request).collect();
    requests.sort_unstable();
    requests.dedup();
    let work = requests
        .into_iter()
        .map(|id| (id, resend(services, id, now)));
    each("a noon resend", AT_ONCE, work.collect()).await
}

/// All of a request at once, since they share its version.
async fn resend(services: &Services, id: RequestId, now: DateTime<Utc>) -> Result<bool> {
    retry(services, move |services| async move {
        let mut tx = services.db.write().await?;
        let mut loaded = aggregate::load(&mut tx, id).await?;
        let before = loaded.request.clone();
        let mut events = Vec::new();
        for row in &loaded.rows {
            let (due, happened) = loaded.request.noon(row.id, now);
            events.extend(happened);
            if !due {
                continue;
            }
            let person = Person::open(&services.keys, row)?;
            if let (Some(policy), Some(person)) = (&before.policy, person) {
                let kind = MessageKind::Noon;
                message::enqueue(&mut tx, &services, policy, row, &person, kind, now).await?;
            } else {
                return Err(FlowError::Corrupt(format!("{} has nobody to text", row.id)));
            }
        }
        if loaded.request == before {
            return Ok(false);
        }
        aggregate::save(&mut tx, &services, &mut loaded, &events, Actor::System, now).await?;
        tx.commit().await?;
        Ok(true)
    })
    .await
}
