//! The calls of an API key in a minute, counted in the database, so that all instances share the limit.

use chrono::{DateTime, Utc};

use crate::{
    domain::limit::{Window, seconds_until},
    flow::{FlowError, Result, Services, retry},
    keys::Purpose,
    store::limits,
};

/// Counts one call.
///
/// # Errors
/// `Limited` past the limit. A counter that cannot be read is an error too: nobody passes uncounted.
pub async fn count_call(services: &Services, api_key: &str, now: DateTime<Utc>) -> Result<()> {
    let end = Window::Api.end(now);
    let window = end.timestamp_millis().to_be_bytes();
    let parts: &[&[u8]] = &[Window::Api.name().as_bytes(), api_key.as_bytes(), &window];
    let bucket = services.keys.hash(Purpose::Limit, parts).value;
    let count = retry(services, move |services| async move {
        let mut tx = services.db.write().await?;
        let count = limits::count(&mut tx, &bucket, end).await?;
        tx.commit().await?;
        Ok(count)
    })
    .await?;
    if count > i64::from(services.settings.limits.api_per_minute) {
        return Err(FlowError::Limited {
            retry_after: seconds_until(end, now),
        });
    }
    Ok(())
}
