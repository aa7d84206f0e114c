//! How a gateway's answer reads: rules such as `202`, `4xx`, `200 0: Accepted` (the body holds that) or `200 /code=0` (a
//! member of a JSON body is that).

use std::str::FromStr;

use serde_json::Value;

use crate::sms::https::Answered;

/// What an answer may look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// `2xx` is 200 and 100 numbers from it.
    statuses: (u16, u16),
    body: Option<Body>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Body {
    Holds(String),
    Member { pointer: String, value: String },
}

/// The text is no rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a status and perhaps what the body holds, such as \"202\", \"5xx\", \"200 Accepted\" or \"200 /code=0\""
)]
pub struct BadRule;

impl FromStr for Rule {
    type Err = BadRule;

    fn from_str(text: &str) -> Result<Self, BadRule> {
        let (status, body) = match text.trim().split_once(' ') {
            Some((status, body)) => (status, Some(body.trim())),
            None => (text.trim(), None),
        };
        let statuses = match status.strip_suffix("xx") {
            Some(hundreds) => (
                hundreds
                    .parse::<u16>()
                    .map_err(|_| BadRule)?
                    .saturating_mul(100),
                100,
            ),
            None => (status.parse().map_err(|_| BadRule)?, 1),
        };
        if !(100..600).contains(&statuses.0) {
            return Err(BadRule);
        }
        let body = body.map(|body| match body.split_once('=') {
            Some((pointer, value)) if pointer.starts_with('/') => Body::Member {
                pointer: pointer.to_owned(),
                value: value.to_owned(),
            },
            _ => Body::Holds(body.to_owned()),
        });
        Ok(Self { statuses, body })
    }
}

impl Rule {
    fn fits(&self, answered: &Answered) -> bool {
        let (first, count) = self.statuses;
        let status = (first..first + count).contains(&answered.status);
        status
            && match &self.body {
                None => true,
                Some(Body::Holds(part)) => String::from_utf8_lossy(&answered.body).contains(part),
                Some(Body::Member { pointer, value }) => {
                    member(&answered.body, pointer).as_ref() == Some(value)
                }
            }
    }
}

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Foreign,
    Refused,
    Next,
    Again,
    Stop,
    Accepted,
}

/// The rules; the first kind of them that fits counts, in this order. An answer that none fits says nothing: the gateway may
/// have the message.
#[derive(Debug, Clone)]
pub struct Answers {
    /// The number belongs to another carrier.
    pub foreign: Vec<Rule>,
    /// This message never.
    pub refused: Vec<Rule>,
    /// Another gateway.
    pub next: Vec<Rule>,
    /// Certainly not sent; another attempt may succeed.
    pub again: Vec<Rule>,
    /// Account or configuration.
    pub stop: Vec<Rule>,
    /// It has the message.
    pub accepted: Vec<Rule>,
}

impl Answers {
    /// [`Answers::refused`] where nothing is configured, as HTTP has it.
    pub const REFUSED: &[&str] = &["400", "422"];
    /// The same of [`Answers::again`].
    pub const AGAIN: &[&str] = &["429", "503"];
    /// The same of [`Answers::stop`].
    pub const STOP: &[&str] = &["3xx", "401", "402", "403", "404", "405"];
    /// The same of [`Answers::accepted`].
    pub const ACCEPTED: &[&str] = &["2xx"];

    pub(super) fn verdict(&self, answered: &Answered) -> Option<Verdict> {
        let kinds = [
            (&self.foreign, Verdict::Foreign),
            (&self.refused, Verdict::Refused),
            (&self.next, Verdict::Next),
            (&self.again, Verdict::Again),
            (&self.stop, Verdict::Stop),
            (&self.accepted, Verdict::Accepted),
        ];
        let fits = |rules: &[Rule]| rules.iter().any(|rule| rule.fits(answered));
        let found = kinds.into_iter().find(|(rules, _)| fits(rules));
        found.map(|(_, verdict)| verdict)
    }
}

/// A member of a JSON body as a text; numbers and truth values too.
pub(super) fn member(body: &[u8], pointer: &str) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    plain(body.pointer(pointer)?)
}

/// A value without its quotes; none of a list or an object.
pub(super) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(texts: &[&str]) -> Vec<Rule> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn answered(status: u16, body: &str) -> Answered {
        Answered {
            status,
            body: body.into(),
        }
    }

    #[test]
    fn rules_read() {
        for wrong in ["", "ok", "xx", "9xx", "99", "600", "2x", "-1"] {
            assert_eq!(wrong.parse::<Rule>(), Err(BadRule), "{wrong}");
        }
        let fits = |rule: &str, status, body| {
            let rule: Rule = rule.parse().unwrap();
            rule.fits(&answered(status, body))
        };
        assert!(fits("2xx", 299, ""));
        assert!(!fits("2xx", 300, ""));
        assert!(fits("202", 202, "x"));
        assert!(fits("202 0: Accepted", 202, "0: Accepted for delivery"));
        assert!(!fits("202 0: Accepted", 202, "3: Queued"));
        assert!(fits("200 /code=0", 200, r#"{"code": 0}"#));
        assert!(fits("200 /code=0", 200, r#"{"code": "0"}"#));
        assert!(!fits("200 /code=0", 200, r#"{"code": 10}"#));
        assert!(!fits("200 /code=0", 200, "<html>"));
        assert!(fits(
            "200 /data/0/ok=true",
            200,
            r#"{"data": [{"ok": true}]}"#
        ));
    }

    #[test]
    fn an_answer_has_one_class_or_none() {
        let answers = Answers {
            foreign: rules(&["200 /code=13"]),
            refused: rules(&["200 /code=4"]),
            next: rules(&["200 /code=5"]),
            again: rules(&["200 /code=8", "503"]),
            stop: rules(&["403"]),
            accepted: rules(&["200 /code=0"]),
        };
        for (status, body, verdict) in [
            (200, r#"{"code":0}"#, Some(Verdict::Accepted)),
            (200, r#"{"code":4}"#, Some(Verdict::Refused)),
            (200, r#"{"code":5}"#, Some(Verdict::Next)),
            (200, r#"{"code":8}"#, Some(Verdict::Again)),
            (200, r#"{"code":13}"#, Some(Verdict::Foreign)),
            (503, "", Some(Verdict::Again)),
            (403, "", Some(Verdict::Stop)),
            (200, r#"{"code":99}"#, None),
            (500, "", None),
        ] {
            let told = answers.verdict(&answered(status, body));
            assert_eq!(told, verdict, "{status} {body}");
        }
    }
}
