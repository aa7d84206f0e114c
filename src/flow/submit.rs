//! A provider submits a filing request: judged, stored, its SMS queued — one transaction.

mod idempotency;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

pub use idempotency::IdempotencyKey;

use super::{
    FlowError, Result, Services,
    aggregate::{self, Person},
    hashes,
    look_up::{self, RequestView},
    message, retry,
};
use crate::{
    domain::{
        event::Actor,
        filing::{FieldError, Filing, FilingDraft, Task},
        ids::{ProviderId, RequestId, VerificationId},
        policy::Policy,
        request::Request,
        verification::Verification,
        words::{MessageKind, RequestState},
    },
    keys::{Cell, Hash},
    store::{
        Json, Tx, filing_phones,
        filing_requests::{self, RequestRow},
        imports,
        verifications::{self, VerificationRow},
    },
};

/// Submits a filing request. With an idempotency key the same call again answers the same request.
///
/// # Errors
/// `Invalid` with all broken rules; `OtherBody` and `StillRunning` of the idempotency key; what the database says.
pub async fn submit(
    services: &Services,
    provider: ProviderId,
    draft: FilingDraft,
    idempotency: Option<IdempotencyKey>,
) -> Result<RequestView> {
    let now = services.clock.now();
    let key = match &idempotency {
        None => None,
        Some(key) => match idempotency::begin(services, provider, key, now).await? {
            idempotency::Begun::Done(id) => return look_up::request(services, provider, id).await,
            idempotency::Begun::Ours(ours) => Some(ours),
        },
    };
    let once = key.map_or(Once::Unmarked, Once::Key);
    match (file(services, provider, draft, once, now).await, key) {
        (Ok(id), _) => look_up::request(services, provider, id).await,
        (Err(error), Some(key)) => {
            idempotency::release(services, provider, key).await?;
            Err(error)
        }
        (Err(error), None) => Err(error),
    }
}

/// What is noted with a request, so that it is not filed twice.
#[derive(Clone)]
pub(super) enum Once {
    /// Nothing.
    Unmarked,
    /// The idempotency key that it came with.
    Key(idempotency::Ours),
    /// Where it stands in an imported file.
    Row {
        /// The file's digest, hashed.
        file: Hash,
        /// Its first row there.
        first_row: i64,
    },
}

/// Files a request: judged, then stored.
pub(super) async fn file(
    services: &Services,
    provider: ProviderId,
    draft: FilingDraft,
    once: Once,
    now: DateTime<Utc>,
) -> Result<RequestId> {
    let resubmits = draft.resubmits.as_deref();
    let resubmits = resubmits.and_then(|id| id.trim().parse().ok());
    let judged = match judge(services, draft, now) {
        Ok(judged) => Arc::new(judged),
        Err(errors) => return Err(refused(services, provider, resubmits, errors).await),
    };
    let id = retry(services, move |services| {
        store(services, provider, judged.clone(), once.clone(), now)
    })
    .await?;
    services.wake.notify_one();
    Ok(id)
}

/// A filing that obeys the rules, and the policy that it came under.
struct Judged {
    filing: Filing,
    policy: Option<Arc<Policy>>,
}

fn judge(
    services: &Services,
    draft: FilingDraft,
    now: DateTime<Utc>,
) -> Result<Judged, Vec<FieldError>> {
    let policy = services.timeline.at(draft.province, now).cloned();
    let filing = Filing::parse(draft, policy.as_deref())?;
    Ok(Judged { filing, policy })
}

async fn store(
    services: Services,
    provider: ProviderId,
    judged: Arc<Judged>,
    once: Once,
    now: DateTime<Utc>,
) -> Result<RequestId> {
    let Judged { filing, policy } = &*judged;
    let mut tx = services.db.write().await?;
    may_resubmit(&mut tx, provider, filing.resubmits).await?;

    let id = RequestId::new(now, services.random.bytes());
    let tasks = policy
        .as_ref()
        .map_or_else(Vec::new, |policy| filing.tasks(policy));
    let ids = new_ids(&services, tasks.len(), now);
    let snapshot = policy.as_deref().cloned();
    let (request, events) = Request::submitted(filing.kind, snapshot, filing.one_pass(), &ids, now);
    let mut row = RequestRow {
        id,
        provider_id: provider,
        province: filing.province,
        kind: filing.kind,
        provider_reference: filing.provider_reference.clone(),
        resubmits: filing.resubmits,
        state: request.state,
        return_reason: None,
        return_detail: None,
        policy: policy.as_deref().map(serde_json::to_string).transpose()?,
        one_pass: request.one_pass,
        submitted_at: now,
        started_at: None,
        ended_at: None,
        handed_over_at: None,
        version: 1,
        purged_at: None,
    };
    aggregate::apply_request(&mut row, &request);
    let plain = Zeroizing::new(serde_json::to_vec(filing)?);
    let content = services
        .keys
        .seal(content_cell(&id), &plain, &services.random);
    if !filing_requests::insert(&mut tx, &row, &content).await? {
        return Err(not_to_be_resubmitted(RESUBMITTED));
    }
    start(&mut tx, &services, &row, &request, &tasks, now).await?;
    // none is verified yet while the bureau reviews the number
    let is_started = !request.verifications.is_empty();
    let verified = if is_started { &tasks[..] } else { &[] };
    for phone in filing.phones_beside(verified) {
        let hash = hashes::phone(&services.keys, phone);
        filing_phones::insert(&mut tx, &hash.value, id, hash.key.as_str()).await?;
    }
    aggregate::record(&mut tx, &services, id, &events, Actor::Provider, now).await?;
    match once {
        Once::Unmarked => {}
        Once::Key(ours) => idempotency::finish(&mut tx, provider, ours, id).await?,
        Once::Row { file, first_row } => {
            let row = imports::Row {
                provider_id: provider,
                file_hash: &file.value,
                first_row,
            };
            if !imports::insert(&mut tx, row, file.key.as_str(), id).await? {
                return Err(FlowError::Imported);
            }
        }
    }
    tx.commit().await?;
    Ok(id)
}

