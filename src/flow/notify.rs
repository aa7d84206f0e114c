//! What providers are told: written down sealed in the transaction of the change, so that what is not told has not happened, and
//! sent afterwards as SMS are: claim, send with no transaction open, record. At least once, in order for each request.

mod record;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use serde::Serialize;
use uuid::Uuid;
use zeroize::Zeroizing;

use self::record::{Report, record};
use super::{FlowError, Result, Services, each::each, look_up, retry, shape::FilingRequest};
use crate::{
    domain::{
        delivery::GIVE_UP,
        event::Event,
        ids::{ProviderId, RequestId, VerificationId, WebhookId},
        time::serde_rfc3339,
        words::EventType,
    },
    keys::Cell,
    store::{
        Tx, filing_requests, outbox,
        providers::{self, ProviderRow},
        webhooks::{self, ClaimedDelivery, NewDelivery},
    },
    webhook::{Outgoing, PATIENCE, Secret},
};

/// Webhooks of one provider sent at once: one that is slow holds up its own request's alone.
pub const AT_ONCE: usize = 8;
/// How long a claimed webhook is ours.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// The client ends an attempt by itself; this is for one that does not.
const LONGEST: Duration = PATIENCE.saturating_add(Duration::from_secs(5));

/// The body of a webhook.
#[derive(Serialize)]
struct Payload<'a> {
    #[serde(rename = "type")]
    kind: EventType,
    #[serde(with = "serde_rfc3339")]
    timestamp: DateTime<Utc>,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    #[serde(flatten)]
    request: &'a FilingRequest,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_id: Option<VerificationId>,
}

/// Queues what a request's provider is told of these events, each with its number; nothing where it has no webhooks.
/// The request has been changed in this transaction, and is stored whole.
pub(super) async fn queue(
    tx: &mut Tx,
    services: &Services,
    request: RequestId,
    told: &[(i64, &Event)],
    now: DateTime<Utc>,
) -> Result<()> {
    if told.is_empty() {
        return Ok(());
    }
    let Some(provider) = webhooks::receiver(tx, request).await? else {
        return Ok(());
    };
    let found = filing_requests::load_with_verifications(tx, request).await?;
    let (row, rows) = found.ok_or(FlowError::NotFound)?;
    let messages = outbox::of_request(tx, request).await?;
    // what is still told of has not been resubmitted yet
    let shown = FilingRequest::from(look_up::view(services, row, rows, &messages, None)?);
    for &(event_id, event) in told {
        let payload = Payload {
            kind: event.what,
            timestamp: now,
            data: Data {
                request: &shown,
                verification_id: event.verification,
            },
        };
        let body = Zeroizing::new(serde_json::to_vec(&payload)?);
        let id = WebhookId::new(now, services.random.bytes());
        let new = NewDelivery {
            id,
            event_id,
            provider_id: provider,
            request_id: request,
            kind: event.what,
            created_at: now,
            give_up_at: now + GIVE_UP,
            sealed: &services.keys.seal(cell(&id), &body, &services.random),
        };
        webhooks::insert(tx, &new).await?;
    }
    services.webhooks.wake();
    Ok(())
}

fn cell(id: &WebhookId) -> Cell<'_> {
    Cell {
        table: "webhook_deliveries",
        column: "sealed",
        row: id.0.as_bytes(),
    }
}

/// The providers that something is due for now.
///
/// # Errors
/// What the database says.
pub async fn due(services: &Services) -> Result<Vec<ProviderId>> {
    let mut tx = services.db.read().await?;
    Ok(webhooks::due_receivers(&mut tx, services.clock.now()).await?)
}

/// Sends what is due at `now`, a batch for each provider, all at once; how many attempts were written down.
pub(super) async fn round(services: &Services, now: DateTime<Utc>) -> Result<u64> {
    let mut tx = services.db.read().await?;
    let receivers = webhooks::due_receivers(&mut tx, now).await?;
    drop(tx);
    let batches = receivers.into_iter().map(async |provider| {
        let claimed = claim(services, provider, now, AT_ONCE).await?.into_iter();
        let work = claimed.map(|delivery| (delivery.id(), delivery.send()));
        each("a webhook", AT_ONCE, work.collect()).await
    });
    let mut done = 0;
    for batch in join_all(batches).await {
        done += batch?;
    }
    Ok(done)
}

