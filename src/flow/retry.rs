//! Starting a flow again when somebody else changed the same request in the meantime.

use std::{future::Future, time::Duration};

use super::{FlowError, Result, Services};

/// So often is a flow begun; what still collides then is told as `Busy`.
const ATTEMPTS: u32 = 20;
/// The longest pause between two attempts, milliseconds.
const LONGEST_PAUSE: u32 = 100;

/// Runs a writing flow from its beginning until it collides with nobody. It runs on a task of its own: a browser that
/// goes away, or a time limit, does not cut it off half-way.
pub(crate) async fn retry<T, F, Fut>(services: &Services, flow: F) -> Result<T>
where
    F: Fn(Services) -> Fut + Send + 'static,
    Fut: Future<Output = Result<T>> + Send,
    T: Send + 'static,
{
    let services = services.clone();
    let db = services.db.clone();
    let task = db.spawn(async move {
        for attempt in 0..ATTEMPTS {
            let metrics = services.metrics.holding();
            let trying = Services {
                metrics: metrics.clone(),
                ..services.clone()
            };
            match flow(trying).await {
                Err(FlowError::Store(error)) if error.is_conflict() => {
                    services.metrics.conflict();
                    let most = (2 << attempt.min(6)).min(LONGEST_PAUSE);
                    let pause = Duration::from_millis(services.random.below(most).into());
                    tokio::time::sleep(pause).await;
                }
                Ok(done) => {
                    metrics.release();
                    return Ok(done);
                }
                Err(error) => return Err(error),
            }
        }
        Err(FlowError::Busy)
    });
    // a panic in the flow, or the runtime's end
    task.await.unwrap_or(Err(FlowError::Busy))
}
