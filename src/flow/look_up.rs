//! Reading requests, as their provider (and a bureau) sees them.

use super::{FlowError, Result, Services, aggregate};
use crate::{
    domain::{
        ids::{ProviderId, RequestId},
        policy::Policy,
    },
    store::{
        Tx,
        events::{self, EventRow},
        filing_requests::{self, Filter, RequestRow},
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
    view(services, row, rows)
}

/// A request, whosever it is.
///
/// # Errors
/// `NotFound`: there is none.
pub async fn any(services: &Services, id: RequestId) -> Result<RequestView> {
    let mut tx = services.db.read().await?;
    let found = filing_requests::load_with_verifications(&mut tx, id).await?;
    let (row, rows) = found.ok_or(FlowError::NotFound)?;
    view(services, row, rows)
}

/// A provider's requests before (older than) the cursor, newest first.
///
/// # Errors
/// What the database says.
pub async fn list(
    services: &Services,
    provider: ProviderId,
    filter: Filter,
    before: Option<RequestId>,
    limit: i64,
) -> Result<Vec<RequestView>> {
    let mut tx = services.db.read().await?;
    let listed = filing_requests::list(&mut tx, provider, filter, before, limit).await?;
    drop(tx);
    let views = listed
        .into_iter()
        .map(|(row, rows)| view(services, row, rows));
    views.collect()
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
) -> Result<RequestView> {
    let policy = aggregate::policy(row.policy.as_deref())?;
    let opened = rows.into_iter().map(|row| {
        let person = Person::open(&services.keys, &row)?;
        Ok(VerificationView { row, person })
    });
    Ok(RequestView {
        policy,
        verifications: opened.collect::<Result<_>>()?,
        row,
    })
}
