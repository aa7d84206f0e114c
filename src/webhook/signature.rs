//! The signature of Standard Webhooks, `v1`: HMAC-SHA256 of id, timestamp and body, one for each valid secret.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The bytes of a webhook secret.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// From `whsec_…`; `None`: it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.strip_prefix("whsec_")?).ok()?;
        Some(Self(Zeroizing::new(bytes)))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// `v1,… v1,…`
#[must_use]
pub fn sign(secrets: &[Secret], id: &str, timestamp: &str, body: &[u8]) -> String {
    let signatures = secrets.iter().filter_map(|secret| {
        // a key of any length will do
        let mut mac = Hmac::<Sha256>::new_from_slice(&secret.0).ok()?;
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        Some(format!(
            "v1,{}",
            STANDARD.encode(mac.finalize().into_bytes())
        ))
    });
    signatures.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_the_specification_s_example() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let (id, timestamp) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330");
        let body = br#"{"test": 2432232314}"#;
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(sign(&[secret], id, timestamp, body), expected);
        let two = ["whsec_AAAA", "whsec_BBBB"].map(|text| Secret::parse(text).unwrap());
        assert_eq!(sign(&two, id, timestamp, body).split(' ').count(), 2);
        assert!(Secret::parse("AAAA").is_none());
        assert!(Secret::parse("whsec_?").is_none());
        assert_eq!(format!("{two:?}"), "[Secret(…), Secret(…)]");
    }
}
