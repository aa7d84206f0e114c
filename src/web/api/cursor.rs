//! The cursor of a list: the last request shown, sealed, so that providers neither read nor make one. It is bound to the
//! provider and the filters; with others, or altered, it does not open.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    domain::{
        delivery::DeliveryState,
        ids::{ProviderId, RequestId},
        province::Province,
        words::{FilingKind, RequestState},
    },
    flow::Services,
    keys::Purpose,
    store::{filing_requests::Filter, webhooks::DeliveryFilter},
};

/// A sealed identifier under the longest key name is shorter; longer ones are not even decoded.
const LONGEST: usize = 160;

/// What a cursor of requests is bound to. None of the words holds a NUL, and the reference stands last.
pub fn of_requests(provider: ProviderId, filter: Filter<'_>) -> Vec<u8> {
    let millis = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp_millis().to_string());
    let words = [
        filter.state.map_or("", RequestState::as_str),
        filter.kind.map_or("", FilingKind::as_str),
        filter.province.map_or("", Province::slug),
        &millis(filter.from).unwrap_or_default(),
        &millis(filter.to).unwrap_or_default(),
        filter.reference.unwrap_or_default(),
    ];
    [provider.0.as_bytes(), words.join("\0").as_bytes()].concat()
}

/// The cursor behind `last`.
pub fn seal(services: &Services, place: &[u8], last: RequestId) -> String {
    seal_bytes(services, &[b"requests", place], last.0.as_bytes())
}

fn seal_bytes(services: &Services, place: &[&[u8]], last: &[u8]) -> String {
    let keys = &services.keys;
    URL_SAFE_NO_PAD.encode(keys.seal_for(Purpose::Cursor, place, last, &services.random))
}

fn open_bytes(services: &Services, place: &[&[u8]], cursor: &str) -> Option<Zeroizing<Vec<u8>>> {
    if cursor.len() > LONGEST {
        return None;
    }
    let sealed = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    services.keys.open_for(Purpose::Cursor, place, &sealed).ok()
}

/// What a cursor of webhook deliveries is bound to.
pub fn of_deliveries(provider: ProviderId, filter: DeliveryFilter) -> Vec<u8> {
    let request = filter.request.map_or(Uuid::nil(), |request| request.0);
    let state = filter.state.map_or("", DeliveryState::as_str);
    [provider.0.as_bytes(), request.as_bytes(), state.as_bytes()].concat()
}

/// The cursor behind the number `last`.
pub fn seal_number(services: &Services, place: &[u8], last: i64) -> String {
    seal_bytes(services, &[b"deliveries", place], &last.to_be_bytes())
}

/// The last number shown; `None`: not a cursor of this list.
pub fn open_number(services: &Services, place: &[u8], cursor: &str) -> Option<i64> {
    let last = open_bytes(services, &[b"deliveries", place], cursor)?;
    Some(i64::from_be_bytes(last.as_slice().try_into().ok()?))
}

/// The last request shown; `None`: not a cursor of this provider's list.
pub fn open(services: &Services, place: &[u8], cursor: &str) -> Option<RequestId> {
    let id = open_bytes(services, &[b"requests", place], cursor)?;
    Some(RequestId(Uuid::from_slice(&id).ok()?))
}
