//! SHA-256 and HMAC-SHA256, as the vendors' signatures use them.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// SHA-256, in lower-case hexadecimal.
pub(super) fn hex_digest(data: &[u8]) -> String {
    hex::encode(Sha256::digest(data))
}

/// HMAC-SHA256.
pub(super) fn mac(key: &[u8], data: &[u8]) -> [u8; 32] {
    // HMAC takes a key of any length, the type does not say so
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    mac.update(data);
    mac.finalize().into_bytes().into()
}

/// HMAC-SHA256, in lower-case hexadecimal.
pub(super) fn hex_mac(key: &[u8], data: &[u8]) -> String {
    hex::encode(mac(key, data))
}
