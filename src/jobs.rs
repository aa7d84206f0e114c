//! The loop behind `serve` and `demo`: looks for what is due when something was queued, when the next instant has come, and
//! once a second (another instance may have queued something, or turned the sandbox's clock). On a stop it ends its round.

use std::{future::Future, time::Duration};

use tokio::time::{Instant, sleep};
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
    let mut jobs = Jobs {
        services,
        stop,
        last_round: None,
    };
    let mut failures = 0;
    while !jobs.stop.is_cancelled() {
        let looked = match chores().await {
            Ok(()) => jobs.look().await,
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
        tokio::select! {
            () = jobs.stop.cancelled() => {}
            () = jobs.services.wake.notified(), if failures == 0 => {}
            () = sleep(pause) => {}
        }
    }
    if let Err(error) = chores().await {
        tracing::error!(%error, "the last visitors could not be written down");
    }
}

/// 1, 2, 4 … seconds after so many failures in a row.
fn backoff(failures: u32) -> Duration {
    let seconds = 2_u64.saturating_pow(failures.saturating_sub(1));
    Duration::from_secs(seconds).min(BACKOFF)
}

struct Jobs {
    services: Services,
    stop: CancellationToken,
    last_round: Option<Instant>,
}

impl Jobs {
    /// Runs what is due, until nothing is left or it is to stop; how long to wait then.
    async fn look(&mut self) -> Result<Duration, FlowError> {
        let due = run_due::next_due(&self.services).await?;
        let resting = self.last_round.is_some_and(|last| last.elapsed() < ROUND);
        if resting && due.is_none_or(|due| due > self.services.clock.now()) {
            return Ok(self.until_next(due));
        }
        self.note_the_time().await?;
        while !self.stop.is_cancelled() && self.round().await? > 0 {}
        self.last_round = Some(Instant::now());
        let due = run_due::next_due(&self.services).await?;
        Ok(self.until_next(due))
    }

    /// On a task of its own: a panic in it ends the round, not the loop.
    async fn round(&self) -> Result<u64, FlowError> {
        let services = self.services.clone();
        let round = tokio::spawn(async move { run_due::run_due(&services).await });
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

    /// Something that is due and could not be done is not tried again at once.
    fn until_next(&self, due: Option<chrono::DateTime<chrono::Utc>>) -> Duration {
        let wait = due.map(|due| due - self.services.clock.now());
        let wait = wait
            .and_then(|wait| wait.to_std().ok())
            .filter(|wait| !wait.is_zero());
        wait.map_or(LOOK, |wait| wait.min(LOOK))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_come_ever_more_slowly() {
        let waits: Vec<u64> = (1..=8)
            .map(|failures| backoff(failures).as_secs())
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(backoff(u32::MAX), BACKOFF);
    }
}
