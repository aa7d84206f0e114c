//! Keys: keyed hashes for what is looked up, sealed values for what is read again, a derived key for each purpose.
//! Every hash and every sealed value names its key, so that keys are rotated while the system runs.

use std::{collections::BTreeMap, fmt, str::FromStr, sync::Arc};

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

mod file;
mod sealing;
#[cfg(test)]
mod tests;

pub use sealing::Cell;

/// 32 bytes of key, wiped when dropped.
pub type KeyBytes = Zeroizing<[u8; 32]>;

/// The name of a key, such as `2026-11`: 1–32 of `A-Z a-z 0-9 . _ -`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Arc<str>);

impl KeyId {
    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for KeyId {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let sound = |c: u8| c.is_ascii_alphanumeric() || b"._-".contains(&c);
        if (1..=32).contains(&text.len()) && text.bytes().all(sound) {
            Ok(Self(text.into()))
        } else {
            Err(KeyError::BadId(text.into()))
        }
    }
}

/// What is wrong with the keys, or with a value that one should open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a name for a key.
    #[error("`{0}` is no name for a key: 1 to 32 of A-Z a-z 0-9 . _ - are")]
    BadId(String),
    /// Not a key.
    #[error("key `{0}` is not 32 bytes in base64 (make one with: openssl rand -base64 32)")]
    BadKey(String),
    /// A key that the configuration names is not there.
    #[error("the {role} key `{id}` is not among the keys")]
    Absent {
        /// `active` or `index`.
        role: &'static str,
        /// The name.
        id: String,
    },
    /// A stored value names a key that is not loaded.
    #[error("key `{0}` is needed to read stored values: keep it among the keys")]
    Unknown(KeyId),
    /// A sealed value that does not open: altered, moved to another place, or of another key of the same name.
    #[error(
        "a sealed value does not open: it was altered or moved, or its key's bytes were changed"
    )]
    Unreadable,
    /// The key file cannot be read or made.
    #[error("key file {path}: {reason}")]
    File {
        /// Where it is.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

macro_rules! purposes {
    ($($(#[$doc:meta])* $name:ident = $label:literal,)*) => {
        /// What a derived key is for. The labels go into stored values: they must never change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Purpose { $($(#[$doc])* $name,)* }

        impl Purpose {
            const LABELS: &[&str] = &[$($label,)*];
        }
    };
}

purposes! {
    /// Sealed cells of the database.
    Seal = "seal",
    /// Phones, for look-up.
    Phone = "phone",
    /// SMS codes.
    Code = "code",
    /// ID tails.
    Tail = "tail",
    /// Short links: their token, and its hash.
    Link = "link",
    /// The captcha's sealed token.
    Captcha = "captcha",
    /// Captchas used up.
    CaptchaUse = "captcha-use",
    /// The fields of a submitted form.
    Form = "form",
    /// Buckets of the limits.
    Limit = "limit",
    /// Providers' API keys.
    ApiKey = "api-key",
    /// Idempotency keys and the bodies they came with.
    Idempotency = "idempotency",
    /// Files that requests were imported from.
    Import = "import",
    /// Cursors of lists.
    Cursor = "cursor",
    /// The staff's sessions.
    Session = "session",
    /// The chain of the audit log.
    Audit = "audit",
    /// Secrets that are derived rather than kept.
    Derived = "derived",
}

/// A keyed hash (HMAC-SHA-256) and the key that made it. Equality takes constant time.
#[derive(Clone)]
pub struct Hash {
    /// The key's name.
    pub key: KeyId,
    /// The hash.
    pub value: [u8; 32],
}

impl Hash {
    /// The stored bytes are this hash; in constant time.
    #[must_use]
    pub fn matches(&self, stored: &[u8]) -> bool {
        self.value[..].ct_eq(stored).into()
    }
}

impl PartialEq for Hash {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.matches(&other.value)
    }
}

impl Eq for Hash {}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({}, …)", self.key)
    }
}

/// The keys: one seals, one hashes for look-up, the older ones still read. Clones share them.
#[derive(Clone)]
pub struct Keys(Arc<Ring>);

struct Ring {
    /// The index key first.
    keys: Vec<Key>,
    active: usize,
}

struct Key {
    id: KeyId,
    by_purpose: Vec<KeyBytes>,
}

impl Key {
    fn derive(id: KeyId, bytes: &KeyBytes) -> Self {
        let hkdf = Hkdf::<Sha256>::new(Some(b"heyan"), &bytes[..]);
        let by_purpose = Purpose::LABELS.iter().map(|label| {
            let mut derived = KeyBytes::default();
            hkdf.expand(label.as_bytes(), &mut derived[..])
                .expect("32 bytes are within what HKDF gives");
            derived
        });
        Self {
            by_purpose: by_purpose.collect(),
            id,
        }
    }

