//! Idempotency keys of the provider API, each provider's its own.

use super::{At, Result, Tx, on, one, run};
use crate::domain::ids::{ProviderId, RequestId};

/// A provider's key, hashed.
#[derive(Debug, Clone, Copy)]
pub struct Key<'a> {
    /// Whose it is.
    pub provider_id: ProviderId,
    /// Keyed hash of the header's value.
    pub key_hash: &'a [u8],
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct KeyRow {
    /// The key of the hashes.
    pub key_id: String,
    /// Keyed hash of the first call's body.
    pub body_digest: Vec<u8>,
    /// What the first call made; none while it runs.
    pub request_id: Option<RequestId>,
    /// Until when it may run.
    pub lease_until: Option<At>,
    /// From then on the key is as good as new.
    pub expires_at: At,
}

/// A first call, about to run.
#[derive(Debug, Clone, Copy)]
pub struct Begin<'a> {
    /// The key of the hashes.
    pub key_id: &'a str,
    /// Keyed hash of the body.
    pub body_digest: &'a [u8],
    /// When.
    pub now: At,
    /// When another call may take it for lost.
    pub lease_until: At,
    /// Until when the key is kept.
    pub expires_at: At,
}

/// How a call stands to its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It is the first (or the first was lost): run it.
    Ours,
    /// The first one still runs.
    Running,
    /// The first one made this request.
    Done(RequestId),
    /// The key was used with another body.
    OtherBody,
}

/// Takes the key for a first call, or says what became of the first.
pub async fn begin(tx: &mut Tx, key: Key<'_>, call: Begin<'_>) -> Result<Begun> {
    const TAKE: &str = "INSERT INTO idempotency_keys \
        (provider_id, key_hash, key_id, body_digest, created_at, lease_until, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (provider_id, key_hash) DO UPDATE SET \
        key_id = excluded.key_id, body_digest = excluded.body_digest, request_id = NULL, \
        created_at = excluded.created_at, lease_until = excluded.lease_until, expires_at = excluded.expires_at \
        WHERE idempotency_keys.expires_at <= excluded.created_at \
        OR (idempotency_keys.request_id IS NULL AND idempotency_keys.lease_until <= excluded.created_at)";
    let taken = run!(
        tx,
        TAKE,
        key.provider_id,
        key.key_hash,
        call.key_id,
        call.body_digest,
        call.now,
        call.lease_until,
        call.expires_at,
    )?;
    if taken == 1 {
        return Ok(Begun::Ours);
    }
    Ok(match find(tx, key, call.now).await? {
        Some(row) if row.body_digest != call.body_digest => Begun::OtherBody,
        Some(KeyRow {
            request_id: Some(id),
            ..
        }) => Begun::Done(id),
        _ => Begun::Running,
    })
}

/// Notes what the first call made, in the same transaction; false: it was taken for lost, and the key is another call's.
pub async fn finish(
    tx: &mut Tx,
    key: Key<'_>,
    lease_until: At,
    request: RequestId,
) -> Result<bool> {
    const FINISH: &str = "UPDATE idempotency_keys SET request_id = $4, lease_until = NULL \
        WHERE provider_id = $1 AND key_hash = $2 AND request_id IS NULL AND lease_until = $3";
    Ok(run!(
        tx,
        FINISH,
        key.provider_id,
        key.key_hash,
        lease_until,
        request
    )? == 1)
}

/// The first call made nothing: the key may be used again.
pub async fn release(tx: &mut Tx, key: Key<'_>, lease_until: At) -> Result<()> {
    const RELEASE: &str = "DELETE FROM idempotency_keys \
        WHERE provider_id = $1 AND key_hash = $2 AND request_id IS NULL AND lease_until = $3";
    run!(tx, RELEASE, key.provider_id, key.key_hash, lease_until)?;
    Ok(())
}

/// What is known of a key, unless it has expired.
pub async fn find(tx: &mut Tx, key: Key<'_>, now: At) -> Result<Option<KeyRow>> {
    const FIND: &str = "SELECT key_id, body_digest, request_id, lease_until, expires_at FROM idempotency_keys \
        WHERE provider_id = $1 AND key_hash = $2 AND expires_at > $3";
    Ok(one!(tx, FIND, key.provider_id, key.key_hash, now)?)
}
