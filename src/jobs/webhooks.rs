//! The webhooks' own loop: each provider that something is due for has a task of its own, so that a receiver that is slow
//! holds up neither SMS nor other receivers. On a stop the attempts under way are ended.

use std::{collections::HashMap, time::Duration};

use tokio::{task::JoinHandle, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{LOOK, backoff};
use crate::{
    domain::ids::ProviderId,
    flow::{FlowError, Services, notify},
};

/// Providers served at once.
const MOST: usize = 200;
/// What was queued is committed a moment after it is told.
const COMMIT: Duration = Duration::from_millis(30);

/// Runs until `stop`.
pub(super) async fn run(services: Services, stop: CancellationToken) {
    let mut serving: HashMap<ProviderId, JoinHandle<()>> = HashMap::new();
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
    for (_, task) in serving {
        // it says itself what went wrong
        let _ = task.await;
    }
}

async fn look(
    services: &Services,
    stop: &CancellationToken,
    serving: &mut HashMap<ProviderId, JoinHandle<()>>,
) -> Result<(), FlowError> {
    let due = notify::due(services).await?;
    serving.retain(|_, task| !task.is_finished());
    for provider in due {
        if serving.len() >= MOST {
            break;
        }
        serving
            .entry(provider)
            .or_insert_with(|| tokio::spawn(serve(services.clone(), provider, stop.clone())));
    }
    Ok(())
}

/// Sends a provider what is due, until nothing is.
async fn serve(services: Services, provider: ProviderId, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match notify::of_provider(&services, provider).await {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%provider, %error, "a provider's webhooks cannot be sent now");
                return;
            }
        }
    }
}
