//! The SMS' own loop: messages are claimed while something is due, and each is sent on a task of its own, so that a gateway that is
//! slow holds up nothing but its own messages, as long as not all [places](MOST) are taken by them. On a stop the attempts under
//! way are ended. Receipts are written down by a loop beside it.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Notify, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{LOOK, backoff, under_way::UnderWay};
use crate::{
    domain::ids::MessageId,
    flow::{FlowError, Services, deliver, receipts, run_due},
};

/// Messages under way at once, by all gateways together.
const MOST: usize = 256;

/// Runs until `stop`; `told` says that something may be due.
pub(super) async fn run(services: Services, stop: CancellationToken, told: Arc<Notify>) {
    let mut under_way = UnderWay::of("an SMS");
    let mut failures = 0;
    while !stop.is_cancelled() {
        under_way.clear();
        let claimed = if under_way.len() + usize::from(deliver::AT_ONCE) <= MOST {
            claim(&services, &mut under_way).await
        } else {
            Ok(false)
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
        tokio::select! {
            () = stop.cancelled() => {}
            () = told.notified(), if failures == 0 => {}
            true = under_way.one_ends() => {}
            () = sleep(pause) => {}
        }
    }
    under_way.all_end().await;
}

/// Writes receipts down as they come, until `stop`.
pub(super) async fn write_receipts(services: Services, stop: CancellationToken) {
    let mut failures = 0;
    while !stop.is_cancelled() {
        let pause = match receipts::round(&services).await {
            Ok(1..) => {
                failures = 0;
                continue;
            }
            Ok(0) => {
                failures = 0;
                LOOK
            }
            Err(error) => {
                failures += 1;
                let pause = backoff(failures);
                tracing::error!(%error, "receipts cannot be written down; gateways bring them again");
                pause
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = services.gateways.receipt_arrived(), if failures == 0 => {}
            () = sleep(pause) => {}
        }
    }
}

/// Claims what is due and sends it, each message on a task of its own; false: nothing is due.
async fn claim(
    services: &Services,
    under_way: &mut UnderWay<MessageId>,
) -> Result<bool, FlowError> {
    let now = services.clock.now();
    // reading costs less than writing, and mostly there is nothing
    if run_due::next_message(services)
        .await?
        .is_none_or(|due| now < due)
    {
        return Ok(false);
    }
    let claimed = deliver::claim(services, now).await?;
    let any = !claimed.is_empty();
    for delivery in claimed {
        under_way.begin(delivery.message(), delivery.send());
    }
    Ok(any)
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
