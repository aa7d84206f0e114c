//! The provider takes a request back.

use super::{
    FlowError, Result, Services, aggregate,
    look_up::{self, RequestView},
    retry,
};
use crate::{
    domain::{
        event::Actor,
        ids::{ProviderId, RequestId},
    },
    store::filing_requests,
};

/// Withdraws a request that is under review or verifying.
///
/// # Errors
/// `NotFound`: there is none, or it is another's; `Ended`: it has ended.
pub async fn withdraw(
    services: &Services,
    provider: ProviderId,
    id: RequestId,
) -> Result<RequestView> {
    retry(services, move |services| async move {
        let now = services.clock.now();
        let mut tx = services.db.write().await?;
        let own = filing_requests::of_provider(&mut tx, provider, id).await?;
        own.ok_or(FlowError::NotFound)?;
        let mut loaded = aggregate::load(&mut tx, id).await?;
        let state = loaded.request.state;
        let events = loaded
            .request
            .withdraw(now)
            .map_err(|_| FlowError::Ended(state))?;
        aggregate::save(
            &mut tx,
            &services,
            &mut loaded,
            &events,
            Actor::Provider,
            now,
        )
        .await?;
        Ok(tx.commit().await?)
    })
    .await?;
    look_up::request(services, provider, id).await
}
