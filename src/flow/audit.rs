//! The audit log: who writes seals each event, so that a row that somebody slipped into the table is told from ours; one job
//! chains them afterwards, so that no writer waits for another ([`chain`]); [`verify`] proves it whole.

pub mod chain;
mod head;
pub mod verify;

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{Result, Services};
use crate::{
    domain::{
        event::{Actor, Deed, Event},
        ids::RequestId,
    },
    keys::{Hash, KeyError, KeyId, Keys, Purpose},
    store::{
        Tx,
        audit::AuditRow,
        events::{self, NewEvent},
    },
};

/// Random bytes before a seal's hash: no two seals are equal, so that a copied row shows.
const NONCE: usize = 8;

/// Appends an event of a request; its number.
pub(super) async fn append(
    tx: &mut Tx,
    services: &Services,
    request: RequestId,
    event: &Event,
    actor: Actor,
    now: DateTime<Utc>,
) -> Result<i64> {
    let new = Unsealed {
        request: Some(request.0),
        verification: event.verification.map(|id| id.0),
        staff: event.staff,
        at: now,
        kind: event.what.as_str(),
        actor: actor.as_str(),
        data: &serde_json::to_string(&event.data)?,
    };
    new.insert(tx, services).await
}

/// Appends what staff or the system did that is no request's; `data` holds no personal data of principals.
///
/// # Errors
/// What the database says.
pub async fn record(
    tx: &mut Tx,
    services: &Services,
    what: Deed,
    staff: Option<Uuid>,
    data: &Value,
    now: DateTime<Utc>,
) -> Result<()> {
    let actor = match staff {
        Some(_) => Actor::Bureau,
        None => Actor::System,
    };
    let new = Unsealed {
        request: None,
        verification: None,
        staff,
        at: now,
        kind: what.as_str(),
        actor: actor.as_str(),
        data: &serde_json::to_string(data)?,
    };
    new.insert(tx, services).await?;
    Ok(())
}

/// What of an event is sealed and chained.
struct Unsealed<'a> {
    request: Option<Uuid>,
    verification: Option<Uuid>,
    staff: Option<Uuid>,
    at: DateTime<Utc>,
    kind: &'a str,
    actor: &'a str,
    data: &'a str,
}

impl<'a> From<&'a AuditRow> for Unsealed<'a> {
    fn from(row: &'a AuditRow) -> Self {
        Self {
            request: row.request_id,
            verification: row.verification_id,
            staff: row.staff_id,
            at: row.at,
            kind: &row.r#type,
            actor: &row.actor,
            data: &row.data,
        }
    }
}

impl Unsealed<'_> {
    async fn insert(&self, tx: &mut Tx, services: &Services) -> Result<i64> {
        let nonce: [u8; NONCE] = services.random.bytes();
        let Hash { key, value } = self.hash(&services.keys, services.keys.index(), &[&nonce])?;
        let new = NewEvent {
            request_id: self.request.map(RequestId),
            verification_id: self.verification.map(crate::domain::ids::VerificationId),
            staff_id: self.staff,
            at: self.at,
            r#type: self.kind,
            actor: self.actor,
            data: self.data,
            key_id: key.as_str(),
            seal: &[&nonce[..], &value].concat(),
        };
        Ok(events::insert(tx, new).await?)
    }

    /// The keyed hash of `before` and all of the event; its time to the nanosecond, whatever the engine keeps.
    fn hash(&self, keys: &Keys, key: &KeyId, before: &[&[u8]]) -> Result<Hash, KeyError> {
        let seconds = self.at.timestamp().to_be_bytes();
        let nanos = self.at.timestamp_subsec_nanos().to_be_bytes();
        let id = |id: &'_ Option<Uuid>| id.map_or(Vec::new(), |id| id.as_bytes().to_vec());
        let (request, verification) = (id(&self.request), id(&self.verification));
        let staff = id(&self.staff);
        let own: [&[u8]; 9] = [
            b"event",
            &request,
            &verification,
            &staff,
            &seconds,
            &nanos,
            self.kind.as_bytes(),
            self.actor.as_bytes(),
            self.data.as_bytes(),
        ];
        keys.hash_with(key, Purpose::Audit, &[before, &own].concat())
    }

    /// The row is as one of us wrote it.
    fn is_sealed(&self, keys: &Keys, key: &KeyId, seal: &[u8]) -> Result<bool, KeyError> {
        let Some((nonce, hash)) = seal.split_at_checked(NONCE) else {
            return Ok(false);
        };
        Ok(self.hash(keys, key, &[nonce])?.matches(hash))
    }
}
