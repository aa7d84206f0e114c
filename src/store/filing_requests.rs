//! Filing requests: one row each, its version standing for its verifications too.

mod list;

pub use list::{Filter, Listed, OwnRow, list};

use super::verifications::{self, VerificationRow};
use super::{At, Result, StoreError, Tx, all, on, one, run};
use crate::domain::{
    ids::{ProviderId, RequestId},
    province::Province,
    words::{FilingKind, RequestState, ReturnReason},
};

/// A filing request, but for its sealed content.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RequestRow {
    /// Its identifier; sorts by submission.
    pub id: RequestId,
    /// Who submitted it.
    pub provider_id: ProviderId,
    /// For which bureau.
    pub province: Province,
    /// What is filed.
    pub kind: FilingKind,
    /// The provider's own name for it, not unique.
    pub provider_reference: Option<String>,
    /// The ended request that this one submits again.
    pub resubmits: Option<RequestId>,
    /// How far it is.
    pub state: RequestState,
    /// Why it went back.
    pub return_reason: Option<ReturnReason>,
    /// What the bureau said of it.
    pub return_detail: Option<String>,
    /// The policy of the submission, as JSON; none where the province was not covered.
    pub policy: Option<String>,
    /// One verification of it is enough.
    pub one_pass: bool,
    /// When it was submitted.
    pub submitted_at: At,
    /// When its verifications were made: submission or approval.
    pub started_at: Option<At>,
    /// When it was handed over, returned or withdrawn.
    pub ended_at: Option<At>,
    /// When the bureau got it.
    pub handed_over_at: Option<At>,
    /// Raised by each change of the request or one of its verifications.
    pub version: i64,
    /// When it went.
    pub purged_at: Option<At>,
}

macro_rules! columns {
    () => {
        "id, provider_id, province, kind, provider_reference, resubmits, state, return_reason, return_detail, policy, \
        one_pass, submitted_at, started_at, ended_at, handed_over_at, version, purged_at"
    };
}
use columns;

/// Adds a request; false: the one that it resubmits has been resubmitted.
pub async fn insert(tx: &mut Tx, row: &RequestRow, content: &[u8]) -> Result<bool> {
    const INSERT: &str = concat!(
        "INSERT INTO filing_requests (",
        columns!(),
        ", content) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) \
        ON CONFLICT (resubmits) DO NOTHING"
    );
    let done = run!(
        tx,
        INSERT,
        row.id,
        row.provider_id,
        row.province,
        row.kind,
        &row.provider_reference,
        row.resubmits,
        row.state,
        row.return_reason,
        &row.return_detail,
        &row.policy,
        row.one_pass,
        row.submitted_at,
        row.started_at,
        row.ended_at,
        row.handed_over_at,
        row.version,
        row.purged_at,
        content,
    )?;
    Ok(done == 1)
}

/// Saves what can change, if nobody else has since it was loaded. Save several in the order of their identifiers.
///
/// # Errors
/// `Conflict` when somebody has, else those of the database.
pub async fn save(tx: &mut Tx, row: &mut RequestRow) -> Result<()> {
    const SAVE: &str = "UPDATE filing_requests SET state = $3, return_reason = $4, return_detail = $5, started_at = $6, \
        ended_at = $7, handed_over_at = $8, version = version + 1 WHERE id = $1 AND version = $2";
    let done = run!(
        tx,
        SAVE,
        row.id,
        row.version,
        row.state,
        row.return_reason,
        &row.return_detail,
        row.started_at,
        row.ended_at,
        row.handed_over_at,
    )?;
    if done == 0 {
        return Err(StoreError::Conflict);
    }
    row.version += 1;
    Ok(())
}

/// Keeps others from changing a request until the end of this transaction, and changes nothing of it.
pub async fn lock(tx: &mut Tx, id: RequestId) -> Result<()> {
    const LOCK: &str = "UPDATE filing_requests SET version = version WHERE id = $1";
    run!(tx, LOCK, id)?;
    Ok(())
}

/// The request of an identifier.
pub async fn load(tx: &mut Tx, id: RequestId) -> Result<Option<RequestRow>> {
    Ok(one!(
        tx,
        concat!("SELECT ", columns!(), " FROM filing_requests WHERE id = $1"),
        id
    )?)
}

/// The request with all of its verifications.
pub async fn load_with_verifications(
    tx: &mut Tx,
    id: RequestId,
) -> Result<Option<(RequestRow, Vec<VerificationRow>)>> {
    Ok(match load(tx, id).await? {
        Some(request) => Some((request, verifications::of_request(tx, id).await?)),
        None => None,
    })
}

/// The request of an identifier, if it is this provider's.
pub async fn of_provider(
    tx: &mut Tx,
    provider: ProviderId,
    id: RequestId,
) -> Result<Option<RequestRow>> {
    const OWN: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM filing_requests WHERE id = $1 AND provider_id = $2"
    );
    Ok(one!(tx, OWN, id, provider)?)
}

/// The request that resubmits this one.
pub async fn resubmitted_by(tx: &mut Tx, id: RequestId) -> Result<Option<RequestId>> {
    const BY: &str = "SELECT id FROM filing_requests WHERE resubmits = $1";
    let row: Option<(RequestId,)> = one!(tx, BY, id)?;
    Ok(row.map(|(id,)| id))
}

/// The whole filing as submitted, sealed; none once purged.
pub async fn content(tx: &mut Tx, id: RequestId) -> Result<Option<Vec<u8>>> {
    let row: Option<(Option<Vec<u8>>,)> =
        one!(tx, "SELECT content FROM filing_requests WHERE id = $1", id)?;
    Ok(row.and_then(|(content,)| content))
}

/// The requests that their providers call so, newest first.
pub async fn by_reference(tx: &mut Tx, reference: &str, limit: i64) -> Result<Vec<RequestRow>> {
    const BY_REFERENCE: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM filing_requests WHERE provider_reference = $1 ORDER BY id DESC LIMIT $2"
    );
    Ok(all!(tx, BY_REFERENCE, reference, limit)?)
}

/// The same of one province.
pub async fn by_reference_in(
    tx: &mut Tx,
    reference: &str,
    province: Province,
    limit: i64,
) -> Result<Vec<RequestRow>> {
    const BY_REFERENCE: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM filing_requests WHERE provider_reference = $1 AND province = $2 ORDER BY id DESC LIMIT $3"
    );
    Ok(all!(tx, BY_REFERENCE, reference, province, limit)?)
}

/// The newest requests, whosever they are: a sandbox's desk shows them.
pub async fn newest(tx: &mut Tx, limit: i64) -> Result<Vec<RequestId>> {
    const NEWEST: &str = "SELECT id FROM filing_requests ORDER BY id DESC LIMIT $1";
    let rows: Vec<(RequestId,)> = all!(tx, NEWEST, limit)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// What a bureau has been handed, newest first.
pub async fn handed_over(tx: &mut Tx, province: Province, limit: i64) -> Result<Vec<RequestRow>> {
    const HANDED_OVER: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM filing_requests WHERE province = $1 AND state = 'handed_over' ORDER BY handed_over_at DESC LIMIT $2"
    );
    Ok(all!(tx, HANDED_OVER, province, limit)?)
}
