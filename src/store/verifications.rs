//! Verifications: one row for each distinct phone of a request. Whoever saves one saves its request too (the version).

use super::{At, Json, Result, Tx, all, on, one, run};
use crate::domain::{
    ids::{RequestId, VerificationId},
    province::Province,
    words::{RequestState, VerificationState},
};

/// The verification of one phone of a request. Hashes and the sealed person are none once purged.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct VerificationRow {
    /// Its identifier.
    pub id: VerificationId,
    /// Its request.
    pub request_id: RequestId,
    /// Its place in the request, from 0.
    pub ordinal: i64,
    /// The request's province.
    pub province: Province,
    /// Keyed hash of the phone.
    pub phone_hash: Option<Vec<u8>>,
    /// The key of `phone_hash`.
    pub phone_key: String,
    /// Keyed hash of the ID tail.
    pub tail_hash: Option<Vec<u8>>,
    /// The key of `tail_hash`.
    pub tail_key: String,
    /// Keyed hash of the short link's token; none where the policy has no link.
    pub link_hash: Option<Vec<u8>>,
    /// The key of the link.
    pub link_key: Option<String>,
    /// Sealed `{phone, name}`.
    pub person: Option<Vec<u8>>,
    /// JSON pointers to the principals whose phone it is.
    pub principals: Json<Vec<String>>,
    /// How far it is.
    pub state: VerificationState,
    /// Wrong tries counted.
    pub wrong_tries: i64,
    /// Manual resends counted.
    pub manual_resends: i64,
    /// When a gateway accepted the first SMS.
    pub first_sent_at: Option<At>,
    /// From then on it is too late.
    pub expires_at: At,
    /// When the noon resend is due, if one is.
    pub noon_at: Option<At>,
    /// When it was verified.
    pub verified_at: Option<At>,
    /// When it ended, in whatever way.
    pub ended_at: Option<At>,
}

/// A verification of the phone that a visitor typed, with what a decision about it needs of its request.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Candidate {
    /// The verification itself.
    #[sqlx(flatten)]
    pub verification: VerificationRow,
    /// How far the request is.
    pub request_state: RequestState,
    /// Its policy, as JSON.
    pub policy: Option<String>,
    /// Its version.
    pub version: i64,
}

macro_rules! columns {
    () => {
        "v.id, v.request_id, v.ordinal, v.province, v.phone_hash, v.phone_key, v.tail_hash, v.tail_key, v.link_hash, \
        v.link_key, v.person, v.principals, v.state, v.wrong_tries, v.manual_resends, v.first_sent_at, v.expires_at, \
        v.noon_at, v.verified_at, v.ended_at"
    };
}
pub(super) use columns;

/// Adds a verification.
pub async fn insert(tx: &mut Tx, row: &VerificationRow) -> Result<()> {
    const INSERT: &str = "INSERT INTO verifications (id, request_id, ordinal, province, phone_hash, phone_key, tail_hash, \
        tail_key, link_hash, link_key, person, principals, state, wrong_tries, manual_resends, first_sent_at, expires_at, \
        noon_at, verified_at, ended_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)";
    run!(
        tx,
        INSERT,
        row.id,
        row.request_id,
        row.ordinal,
        row.province,
        &row.phone_hash,
        &row.phone_key,
        &row.tail_hash,
        &row.tail_key,
        &row.link_hash,
        &row.link_key,
        &row.person,
        &row.principals,
        row.state,
        row.wrong_tries,
        row.manual_resends,
        row.first_sent_at,
        row.expires_at,
        row.noon_at,
        row.verified_at,
        row.ended_at,
    )?;
    Ok(())
}

/// Saves what can change; the request's `save` guards it.
pub async fn save(tx: &mut Tx, row: &VerificationRow) -> Result<()> {
    const SAVE: &str = "UPDATE verifications SET state = $2, wrong_tries = $3, manual_resends = $4, first_sent_at = $5, \
        expires_at = $6, noon_at = $7, verified_at = $8, ended_at = $9 WHERE id = $1";
    run!(
        tx,
        SAVE,
        row.id,
        row.state,
        row.wrong_tries,
        row.manual_resends,
        row.first_sent_at,
        row.expires_at,
        row.noon_at,
        row.verified_at,
        row.ended_at,
    )?;
    Ok(())
}

/// All of a request, in their order.
pub async fn of_request(tx: &mut Tx, request: RequestId) -> Result<Vec<VerificationRow>> {
    const OF_REQUEST: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM verifications v WHERE v.request_id = $1 ORDER BY v.ordinal"
    );
    Ok(all!(tx, OF_REQUEST, request)?)
}

/// The verification of an identifier.
pub async fn load(tx: &mut Tx, id: VerificationId) -> Result<Option<VerificationRow>> {
    Ok(one!(
        tx,
        concat!(
            "SELECT ",
            columns!(),
            " FROM verifications v WHERE v.id = $1"
        ),
        id
    )?)
}

/// The verification that a short link opens.
pub async fn by_link(tx: &mut Tx, link_hash: &[u8]) -> Result<Option<VerificationRow>> {
    Ok(one!(
        tx,
        concat!(
            "SELECT ",
            columns!(),
            " FROM verifications v WHERE v.link_hash = $1"
        ),
        link_hash
    )?)
}

/// All verifications of a phone, in a province or in all, ended ones too, oldest first: one statement.
pub async fn candidates(
    tx: &mut Tx,
    phone_hash: &[u8],
    province: Option<Province>,
) -> Result<Vec<Candidate>> {
    macro_rules! candidates {
        ($where:literal) => {
            concat!(
                "SELECT ",
                columns!(),
                ", r.state AS request_state, r.policy, r.version \
                FROM verifications v JOIN filing_requests r ON r.id = v.request_id WHERE ",
                $where,
                " ORDER BY v.id"
            )
        };
    }
    const EVERYWHERE: &str = candidates!("v.phone_hash = $1");
    const IN_PROVINCE: &str = candidates!("v.phone_hash = $1 AND v.province = $2");
    Ok(match province {
        None => all!(tx, EVERYWHERE, phone_hash),
        Some(province) => all!(tx, IN_PROVINCE, phone_hash, province),
    }?)
}