    fn of(&self, purpose: Purpose) -> &KeyBytes {
        &self.by_purpose[purpose as usize]
    }

    fn hash(&self, purpose: Purpose, parts: &[&[u8]]) -> Hash {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.of(purpose)[..])
            .expect("HMAC takes keys of any length");
        for part in parts {
            mac.update(&framed(part));
        }
        Hash {
            key: self.id.clone(),
            value: mac.finalize().into_bytes().into(),
        }
    }
}

/// With its length before it, so that no two lists of parts read alike.
fn framed(part: &[u8]) -> Zeroizing<Vec<u8>> {
    let length = (part.len() as u64).to_be_bytes();
    Zeroizing::new([&length, part].concat())
}

impl Keys {
    /// The `active` key seals, the `index` key hashes; every key reads.
    ///
    /// # Errors
    /// A name that is none, or an active or index key that is not among `keys`.
    pub fn new(
        active: &str,
        index: &str,
        keys: BTreeMap<String, KeyBytes>,
    ) -> Result<Self, KeyError> {
        let mut ring = Vec::with_capacity(keys.len());
        for (id, bytes) in keys {
            ring.push(Key::derive(id.parse()?, &bytes));
        }
        let position = |ring: &[Key], role, id: &str| {
            let absent = KeyError::Absent {
                role,
                id: id.into(),
            };
            ring.iter()
                .position(|key| key.id.as_str() == id)
                .ok_or(absent)
        };
        let index = position(&ring, "index", index)?;
        ring.swap(0, index);
        let active = position(&ring, "active", active)?;
        Ok(Self(Arc::new(Ring { keys: ring, active })))
    }

    /// Reads a key as the configuration writes it: 32 bytes in base64.
    ///
    /// # Errors
    /// Anything else, told with the key's name and without its text.
    pub fn decode(id: &str, base64: &str) -> Result<KeyBytes, KeyError> {
        file::decode(id, base64)
    }

    /// The key that seals.
    #[must_use]
    pub fn active(&self) -> &KeyId {
        &self.active_key().id
    }

    /// The key that hashes for look-up.
    #[must_use]
    pub fn index(&self) -> &KeyId {
        &self.index_key().id
    }

    /// The names of all keys, the index key first.
    pub fn ids(&self) -> impl Iterator<Item = &KeyId> {
        self.0.keys.iter().map(|key| &key.id)
    }

    /// Hashes `parts` under the index key.
    #[must_use]
    pub fn hash(&self, purpose: Purpose, parts: &[&[u8]]) -> Hash {
        self.index_key().hash(purpose, parts)
    }

    /// The hashes under every key, the index key's first: to look up while keys are being rotated.
    #[must_use]
    pub fn hashes(&self, purpose: Purpose, parts: &[&[u8]]) -> Vec<Hash> {
        let keys = self.0.keys.iter();
        keys.map(|key| key.hash(purpose, parts)).collect()
    }

    /// Hashes `parts` under the key of a stored hash.
    ///
    /// # Errors
    /// The key is not loaded.
    pub fn hash_with(
        &self,
        id: &KeyId,
        purpose: Purpose,
        parts: &[&[u8]],
    ) -> Result<Hash, KeyError> {
        Ok(self.key(id)?.hash(purpose, parts))
    }

    /// A secret that needs no place to be kept in, the same as long as the index key is.
    #[must_use]
    pub fn derive_secret(&self, label: &str) -> KeyBytes {
        let parts: &[&[u8]] = &[label.as_bytes()];
        Zeroizing::new(self.hash(Purpose::Derived, parts).value)
    }

    /// The token of a verification's short link: 10 characters (50 bits) that nobody mistakes for one another.
    ///
    /// # Errors
    /// The key is not loaded.
    pub fn link_token(&self, verification: &[u8], id: &KeyId) -> Result<String, KeyError> {
        const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
        let hash = self.hash_with(id, Purpose::Link, &[b"token", verification])?;
        let letters = hash.value[..10].iter();
        Ok(letters
            .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
            .collect())
    }

    fn index_key(&self) -> &Key {
        &self.0.keys[0]
    }

    fn active_key(&self) -> &Key {
        &self.0.keys[self.0.active]
    }

    fn key(&self, id: &KeyId) -> Result<&Key, KeyError> {
        let key = self.0.keys.iter().find(|key| key.id == *id);
        key.ok_or_else(|| KeyError::Unknown(id.clone()))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Keys(active {}, index {}, {} loaded)",
            self.active(),
            self.index(),
            self.0.keys.len()
        )
    }
}
