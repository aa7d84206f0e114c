//! The verifications of a phone that a visitor typed.

use super::{
    Result, Services,
    aggregate::{self, Loaded, Person},
    hashes,
};
use crate::{
    domain::{
        id_document::IdTail,
        ids::VerificationId,
        phone::Phone,
        policy::Policy,
        province::Province,
        words::{RequestState, VerificationState},
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
    // a rotation moves hashes to the index key, so that one is asked last: better found twice than missed on its way
    for hash in hashes::phones(&services.keys, phone).iter().rev() {
        found.extend(verifications::candidates(tx, &hash.value, province).await?);
    }
    found.sort_by_key(|one| one.verification.id);
    found.dedup_by_key(|one| one.verification.id);
    Ok(found)
}

/// Pending, in time, and its request verifying.
pub(super) fn is_live(one: &Candidate, now: chrono::DateTime<chrono::Utc>) -> bool {
    one.request_state == RequestState::Verifying
        && one.verification.state == VerificationState::Pending
        && now < one.verification.expires_at
}

/// Whether the tail typed is each one's. An unknown phone takes as much hashing as a known one.
pub(super) fn tails_right(
    services: &Services,
    found: &[Candidate],
    tail: &IdTail,
) -> Result<Vec<bool>> {
    if found.is_empty() {
        let nobody = VerificationId(uuid::Uuid::nil());
        std::hint::black_box(hashes::tail(&services.keys, nobody, tail));
    }
    let tails = found
        .iter()
        .map(|one| hashes::tail_is(&services.keys, &one.verification, tail));
    tails.collect()
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
