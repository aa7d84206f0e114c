//! Deliveries as their provider sees them: listed, asked for again; and where they go.

use super::{FlowError, Result, Services, retry};
use crate::{
    domain::{
        delivery::GIVE_UP,
        ids::{ProviderId, WebhookId},
    },
    store::{
        filing_requests, providers,
        webhooks::{self, DeliveryFilter, DeliveryRow},
    },
};

/// A provider's deliveries before (older than) an event's number, newest first.
///
/// # Errors
/// What the database says.
pub async fn list(
    services: &Services,
    provider: ProviderId,
    filter: DeliveryFilter,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<DeliveryRow>> {
    let mut tx = services.db.read().await?;
    Ok(webhooks::list(&mut tx, provider, filter, before, limit).await?)
}

/// Sends one again, under the same webhook-id, for three more days; behind what is queued of its request. The delivery then.
///
/// # Errors
/// `NotFound`: there is none, or it is another's; `NotDeliverable`: there is nothing to send any more, or nowhere.
pub async fn redeliver(
    services: &Services,
    provider: ProviderId,
    id: WebhookId,
) -> Result<DeliveryRow> {
    let row = retry(services, move |services| async move {
        let now = services.clock.now();
        let mut tx = services.db.write().await?;
        let row = webhooks::of_provider(&mut tx, provider, id).await?;
        let row = row.ok_or(FlowError::NotFound)?;
        if row.erased {
            return Err(FlowError::NotDeliverable(
                "its content was erased with the persons' data: look the request up instead",
            ));
        }
        let provider_row = providers::by_id(&mut tx, provider).await?;
        if !provider_row.is_some_and(|row| {
            row.webhook_url.is_some()
                && row.webhook_disabled_at.is_none()
                && row.revoked_at.is_none()
        }) {
            return Err(FlowError::NotDeliverable(
                "there is no address to send it to: none is set, or it answered 410; the operator can set it \
                 (heyan provider webhook)",
            ));
        }
        filing_requests::lock(&mut tx, row.request_id).await?;
        webhooks::requeue(&mut tx, &row, now, now + GIVE_UP).await?;
        let row = webhooks::of_provider(&mut tx, provider, id).await?;
        tx.commit().await?;
        row.ok_or(FlowError::NotFound)
    })
    .await?;
    services.webhooks.wake();
    Ok(row)
}
