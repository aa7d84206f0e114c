//! The one row that says how the clock goes, and who is turning it. The row changes by compare-and-swap alone.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    clock::{Clock, Pace},
    flow::{Result, Services, retry},
    store::meta,
};

/// A turner that does not renew it has gone: the clock runs on without.
pub(super) const LEASE: TimeDelta = TimeDelta::seconds(30);

/// The row's value, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::flow::sandbox) struct Kept {
    /// Raised by each change of the pace.
    pub revision: u64,
    /// How the clock goes.
    pub pace: Pace,
    /// Who is turning it.
    pub turner: Option<Turner>,
}

/// Whoever turns the clock, until a time of the system's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::flow::sandbox) struct Turner {
    pub token: Uuid,
    pub until: DateTime<Utc>,
}

impl Turner {
    pub(super) fn new(services: &Services) -> Self {
        Self {
            token: Uuid::from_bytes(services.random.bytes()),
            until: services.clock.real_now() + LEASE,
        }
    }
}

impl Kept {
    pub(super) fn read(text: &str) -> Result<Self> {
        Ok(serde_json::from_str(text)?)
    }

    pub(in crate::flow::sandbox) fn write(&self) -> Result<String> {
        Ok(serde_json::to_string(self)?)
    }

    /// Somebody is turning the clock.
    pub(super) fn is_taken(&self, real_now: DateTime<Utc>) -> bool {
        self.turner.is_some_and(|turner| real_now < turner.until)
    }

    /// Gives a clock this pace. Where the turner is gone, it has run on from where it stood since the lease ended.
    pub(in crate::flow::sandbox) fn apply(&self, clock: &Clock) {
        let pace = match (self.pace, self.turner) {
            (Pace::Still(at), Some(turner)) if turner.until <= clock.real_now() => Pace::Moving {
                real_base: turner.until,
                test_base: at,
            },
            (pace, _) => pace,
        };
        clock.follow(self.revision, pace);
    }

    /// Puts this in the place of the text `old`; what stands there now, none if something else does by now.
    pub(super) async fn swap(
        &self,
        services: &Services,
        old: Option<String>,
    ) -> Result<Option<String>> {
        let new = self.write()?;
        retry(services, move |services| {
            let (new, old) = (new.clone(), old.clone());
            async move {
                let mut tx = services.db.write().await?;
                let done = meta::swap(&mut tx, meta::SANDBOX_CLOCK, old.as_deref(), &new).await?;
                tx.commit().await?;
                Ok(done.then_some(new))
            }
        })
        .await
    }
}
