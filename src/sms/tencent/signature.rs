//! Tencent Cloud's signature `TC3-HMAC-SHA256` (签名方法 v3), for a POST of JSON.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};

use crate::sms::hmac::{hex_digest, hex_mac, mac};

/// The content type that is signed.
pub(super) const CONTENT_TYPE: &str = "application/json; charset=utf-8";

const SIGNED_HEADERS: &str = "content-type;host;x-tc-action";

/// A request to be signed.
pub(super) struct Unsigned<'a> {
    pub host: &'a str,
    /// The host's first label.
    pub service: &'a str,
    /// `X-TC-Action`
    pub action: &'a str,
    /// `X-TC-Timestamp`; at most five minutes off Tencent's clock.
    pub at: DateTime<Utc>,
    pub body: &'a [u8],
}

impl Unsigned<'_> {
    /// The `Authorization` header.
    pub fn authorization(&self, secret_id: &str, secret_key: &SecretString) -> String {
        let Self { host, service, .. } = self;
        let (timestamp, date) = (self.at.timestamp(), self.at.format("%Y-%m-%d"));
        let action = self.action.to_ascii_lowercase();
        let request = format!(
            "POST\n/\n\ncontent-type:{CONTENT_TYPE}\nhost:{host}\nx-tc-action:{action}\n\n{SIGNED_HEADERS}\n{}",
            hex_digest(self.body)
        );
        let scope = format!("{date}/{service}/tc3_request");
        let to_sign = format!(
            "TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{}",
            hex_digest(request.as_bytes())
        );
        let key = format!("TC3{}", secret_key.expose_secret());
        let key = mac(key.as_bytes(), date.to_string().as_bytes());
        let key = mac(&mac(&key, service.as_bytes()), b"tc3_request");
        let signature = hex_mac(&key, to_sign.as_bytes());
        format!(
            "TC3-HMAC-SHA256 Credential={secret_id}/{scope}, SignedHeaders={SIGNED_HEADERS}, Signature={signature}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_the_published_example() {
        let body = br#"{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}"#;
        let unsigned = Unsigned {
            host: "cvm.tencentcloudapi.com",
            service: "cvm",
            action: "DescribeInstances",
            at: DateTime::from_timestamp(1_551_113_065, 0).unwrap(),
            body,
        };
        let secret = SecretString::from("*".repeat(32));
        assert_eq!(
            unsigned.authorization("AKID", &secret),
            "TC3-HMAC-SHA256 Credential=AKID/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host;x-tc-action, \
             Signature=10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"
        );
    }
}
