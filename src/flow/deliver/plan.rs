//! What is to be done with a claimed message: dropped, held, asked about, or sent, and then by which gateway. Decided and noted
//! in the claim's own transaction: so whoever finds the message after a crash knows who may have it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{LEASE, ceilings::Taking};
use crate::{
    domain::{carrier::Carrier, message::demo, phone::Phone},
    flow::{FlowError, Result, Services, carriers::Known, message::Message, retry},
    sms::{Pick, Route, SmsMessage},
    store::{
        Tx,
        outbox::{self, Claimed},
    },
};

/// A claimed message, opened.
#[derive(Clone)]
pub(super) struct Job {
    pub claimed: Claimed,
    pub message: Message,
    pub known: Known,
    /// The gateways that never will.
    pub refused: BTreeSet<String>,
    /// How often it has been handed to a gateway.
    pub attempts: u32,
    pub plan: Plan,
}

/// What is to be done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Plan {
    /// Nothing: it is not wanted any more.
    Dropped,
    /// A ceiling or a pace keeps it back.
    Held { until: DateTime<Utc> },
    /// All of its gateways rest.
    Resting { until: DateTime<Utc> },
    /// Every gateway has refused it.
    Nobody,
    /// It was handed to this gateway, which has not answered.
    Resolve {
        gateway: String,
        since: DateTime<Utc>,
    },
    /// To be handed to this gateway, as is noted already.
    Send {
        gateway: String,
        carrier: Option<Carrier>,
    },
}

/// Whether another gateway may be tried.
pub(super) enum Switched {
    /// Yes, as is noted.
    Ours,
    /// Its pace keeps the message back.
    Held { until: DateTime<Utc> },
    /// The message is no longer ours.
    Gone,
}

impl Job {
    /// Where it is to go by the chain of a carrier.
    pub fn route<'a>(
        &'a self,
        carrier: Option<Carrier>,
        without: &'a BTreeSet<String>,
    ) -> Route<'a> {
        Route {
            phone: &self.message.phone,
            carrier,
            without,
        }
    }

    /// What a gateway is given. A sandbox says that it is one, and never uses a bureau's number.
    pub fn sms(&self, services: &Services, carrier: Option<Carrier>) -> SmsMessage {
        let Message { phone, text, .. } = &self.message;
        let is_demo = services.gateways.is_listed(phone);
        let sender = self.message.sender_by(carrier);
        SmsMessage {
            id: self.claimed.id,
            phone: phone.clone(),
            carrier,
            sender: (!is_demo && !sender.is_empty()).then(|| sender.to_owned()),
            text: if is_demo { demo(text) } else { text.clone() },
            code: self.message.code.clone(),
            queued_at: self.claimed.queued_at,
            attempt: self.attempts,
        }
    }
}

/// Claims what is due at `now`, and plans it. What does not open is told, and costs itself alone.
pub(super) async fn claim(
    services: &Services,
    now: DateTime<Utc>,
    token: Uuid,
    limit: i64,
) -> Result<Vec<(Claimed, Result<Job>)>> {
    retry(services, move |services| async move {
        let mut tx = services.db.write().await?;
        let claimed = outbox::claim(&mut tx, now, now + LEASE, token, limit).await?;
        let mut jobs = Vec::with_capacity(claimed.len());
        for message in claimed {
            let job = plan(&mut tx, &services, &message, token, now).await;
            match job {
                Err(FlowError::Store(error)) => return Err(error.into()),
                job => jobs.push((message, job)),
            }
        }
        tx.commit().await?;
        Ok(jobs)
    })
    .await
}

async fn plan(
    tx: &mut Tx,
    services: &Services,
    claimed: &Claimed,
    token: Uuid,
    now: DateTime<Utc>,
) -> Result<Job> {
    let message = Message::open(&services.keys, claimed.id, &claimed.sealed)?;
    let mut job = Job {
        known: Known::of(tx, services, &message.phone).await?,
        message,
        refused: claimed.refused_by.0.iter().cloned().collect(),
        attempts: u32::try_from(claimed.attempts).unwrap_or(u32::MAX),
        plan: Plan::Dropped,
        claimed: claimed.clone(),
    };
    if is_wanted(tx, claimed, now).await? {
        job.plan = choose(tx, services, &job, token, now).await?;
    } else {
        outbox::cancel(tx, claimed.id, token, now).await?;
        services.metrics.message("cancelled");
    }
    Ok(job)
}

