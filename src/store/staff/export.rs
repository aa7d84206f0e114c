//! Lists taken away as files: the requests submitted within a time, of one bureau or of all, in one state or in any.

use super::desk::{DeskRow, rows};
use crate::{
    domain::{ids::RequestId, province::Province, words::RequestState},
    store::{Result, Tx, all, on},
};

/// Requests of a time (identifiers rise with it) from `from` on and before `to`, oldest first.
pub async fn requests(
    tx: &mut Tx,
    province: Option<Province>,
    state: Option<RequestState>,
    (from, to): (RequestId, RequestId),
    limit: i64,
) -> Result<Vec<DeskRow>> {
    const ALL: &str = rows!("r.id >= $1 AND r.id < $2 ORDER BY r.id LIMIT $3");
    const STATE: &str = rows!("r.id >= $1 AND r.id < $2 AND r.state = $4 ORDER BY r.id LIMIT $3");
    const OWN: &str = rows!("r.province = $4 AND r.id >= $1 AND r.id < $2 ORDER BY r.id LIMIT $3");
    const OWN_STATE: &str = rows!(
        "r.province = $4 AND r.id >= $1 AND r.id < $2 AND r.state = $5 ORDER BY r.id LIMIT $3"
    );
    Ok(match (province, state) {
        (None, None) => all!(tx, ALL, from, to, limit)?,
        (None, Some(state)) => all!(tx, STATE, from, to, limit, state)?,
        (Some(province), None) => all!(tx, OWN, from, to, limit, province)?,
        (Some(province), Some(state)) => all!(tx, OWN_STATE, from, to, limit, province, state)?,
    })
}
