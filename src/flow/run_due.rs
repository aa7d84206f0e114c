//! Everything that falls due, in the one order that the loop, the tests and the sandbox's clock all follow: at one
//! instant expiry comes before the noon resend, and both before the SMS that they queue or take back.

use chrono::{DateTime, Utc};

use super::{Result, Services, deliver, expire, noon, purge};
use crate::store::due;

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
        services.db.checkpoint().await?;
    }
    Ok(Round { done })
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
