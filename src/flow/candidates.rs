//! The verifications of a phone that a visitor typed.

use super::{
    Result, Services,
    aggregate::{self, Loaded, Person},
    hashes,
};
use crate::{
    domain::{
        id_document::IdTail, phone::Phone, policy::Policy, province::Province, words::RequestState,
    },
    store::{
        StoreError, Tx,
        verifications::{self, Candidate},
    },
};

/// All verifications of a phone, of a province or of all, ended ones included, oldest first.
pub(super) async fn of_phone(
    tx: &mut Tx,
    services: &Services,
    phone: &Phone,
    province: Option<Province>,
) -> Result<Vec<Candidate>> {
    let mut found = Vec::new();
    for hash in hashes::phones(&services.keys, phone) {
        found.extend(verifications::candidates(tx, &hash.value, province).await?);
    }
    found.sort_by_key(|one| one.verification.id);
    Ok(found)
}

/// Pending, in time, and its request verifying.
pub(super) fn is_live(one: &Candidate, now: chrono::DateTime<chrono::Utc>) -> bool {
    one.request_state == RequestState::Verifying
        && one.verification.state == crate::domain::words::VerificationState::Pending
        && now < one.verification.expires_at
}

/// Whether the tail typed is this one's.
pub(super) fn tail_is(services: &Services, one: &Candidate, tail: &IdTail) -> Result<bool> {
    hashes::tail_is(&services.keys, &one.verification, tail)
}

/// The policy of a candidate's request, and its person's name.
pub(super) fn of_request(
    services: &Services,
    one: &Candidate,
) -> Result<(Option<Policy>, Option<String>)> {
    let policy = aggregate::policy(one.policy.as_deref())?;
    let person = Person::open(&services.keys, &one.verification)?;
    Ok((policy, person.map(|person| person.name)))
}

/// The whole request of a candidate, as it was when the candidate was judged.
///
/// # Errors
/// `Conflict`: somebody else changed it in between.
pub(super) async fn load(tx: &mut Tx, one: &Candidate) -> Result<Loaded> {
    let loaded = aggregate::load(tx, one.verification.request_id).await?;
    if loaded.row.version == one.version {
        Ok(loaded)
    } else {
        Err(StoreError::Conflict.into())
    }
}
