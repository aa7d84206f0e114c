//! Templates: `{phone}` and its like, each encoded as the place demands that it stands in.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::sms::SmsMessage;

/// Where a template stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A URL, or a form's body.
    Url,
    /// A text of JSON, between its quotes.
    Json,
    /// A text or an attribute of XML.
    Xml,
    /// As it is.
    Plain,
}

impl Place {
    /// A body of this type.
    pub fn of(content_type: &str) -> Self {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        match kind.to_ascii_lowercase().as_str() {
            "application/x-www-form-urlencoded" => Self::Url,
            kind if kind == "application/json" || kind.ends_with("+json") => Self::Json,
            kind if kind.ends_with("/xml") || kind.ends_with("+xml") => Self::Xml,
            _ => Self::Plain,
        }
    }

    fn encoded(self, value: &str) -> String {
        match self {
            Self::Url => utf8_percent_encode(value, NON_ALPHANUMERIC).to_string(),
            Self::Json => {
                let quoted = serde_json::Value::from(value).to_string();
                quoted[1..quoted.len() - 1].to_owned()
            }
            Self::Xml => value
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&quot;")
                .replace('\'', "&apos;"),
            Self::Plain => value.to_owned(),
        }
    }
}

/// Fills a template. What a value itself holds is never filled in again; braces around anything else stay.
pub(super) fn fill(template: &str, message: &SmsMessage, place: Place) -> String {
    let id = message.id.to_string();
    let values = [
        ("{phone}", message.phone.as_str()),
        ("{text}", &message.text),
        ("{sender}", message.sender.as_deref().unwrap_or_default()),
        ("{id}", &id),
        ("{code}", &message.code),
    ];
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(brace) = rest.find('{') {
        filled.push_str(&rest[..brace]);
        rest = &rest[brace..];
        let found = values.iter().find(|(name, _)| rest.starts_with(name));
        let taken = if let Some((name, value)) = found {
            filled.push_str(&place.encoded(value));
            name.len()
        } else {
            filled.push('{');
            1
        };
        rest = &rest[taken..];
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sms::tests::message;

    #[test]
    fn values_are_encoded_as_their_place_demands() {
        let mut message = message();
        message.text = "【核验】\"码\"<0&1> {code}\\\n".into();
        let all = "{text}|{phone}|{sender}|{code}|{x}{";
        for (place, expected) in [
            (
                Place::Url,
                "%E3%80%90%E6%A0%B8%E9%AA%8C%E3%80%91%22%E7%A0%81%22%3C0%261%3E%20%7Bcode%7D%5C%0A|13800138000|12381|012345|{x}{",
            ),
            (
                Place::Json,
                r#"【核验】\"码\"<0&1> {code}\\\n|13800138000|12381|012345|{x}{"#,
            ),
            (
                Place::Xml,
                "【核验】&quot;码&quot;&lt;0&amp;1&gt; {code}\\\n|13800138000|12381|012345|{x}{",
            ),
            (
                Place::Plain,
                "【核验】\"码\"<0&1> {code}\\\n|13800138000|12381|012345|{x}{",
            ),
        ] {
            assert_eq!(fill(all, &message, place), expected);
        }
        assert!(fill("{id}", &message, Place::Plain).starts_with("sm_"));
        message.sender = None;
        assert_eq!(fill("from={sender}", &message, Place::Url), "from=");
    }

    #[test]
    fn a_body_s_type_says_what_it_is() {
        for (content_type, place) in [
            ("application/json", Place::Json),
            ("application/json; charset=utf-8", Place::Json),
            ("application/vnd.sms+json", Place::Json),
            ("application/x-www-form-urlencoded", Place::Url),
            ("text/xml", Place::Xml),
            ("application/soap+xml", Place::Xml),
            ("text/plain", Place::Plain),
        ] {
            assert_eq!(Place::of(content_type), place, "{content_type}");
        }
    }
}
