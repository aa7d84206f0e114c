//! `provider deliveries` and `provider redeliver`: webhooks that a provider has, or has not, been told.

use std::fmt::Write;

use super::{Failure, print, provider::unknown};
use crate::{
    domain::{delivery::DeliveryState, ids::ProviderId, time::rfc3339},
    flow::{FlowError, Services, providers, webhooks},
    store::webhooks::{DeliveryFilter, DeliveryRow},
};

/// Asked for again at a time.
const BATCH: i64 = 500;

/// A provider's webhooks, one a line, the newest first.
///
/// # Errors
/// No such provider, state or request; what the database says.
pub async fn list(
    services: &Services,
    name: &str,
    state: Option<&str>,
    request: Option<&str>,
    limit: u32,
) -> Result<(), Failure> {
    let state = state.map(|word| {
        let words = DeliveryState::ALL.iter().map(|state| state.as_str());
        DeliveryState::from_word(word).ok_or_else(|| {
            let words = words.collect::<Vec<_>>().join(", ");
            Failure::Arguments(format!("--state must be one of {words}"))
        })
    });
    let request = request.map(|id| {
        let wrong = |_| Failure::Arguments("--request must be the id of a request, fr_…".into());
        id.parse().map_err(wrong)
    });
    let filter = DeliveryFilter {
        state: state.transpose()?,
        request: request.transpose()?,
    };
    let provider = named(services, name).await?;
    let rows = webhooks::list(services, provider, filter, None, limit.into()).await?;
    let mut text: String = rows.iter().map(line).collect();
    if text.is_empty() {
        text.push_str("none\n");
    }
    print(&text)
}

fn line(row: &DeliveryRow) -> String {
    let mut line = format!(
        "{}  {}  {}  {}  {}  {}",
        row.id,
        rfc3339(row.created_at),
        row.request_id,
        row.r#type,
        row.state,
        row.attempts,
    );
    // writing into a string does not fail
    let _ = match (row.last_status, row.last_error) {
        (Some(status), _) => write!(line, "  {status}"),
        (None, Some(error)) => write!(line, "  {error}"),
        (None, None) => write!(line, "  -"),
    };
    if row.state == DeliveryState::Queued {
        let _ = write!(line, "  next {}", rfc3339(row.next_attempt_at));
    }
    line.push('\n');
    line
}

/// Sends these again; none named: all that were given up. The server sends them.
///
/// # Errors
/// No such provider or webhook, one that cannot be sent again; what the database says.
pub async fn redeliver(services: &Services, name: &str, ids: &[String]) -> Result<(), Failure> {
    let provider = named(services, name).await?;
    let mut done = 0;
    if ids.is_empty() {
        done = parked(services, provider).await?;
    }
    for text in ids {
        let unknown = || Failure::Work(format!("{name} has no webhook {text}"));
        let id = text.parse().map_err(|_| unknown())?;
        match webhooks::redeliver(services, provider, id).await {
            Err(FlowError::NotFound) => return Err(unknown()),
            Err(error) => return Err(error.into()),
            Ok(_) => done += 1,
        }
    }
    print(&format!("{done} to be sent again\n"))
}

/// All that were given up and still have something to send, oldest first, so that they arrive in order.
async fn parked(services: &Services, provider: ProviderId) -> Result<u64, Failure> {
    let filter = DeliveryFilter {
        state: Some(DeliveryState::Parked),
        request: None,
    };
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let rows = webhooks::list(services, provider, filter, before, BATCH).await?;
        let Some(last) = rows.last() else { break };
        before = Some(last.event_id);
        let kept = rows.into_iter().filter(|row| !row.erased);
        all.extend(kept.map(|row| row.id));
    }
    let mut done = 0;
    for id in all.into_iter().rev() {
        webhooks::redeliver(services, provider, id).await?;
        done += 1;
    }
    Ok(done)
}

async fn named(services: &Services, name: &str) -> Result<ProviderId, Failure> {
    let found = providers::by_name(services, name).await?;
    Ok(found.ok_or_else(|| unknown(name))?.id)
}
