//! Everything that falls due, in the one order that the loop, the tests and the sandbox's clock all follow: at one
//! instant expiry comes before the noon resend, and both before the SMS that they queue or take back.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::sleep;

use super::{Result, Services, audit::chain, deliver, expire, noon, notify, purge, receipts};
use crate::store::{due, outbox, webhooks};

/// How often what is in other hands is looked at.
const GLANCE: Duration = Duration::from_millis(10);

/// What a round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// How many things; 0: nothing is left that could be done now.
    pub done: u64,
}

/// Runs one bounded round of what is due now, webhooks last of all, then chains what that has written: it makes nothing else due,
/// and is not counted. To be called again while something is done.
///
/// # Errors
/// Those of the database, when it cannot serve. What fails for a reason of its own is logged, and the rest goes on.
pub async fn run_due(services: &Services) -> Result<Round> {
    let now = services.clock.now();
    let Round { done } = run_own(services).await?;
    let told = notify::round(services, now).await?;
    while chain::round(services).await? > 0 {}
    Ok(Round { done: done + told })
}

/// The same without webhooks and the chain, which have loops of their own ([`notify::claim`], [`chain::round`]): whoever
/// receives webhooks may be slow, and holds up nothing else there.
///
/// # Errors
/// As `run_due`.
pub async fn run_own(services: &Services) -> Result<Round> {
    let now = services.clock.now();
    let Round { mut done } = run_requests(services).await?;
    done += deliver::round(services, now).await?;
    done += receipts::round(services).await?;
    Ok(Round { done })
}

/// The same without SMS either, which have a loop of their own too ([`deliver::claim`]).
///
/// # Errors
/// As `run_due`.
pub async fn run_requests(services: &Services) -> Result<Round> {
    let now = services.clock.now();
    let mut done = expire::round(services, now).await?;
    done += noon::round(services, now).await?;
    services.metrics.tick(now);
    for (name, rests, is_slow) in services.gateways.health(now) {
        services.metrics.gateway(name, rests, is_slow);
    }
    let purged = purge::round(services, now).await?;
    done += purged + purge::sweep(services, now).await?;
    if purged > 0 {
        purge::out_of_the_log(services).await?;
    }
    Ok(Round { done })
}

/// Runs rounds until nothing is left to do now, and waits until nobody else has an SMS or a webhook in hand or is chaining: only then may a
/// sandbox's clock be turned, or what was sent now would count as sent then. What a crashed instance holds is waited for no longer
/// than `patience`; what is left of that.
///
/// # Errors
/// As `run_due`.
pub async fn settle(services: &Services, patience: Duration) -> Result<Duration> {
    let mut waited = Duration::ZERO;
    loop {
        while run_due(services).await?.done > 0 {}
        let mut tx = services.db.read().await?;
        let now = services.clock.now();
        let messages = outbox::in_flight(&mut tx, now).await?;
        let told = webhooks::in_flight(&mut tx, now).await?;
        drop(tx);
        let nothing = messages + told == 0 && !chain::is_waiting(services).await?;
        if nothing || waited >= patience {
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
    let own = due::next_at(&mut tx, services.settings.retention).await?;
    let webhook = webhooks::next_at(&mut tx).await?;
    Ok(own.into_iter().chain(webhook).min())
}

/// The same without webhooks.
///
/// # Errors
/// Those of the database.
pub async fn next_own(services: &Services) -> Result<Option<DateTime<Utc>>> {
    let mut tx = services.db.read().await?;
    Ok(due::next_at(&mut tx, services.settings.retention).await?)
}

/// The same without SMS either.
///
/// # Errors
/// Those of the database.
pub async fn next_of_requests(services: &Services) -> Result<Option<DateTime<Utc>>> {
    let mut tx = services.db.read().await?;
    Ok(due::next_of_requests(&mut tx, services.settings.retention).await?)
}

/// When the next SMS is due.
///
/// # Errors
/// Those of the database.
pub async fn next_message(services: &Services) -> Result<Option<DateTime<Utc>>> {
    let mut tx = services.db.read().await?;
    Ok(outbox::next_at(&mut tx).await?)
}

/// The next instant after one at which something falls due: what could not be done at its own must not hide what comes later.
///
/// # Errors
/// Those of the database.
pub async fn next_after(
    services: &Services,
    after: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    let mut tx = services.db.read().await?;
    let own = due::next_after(&mut tx, after, services.settings.retention).await?;
    let webhook = webhooks::next_after(&mut tx, after).await?;
    Ok(own.into_iter().chain(webhook).min())
}