/// Identifiers for so many verifications.
pub(super) fn new_ids(
    services: &Services,
    count: usize,
    now: DateTime<Utc>,
) -> Vec<VerificationId> {
    (0..count)
        .map(|_| VerificationId::new(now, services.random.bytes()))
        .collect()
}

/// Stores the verifications that a request has just been given, and queues their first SMS.
pub(super) async fn start(
    tx: &mut Tx,
    services: &Services,
    row: &RequestRow,
    request: &Request,
    tasks: &[Task],
    now: DateTime<Utc>,
) -> Result<()> {
    let Some(policy) = &request.policy else {
        return Ok(());
    };
    for (ordinal, (verification, task)) in request.verifications.iter().zip(tasks).enumerate() {
        let person = Person {
            phone: task.phone.clone(),
            name: task.name.clone(),
        };
        let row = new_row(services, row, policy, verification, ordinal, task, &person)?;
        verifications::insert(tx, &row).await?;
        message::enqueue(tx, services, policy, &row, &person, MessageKind::First, now).await?;
    }
    Ok(())
}

fn new_row(
    services: &Services,
    request: &RequestRow,
    policy: &Policy,
    verification: &Verification,
    ordinal: usize,
    task: &Task,
    person: &Person,
) -> Result<VerificationRow> {
    let keys = &services.keys;
    let id = verification.id;
    let phone = hashes::phone(keys, &task.phone);
    let tail = hashes::tail(keys, id, &task.id_tail);
    let link = if policy.short_link {
        let token = keys.link_token(id.0.as_bytes(), keys.index())?;
        Some(hashes::link(keys, &token))
    } else {
        None
    };
    Ok(VerificationRow {
        id,
        request_id: request.id,
        ordinal: i64::try_from(ordinal).unwrap_or(i64::MAX),
        province: request.province,
        phone_hash: Some(phone.value.into()),
        phone_key: phone.key.to_string(),
        tail_hash: Some(tail.value.into()),
        tail_key: tail.key.to_string(),
        link_key: link.as_ref().map(|link| link.key.to_string()),
        link_hash: link.map(|link| link.value.into()),
        person: Some(person.seal(keys, &services.random, id)?),
        principals: Json(task.principals.clone()),
        state: verification.state,
        wrong_tries: 0,
        manual_resends: 0,
        first_sent_at: None,
        expires_at: verification.expires_at,
        noon_at: None,
        verified_at: None,
        ended_at: None,
    })
}

/// Where a request's whole filing is sealed.
pub(super) fn content_cell(id: &RequestId) -> Cell<'_> {
    Cell {
        table: "filing_requests",
        column: "content",
        row: id.0.as_bytes(),
    }
}

/// All that is wrong with a filing, what only the database knows of it included.
async fn refused(
    services: &Services,
    provider: ProviderId,
    resubmits: Option<RequestId>,
    mut errors: Vec<FieldError>,
) -> FlowError {
    let known = async {
        let mut tx = services.db.read().await?;
        may_resubmit(&mut tx, provider, resubmits).await
    };
    match known.await {
        Ok(()) => {}
        Err(FlowError::Invalid(more)) => errors.extend(more),
        Err(error) => return error,
    }
    FlowError::Invalid(errors)
}

const RESUBMITTED: &str = "has been resubmitted already";

/// `resubmits` names one of the provider's own requests, returned or withdrawn and not yet resubmitted.
async fn may_resubmit(tx: &mut Tx, provider: ProviderId, old: Option<RequestId>) -> Result<()> {
    let Some(old) = old else { return Ok(()) };
    match filing_requests::of_provider(tx, provider, old).await? {
        None => Err(not_to_be_resubmitted("is none of your requests")),
        Some(row) => match row.state {
            RequestState::Returned | RequestState::Withdrawn => {
                if filing_requests::resubmitted_by(tx, old).await?.is_some() {
                    return Err(not_to_be_resubmitted(RESUBMITTED));
                }
                Ok(())
            }
            state => Err(not_to_be_resubmitted(&format!(
                "is {state}: only a returned or withdrawn request can be resubmitted"
            ))),
        },
    }
}

fn not_to_be_resubmitted(why: &str) -> FlowError {
    FlowError::Invalid(vec![FieldError {
        pointer: "/resubmits".into(),
        detail: why.into(),
    }])
}
