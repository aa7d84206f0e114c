//! What a gateway said of an SMS, written down: on the message's row, and on its verification where that changes.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{ASK, plan::Job};
use crate::{
    domain::{
        event::{Actor, Event},
        ids::{MessageId, RequestId, VerificationId},
        message::{Arrival, overall, retry_after},
        request::Request,
    },
    flow::{
        Result, Services,
        aggregate::{self, Person},
        receipts, retry,
    },
    store::{
        Json, Tx, filing_requests,
        outbox::{self, Final},
        sms_parts,
    },
};

/// What became of a claimed message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Came {
    /// A gateway has it, under these references.
    Accepted { references: Vec<String> },
    /// It is on the phone.
    Delivered,
    /// A gateway had it, and it has not reached the phone.
    Undeliverable { foreign: bool },
    /// It was handed over more than once and never answered for: taken as accepted.
    Taken,
    /// Every gateway refused it for good.
    Failed,
    /// Not sent: another attempt when the backoff says.
    Again,
    /// Not sent: another attempt then.
    Retry { at: DateTime<Utc> },
    /// Not tried: all of its gateways rest.
    Rested { until: DateTime<Utc> },
    /// Kept back by a ceiling or a pace: the deadline waits too.
    Held { until: DateTime<Utc> },
    /// No answer came.
    Doubt,
    /// None has come yet.
    Wait { until: DateTime<Utc> },
}

/// What became of a message that was claimed under `token`.
#[derive(Clone)]
pub(super) struct Report {
    job: Job,
    token: Uuid,
    /// Whose answer it is; none: nobody was asked.
    gateway: Option<String>,
    came: Came,
    at: DateTime<Utc>,
}

/// Writes it down, if the message is still ours.
pub(super) async fn record(services: &Services, report: Report) -> Result<bool> {
    retry(services, move |services| write(services, report.clone())).await
}

async fn write(services: Services, report: Report) -> Result<bool> {
    let mut tx = services.db.write().await?;
    let noted = match report.accepted() {
        Some(accepted) => accept(&mut tx, &services, accepted).await?,
        None => report.noted_with_request(&mut tx, &services).await?,
    };
    if !noted {
        return Ok(false);
    }
    tx.commit().await?;
    services.metrics.message(report.came.word());
    if report.accepted().is_some() {
        let job = &report.job;
        let (provider, phone) = (job.claimed.provider_id, &job.message.phone);
        services.metrics.texted(provider, phone, report.at);
    }
    Ok(true)
}

impl Came {
    const fn word(&self) -> &'static str {
        match self {
            Self::Accepted { .. } | Self::Delivered | Self::Undeliverable { .. } => "accepted",
            Self::Taken => "unknown",
            Self::Failed => "refused",
            Self::Again | Self::Retry { .. } => "retried",
            Self::Rested { .. } => "rested",
            Self::Held { .. } => "held",
            Self::Doubt | Self::Wait { .. } => "in_doubt",
        }
    }
}

impl Report {
    pub fn new(
        job: Job,
        token: Uuid,
        gateway: Option<String>,
        came: Came,
        at: DateTime<Utc>,
    ) -> Self {
        Self {
            job,
            token,
            gateway,
            came,
            at,
        }
    }

