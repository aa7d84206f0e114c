//! What became of an attempt at a webhook, written down; once it is over, the next event of the request is due.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    domain::{
        delivery::{DeliveryState, JITTER, Trouble, next_attempt},
        ids::ProviderId,
    },
    flow::{Result, Services, retry},
    store::{
        filing_requests, providers,
        webhooks::{self, Attempted, ClaimedDelivery},
    },
    webhook::Sent,
};

/// An attempt at a webhook that was claimed under `token`.
#[derive(Clone)]
pub(super) struct Report {
    pub delivery: ClaimedDelivery,
    pub provider: ProviderId,
    /// Where it was sent.
    pub url: Option<String>,
    pub token: Uuid,
    /// None: there was nowhere to send it.
    pub sent: Option<Sent>,
    pub at: DateTime<Utc>,
}

/// Writes it down, if the webhook is still ours.
pub(super) async fn record(services: &Services, report: Report) -> Result<bool> {
    retry(services, move |services| write(services, report.clone())).await
}

async fn write(services: Services, report: Report) -> Result<bool> {
    let (delivery, at) = (&report.delivery, report.at);
    let attempted = report.attempted(&services);
    let ended = attempted.state != DeliveryState::Queued;
    let mut tx = services.db.write().await?;
    if ended {
        // what is queued for the same request meanwhile sees either this one or its end
        filing_requests::lock(&mut tx, delivery.request_id).await?;
    }
    if !webhooks::record(&mut tx, delivery.id, report.token, attempted).await? {
        return Ok(false);
    }
    if ended {
        webhooks::promote(&mut tx, delivery.request_id, at).await?;
    }
    if let (Some(Sent::Gone), Some(url)) = (report.sent, &report.url) {
        tracing::warn!(provider = %report.provider, "a receiver answered 410: nothing is sent there until its webhook is set anew");
        providers::disable_webhook(&mut tx, report.provider, url, at).await?;
    }
    tx.commit().await?;
    services.metrics.webhook(if ended {
        attempted.state.as_str()
    } else {
        "retried"
    });
    Ok(true)
}

impl Report {
    fn attempted(&self, services: &Services) -> Attempted {
        let ended = |state, status: Option<u16>, error| Attempted {
            state,
            at: self.at,
            next_attempt_at: None,
            status: status.map(i64::from),
            error,
        };
        match self.sent {
            None => ended(DeliveryState::Disabled, None, None),
            Some(Sent::Delivered(status)) => ended(DeliveryState::Delivered, Some(status), None),
            Some(Sent::Gone) => ended(DeliveryState::Disabled, Some(410), Some(Trouble::Status)),
            Some(Sent::Failed(trouble, status)) => {
                let attempt = u32::try_from(self.delivery.attempts).unwrap_or(u32::MAX);
                let jitter = services.random.below(JITTER + 1);
                match next_attempt(attempt, jitter, self.at, self.delivery.give_up_at) {
                    None => ended(DeliveryState::Parked, status, Some(trouble)),
                    next_attempt_at => Attempted {
                        next_attempt_at,
                        ..ended(DeliveryState::Queued, status, Some(trouble))
                    },
                }
            }
        }
    }
}
