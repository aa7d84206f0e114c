//! The webhooks' own loop: each provider that something is due for has a task of its own, and each of its webhooks under
//! way another, so that a receiver that is slow holds up neither SMS nor other receivers, and an attempt that hangs its own
//! request alone. On a stop the attempts under way are ended.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{sync::Notify, task::JoinHandle, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{LOOK, backoff, under_way::UnderWay};
use crate::{
    domain::ids::ProviderId,
    flow::{FlowError, Services, notify},
};

/// Providers served at once.
const MOST: usize = 200;
/// What was queued is committed a moment after it is told.
const COMMIT: Duration = Duration::from_millis(30);

/// The providers that are being served, each by a task that can be told that something is due.
type Serving = HashMap<ProviderId, (JoinHandle<()>, Arc<Notify>)>;

/// Runs until `stop`.
pub(super) async fn run(services: Services, stop: CancellationToken) {
    let mut serving = Serving::new();
    let mut failures = 0;
    while !stop.is_cancelled() {
        let pause = match look(&services, &stop, &mut serving).await {
            Ok(()) => {
                failures = 0;
                LOOK
            }
            Err(error) => {
                failures += 1;
                let pause = backoff(failures);
                tracing::error!(%error, "webhooks cannot be sent; trying again in {} s", pause.as_secs());
                pause
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = services.webhooks.woken(), if failures == 0 => sleep(COMMIT).await,
            () = sleep(pause) => {}
        }
    }
    for (task, _) in serving.into_values() {
        // it says itself what went wrong
        let _ = task.await;
    }
}

async fn look(
    services: &Services,
    stop: &CancellationToken,
    serving: &mut Serving,
) -> Result<(), FlowError> {
    let due = notify::due(services).await?;
    serving.retain(|_, (task, _)| !task.is_finished());
    for provider in due {
        if let Some((_, told)) = serving.get(&provider) {
            told.notify_one();
        } else if serving.len() < MOST {
            let told = Arc::new(Notify::new());
            let task = serve(services.clone(), provider, told.clone(), stop.clone());
            serving.insert(provider, (tokio::spawn(task), told));
        }
    }
    Ok(())
}

/// Sends a provider what is due, each webhook on a task of its own, until nothing is; `told` says that something may be.
async fn serve(
    services: Services,
    provider: ProviderId,
    told: Arc<Notify>,
    stop: CancellationToken,
) {
    let mut under_way = UnderWay::of("a webhook");
    while !stop.is_cancelled() {
        under_way.clear();
        let places = notify::AT_ONCE.saturating_sub(under_way.len());
        let now = services.clock.now();
        let claimed = match notify::claim(&services, provider, now, places).await {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::error!(%provider, %error, "a provider's webhooks cannot be sent now");
                Vec::new()
            }
        };
        if claimed.is_empty() && under_way.len() == 0 {
            return;
        }
        for delivery in claimed {
            under_way.begin(delivery.id(), delivery.send());
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = told.notified() => {}
            true = under_way.one_ends() => {}
        }
    }
    under_way.all_end().await;
}
