//! Failures: of a name from an address, which then waits, and of an account in all, which is closed at last.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use crate::{
    domain::{event::Deed, ids::StaffId, limit::seconds_until},
    flow::{Result, Services, attempt::network, audit},
    keys::{Keys, Purpose},
    store::{Tx, staff},
};

/// So many failures of an account since its last login, from wherever, and it is closed (NIST SP 800-63B 3.2.2).
const MOST: i64 = 100;

/// A name and an address.
#[derive(Clone)]
pub(super) struct Pair([u8; 32]);

/// What came of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// It may be tried again.
    Again,
    /// So many others were tried at the same time that this one is not told: seconds to wait.
    Waits(u64),
}

impl Pair {
    pub fn new(keys: &Keys, name: &str, address: IpAddr) -> Self {
        let parts: &[&[u8]] = &[b"staff", name.as_bytes(), &network(address)];
        Self(keys.hash(Purpose::Limit, parts).value)
    }

    /// Seconds that it has to wait.
    pub async fn waits(
        &self,
        tx: &mut Tx,
        services: &Services,
        now: DateTime<Utc>,
    ) -> Result<Option<u64>> {
        let most = i64::from(services.settings.staff.failures);
        let found = staff::failures(tx, &self.0, now).await?;
        Ok(found
            .filter(|(count, _)| *count >= most)
            .map(|(_, until)| seconds_until(until, now)))
    }

    /// Begins anew.
    pub async fn forget(&self, tx: &mut Tx) -> Result<()> {
        Ok(staff::forget_failures(tx, &self.0).await?)
    }

    /// Counts a failure, with what it leaves in the log. `why`: a word for it.
    pub async fn count(
        &self,
        tx: &mut Tx,
        services: &Services,
        account: Option<StaffId>,
        why: &str,
        now: DateTime<Utc>,
    ) -> Result<Counted> {
        let rules = services.settings.staff;
        let most = i64::from(rules.failures);
        let count = staff::count_failure(tx, &self.0, now, now + rules.wait).await?;
        // nobody's account takes as many statements
        let id = account.unwrap_or(StaffId(Uuid::nil()));
        let closed = staff::failed(tx, id, MOST, now).await?;
        let who = account.map(|id| id.0);
        let data = json!({"reason": why});
        audit::record(tx, services, Deed::LoginRefused, who, &data, now).await?;
        if count == most {
            let data = json!({"minutes": rules.wait.num_minutes()});
            audit::record(tx, services, Deed::Locked, who, &data, now).await?;
        }
        if closed {
            tracing::warn!(account = %id, "a staff account has been closed after {MOST} failures");
            let data = json!({"failures": MOST});
            audit::record(tx, services, Deed::Locked, who, &data, now).await?;
        }
        Ok(if count > most {
            Counted::Waits(seconds_until(now + rules.wait, now))
        } else {
            Counted::Again
        })
    }
}
