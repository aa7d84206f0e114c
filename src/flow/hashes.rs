//! What is hashed, and over which parts: the one place that says so, for writing, looking up and rotating keys.

use crate::{
    domain::{id_document::IdTail, ids::VerificationId, phone::Phone, sms_code::SmsCode},
    keys::{Hash, KeyId, Keys, Purpose},
    store::verifications::VerificationRow,
};

use super::Result;

/// A phone, under the index key.
#[must_use]
pub fn phone(keys: &Keys, phone: &Phone) -> Hash {
    keys.hash(Purpose::Phone, &[phone.as_str().as_bytes()])
}

/// A phone, under every key: to look up while keys are being rotated.
#[must_use]
pub fn phones(keys: &Keys, phone: &Phone) -> Vec<Hash> {
    keys.hashes(Purpose::Phone, &[phone.as_str().as_bytes()])
}

/// The ID tail of a verification's person: bound to the verification, so that equal tails do not look equal.
#[must_use]
pub fn tail(keys: &Keys, verification: VerificationId, tail: &IdTail) -> Hash {
    let parts: &[&[u8]] = &[verification.0.as_bytes(), tail.as_str().as_bytes()];
    keys.hash(Purpose::Tail, parts)
}

/// Whether a tail is that of a verification's person; never once purged.
///
/// # Errors
/// The key of the stored hash is not loaded.
pub fn tail_is(keys: &Keys, row: &VerificationRow, tail: &IdTail) -> Result<bool> {
    let Some(stored) = &row.tail_hash else {
        return Ok(false);
    };
    let key: KeyId = row.tail_key.parse()?;
    let parts: &[&[u8]] = &[row.id.0.as_bytes(), tail.as_str().as_bytes()];
    Ok(keys.hash_with(&key, Purpose::Tail, parts)?.matches(stored))
}

/// A code of a phone under every key, the index key's first. Hashed with the phone: unique among that phone's.
#[must_use]
pub fn codes(keys: &Keys, phone: &Phone, code: &SmsCode) -> Vec<Hash> {
    let parts: &[&[u8]] = &[phone.as_str().as_bytes(), code.as_str().as_bytes()];
    keys.hashes(Purpose::Code, parts)
}

/// A short link's token, under the index key.
#[must_use]
pub fn link(keys: &Keys, token: &str) -> Hash {
    keys.hash(Purpose::Link, &[b"hash", token.as_bytes()])
}

/// A short link's token, under every key.
#[must_use]
pub fn links(keys: &Keys, token: &str) -> Vec<Hash> {
    keys.hashes(Purpose::Link, &[b"hash", token.as_bytes()])
}
