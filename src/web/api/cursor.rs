//! The cursor of a list: the last request shown, sealed, so that providers neither read nor make one. It is bound to the
//! provider and the filters; with others, or altered, it does not open.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::{
    domain::{
        ids::{ProviderId, RequestId},
        province::Province,
        words::RequestState,
    },
    flow::Services,
    keys::Purpose,
    store::filing_requests::Filter,
};

/// A sealed identifier under the longest key name is shorter; longer ones are not even decoded.
const LONGEST: usize = 160;

/// The cursor behind `last`.
pub fn seal(services: &Services, provider: ProviderId, filter: Filter, last: RequestId) -> String {
    let sealed = services.keys.seal_for(
        Purpose::Cursor,
        &place(&provider, filter),
        last.0.as_bytes(),
        &services.random,
    );
    URL_SAFE_NO_PAD.encode(sealed)
}

/// The last request shown; `None`: not a cursor of this provider's list.
pub fn open(
    services: &Services,
    provider: ProviderId,
    filter: Filter,
    cursor: &str,
) -> Option<RequestId> {
    if cursor.len() > LONGEST {
        return None;
    }
    let sealed = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let place = place(&provider, filter);
    let id = services
        .keys
        .open_for(Purpose::Cursor, &place, &sealed)
        .ok()?;
    Some(RequestId(Uuid::from_slice(&id).ok()?))
}

fn place(provider: &ProviderId, filter: Filter) -> [&[u8]; 3] {
    [
        provider.0.as_bytes(),
        filter.state.map_or("", RequestState::as_str).as_bytes(),
        filter.province.map_or("", Province::slug).as_bytes(),
    ]
}
