//! What the console shows: the queue of handed-over requests, changed numbers under review, contacts that passed. Each
//! list is of one bureau or of all; a page of it is so many rows after so many.

use crate::{
    domain::{
        ids::{RequestId, VerificationId},
        province::Province,
        words::{FilingKind, RequestState, ReturnReason},
    },
    store::{At, Json, Result, Tx, all, on, one, run},
};

/// A request as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct DeskRow {
    /// Its identifier.
    pub id: RequestId,
    /// For which bureau.
    pub province: Province,
    /// What is filed.
    pub kind: FilingKind,
    /// Who submitted it.
    pub provider: String,
    /// The provider's own name for it.
    pub provider_reference: Option<String>,
    /// How far it is.
    pub state: RequestState,
    /// Why it went back.
    pub return_reason: Option<ReturnReason>,
    /// When it was submitted.
    pub submitted_at: At,
    /// When it ended.
    pub ended_at: Option<At>,
    /// When the bureau got it.
    pub handed_over_at: Option<At>,
    /// When the bureau took it up.
    pub accepted_at: Option<At>,
}

/// A contact that passed.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ContactRow {
    /// The verification.
    pub id: VerificationId,
    /// Its request.
    pub request_id: RequestId,
    /// For which bureau.
    pub province: Province,
    /// Sealed `{phone, name}`.
    pub person: Option<Vec<u8>>,
    /// JSON pointers to the principals whose phone it is.
    pub principals: Json<Vec<String>>,
    /// When it passed.
    pub verified_at: At,
}

macro_rules! rows {
    ($where:literal) => {
        concat!(
            "SELECT r.id, r.province, r.kind, p.name AS provider, r.provider_reference, r.state, r.return_reason, \
            r.submitted_at, r.ended_at, r.handed_over_at, r.accepted_at \
            FROM filing_requests r JOIN providers p ON p.id = r.provider_id WHERE ",
            $where
        )
    };
}
pub(super) use rows;

/// The request of an identifier.
pub async fn load(tx: &mut Tx, id: RequestId) -> Result<Option<DeskRow>> {
    Ok(one!(tx, rows!("r.id = $1"), id)?)
}

/// Handed over and not taken up yet, the oldest first.
pub async fn queue(
    tx: &mut Tx,
    province: Option<Province>,
    (limit, offset): (i64, i64),
) -> Result<Vec<DeskRow>> {
    const ALL: &str = rows!(
        "r.state = 'handed_over' AND r.accepted_at IS NULL ORDER BY r.handed_over_at, r.id LIMIT $1 OFFSET $2"
    );
    const OWN: &str = rows!(
        "r.province = $3 AND r.state = 'handed_over' AND r.accepted_at IS NULL \
        ORDER BY r.handed_over_at, r.id LIMIT $1 OFFSET $2"
    );
    Ok(match province {
        None => all!(tx, ALL, limit, offset)?,
        Some(province) => all!(tx, OWN, limit, offset, province)?,
    })
}

/// Changed numbers that wait for the bureau's answer, the oldest first.
pub async fn reviews(
    tx: &mut Tx,
    province: Option<Province>,
    (limit, offset): (i64, i64),
) -> Result<Vec<DeskRow>> {
    const ALL: &str = rows!("r.state = 'awaiting_phone_review' ORDER BY r.id LIMIT $1 OFFSET $2");
    const OWN: &str = rows!(
        "r.province = $3 AND r.state = 'awaiting_phone_review' ORDER BY r.id LIMIT $1 OFFSET $2"
    );
    Ok(match province {
        None => all!(tx, ALL, limit, offset)?,
        Some(province) => all!(tx, OWN, limit, offset, province)?,
    })
}

/// Contacts that passed, the newest first.
pub async fn contacts(
    tx: &mut Tx,
    province: Option<Province>,
    (limit, offset): (i64, i64),
) -> Result<Vec<ContactRow>> {
    macro_rules! contacts {
        ($where:literal) => {
            concat!(
                "SELECT v.id, v.request_id, v.province, v.person, v.principals, v.verified_at FROM verifications v WHERE ",
                $where,
                "v.verified_at IS NOT NULL AND v.person IS NOT NULL \
                ORDER BY v.verified_at DESC, v.id DESC LIMIT $1 OFFSET $2"
            )
        };
    }
    Ok(match province {
        None => all!(tx, contacts!(""), limit, offset)?,
        Some(province) => all!(
            tx,
            contacts!("v.province = $3 AND "),
            limit,
            offset,
            province
        )?,
    })
}

/// The bureau takes a request up (已受理); false: it is not in the queue (any more).
pub async fn accept(tx: &mut Tx, id: RequestId, now: At) -> Result<bool> {
    const ACCEPT: &str = "UPDATE filing_requests SET accepted_at = $2, version = version + 1 \
        WHERE id = $1 AND state = 'handed_over' AND accepted_at IS NULL";
    Ok(run!(tx, ACCEPT, id, now)? == 1)
}
