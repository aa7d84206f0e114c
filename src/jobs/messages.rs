//! The SMS' own loop: messages are claimed while something is due, and each is sent on a task of its own, so that a gateway that is
//! slow holds up nothing but its own messages, as long as not all [places](MOST) are taken by them. On a stop the attempts under
//! way are ended. Receipts are written down by a loop beside it.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::Notify,
    task::{JoinError, JoinSet},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use super::{LOOK, backoff};
use crate::{
    domain::ids::MessageId,
    flow::{FlowError, Services, deliver, receipts, run_due},
};

/// Messages under way at once, by all gateways together.
const MOST: usize = 256;

/// The messages that are being sent.
type UnderWay = JoinSet<(MessageId, Result<bool, FlowError>)>;

/// Runs until `stop`; `told` says that something may be due.
pub(super) async fn run(services: Services, stop: CancellationToken, told: Arc<Notify>) {
    let mut under_way = UnderWay::new();
    let mut failures = 0;
    while !stop.is_cancelled() {
        while let Some(sent) = under_way.try_join_next() {
            tell(sent);
        }
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
            Some(sent) = under_way.join_next() => tell(sent),
            () = sleep(pause) => {}
        }
    }
    while let Some(sent) = under_way.join_next().await {
        tell(sent);
    }
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
async fn claim(services: &Services, under_way: &mut UnderWay) -> Result<bool, FlowError> {
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
        under_way.spawn(async move { (delivery.message(), delivery.send().await) });
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

fn tell(sent: Result<(MessageId, Result<bool, FlowError>), JoinError>) {
    match sent {
        Ok((_, Ok(_))) => {}
        Ok((id, Err(error))) => {
            tracing::error!(%id, %error, "an SMS was not written down; it is looked at when its lease ends");
        }
        Err(_) => tracing::error!("sending an SMS has failed; it is looked at when its lease ends"),
    }
}
