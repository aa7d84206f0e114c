//! The chain's head, kept apart from it: how far the chain goes, under a keyed hash of its own. A chain whose end was cut off
//! does not reach it, and nobody without the key can write one for an earlier end (one that was saved before can be put back:
//! `docs/operating.md` says what helps against that).

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::{
    flow::{FlowError, Result},
    keys::{Keys, Purpose},
};

/// Where the head stands in `meta`.
pub(super) const HEAD: &str = "audit_head";

/// How far the chain goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// The last link's position; 0: there is none.
    pub position: i64,
    /// The last link's mac; empty: there is none.
    pub mac: Vec<u8>,
    /// The last event that may be without a seal: what was written before there were seals.
    pub unsealed_to: i64,
}

/// The row's value, as JSON.
#[derive(Serialize, Deserialize)]
struct Written {
    position: i64,
    mac: String,
    unsealed_to: i64,
    key: String,
    hash: String,
}

impl Head {
    /// Reads what [`Head::write`] wrote.
    ///
    /// # Errors
    /// `Corrupt`: it is not what we wrote; `Key`: its key is not loaded.
    pub fn read(keys: &Keys, text: &str) -> Result<Self> {
        let changed = || FlowError::Corrupt(format!("meta's {HEAD} is not what heyan wrote"));
        let written: Written = serde_json::from_str(text).map_err(|_| changed())?;
        let decode = |text: &str| STANDARD_NO_PAD.decode(text).map_err(|_| changed());
        let head = Self {
            position: written.position,
            mac: decode(&written.mac)?,
            unsealed_to: written.unsealed_to,
        };
        let key = written.key.parse().map_err(|_| changed())?;
        let hash = keys.hash_with(
            &key,
            Purpose::Audit,
            &head.parts().each_ref().map(|p| &p[..]),
        )?;
        if hash.matches(&decode(&written.hash)?) {
            Ok(head)
        } else {
            Err(changed())
        }
    }

    /// Under the index key.
    pub fn write(&self, keys: &Keys) -> Result<String> {
        let hash = keys.hash(Purpose::Audit, &self.parts().each_ref().map(|p| &p[..]));
        Ok(serde_json::to_string(&Written {
            position: self.position,
            mac: STANDARD_NO_PAD.encode(&self.mac),
            unsealed_to: self.unsealed_to,
            key: hash.key.to_string(),
            hash: STANDARD_NO_PAD.encode(hash.value),
        })?)
    }

    fn parts(&self) -> [Vec<u8>; 4] {
        [
            b"head".to_vec(),
            self.position.to_be_bytes().to_vec(),
            self.mac.clone(),
            self.unsealed_to.to_be_bytes().to_vec(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn keys(names: &[&str]) -> Keys {
        let bytes = |name: &str| zeroize::Zeroizing::new([name.as_bytes()[1]; 32]);
        let ring: BTreeMap<_, _> = names
            .iter()
            .map(|name| ((*name).to_owned(), bytes(name)))
            .collect();
        Keys::new(names[0], names[0], ring).unwrap()
    }

    #[test]
    fn only_who_has_the_key_writes_one() {
        let head = Head {
            position: 7,
            mac: vec![3; 32],
            unsealed_to: 2,
        };
        let text = head.write(&keys(&["k1"])).unwrap();
        assert_eq!(Head::read(&keys(&["k2", "k1"]), &text).unwrap(), head);
        for (from, to) in [
            ("\"position\":7", "\"position\":6"),
            ("\"unsealed_to\":2", "\"unsealed_to\":9"),
            ("AwMD", "AwME"),
            ("{", "["),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text);
            assert!(matches!(
                Head::read(&keys(&["k1"]), &changed),
                Err(FlowError::Corrupt(_))
            ));
        }
        assert!(matches!(
            Head::read(&keys(&["k2"]), &text),
            Err(FlowError::Key(_))
        ));
    }
}
