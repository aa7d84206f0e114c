//! The short link in the SMS: one per verification, the same in each of its SMS; it opens when ended too, until purged.

use chrono::{DateTime, Utc};

use super::{
    FlowError, Result, Services,
    aggregate::{self, Person},
    hashes,
    told::Standing,
};
use crate::{
    domain::{phone::Phone, policy::Policy, province::Province, words::VerificationState},
    store::verifications,
};

/// What a link opens: the page fills in bureau and phone.
#[derive(Debug, Clone)]
pub struct Link {
    /// Whose bureau.
    pub province: Province,
    /// Whose phone; shown masked.
    pub phone: Phone,
    /// The request's policy.
    pub policy: Policy,
    /// How far the verification is.
    pub state: VerificationState,
    /// Until when it can be answered, if it can.
    pub deadline: Option<DateTime<Utc>>,
    /// How far its request is.
    pub standing: Standing,
}

/// Opens a link; none: there is no such link, or it has been purged.
///
/// # Errors
/// What the database or the keys say.
pub async fn open(services: &Services, token: &str) -> Result<Option<Link>> {
    let mut tx = services.db.read().await?;
    let mut found = None;
    for hash in hashes::links(&services.keys, token) {
        if found.is_none() {
            found = verifications::by_link(&mut tx, &hash.value).await?;
        }
    }
    let Some(row) = found else { return Ok(None) };
    let Some(person) = Person::open(&services.keys, &row)? else {
        return Ok(None);
    };
    let loaded = aggregate::load(&mut tx, row.request_id).await?;
    let standing = Standing::of(&loaded.request);
    let policy = loaded.request.policy;
    let pending = row.state == VerificationState::Pending && services.clock.now() < row.expires_at;
    Ok(Some(Link {
        province: row.province,
        phone: person.phone,
        policy: policy.ok_or_else(|| FlowError::Corrupt("a verification without policy".into()))?,
        state: row.state,
        deadline: pending.then_some(row.expires_at),
        standing,
    }))
}
