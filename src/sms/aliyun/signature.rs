//! Aliyun's signature `ACS3-HMAC-SHA256` (V3版本请求体&签名机制), for a POST whose parameters stand in the query and whose
//! body is empty.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

use crate::sms::hmac::{hex_digest, hex_mac};

/// What RFC 3986 leaves plain.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A request to be signed.
pub(super) struct Unsigned<'a> {
    pub host: &'a str,
    /// `x-acs-action`
    pub action: &'a str,
    /// `x-acs-version`
    pub version: &'a str,
    /// `x-acs-date`, such as `2023-10-26T10:22:32Z`; at most fifteen minutes off Aliyun's clock.
    pub date: &'a str,
    /// `x-acs-signature-nonce`, never used before.
    pub nonce: &'a str,
    /// As [`canonical_query`] writes it.
    pub query: &'a str,
}

impl Unsigned<'_> {
    /// Every header that is signed, and the `Authorization` that signs them.
    pub fn headers(&self, key_id: &str, secret: &SecretString) -> Vec<(&'static str, String)> {
        let body = hex_digest(b"");
        // sorted by name
        let mut headers = vec![
            ("host", self.host.to_owned()),
            ("x-acs-action", self.action.to_owned()),
            ("x-acs-content-sha256", body.clone()),
            ("x-acs-date", self.date.to_owned()),
            ("x-acs-signature-nonce", self.nonce.to_owned()),
            ("x-acs-version", self.version.to_owned()),
        ];
        let lines = headers.iter();
        let lines: Vec<_> = lines
            .map(|(name, value)| format!("{name}:{value}"))
            .collect();
        let lines = lines.join("\n");
        let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let request = format!("POST\n/\n{}\n{lines}\n\n{names}\n{body}", self.query);
        let to_sign = format!("ACS3-HMAC-SHA256\n{}", hex_digest(request.as_bytes()));
        let signature = hex_mac(secret.expose_secret().as_bytes(), to_sign.as_bytes());
        headers.push((
            "authorization",
            format!(
                "ACS3-HMAC-SHA256 Credential={key_id},SignedHeaders={names},Signature={signature}"
            ),
        ));
        headers
    }
}

/// Parameters sorted by name, as they are signed and sent.
pub(super) fn canonical_query(parameters: &[(&str, &str)]) -> String {
    let mut pairs: Vec<_> = parameters
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    pairs.sort_unstable();
    pairs.join("&")
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "2023-10-26T10:22:32Z";
    const NONCE: &str = "3156853299f313e23d1673dc12e1703d";

    fn authorization(unsigned: &Unsigned<'_>) -> String {
        let secret = SecretString::from("YourAccessKeySecret");
        let headers = unsigned.headers("YourAccessKeyId", &secret);
        headers.into_iter().next_back().unwrap().1
    }

    #[test]
    fn signs_as_the_published_example() {
        let query = canonical_query(&[
            ("RegionId", "cn-shanghai"),
            (
                "ImageId",
                "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
            ),
        ]);
        let unsigned = Unsigned {
            host: "ecs.cn-shanghai.aliyuncs.com",
            action: "RunInstances",
            version: "2014-05-26",
            date: DATE,
            nonce: NONCE,
            query: &query,
        };
        assert_eq!(
            authorization(&unsigned),
            "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;\
             x-acs-signature-nonce;x-acs-version,Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
        );
    }

    #[test]
    fn signs_what_sending_needs() {
        let query = canonical_query(&[
            ("PhoneNumbers", "13800138000"),
            ("SignName", "演示 核验"),
            ("TemplateCode", "SMS_154950909"),
            ("TemplateParam", r#"{"code":"123456"}"#),
            ("OutId", "sms_01J~a*b+c/d=e"),
        ]);
        assert_eq!(
            query,
            "OutId=sms_01J~a%2Ab%2Bc%2Fd%3De&PhoneNumbers=13800138000&SignName=%E6%BC%94%E7%A4%BA%20%E6%A0%B8%E9%AA%8C&\
             TemplateCode=SMS_154950909&TemplateParam=%7B%22code%22%3A%22123456%22%7D"
        );
        let unsigned = Unsigned {
            host: "dysmsapi.aliyuncs.com",
            action: "SendSms",
            version: "2017-05-25",
            date: DATE,
            nonce: NONCE,
            query: &query,
        };
        assert!(authorization(&unsigned).ends_with(
            "Signature=80ebd0fbec9c30290c9a413b7cb941044c6c17ab17349432b68d4af954ea58ff"
        ));
    }
}
