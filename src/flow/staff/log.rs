//! The staff's log: who logged in, was refused, saw what in clear, took what away.

use serde_json::json;

use super::{
    desk::{Page, rows_of},
    sessions::Session,
};
use crate::{
    domain::event::Deed,
    flow::{Result, Services, audit, retry},
    store::staff::log::{self, LogRow},
};

/// A page of the log of one's own bureau's staff, or of all, the newest first.
///
/// # Errors
/// What the database says.
pub async fn list(services: &Services, session: &Session, page: u32) -> Result<Page<LogRow>> {
    let mut tx = services.db.read().await?;
    let province = session.staff.province;
    Ok(Page::of(log::list(&mut tx, province, rows_of(page)).await?))
}

/// Notes that somebody asked for what their role has no right to; `route` is a pattern, never a path.
///
/// # Errors
/// What the database says.
pub async fn forbidden(services: &Services, session: &Session, route: &str) -> Result<()> {
    let (who, route) = (session.staff.id.0, route.to_owned());
    retry(services, move |services| {
        let route = route.clone();
        async move {
            let mut tx = services.db.write().await?;
            let data = json!({"route": route});
            let now = services.clock.real_now();
            audit::record(&mut tx, &services, Deed::Refused, Some(who), &data, now).await?;
            Ok(tx.commit().await?)
        }
    })
    .await
}
