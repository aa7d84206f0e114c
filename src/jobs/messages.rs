//! The SMS' own loop: batches are claimed while something is due and sent several at once, so that a gateway that is slow holds
//! up neither the others' messages nor what else falls due. Receipts are written down as they come. On a stop the attempts
//! under way are ended.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Notify, task::JoinSet, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{LOOK, backoff};
use crate::flow::{FlowError, Services, deliver, receipts, run_due};

/// Batches under way at once.
const MOST: usize = 8;

/// Runs until `stop`; `told` says that something may be due.
pub(super) async fn run(services: Services, stop: CancellationToken, told: Arc<Notify>) {
    let mut batches: JoinSet<Result<u64, FlowError>> = JoinSet::new();
    let mut failures = 0;
    while !stop.is_cancelled() {
        let claimed = match receipts::round(&services).await {
            Ok(_) if batches.len() < MOST => claim(&services, &mut batches).await,
            Ok(_) => Ok(false),
            Err(error) => Err(error),
        };
        let pause = match claimed {
            Ok(true) => continue,
            Ok(false) => {
                failures = 0;
                wait(&services).await
            }
            Err(error) => {
                failures += 1;
                let pause = backoff(failures);
                tracing::error!(%error, "SMS cannot be sent; trying again in {} s", pause.as_secs());
                pause
            }
        };
        let gateways = &services.gateways;
        tokio::select! {
            () = stop.cancelled() => {}
            () = told.notified(), if failures == 0 => {}
            () = gateways.receipt_arrived(), if failures == 0 => {}
            Some(done) = batches.join_next() => tell(done),
            () = sleep(pause) => {}
        }
    }
    while let Some(done) = batches.join_next().await {
        tell(done);
    }
}

/// Claims a batch and sends it on a task of its own; false: nothing is due.
async fn claim(
    services: &Services,
    batches: &mut JoinSet<Result<u64, FlowError>>,
) -> Result<bool, FlowError> {
    let now = services.clock.now();
    // reading costs less than writing, and mostly there is nothing
    if run_due::next_message(services)
        .await?
        .is_none_or(|due| now < due)
    {
        return Ok(false);
    }
    let Some(batch) = deliver::claim(services, now).await? else {
        return Ok(false);
    };
    let services = services.clone();
    batches.spawn(async move { deliver::send(&services, batch).await });
    Ok(true)
}

/// How long until the next is due; at most until the next look.
async fn wait(services: &Services) -> Duration {
    let next = run_due::next_message(services).await.ok().flatten();
    let wait = next.map(|due| due - services.clock.now());
    let wait = wait.and_then(|wait| wait.to_std().ok());
    wait.filter(|wait| !wait.is_zero())
        .unwrap_or(LOOK)
        .min(LOOK)
}

fn tell(done: Result<Result<u64, FlowError>, tokio::task::JoinError>) {
    match done {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => {
            tracing::error!(%error, "a batch of SMS was not written down; it is looked at when its lease ends")
        }
        Err(_) => tracing::error!("a batch of SMS has failed; it is looked at when its lease ends"),
    }
}