    /// The acceptance that it is.
    fn accepted(&self) -> Option<Accepted<'_>> {
        let (references, arrival) = match &self.came {
            Came::Accepted { references } => (&references[..], None),
            Came::Delivered => (&[][..], Some((Arrival::Delivered, false))),
            Came::Undeliverable { foreign } => (&[][..], Some((Arrival::Undeliverable, *foreign))),
            Came::Taken => (&[][..], Some((Arrival::Unknown, false))),
            _ => return None,
        };
        let claimed = &self.job.claimed;
        Some(Accepted {
            message: claimed.id,
            verification: claimed.verification_id,
            request: claimed.request_id,
            token: Some(self.token),
            gateway: self.gateway.as_deref().unwrap_or_default(),
            references,
            arrival,
            at: self.at,
        })
    }

    /// Any other outcome; most leave the request alone.
    async fn noted_with_request(&self, tx: &mut Tx, services: &Services) -> Result<bool> {
        if !matches!(self.came, Came::Failed | Came::Held { .. }) {
            return self.noted(tx, services).await;
        }
        let request = self.job.claimed.request_id;
        let mut loaded = aggregate::load(tx, request).await?;
        let before = loaded.request.clone();
        let events = self.applied_to(&mut loaded.request);
        let changed = loaded.request != before;
        if changed {
            // the request's row before its message's, as every transition takes them: else two would wait for each other
            filing_requests::save(tx, &mut loaded.row).await?;
        }
        if !self.noted(tx, services).await? {
            return Ok(false);
        }
        if changed {
            let actor = Actor::System;
            aggregate::save(tx, services, &mut loaded, &events, actor, self.at).await?;
        }
        Ok(true)
    }

    /// What it means for the verification.
    fn applied_to(&self, request: &mut Request) -> Vec<Event> {
        let verification = self.job.claimed.verification_id;
        match self.came {
            Came::Failed => request.undeliverable(verification, self.at),
            Came::Held { until } => {
                request.held_until(verification, until, self.at);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Notes it on the message's row; false: its lease is no longer ours, or it is not wanted any more.
    async fn noted(&self, tx: &mut Tx, services: &Services) -> Result<bool> {
        let (id, token, at) = (self.job.claimed.id, self.token, self.at);
        let refused = || Json(self.job.refused.iter().cloned().collect::<Vec<_>>());
        let noted = match &self.came {
            Came::Failed => {
                let end = Final {
                    gateway: self.gateway.as_deref().unwrap_or_default(),
                    gateway_ref: None,
                    at,
                    keep_sealed: services.settings.sandbox,
                };
                outbox::fail(tx, id, token, end).await
            }
            Came::Again => {
                let next = at + retry_after(self.job.attempts);
                outbox::retry(tx, id, token, next, &refused()).await
            }
            Came::Retry { at: next } | Came::Rested { until: next } => {
                outbox::retry(tx, id, token, *next, &refused()).await
            }
            Came::Held { until } => outbox::hold(tx, id, token, *until, &refused()).await,
            Came::Doubt => outbox::doubt(tx, id, token, at + ASK).await,
            Came::Wait { until } => outbox::wait(tx, id, token, *until).await,
            Came::Accepted { .. } | Came::Delivered | Came::Undeliverable { .. } | Came::Taken => {
                return Ok(false);
            }
        };
        Ok(noted?)
    }
}

/// A gateway has a message: by its answer to the attempt, or by a receipt that came before that.
pub(in crate::flow) struct Accepted<'a> {
    pub message: MessageId,
    pub verification: VerificationId,
    pub request: RequestId,
    /// Of the claim; none: a receipt says so, whoever's hands the message is in.
    pub token: Option<Uuid>,
    pub gateway: &'a str,
    pub references: &'a [String],
    /// What receipts came to, and whether they call the number foreign.
    pub arrival: Option<(Arrival, bool)>,
    pub at: DateTime<Utc>,
}

/// Writes an acceptance down; the first of a verification starts its window. False: it is known, or not wanted any more.
pub(in crate::flow) async fn accept(
    tx: &mut Tx,
    services: &Services,
    accepted: Accepted<'_>,
) -> Result<bool> {
    let Accepted {
        message,
        gateway,
        at,
        ..
    } = accepted;
    let mut loaded = aggregate::load(tx, accepted.request).await?;
    let events = loaded.request.sms_accepted(accepted.verification, at);
    if !events.is_empty() {
        // as above
        filing_requests::save(tx, &mut loaded.row).await?;
    }
    let end = Final {
        gateway,
        gateway_ref: accepted.references.first().map(String::as_str),
        at,
        keep_sealed: services.settings.sandbox,
    };
    let noted = match accepted.token {
        Some(token) => outbox::accept(tx, message, token, end).await?,
        None => outbox::accept_late(tx, message, end).await?,
    };
    if !noted {
        return Ok(false);
    }
    if !events.is_empty() {
        aggregate::save(tx, services, &mut loaded, &events, Actor::System, at).await?;
    }
    if accepted.token.is_none() {
        // the claim, which counts its own, finds it done
        let of = accepted.verification;
        let row = loaded.rows.iter().find(|row| row.id == of);
        services.metrics.message("accepted");
        if let Some(person) = row.and_then(|row| Person::open(&services.keys, row).ok()?) {
            let provider = loaded.row.provider_id;
            services.metrics.texted(provider, &person.phone, at);
        }
    }
    let mut early = Vec::with_capacity(accepted.references.len());
    for reference in accepted.references {
        early.push(sms_parts::accepted(tx, gateway, reference, message, at).await?);
    }
    let arrival = accepted.arrival;
    if let Some((arrival, foreign)) = arrival.or(overall(&early).map(|early| (early, false))) {
        receipts::settle(tx, services, message, gateway, arrival, foreign, at).await?;
    }
    Ok(true)
}
