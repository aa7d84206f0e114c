//! Everything gone: the database emptied, the clock set anywhere, the demo provider back with its key.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{
    super::{FlowError, Result, Services, audit, providers, retry},
    clock::{self, Hold, Kept},
};
use crate::{
    clock::Pace,
    domain::event::Deed,
    store::{meta, purge},
};

/// Empties a sandbox. `now`: what its clock then reads, and runs on from; none: the real time.
///
/// # Errors
/// `Invalid`: a time that no sandbox reaches; `Busy`: somebody is turning the clock; what the database says.
pub async fn reset(services: &Services, now: Option<DateTime<Utc>>) -> Result<()> {
    if now.is_some_and(|now| !clock::is_reachable(now)) {
        return Err(clock::unreachable("/now"));
    }
    let services = services.clone();
    let db = services.db.clone();
    let task = db.spawn(async move { empty(&services, now).await });
    task.await.unwrap_or(Err(FlowError::Busy))
}

async fn empty(services: &Services, now: Option<DateTime<Utc>>) -> Result<()> {
    let mut hold = Hold::take(services).await?;
    let revision = hold.kept().revision + 1;
    let emptied = retry(services, move |services| async move {
        let pace = now.map_or(Pace::System, |now| Pace::Moving {
            real_base: services.clock.real_now(),
            test_base: now,
        });
        let kept = Kept {
            revision,
            pace,
            turner: None,
        };
        let mut tx = services.db.write().await?;
        purge::reset(&mut tx).await?;
        let at = now.unwrap_or_else(|| services.clock.real_now());
        audit::record(&mut tx, &services, Deed::SandboxReset, None, &json!({}), at).await?;
        meta::put(&mut tx, meta::SANDBOX_CLOCK, &kept.write()?).await?;
        tx.commit().await?;
        Ok(kept)
    })
    .await;
    match emptied {
        Ok(kept) => kept.apply(&services.clock),
        Err(error) => {
            hold.let_go().await?;
            return Err(error);
        }
    }
    providers::demo(services).await?;
    Ok(())
}
