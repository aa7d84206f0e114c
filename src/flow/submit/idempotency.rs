//! The `Idempotency-Key` of a submission: taken before it runs, so that a second call sees that the first still does.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    domain::ids::{ProviderId, RequestId},
    flow::{FlowError, Result, Services, retry},
    keys::Purpose,
    store::{
        Tx,
        idempotency::{self, Begin, Key, KeyRow},
    },
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
    /// It is the first.
    Ours(Ours),
    /// The first one made this request.
    Done(RequestId),
}

/// The key, as it is ours while the call runs.
#[derive(Clone, Copy)]
pub(in crate::flow) struct Ours {
    hash: [u8; 32],
    lease_until: DateTime<Utc>,
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
                let found = idempotency::find(&mut tx, key, now).await?;
                // a call that was lost under an older key counts as none
                let lost = |row: &KeyRow| row.lease_until.is_some_and(|until| until <= now);
                if let Some(row) = found.filter(|row| !lost(row)) {
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
                idempotency::Begun::Ours => Ok(Begun::Ours(Ours {
                    hash: hash.value,
                    lease_until: call.lease_until,
                })),
                idempotency::Begun::Running => Err(FlowError::StillRunning),
                idempotency::Begun::Done(id) => Ok(Begun::Done(id)),
                idempotency::Begun::OtherBody => Err(FlowError::OtherBody),
            }
        }
    })
    .await
}

/// Notes what the call made, in its own transaction. A call that took too long has lost its key to a later one, and makes
/// nothing.
pub(super) async fn finish(
    tx: &mut Tx,
    provider: ProviderId,
    ours: Ours,
    request: RequestId,
) -> Result<()> {
    let key = Key {
        provider_id: provider,
        key_hash: &ours.hash,
    };
    if idempotency::finish(tx, key, ours.lease_until, request).await? {
        Ok(())
    } else {
        Err(FlowError::StillRunning)
    }
}

/// The call made nothing: the key may be used again.
pub(super) async fn release(services: &Services, provider: ProviderId, ours: Ours) -> Result<()> {
    retry(services, move |services| async move {
        let mut tx = services.db.write().await?;
        let key = Key {
            provider_id: provider,
            key_hash: &ours.hash,
        };
        idempotency::release(&mut tx, key, ours.lease_until).await?;
        Ok(tx.commit().await?)
    })
    .await
}
