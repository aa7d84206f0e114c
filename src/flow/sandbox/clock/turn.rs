//! One turn of the clock, by one turner at a time: it takes the row, moves from instant to instant, and lets it run on.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::{Instant, sleep};

use super::{
    Target, Turned, is_reachable,
    kept::{Kept, LEASE, Turner},
    unreachable,
};
use crate::{
    clock::{Clock, Pace},
    flow::{FlowError, Result, Services, run_due},
    store::meta,
};

/// How long another turner is waited for, and how often is looked.
const PATIENCE: Duration = Duration::from_secs(20);
const GLANCE: Duration = Duration::from_millis(50);
/// How long a whole turn waits for SMS and webhooks in other hands: as long as a receiver may take.
const IN_FLIGHT: Duration = Duration::from_secs(16);
/// More instants than a turn stands at, whatever falls due again and again.
const MOST_STANDS: u32 = 100_000;

/// The clock in our hands. Works with a clock of its own, which nobody else sets; the others follow the row.
pub(in crate::flow::sandbox) struct Hold {
    shared: Services,
    own: Services,
    kept: Kept,
    /// The row's own text.
    text: String,
    /// What is left of `IN_FLIGHT`.
    patience: Duration,
}

pub(super) async fn turn(services: &Services, target: Target) -> Result<Turned> {
    let mut hold = Hold::take(services).await?;
    let done = hold.turn(target).await;
    // whatever came of it, it runs on from where it stands
    let released = hold.let_go().await;
    let turned = done?;
    released?;
    services.wake.notify_one();
    Ok(turned)
}

impl Hold {
    /// Stops the clock, as soon as nobody else is turning it.
    pub(in crate::flow::sandbox) async fn take(services: &Services) -> Result<Self> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(hold) = Self::try_take(services).await? {
                return Ok(hold);
            }
            if Instant::now() >= until {
                return Err(FlowError::Busy);
            }
            sleep(GLANCE).await;
        }
    }

    async fn try_take(services: &Services) -> Result<Option<Self>> {
        let mut tx = services.db.read().await?;
        let text = meta::get(&mut tx, meta::SANDBOX_CLOCK).await?;
        drop(tx);
        let old = text.as_deref().map(Kept::read).transpose()?;
        if let Some(old) = &old {
            if old.is_taken(services.clock.real_now()) {
                return Ok(None);
            }
            old.apply(&services.clock);
        }
        let now = services.clock.now();
        let kept = Kept {
            revision: old.as_ref().map_or(0, |old| old.revision) + 1,
            pace: Pace::Still(now),
            turner: Some(Turner::new(services)),
        };
        let Some(text) = kept.swap(services, text).await? else {
            return Ok(None);
        };
        kept.apply(&services.clock);
        let own = Services {
            clock: Clock::still(now),
            ..services.clone()
        };
        Ok(Some(Self {
            shared: services.clone(),
            own,
            kept,
            text,
            patience: IN_FLIGHT,
        }))
    }

    /// What the row says while it is ours.
    pub(in crate::flow::sandbox) fn kept(&self) -> &Kept {
        &self.kept
    }

    async fn turn(&mut self, target: Target) -> Result<Turned> {
        let now = self.own.clock.now();
        let to = target.from(now).ok_or_else(|| unreachable("/advance"))?;
        if to < now {
            return Ok(Turned::Backwards);
        }
        if !is_reachable(to) {
            let pointer = match target {
                Target::At(_) => "/now",
                Target::By(_) => "/advance",
            };
            return Err(unreachable(pointer));
        }
        self.settle().await?;
        let mut stands = 0;
        while let Some(due) = self.next_due().await?.filter(|due| *due < to) {
            stands += 1;
            if stands > MOST_STANDS {
                tracing::warn!("too much falls due again and again: the clock goes straight on");
                break;
            }
            self.stand(due).await?;
            self.settle().await?;
        }
        self.stand(to).await?;
        self.settle().await?;
        Ok(Turned::To(to))
    }

    /// After where it stands: what could not be done now does not hold the clock up.
    async fn next_due(&self) -> Result<Option<DateTime<Utc>>> {
        run_due::next_after(&self.own, self.own.clock.now()).await
    }

    /// Runs all that is due, renewing the lease meanwhile.
    async fn settle(&mut self) -> Result<()> {
        let services = self.own.clone();
        let settled = run_due::settle(&services, self.patience);
        tokio::pin!(settled);
        loop {
            let third = sleep(LEASE.to_std().unwrap_or_default() / 3);
            tokio::select! {
                done = &mut settled => {
                    self.patience = done?;
                    return Ok(());
                }
                () = third => self.put(self.kept.pace).await?,
            }
        }
    }

    async fn stand(&mut self, at: DateTime<Utc>) -> Result<()> {
        let pace = Pace::Still(at);
        self.put(pace).await?;
        self.own.clock.set(pace);
        Ok(())
    }

    /// Writes the pace, and the lease anew.
    async fn put(&mut self, pace: Pace) -> Result<()> {
        let turner = self.kept.turner.map(|turner| Turner {
            until: self.shared.clock.real_now() + LEASE,
            ..turner
        });
        self.swap(pace, turner).await
    }

    /// Lets the clock run on from where it stands.
    pub(in crate::flow::sandbox) async fn let_go(&mut self) -> Result<()> {
        let pace = Pace::Moving {
            real_base: self.shared.clock.real_now(),
            test_base: self.own.clock.now(),
        };
        self.swap(pace, None).await
    }

    /// `Busy`: the lease had ended, and somebody else has turned the clock.
    async fn swap(&mut self, pace: Pace, turner: Option<Turner>) -> Result<()> {
        let changed = self.kept.pace != pace;
        let new = Kept {
            revision: self.kept.revision + u64::from(changed),
            pace,
            turner,
        };
        let old = Some(self.text.clone());
        let text = new.swap(&self.shared, old).await?;
        self.text = text.ok_or(FlowError::Busy)?;
        new.apply(&self.shared.clock);
        self.kept = new;
        Ok(())
    }
}
