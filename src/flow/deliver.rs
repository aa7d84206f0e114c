//! Delivering: claim messages and say by which gateway each goes (a short transaction), send them with none open, record what
//! became of them (a short one again, guarded by the lease). Never lost: what is not recorded is looked at when its lease ends.
//! Never doubled without need: what may have been sent is asked about and waited for before it is sent once more.

mod ceilings;
mod plan;
mod record;

use std::{collections::HashMap, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::{
    sync::{Mutex, Semaphore},
    time::{Instant, timeout},
};
use uuid::Uuid;

pub(super) use self::record::{Accepted, accept};
use self::{
    plan::{Job, Plan},
    record::{Came, Report, record},
};
use super::{
    Result, Services,
    each::{self, each},
};
use crate::{
    domain::{
        carrier::Carrier,
        ids::{MessageId, RequestId},
    },
    sms::{Asked, Pick, Sent},
    store::outbox::Claimed,
};

/// Messages claimed at once, and all sent at once.
pub const AT_ONCE: u8 = 32;
/// How long a claimed message is ours.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// How long a gateway may take; well under the lease, so that nobody else sends meanwhile.
const PATIENCE: Duration = Duration::from_secs(20);
/// A message whose outcome is unknown is asked about so soon, and again.
const ASK: TimeDelta = TimeDelta::seconds(5);
/// A gateway whose queue here was full is tried again so soon.
const FULL: TimeDelta = TimeDelta::seconds(1);
/// Attempts without an answer or a receipt, after which a gateway is taken to have the message: one copy too many at most.
const MOST_DOUBTS: i64 = 2;

/// Many are sent at once, but the pages need the database too.
static CONNECTIONS: Semaphore = Semaphore::const_new(each::AT_ONCE);

/// A message that is ours to send.
pub struct Delivery {
    claim: Arc<Claim>,
    message: MessageId,
    job: Result<Job>,
}

/// Our claim of some messages.
struct Claim {
    services: Services,
    token: Uuid,
    now: DateTime<Utc>,
    /// Whose turn it is to write to a request: its SMS share its version, and would collide.
    turns: HashMap<RequestId, Mutex<()>>,
}

/// Sends the messages due at `now`, [so many](AT_ONCE); how many were accepted, refused or put off.
pub(super) async fn round(services: &Services, now: DateTime<Utc>) -> Result<u64> {
    let deliveries = claim(services, now).await?.into_iter();
    let work = deliveries.map(|delivery| (delivery.message(), delivery.send()));
    each("an SMS", AT_ONCE.into(), work.collect()).await
}

/// Claims messages due at `now`, at most [so many](AT_ONCE).
///
/// # Errors
/// Those of the database.
pub async fn claim(services: &Services, now: DateTime<Utc>) -> Result<Vec<Delivery>> {
    let token = Uuid::from_bytes(services.random.bytes());
    let jobs = plan::claim(services, now, token, AT_ONCE.into()).await?;
    let turn = |(message, _): &(Claimed, _)| (message.request_id, Mutex::new(()));
    let claim = Arc::new(Claim {
        services: services.clone(),
        token,
        now,
        turns: jobs.iter().map(turn).collect(),
    });
    let deliveries = jobs.into_iter().map(|(message, job)| Delivery {
        claim: claim.clone(),
        message: message.id,
        job,
    });
    Ok(deliveries.collect())
}

impl Delivery {
    /// Which message it is.
    pub const fn message(&self) -> MessageId {
        self.message
    }

    /// Sends it; whether it was accepted, refused or put off.
    ///
    /// # Errors
    /// Those of the database, and a message that does not open.
    pub async fn send(self) -> Result<bool> {
        self.claim.deliver(self.job?).await
    }
}

impl Claim {
    async fn deliver(&self, job: Job) -> Result<bool> {
        let came = match job.plan.clone() {
            Plan::Dropped => return Ok(true),
            Plan::Held { until } => Came::Held { until },
            Plan::Resting { until } => Came::Rested { until },
            Plan::Nobody => Came::Failed,
            Plan::Resolve { gateway, since } => {
                let came = self.resolve(&job, &gateway, since).await;
                return self.record(job, Some(gateway), came).await;
            }
            Plan::Send { gateway, carrier } => return self.send(job, gateway, carrier).await,
        };
        self.record(job, None, came).await
    }

    /// Hands it to a gateway, and to the next ones where that has a reason not to take it.
    async fn send(
        &self,
        mut job: Job,
        mut gateway: String,
        mut carrier: Option<Carrier>,
    ) -> Result<bool> {
        let services = &self.services;
        let mut passed = job.refused.clone();
        loop {
            job.attempts += 1;
            let sent = self.attempt(&job, &gateway, carrier).await;
            let at = services.clock.now();
            let foreign = match sent {
                Sent::Next { foreign } => foreign,
                Sent::Refused => {
                    job.refused.insert(gateway.clone());
                    false
                }
                Sent::Stop => {
                    services.metrics.alarm("sms_gateway_stopped");
                    tracing::error!(
                        gateway,
                        "a gateway can send nothing: its account or configuration"
                    );
                    false
                }
                other => return self.record(job, Some(gateway), Came::of(other, at)).await,
            };
            passed.insert(gateway.clone());
            if foreign {
                if job.known.is_foreign_to(carrier) {
                    plan::learn(services, &job.message.phone, &job.known, at).await?;
                    carrier = job.known.carrier();
                    passed.clone_from(&job.refused);
                } else {
                    job.refused.insert(gateway.clone());
                }
            }
            let came = match services.gateways.pick(job.route(carrier, &passed), at) {
                Pick::By(next) => {
                    let _connection = CONNECTIONS.acquire().await;
                    match plan::switch(services, &job, self.token, &next, carrier, at).await? {
                        plan::Switched::Ours => {
                            gateway = next;
                            continue;
                        }
                        plan::Switched::Held { until } => {
                            services.gateways.put_back(&next);
                            Came::Held { until }
                        }
                        plan::Switched::Gone => {
                            services.gateways.put_back(&next);
                            return Ok(false);
                        }
                    }
                }
                Pick::Rest(until) => Came::Retry { at: until },
                Pick::None if self.nobody_is_left(&job, carrier, at) => Came::Failed,
                Pick::None => Came::of(Sent::Retry { after: None }, at),
            };
            return self.record(job, Some(gateway), came).await;
        }
    }

    /// Every gateway of its chain has refused it for good.
    fn nobody_is_left(&self, job: &Job, carrier: Option<Carrier>, at: DateTime<Utc>) -> bool {
        let route = job.route(carrier, &job.refused);
        self.services.gateways.nobody_for(route, at)
    }

    async fn attempt(&self, job: &Job, gateway: &str, carrier: Option<Carrier>) -> Sent {
        let services = &self.services;
        let sms = job.sms(services, carrier);
        let began = Instant::now();
        let sending = services.gateways.send(gateway, &sms, self.now);
        let sent = timeout(PATIENCE, sending).await.unwrap_or(Sent::Unknown);
        services
            .gateways
            .heard(gateway, &sent, services.clock.now());
        services
            .metrics
            .attempt(gateway, word(&sent), began.elapsed());
        sent
    }

    /// Whether it was sent is unknown: the gateway is asked, else its receipt is waited for, else it is sent once more.
    async fn resolve(&self, job: &Job, gateway: &str, since: DateTime<Utc>) -> Came {
        let (services, now) = (&self.services, self.now);
        let sms = job.sms(services, job.known.carrier());
        let asking = services.gateways.ask(gateway, &sms, since);
        let asked = timeout(PATIENCE, asking).await.unwrap_or(Asked::Later);
        let until = since + services.settings.sms.receipt_wait;
        match asked {
            Asked::Accepted { references } => return Came::Accepted { references },
            Asked::Delivered => return Came::Delivered,
            Asked::Undeliverable { foreign } => return Came::Undeliverable { foreign },
            Asked::NeverHadIt => return Came::Retry { at: now },
            Asked::Later if now < until => {
                let until = until.min(now + ASK);
                return Came::Wait { until };
            }
            Asked::Later | Asked::CannotTell => {}
        }
        let receipts = services.gateways.sends_receipts(gateway);
        if receipts && now < until {
            return Came::Wait { until };
        }
        if job.claimed.doubts >= MOST_DOUBTS {
            return Came::Taken;
        }
        services.metrics.repeated();
        tracing::warn!(message = %job.claimed.id, gateway, "whether a gateway has an SMS cannot be known; it is sent once more");
        Came::Retry { at: now }
    }

    async fn record(&self, job: Job, gateway: Option<String>, came: Came) -> Result<bool> {
        let _turn = match self.turns.get(&job.claimed.request_id) {
            Some(turn) => Some(turn.lock().await),
            None => None,
        };
        let _connection = CONNECTIONS.acquire().await;
        let at = self.services.clock.now();
        record(
            &self.services,
            Report::new(job, self.token, gateway, came, at),
        )
        .await
    }
}

impl Came {
    /// What an answer means for the message, whose attempts are counted by whoever records it.
    fn of(sent: Sent, at: DateTime<Utc>) -> Self {
        match sent {
            Sent::Accepted { references } => Self::Accepted { references },
            Sent::Hold { until } => Self::Held { until },
            Sent::Unknown => Self::Doubt,
            Sent::Full => Self::Retry { at: at + FULL },
            Sent::Retry { after: Some(after) } => Self::Retry { at: at + after },
            Sent::Retry { after: None } | Sent::Next { .. } | Sent::Refused | Sent::Stop => {
                Self::Again
            }
        }
    }
}

fn word(sent: &Sent) -> &'static str {
    match sent {
        Sent::Accepted { .. } => "accepted",
        Sent::Retry { .. } => "retry",
        Sent::Hold { .. } => "hold",
        Sent::Full => "full",
        Sent::Next { .. } => "next",
        Sent::Refused => "refused",
        Sent::Stop => "stop",
        Sent::Unknown => "unknown",
    }
}
