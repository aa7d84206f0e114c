//! The loop that chains the audit log and counts for the statistics: once a second, and without a pause while full batches
//! wait. On a stop it ends its batch.

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{LOOK, backoff};
use crate::flow::{Services, audit::chain};

/// Runs until `stop`.
pub(super) async fn run(services: Services, stop: CancellationToken) {
    let mut failures = 0;
    while !stop.is_cancelled() {
        let pause = match chain::round(&services).await {
            Ok(chain::FULL..) => {
                failures = 0;
                continue;
            }
            Ok(_) => {
                failures = 0;
                LOOK
            }
            Err(error) => {
                failures += 1;
                let pause = backoff(failures);
                tracing::error!(%error, "the audit log cannot be chained (`heyan audit verify` says more); trying again in {} s", pause.as_secs());
                pause
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = sleep(pause) => {}
        }
    }
}
