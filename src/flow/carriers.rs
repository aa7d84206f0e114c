//! Whose number a phone is taken for: by its prefix, and by what gateways and receipts have said of it (携号转网).

use chrono::{DateTime, Utc};

use super::{Result, Services, hashes};
use crate::{
    domain::{
        carrier::{Carrier, believed},
        phone::Phone,
    },
    store::{Json, Tx, phone_carriers},
};

/// What is known of a phone's carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    by_prefix: Option<Carrier>,
    foreign_to: Vec<Carrier>,
}

impl Known {
    /// Of this phone.
    pub async fn of(tx: &mut Tx, services: &Services, phone: &Phone) -> Result<Self> {
        let mut foreign_to = Vec::new();
        // under each key: they may be rotated while it runs
        for hash in hashes::phones(&services.keys, phone) {
            foreign_to = phone_carriers::foreign_to(tx, &hash.value).await?;
            if !foreign_to.is_empty() {
                break;
            }
        }
        Ok(Self {
            by_prefix: services.carriers.of(phone),
            foreign_to,
        })
    }

    /// Whose it is taken for.
    pub fn carrier(&self) -> Option<Carrier> {
        believed(self.by_prefix, &self.foreign_to)
    }

    /// A carrier has called it foreign; false: that was known, or there is no carrier left to try.
    pub fn is_foreign_to(&mut self, carrier: Option<Carrier>) -> bool {
        match carrier {
            Some(carrier) if !self.foreign_to.contains(&carrier) => {
                self.foreign_to.push(carrier);
                true
            }
            _ => false,
        }
    }

    /// Remembers it.
    pub async fn keep(
        &self,
        tx: &mut Tx,
        services: &Services,
        phone: &Phone,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let hash = hashes::phone(&services.keys, phone);
        let found = Json(self.foreign_to.clone());
        Ok(phone_carriers::put(tx, &hash.value, hash.key.as_str(), &found, now).await?)
    }
}