/// A webhook that is ours to send.
pub struct Delivery {
    receiver: Arc<Receiver>,
    claimed: ClaimedDelivery,
}

/// Claims what is due at `now` for a provider, so many at most.
///
/// # Errors
/// Those of the database.
pub async fn claim(
    services: &Services,
    provider: ProviderId,
    now: DateTime<Utc>,
    most: usize,
) -> Result<Vec<Delivery>> {
    if most == 0 {
        return Ok(Vec::new());
    }
    let token = Uuid::from_bytes(services.random.bytes());
    let turn = services.webhooks.turn().await;
    let claimed = retry(services, move |services| async move {
        let mut tx = services.db.write().await?;
        let (until, limit) = (now + LEASE, i64::try_from(most).unwrap_or(i64::MAX));
        let claimed = webhooks::claim(&mut tx, provider, now, until, token, limit).await?;
        tx.commit().await?;
        Ok(claimed)
    })
    .await?;
    if claimed.is_empty() {
        return Ok(Vec::new());
    }
    let receiver = Receiver::load(services, provider, token, now).await?;
    drop(turn);
    let receiver = Arc::new(receiver);
    let deliveries = claimed.into_iter().map(|claimed| Delivery {
        receiver: receiver.clone(),
        claimed,
    });
    Ok(deliveries.collect())
}

impl Delivery {
    /// Which webhook it is.
    pub const fn id(&self) -> WebhookId {
        self.claimed.id
    }

    /// Sends it; whether the attempt was written down.
    ///
    /// # Errors
    /// Those of the database, and a body that does not open.
    pub async fn send(self) -> Result<bool> {
        self.receiver.deliver(&self.claimed).await
    }
}

/// A provider, while what was claimed is sent to it.
struct Receiver {
    services: Services,
    provider: ProviderId,
    /// None: there is nowhere to send anything.
    url: Option<String>,
    secrets: Vec<Secret>,
    token: Uuid,
}

impl Receiver {
    async fn load(
        services: &Services,
        provider: ProviderId,
        token: Uuid,
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let mut tx = services.db.read().await?;
        let row = providers::by_id(&mut tx, provider).await?;
        let rows = providers::webhook_secrets(&mut tx, provider, now).await?;
        drop(tx);
        let secrets = rows
            .iter()
            .map(|row| super::providers::webhook_secret(&services.keys, row));
        Ok(Self {
            services: services.clone(),
            provider,
            url: row.and_then(target),
            secrets: secrets.collect::<Result<_>>()?,
            token,
        })
    }

    async fn deliver(&self, delivery: &ClaimedDelivery) -> Result<bool> {
        let services = &self.services;
        let sent = match &self.url {
            None => None,
            Some(url) => {
                let body = services.keys.open(cell(&delivery.id), &delivery.sealed)?;
                let outgoing = Outgoing {
                    url,
                    id: delivery.id,
                    at: services.clock.real_now(),
                    body: &body,
                    secrets: &self.secrets,
                };
                let sending = services.webhooks.send(outgoing);
                let Ok(sent) = tokio::time::timeout(LONGEST, sending).await else {
                    tracing::warn!(webhook = %delivery.id, "an attempt does not end; it is made again when its lease ends");
                    return Ok(false);
                };
                Some(sent)
            }
        };
        let _turn = services.webhooks.turn().await;
        record(
            services,
            Report {
                delivery: delivery.clone(),
                provider: self.provider,
                url: self.url.clone(),
                token: self.token,
                sent,
                at: services.clock.now(),
            },
        )
        .await
    }
}

/// Where a provider's webhooks go, as long as it has access and they have not been found gone.
fn target(row: ProviderRow) -> Option<String> {
    let wanted = row.revoked_at.is_none() && row.webhook_disabled_at.is_none();
    row.webhook_url.filter(|_| wanted)
}
