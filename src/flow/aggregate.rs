//! A request with its verifications between the database and the domain: loaded whole, saved where it changed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{FlowError, Result, Services, audit, notify};
use crate::{
    domain::{
        event::{Actor, Event},
        ids::{RequestId, VerificationId},
        phone::Phone,
        policy::Policy,
        request::Request,
        text::redacted_debug,
        verification::Verification,
        words::VerificationState,
    },
    keys::{Cell, Keys},
    random::Random,
    store::{
        Tx,
        filing_requests::{self, RequestRow},
        outbox,
        verifications::{self, VerificationRow},
    },
};

/// A request as loaded; `request` is what transitions change.
pub struct Loaded {
    /// The request's row.
    pub row: RequestRow,
    /// Its verifications' rows, in the order of `request.verifications`.
    pub rows: Vec<VerificationRow>,
    /// What the domain makes of them.
    pub request: Request,
}

/// Whose phone a verification is; stored sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The number.
    pub phone: Phone,
    /// The name of the first principal with it.
    pub name: String,
}

redacted_debug!(Person);

impl Person {
    /// Sealed for its verification's row.
    ///
    /// # Errors
    /// None that a person could cause.
    pub fn seal(&self, keys: &Keys, random: &Random, id: VerificationId) -> Result<Vec<u8>> {
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(self)?);
        Ok(keys.seal(person_cell(&id), &plain, random))
    }

    /// The person of a verification; none once purged.
    ///
    /// # Errors
    /// `Key` or `Corrupt`: the stored value does not open.
    pub fn open(keys: &Keys, row: &VerificationRow) -> Result<Option<Self>> {
        let Some(sealed) = &row.person else {
            return Ok(None);
        };
        let plain = keys.open(person_cell(&row.id), sealed)?;
        Ok(Some(serde_json::from_slice(&plain)?))
    }
}

fn person_cell(id: &VerificationId) -> Cell<'_> {
    Cell {
        table: "verifications",
        column: "person",
        row: id.0.as_bytes(),
    }
}

/// Loads a request with its verifications.
///
/// # Errors
/// `NotFound`, or what the database says.
pub async fn load(tx: &mut Tx, id: RequestId) -> Result<Loaded> {
    let found = filing_requests::load_with_verifications(tx, id).await?;
    let (row, rows) = found.ok_or(FlowError::NotFound)?;
    let request = Request {
        kind: row.kind,
        state: row.state,
        return_reason: row.return_reason,
        return_detail: row.return_detail.clone(),
        policy: policy(row.policy.as_deref())?,
        one_pass: row.one_pass,
        started_at: row.started_at,
        ended_at: row.ended_at,
        handed_over_at: row.handed_over_at,
        verifications: rows.iter().map(from_row).collect::<Result<_>>()?,
    };
    Ok(Loaded { row, rows, request })
}

/// The policy kept with a request.
///
/// # Errors
/// `Corrupt`: it does not read.
pub fn policy(stored: Option<&str>) -> Result<Option<Policy>> {
    Ok(stored.map(serde_json::from_str).transpose()?)
}

/// Saves what a transition changed, writes its events, and takes back the messages of what has ended. Save several
/// requests in the order of their identifiers.
///
/// # Errors
/// `Conflict` when somebody else changed the request in the meantime.
pub async fn save(
    tx: &mut Tx,
    services: &Services,
    loaded: &mut Loaded,
    happened: &[Event],
    actor: Actor,
    now: DateTime<Utc>,
) -> Result<()> {
    apply_request(&mut loaded.row, &loaded.request);
    filing_requests::save(tx, &mut loaded.row).await?;
    for (row, verification) in loaded.rows.iter_mut().zip(&loaded.request.verifications) {
        let before = row.clone();
        apply(row, verification);
        if *row == before {
            continue;
        }
        verifications::save(tx, row).await?;
        if before.state == VerificationState::Pending && row.state != before.state {
            outbox::cancel_of_verification(tx, row.id, now).await?;
        }
    }
    record(tx, services, loaded.row.id, happened, actor, now).await
}

/// Writes events into the log, and queues what the provider is told of them: the request must be stored whole by then.
///
/// # Errors
/// What the database says.
pub async fn record(
    tx: &mut Tx,
    services: &Services,
    request: RequestId,
    happened: &[Event],
    actor: Actor,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut told = Vec::new();
    for event in happened {
        let number = audit::append(tx, services, request, event, actor, now).await?;
        services.metrics.event(event.what);
        if event.what.is_told() {
            told.push((number, event));
        }
    }
    notify::queue(tx, services, request, &told, now).await
}

/// What a transition may have changed of the request.
pub(super) fn apply_request(row: &mut RequestRow, request: &Request) {
    row.state = request.state;
    row.return_reason = request.return_reason;
    row.return_detail.clone_from(&request.return_detail);
    row.started_at = request.started_at;
    row.ended_at = request.ended_at;
    row.handed_over_at = request.handed_over_at;
}

/// What a transition may have changed of a verification.
fn apply(row: &mut VerificationRow, verification: &Verification) {
    row.state = verification.state;
    row.wrong_tries = verification.wrong_tries.into();
    row.manual_resends = verification.manual_resends.into();
    row.first_sent_at = verification.first_sent_at;
    row.expires_at = verification.expires_at;
    row.noon_at = verification.noon_at;
    row.verified_at = verification.verified_at;
    row.ended_at = verification.ended_at;
}

fn from_row(row: &VerificationRow) -> Result<Verification> {
    let count =
        |n: i64| u32::try_from(n).map_err(|_| FlowError::Corrupt("a negative count".into()));
    Ok(Verification {
        id: row.id,
        state: row.state,
        wrong_tries: count(row.wrong_tries)?,
        manual_resends: count(row.manual_resends)?,
        first_sent_at: row.first_sent_at,
        expires_at: row.expires_at,
        noon_at: row.noon_at,
        verified_at: row.verified_at,
        ended_at: row.ended_at,
    })
}