/// Whether there is still somebody to answer it, and no newer code on its way.
async fn is_wanted(tx: &mut Tx, claimed: &Claimed, now: DateTime<Utc>) -> Result<bool> {
    if claimed.verification_ended_at.is_some() || claimed.expires_at <= now {
        return Ok(false);
    }
    let failed = claimed.attempts > 0 && claimed.submitted_at.is_none();
    let (verification, id) = (claimed.verification_id, claimed.id);
    Ok(!(failed && outbox::is_superseded(tx, verification, id).await?))
}

async fn choose(
    tx: &mut Tx,
    services: &Services,
    job: &Job,
    token: Uuid,
    now: DateTime<Utc>,
) -> Result<Plan> {
    let claimed = &job.claimed;
    if let (Some(gateway), Some(since)) = (claimed.gateway.clone(), claimed.submitted_at) {
        return Ok(Plan::Resolve { gateway, since });
    }
    let carrier = job.known.carrier();
    // one that has left its attempt unanswered may do so again: the others come first
    let silent = claimed.doubted_by.iter();
    let others: BTreeSet<_> = job.refused.iter().chain(silent).cloned().collect();
    let mut admitted = admits(tx, services, job, carrier, &others, now).await?;
    if admitted.is_err() && others != job.refused {
        admitted = admits(tx, services, job, carrier, &job.refused, now).await?;
    }
    let gateway = match admitted {
        Ok(gateway) => gateway,
        Err(plan) => return Ok(plan),
    };
    let lease = now + LEASE;
    outbox::submit(tx, claimed.id, token, &gateway, carrier, now, lease).await?;
    Ok(Plan::Send { gateway, carrier })
}

/// The gateway that admits the message now, which counts; else what is to be done with it.
async fn admits(
    tx: &mut Tx,
    services: &Services,
    job: &Job,
    carrier: Option<Carrier>,
    without: &BTreeSet<String>,
    now: DateTime<Utc>,
) -> Result<std::result::Result<String, Plan>> {
    let gateway = match services.gateways.pick(job.route(carrier, without), now) {
        Pick::By(gateway) => gateway,
        Pick::Rest(until) => return Ok(Err(Plan::Resting { until })),
        Pick::None => return Ok(Err(Plan::Nobody)),
    };
    let claimed = &job.claimed;
    let taking = Taking {
        services,
        phone: &job.message.phone,
        provider: (claimed.attempts == 0).then_some(claimed.provider_id),
        gateway: &gateway,
    };
    if let Some(until) = taking.take(tx, now).await? {
        services.gateways.put_back(&gateway);
        return Ok(Err(Plan::Held { until }));
    }
    Ok(Ok(gateway))
}

/// Notes that another gateway is about to be handed the message.
pub(super) async fn switch(
    services: &Services,
    job: &Job,
    token: Uuid,
    gateway: &str,
    carrier: Option<Carrier>,
    now: DateTime<Utc>,
) -> Result<Switched> {
    let (id, phone, gateway) = (
        job.claimed.id,
        job.message.phone.clone(),
        gateway.to_owned(),
    );
    retry(services, move |services| {
        let (phone, gateway) = (phone.clone(), gateway.clone());
        async move {
            let mut tx = services.db.write().await?;
            let taking = Taking {
                services: &services,
                phone: &phone,
                provider: None,
                gateway: &gateway,
            };
            if let Some(until) = taking.take(&mut tx, now).await? {
                return Ok(Switched::Held { until });
            }
            let lease = now + LEASE;
            if !outbox::submit(&mut tx, id, token, &gateway, carrier, now, lease).await? {
                return Ok(Switched::Gone);
            }
            tx.commit().await?;
            Ok(Switched::Ours)
        }
    })
    .await
}

/// Remembers what a gateway has said of a phone's carrier.
pub(super) async fn learn(
    services: &Services,
    phone: &Phone,
    known: &Known,
    now: DateTime<Utc>,
) -> Result<()> {
    let (phone, known) = (phone.clone(), known.clone());
    retry(services, move |services| {
        let (phone, known) = (phone.clone(), known.clone());
        async move {
            let mut tx = services.db.write().await?;
            known.keep(&mut tx, &services, &phone, now).await?;
            Ok(tx.commit().await?)
        }
    })
    .await
}
