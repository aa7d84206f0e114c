//! What a gateway said of an SMS, written down: on the message's row, and on its verification where that changes.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    domain::{
        event::{Actor, Event},
        ids::{MessageId, RequestId, VerificationId},
        message::retry_after,
        request::Request,
    },
    flow::{Result, Services, aggregate, retry},
    sms::{Answer, Sent},
    store::{
        Tx, filing_requests,
        outbox::{self, Claimed, Final},
    },
};

/// A gateway's answer to a message that was claimed under `token`.
#[derive(Clone)]
pub(super) struct Report {
    message: MessageId,
    verification: VerificationId,
    request: RequestId,
    attempt: u32,
    token: Uuid,
    answer: Answer,
    at: DateTime<Utc>,
}

/// Writes it down, if the message is still ours.
pub(super) async fn record(services: &Services, report: Report) -> Result<bool> {
    retry(services, move |services| write(services, report.clone())).await
}

async fn write(services: Services, report: Report) -> Result<bool> {
    let mut tx = services.db.write().await?;
    let mut loaded = aggregate::load(&mut tx, report.request).await?;
    let before = loaded.request.clone();
    let events = report.applied_to(&mut loaded.request);
    let changed = loaded.request != before;
    if changed {
        // the request's row before its message's, as every transition takes them: else two would wait for each other
        filing_requests::save(&mut tx, &mut loaded.row).await?;
    }
    if !report.noted(&mut tx, services.settings.sandbox).await? {
        return Ok(false);
    }
    if changed {
        let (actor, at) = (Actor::System, report.at);
        aggregate::save(&mut tx, &services, &mut loaded, &events, actor, at).await?;
    }
    tx.commit().await?;
    services.metrics.message(match report.answer.sent {
        Sent::Accepted { .. } => "accepted",
        Sent::Retry { .. } => "retried",
        Sent::Hold { .. } => "held",
        Sent::Refused => "refused",
    });
    Ok(true)
}

impl Report {
    pub(super) fn new(message: &Claimed, token: Uuid, answer: Answer, at: DateTime<Utc>) -> Self {
        Self {
            message: message.id,
            verification: message.verification_id,
            request: message.request_id,
            attempt: u32::try_from(message.attempts).unwrap_or(u32::MAX),
            token,
            answer,
            at,
        }
    }

    /// What it means for the verification.
    fn applied_to(&self, request: &mut Request) -> Vec<Event> {
        match self.answer.sent {
            Sent::Accepted { .. } => request.sms_accepted(self.verification, self.at),
            Sent::Refused => request.undeliverable(self.verification, self.at),
            Sent::Retry { .. } => Vec::new(),
            Sent::Hold { until } => {
                request.held_until(self.verification, until, self.at);
                Vec::new()
            }
        }
    }

    /// Notes it on the message's row; false: its lease is no longer ours, or it is not wanted any more.
    async fn noted(&self, tx: &mut Tx, keep_sealed: bool) -> Result<bool> {
        let (id, token, at) = (self.message, self.token, self.at);
        let end = |gateway_ref| Final {
            gateway: &self.answer.gateway,
            gateway_ref,
            at,
            keep_sealed,
        };
        let noted = match &self.answer.sent {
            Sent::Accepted { reference, .. } => {
                outbox::accept(tx, id, token, end(reference.as_deref())).await
            }
            Sent::Refused => outbox::fail(tx, id, token, end(None)).await,
            Sent::Retry { after } => {
                let wait = after.unwrap_or_else(|| retry_after(self.attempt));
                outbox::retry(tx, id, token, at + wait).await
            }
            Sent::Hold { until } => outbox::retry(tx, id, token, *until).await,
        };
        Ok(noted?)
    }
}
