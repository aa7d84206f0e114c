//! Everything that falls due, in the one order that the loop, the tests and the sandbox's clock all follow: at one
//! instant expiry comes before the noon resend, and both before the SMS that they queue or take back.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::sleep;

use super::{Result, Services, deliver, expire, noon, purge};
use crate::store::{due, outbox};

/// How often what is in other hands is looked at.
const GLANCE: Duration = Duration::from_millis(10);

/// What a round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// How many things; 0: nothing is left that could be done now.
    pub done: u64,
}

/// Runs one bounded round of what is due now. To be called again while something is done.
///
/// # Errors
/// Those of the database, when it cannot serve. What fails for a reason of its own is logged, and the rest goes on.
pub async fn run_due(services: &Services) -> Result<Round> {
    let now = services.clock.now();
    let mut done = expire::round(services, now).await?;
    done += noon::round(services, now).await?;
    done += deliver::round(services, now).await?;
    let purged = purge::round(services, now).await?;
    done += purged + purge::sweep(services, now).await?;
    if purged > 0 {
        purge::out_of_the_log(services).await?;
    }
    Ok(Round { done })
}

/// Runs rounds until nothing is left to do now, and waits until nobody else has an SMS in hand: only then may a sandbox's
/// clock be turned, or what was sent now would count as sent then. What a crashed instance holds is waited for no longer
/// than `patience`; what is left of that.
///
/// # Errors
/// As `run_due`.
pub async fn settle(services: &Services, patience: Duration) -> Result<Duration> {
    let mut waited = Duration::ZERO;
    loop {
        while run_due(services).await?.done > 0 {}
        let mut tx = services.db.read().await?;
        let in_flight = outbox::in_flight(&mut tx, services.clock.now()).await?;
        drop(tx);
        if in_flight == 0 || waited >= patience {
            return Ok(patience.saturating_sub(waited));
        }
        sleep(GLANCE).await;
        waited += GLANCE;
    }
}

/// The next instant at which something falls due; in the past where something could not be done, or has yet to be.
/// A message in somebody's hands is due when its lease ends.
///
/// # Errors
/// Those of the database.
pub async fn next_due(services: &Services) -> Result<Option<DateTime<Utc>>> {
    let mut tx = services.db.read().await?;
    Ok(due::next_at(&mut tx, services.settings.retention).await?)
}
