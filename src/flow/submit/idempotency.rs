//! The `Idempotency-Key` of a submission: taken before it runs, so that a second call sees that the first still does.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    domain::ids::{ProviderId, RequestId},
    flow::{FlowError, Result, Services, retry},
    keys::Purpose,
    store::idempotency::{self, Begin, Key},
};

/// A key is kept so long.
const KEPT: TimeDelta = TimeDelta::days(30);
/// A first call that takes longer is taken for lost.
const LEASE: TimeDelta = TimeDelta::minutes(1);

/// The header's value, and the body it came with.
#[derive(Clone)]
pub struct IdempotencyKey {
    /// The header's value.
    pub key: String,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

/// How a call stands to its key.
pub(super) enum Begun {
    /// It is the first; the key's hash.
    Ours([u8; 32]),
    /// The first one made this request.
    Done(RequestId),
}

/// Takes the key, or says what became of the first call with it.
pub(super) async fn begin(
    services: &Services,
    provider: ProviderId,
    key: &IdempotencyKey,
    now: DateTime<Utc>,
) -> Result<Begun> {
    // under a key that is loaded still: a rotation must not make an old call new
    let hashes = services
        .keys
        .hashes(Purpose::Idempotency, &[b"key", key.key.as_bytes()]);
    let digests = services
        .keys
        .hashes(Purpose::Idempotency, &[b"body", &key.body]);
    retry(services, move |services| {
        let (hashes, digests) = (hashes.clone(), digests.clone());
        async move {
            let mut tx = services.db.write().await?;
            for (hash, digest) in hashes.iter().zip(&digests).skip(1) {
                let key = Key {
                    provider_id: provider,
                    key_hash: &hash.value,
                };
                if let Some(row) = idempotency::find(&mut tx, key, now).await? {
                    return match row.request_id {
                        _ if !digest.matches(&row.body_digest) => Err(FlowError::OtherBody),
                        Some(id) => Ok(Begun::Done(id)),
                        None => Err(FlowError::StillRunning),
                    };
                }
            }
            let (Some(hash), Some(digest)) = (hashes.first(), digests.first()) else {
                return Err(FlowError::Busy);
            };
            let key = Key {
                provider_id: provider,
                key_hash: &hash.value,
            };
            let call = Begin {
                key_id: hash.key.as_str(),
                body_digest: &digest.value,
                now,
                lease_until: now + LEASE,
                expires_at: now + KEPT,
            };
            let begun = idempotency::begin(&mut tx, key, call).await?;
            tx.commit().await?;
            match begun {
                idempotency::Begun::Ours => Ok(Begun::Ours(hash.value)),
                idempotency::Begun::Running => Err(FlowError::StillRunning),
                idempotency::Begun::Done(id) => Ok(Begun::Done(id)),
                idempotency::Begun::OtherBody => Err(FlowError::OtherBody),
            }
        }
    })
    .await
}

/// The call made nothing: the key may be used again.
pub(super) async fn release(
    services: &Services,
    provider: ProviderId,
    hash: [u8; 32],
) -> Result<()> {
    retry(services, move |services| async move {
        let mut tx = services.db.write().await?;
        let key = Key {
            provider_id: provider,
            key_hash: &hash,
        };
        idempotency::release(&mut tx, key).await?;
        Ok(tx.commit().await?)
    })
    .await
}
