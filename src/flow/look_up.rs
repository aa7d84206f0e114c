//! Reading requests, as their provider (and a bureau) sees them.

use chrono::{DateTime, Utc};

use super::{FlowError, Result, Services, aggregate};
use crate::{
    domain::{
        ids::{ProviderId, RequestId},
        message::{SmsState, state},
        policy::Policy,
    },
    store::{
        Tx,
        events::{self, EventRow},
        filing_requests::{self, Filter, Listed, RequestRow},
        outbox::{self, MessageRow},
        verifications::{self, VerificationRow},
    },
};

pub use super::aggregate::Person;

/// More events than a request can have: 100 phones, each with a handful.
const EVENTS: i64 = 10_000;

/// A request with what its provider may see.
#[derive(Debug, Clone)]
pub struct RequestView {
    /// The request.
    pub row: RequestRow,
    /// The one that resubmits it.
    pub resubmitted_by: Option<RequestId>,
    /// Its policy; none where the province was not covered.
    pub policy: Option<Policy>,
    /// Its verifications, in their order.
    pub verifications: Vec<VerificationView>,
}

/// A verification and its person.
#[derive(Debug, Clone)]
pub struct VerificationView {
    /// The verification.
    pub row: VerificationRow,
    /// Whose phone it is; none once purged.
    pub person: Option<Person>,
    /// Its SMS, oldest first.
    pub sms: Vec<SmsView>,
}

/// How far an SMS is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmsView {
    /// How far.
    pub state: SmsState,
    /// When it was queued.
    pub queued_at: DateTime<Utc>,
    /// A ceiling or a gateway's pace keeps it back until then.
    pub held_until: Option<DateTime<Utc>>,
    /// When a gateway took it.
    pub accepted_at: Option<DateTime<Utc>>,
    /// When a receipt said that it is on the phone.
    pub delivered_at: Option<DateTime<Utc>>,
}

impl SmsView {
    /// What is told of a row at `now`.
    #[must_use]
    pub fn of(row: &MessageRow, now: DateTime<Utc>) -> Self {
        let state = state(row.state, row.accepted_at, row.receipt, now);
        let is = |wanted| state == wanted;
        Self {
            state,
            queued_at: row.queued_at,
            held_until: row.held_until.filter(|_| is(SmsState::Queued)),
            accepted_at: row.accepted_at,
            delivered_at: row.receipt_at.filter(|_| is(SmsState::Delivered)),
        }
    }
}

/// A provider's request.
///
/// # Errors
/// `NotFound`: there is none, or it is another's.
pub async fn request(
    services: &Services,
    provider: ProviderId,
    id: RequestId,
) -> Result<RequestView> {
    let mut tx = services.db.read().await?;
    let row = own(&mut tx, provider, id).await?;
    let rows = verifications::of_request(&mut tx, id).await?;
    let messages = outbox::of_request(&mut tx, id).await?;
    let resubmitted_by = filing_requests::resubmitted_by(&mut tx, id).await?;
    view(services, row, rows, &messages, resubmitted_by)
}

/// A request, whosever it is.
///
/// # Errors
/// `NotFound`: there is none.
pub async fn any(services: &Services, id: RequestId) -> Result<RequestView> {
    let mut tx = services.db.read().await?;
    let found = filing_requests::load_with_verifications(&mut tx, id).await?;
    let (row, rows) = found.ok_or(FlowError::NotFound)?;
    let messages = outbox::of_request(&mut tx, id).await?;
    let resubmitted_by = filing_requests::resubmitted_by(&mut tx, id).await?;
    view(services, row, rows, &messages, resubmitted_by)
}

/// A provider's requests before (older than) the cursor, newest first.
///
/// # Errors
/// What the database says.
pub async fn list(
    services: &Services,
    provider: ProviderId,
    filter: Filter<'_>,
    before: Option<RequestId>,
    limit: i64,
) -> Result<Vec<RequestView>> {
    let mut tx = services.db.read().await?;
    let listed = filing_requests::list(&mut tx, provider, filter, before, limit).await?;
    let mut views = Vec::with_capacity(listed.len());
    for Listed { own, verifications } in listed {
        let messages = outbox::of_request(&mut tx, own.row.id).await?;
        views.push(view(
            services,
            own.row,
            verifications,
            &messages,
            own.resubmitted_by,
        )?);
    }
    Ok(views)
}

/// What happened to a provider's request, oldest first.
///
/// # Errors
/// `NotFound`: there is none, or it is another's.
pub async fn events(
    services: &Services,
    provider: ProviderId,
    id: RequestId,
) -> Result<Vec<EventRow>> {
    let mut tx = services.db.read().await?;
    own(&mut tx, provider, id).await?;
    Ok(events::of_request(&mut tx, id, 0, EVENTS).await?)
}

async fn own(tx: &mut Tx, provider: ProviderId, id: RequestId) -> Result<RequestRow> {
    let found = filing_requests::of_provider(tx, provider, id).await?;
    found.ok_or(FlowError::NotFound)
}

/// The rows of a request as its provider sees them.
pub(super) fn view(
    services: &Services,
    row: RequestRow,
    rows: Vec<VerificationRow>,
    messages: &[MessageRow],
    resubmitted_by: Option<RequestId>,
) -> Result<RequestView> {
    let now = services.clock.now();
    let policy = aggregate::policy(row.policy.as_deref())?;
    let opened = rows.into_iter().map(|row| {
        let person = Person::open(&services.keys, &row)?;
        let own = messages.iter().filter(|one| one.verification_id == row.id);
        let sms = own.map(|message| SmsView::of(message, now)).collect();
        Ok(VerificationView { row, person, sms })
    });
    Ok(RequestView {
        policy,
        verifications: opened.collect::<Result<_>>()?,
        row,
        resubmitted_by,
    })
}
