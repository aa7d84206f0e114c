//! The loop behind `serve` and `demo`: looks for what is due when something was queued, when the next instant has come, and
//! once a second (another instance may have queued something, or turned the sandbox's clock). On a stop it ends its round.

mod audit;
mod messages;
mod under_way;
mod webhooks;

use std::{future::Future, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{
    flow::{FlowError, Services, run_due},
    store::meta,
};

/// The longest wait between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// The longest wait between two rounds: what nobody waits for (the sweep) has no instant of its own.
const ROUND: Duration = Duration::from_mins(1);
/// The longest wait after failures.
const BACKOFF: Duration = Duration::from_secs(30);

/// Runs until `stop`. `chores` is what else is to be done at each look, and once more at the end: visitors are written
/// down, the sandbox's clock is followed.
pub async fn run<C, F>(services: Services, stop: CancellationToken, chores: C)
where
    C: Fn() -> F,
    F: Future<Output = Result<(), FlowError>>,
{
    let texts = Arc::new(Notify::new());
    let beside = beside(&services, &stop, &texts);
    let mut jobs = Jobs {
        services,
        stop,
        last_round: None,
        left: None,
    };
    let mut failures = 0;
    let mut woken = false;
    while !jobs.stop.is_cancelled() {
        let looked = match chores().await {
            Ok(()) => jobs.look(woken).await,
            Err(error) => Err(error),
        };
        let pause = match looked {
            Ok(pause) => {
                failures = 0;
                pause
            }
            Err(error) => {
                failures += 1;
                let pause = backoff(failures);
                tracing::error!(%error, "what is due cannot be run; trying again in {} s", pause.as_secs());
                pause
            }
        };
        // whatever queued an SMS told us alone
        texts.notify_one();
        woken = tokio::select! {
            () = jobs.stop.cancelled() => false,
            () = jobs.services.wake.notified(), if failures == 0 => true,
            () = sleep(pause) => false,
        };
    }
    beside.join_all().await;
    if let Err(error) = chores().await {
        tracing::error!(%error, "the last visitors could not be written down");
    }
}

/// Starts the loops beside this one; they end at `stop`.
fn beside(services: &Services, stop: &CancellationToken, texts: &Arc<Notify>) -> JoinSet<()> {
    let mut beside = JoinSet::new();
    let (services, stop, texts) = (services.clone(), stop.clone(), texts.clone());
    beside.spawn(lasting("the webhooks' loop", stop.clone(), {
        let (services, stop) = (services.clone(), stop.clone());
        move || webhooks::run(services.clone(), stop.clone())
    }));
    beside.spawn(lasting("the audit log's loop", stop.clone(), {
        let (services, stop) = (services.clone(), stop.clone());
        move || audit::run(services.clone(), stop.clone())
    }));
    beside.spawn(lasting("the receipts' loop", stop.clone(), {
        let (services, stop) = (services.clone(), stop.clone());
        move || messages::write_receipts(services.clone(), stop.clone())
    }));
    beside.spawn(lasting("the SMS' loop", stop.clone(), move || {
        messages::run(services.clone(), stop.clone(), texts.clone())
    }));
    beside
}

/// Runs a loop until it ends; one that panics is begun again.
async fn lasting<F>(what: &str, stop: CancellationToken, run: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut failures = 0;
    while tokio::spawn(run()).await.is_err() && !stop.is_cancelled() {
        failures += 1;
        let pause = backoff(failures);
        tracing::error!(
            "{what} has failed; it is begun again in {} s",
            pause.as_secs()
        );
        tokio::select! {
            () = stop.cancelled() => {}
            () = sleep(pause) => {}
        }
    }
}

/// 1, 2, 4 … seconds after so many failures in a row, of everything or of the same thing.
fn backoff(failures: u32) -> Duration {
    let seconds = 2_u64.saturating_pow(failures.saturating_sub(1));
    Duration::from_secs(seconds).min(BACKOFF)
}

struct Jobs {
    services: Services,
    stop: CancellationToken,
    last_round: Option<Instant>,
    /// What is still due though the last rounds have tried, and how many have.
    left: Option<(DateTime<Utc>, u32)>,
}

impl Jobs {
    /// Runs what is due, until nothing is left or it is to stop; how long to wait then.
    async fn look(&mut self, woken: bool) -> Result<Duration, FlowError> {
        self.tell_lag(run_due::next_own(&self.services).await?);
        let due = run_due::next_of_requests(&self.services).await?;
        let rest = match self.left {
            Some((left, rounds)) if due == Some(left) => backoff(rounds),
            _ => Duration::ZERO,
        };
        let rested = |rest| self.last_round.is_none_or(|last| last.elapsed() >= rest);
        let is_due = self.wait(due).is_zero();
        if woken || is_due && rested(rest) || rested(ROUND) {
            self.run_due().await
        } else {
            Ok(if is_due { LOOK } else { self.wait(due) })
        }
    }

    async fn run_due(&mut self) -> Result<Duration, FlowError> {
        self.note_the_time().await?;
        while !self.stop.is_cancelled() && self.round().await? > 0 {}
        self.last_round = Some(Instant::now());
        let due = run_due::next_of_requests(&self.services).await?;
        let wait = self.wait(due);
        let left = due.filter(|_| wait.is_zero());
        self.left = left.map(|left| match self.left {
            Some((before, rounds)) if before == left => (left, rounds + 1),
            _ => (left, 1),
        });
        Ok(if left.is_some() { LOOK } else { wait })
    }

    /// On a task of its own: a panic in it ends the round, not the loop.
    async fn round(&self) -> Result<u64, FlowError> {
        let services = self.services.clone();
        let round = tokio::spawn(async move { run_due::run_requests(&services).await });
        Ok(round.await.map_err(|_| FlowError::Busy)??.done)
    }

    /// So that a system clock that is put back does not take the domain's time back (a sandbox keeps its own clock).
    async fn note_the_time(&self) -> Result<(), FlowError> {
        if self.services.settings.sandbox {
            return Ok(());
        }
        let mut tx = self.services.db.write().await?;
        meta::raise_tick(&mut tx, self.services.clock.now()).await?;
        Ok(tx.commit().await?)
    }

    /// For the operator: how late the oldest of it is.
    fn tell_lag(&self, due: Option<DateTime<Utc>>) {
        let lag = due.map_or(0, |due| (self.services.clock.now() - due).num_seconds());
        self.services.metrics.lag(lag.max(0));
    }

    /// How long until this instant of the domain's clock; at most until the next look.
    fn wait(&self, due: Option<DateTime<Utc>>) -> Duration {
        let wait = due.map(|due| due - self.services.clock.now());
        wait.map_or(LOOK, |wait| wait.to_std().unwrap_or_default().min(LOOK))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn failures_come_ever_more_slowly() {
        let waits: Vec<u64> = (1..=8)
            .map(|failures| backoff(failures).as_secs())
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(backoff(u32::MAX), BACKOFF);
    }

    #[tokio::test]
    async fn a_loop_that_panics_is_begun_again() {
        let runs = Arc::new(AtomicU32::new(0));
        let run = || {
            let run = runs.fetch_add(1, Ordering::SeqCst);
            async move { assert!(run == 1, "the first fails") }
        };
        lasting("it", CancellationToken::new(), run).await;
        assert_eq!(runs.load(Ordering::SeqCst), 2);
    }
}
