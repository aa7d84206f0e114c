//! The cursor of a list: the last request shown, sealed, so that providers neither read nor make one. It is bound to the
//! provider and the filters; with others, or altered, it does not open.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    domain::{
        delivery::DeliveryState,
        ids::{ProviderId, RequestId},
        province::Province,
        words::RequestState,
    },
    flow::Services,
    keys::Purpose,
    store::{filing_requests::Filter, webhooks::DeliveryFilter},
};

/// A sealed identifier under the longest key name is shorter; longer ones are not even decoded.
const LONGEST: usize = 160;

/// The cursor behind `last`.
pub fn seal(services: &Services, provider: ProviderId, filter: Filter, last: RequestId) -> String {
    seal_bytes(services, &place(&provider, filter), last.0.as_bytes())
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
pub fn open(
    services: &Services,
    provider: ProviderId,
    filter: Filter,
    cursor: &str,
) -> Option<RequestId> {
    let id = open_bytes(services, &place(&provider, filter), cursor)?;
    Some(RequestId(Uuid::from_slice(&id).ok()?))
}

fn place(provider: &ProviderId, filter: Filter) -> [&[u8]; 3] {
    [
        provider.0.as_bytes(),
        filter.state.map_or("", RequestState::as_str).as_bytes(),
        filter.province.map_or("", Province::slug).as_bytes(),
    ]
}
