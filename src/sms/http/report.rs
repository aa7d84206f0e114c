//! How a gateway's delivery reports read, in a query, a form or JSON: which fields say what.

use std::collections::HashMap;

use secrecy::SecretString;
use serde_json::Value;

use super::answer::plain;
use crate::sms::{About, BadPush, Fate, Push, Pushed, Receipt};

/// `[sms.gateways.NAME.reports]`. A field is a parameter's name, or that of a member of a JSON object (`/a/b`: one further in).
#[derive(Debug, Clone)]
pub struct Reports {
    /// In the path that they are pushed to.
    pub secret: SecretString,
    /// Where the list of reports stands in a JSON body, if not at its top.
    pub list: Option<String>,
    /// The field of our own identifier, as `{id}` gave it …
    pub id: Option<String>,
    /// … or that of the gateway's reference.
    pub reference: Option<String>,
    /// The field of what became of it.
    pub state: String,
    /// Its values that mean: on the phone.
    pub delivered: Vec<String>,
    /// Its values that mean: it will not get there.
    pub undeliverable: Vec<String>,
    /// The field of an error's code.
    pub error: Option<String>,
    /// Its values that mean: the number belongs to another carrier.
    pub foreign: Vec<String>,
    /// What is answered.
    pub answer: String,
}

impl Reports {
    pub(super) fn read(&self, push: &Push<'_>) -> Result<Pushed, BadPush> {
        let query: HashMap<_, _> = pairs(push.query.as_bytes());
        let records: Vec<Value> = if push.body.is_empty() {
            vec![Value::Null]
        } else if let Ok(body) = serde_json::from_slice::<Value>(push.body) {
            self.elements(body)?
        } else {
            let form = pairs(push.body).into_iter();
            vec![
                form.map(|(name, value)| (name, Value::from(value)))
                    .collect(),
            ]
        };
        let mut read = false;
        let mut receipts = Vec::new();
        for record in &records {
            let field = |name: &String| {
                let found = if name.starts_with('/') {
                    record.pointer(name)
                } else {
                    record.get(name)
                };
                found.and_then(plain).or_else(|| query.get(name).cloned())
            };
            let Some(state) = field(&self.state) else {
                continue;
            };
            read = true;
            let own = self
                .id
                .as_ref()
                .and_then(field)
                .and_then(|id| id.parse().ok());
            let theirs = || self.reference.as_ref().and_then(field);
            let about = own
                .map(About::Message)
                .or_else(|| theirs().map(About::Reference));
            let fate = self.fate(&state, self.error.as_ref().and_then(field));
            if let (Some(about), Some(fate)) = (about, fate) {
                receipts.push(Receipt { about, fate });
            }
        }
        if !read && !records.is_empty() {
            return Err(BadPush);
        }
        Ok(Pushed {
            receipts,
            answer: self.answer.clone(),
            content_type: self.content_type(),
        })
    }

    fn elements(&self, body: Value) -> Result<Vec<Value>, BadPush> {
        let found = match &self.list {
            Some(list) => body.pointer(list).cloned().ok_or(BadPush)?,
            None => body,
        };
        Ok(match found {
            Value::Array(elements) => elements,
            one => vec![one],
        })
    }

    /// None: nothing is decided yet.
    fn fate(&self, state: &str, error: Option<String>) -> Option<Fate> {
        let among = |values: &[String], value: &str| values.iter().any(|one| one == value);
        if among(&self.delivered, state) {
            return Some(Fate::Delivered);
        }
        let foreign = error.is_some_and(|error| among(&self.foreign, &error));
        among(&self.undeliverable, state).then_some(Fate::Undeliverable { foreign })
    }

    fn content_type(&self) -> &'static str {
        match self.answer.as_bytes().first() {
            Some(b'{' | b'[') => "application/json",
            Some(b'<') => "text/xml; charset=utf-8",
            _ => "text/plain; charset=utf-8",
        }
    }
}

fn pairs(encoded: &[u8]) -> HashMap<String, String> {
    url::form_urlencoded::parse(encoded).into_owned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sms::tests::message;

    fn reports() -> Reports {
        Reports {
            secret: "s".into(),
            list: None,
            id: Some("id".into()),
            reference: Some("fid".into()),
            state: "st".into(),
            delivered: vec!["1".into()],
            undeliverable: vec!["2".into(), "16".into()],
            error: Some("err".into()),
            foreign: vec!["NE:0106".into()],
            answer: "ok".into(),
        }
    }

    fn read(reports: &Reports, query: &str, body: &str) -> Result<Vec<Receipt>, BadPush> {
        let push = Push {
            query,
            content_type: None,
            body: body.as_bytes(),
        };
        reports.read(&push).map(|pushed| pushed.receipts)
    }

    #[test]
    fn kannel_s_calls_read() {
        let id = message().id;
        let own = |fate| {
            let about = About::Message(id);
            Ok(vec![Receipt { about, fate }])
        };
        let failed = |foreign| Fate::Undeliverable { foreign };
        for (query, expected) in [
            (format!("id={id}&st=1&fid="), own(Fate::Delivered)),
            (format!("id={id}&st=2&fid=x"), own(failed(false))),
            (format!("id={id}&st=16&err=NE%3A0106"), own(failed(true))),
            // with the SMSC, or waiting: nothing is decided
            (format!("id={id}&st=8"), Ok(vec![])),
            (format!("id={id}&st=4"), Ok(vec![])),
            // nothing of ours
            ("id=another&st=1".into(), Ok(vec![])),
            ("st=1".into(), Ok(vec![])),
            (format!("id={id}"), Err(BadPush)),
            (String::new(), Err(BadPush)),
        ] {
            assert_eq!(read(&reports(), &query, ""), expected, "{query}");
        }
        let by_reference = read(&reports(), "fid=abc&st=1", "").unwrap();
        assert_eq!(by_reference[0].about, About::Reference("abc".into()));
    }

    #[test]
    fn forms_and_json_read_too() {
        let id = message().id;
        let mut reports = reports();
        let form = read(&reports, "", &format!("id={id}&st=1")).unwrap();
        assert_eq!(form.len(), 1);
        let body = format!(r#"[{{"id":"{id}","st":1}},{{"fid":7,"st":"2"}},{{"st":1}}]"#);
        let list = read(&reports, "", &body).unwrap();
        assert_eq!(list.len(), 2);
        assert_eq!(list[1].about, About::Reference("7".into()));
        reports.list = Some("/data/reports".into());
        reports.state = "/status/code".into();
        let body = format!(r#"{{"data":{{"reports":[{{"id":"{id}","status":{{"code":"1"}}}}]}}}}"#);
        assert_eq!(read(&reports, "", &body).unwrap().len(), 1);
        assert_eq!(read(&reports, "", "{}"), Err(BadPush));
        let empty = r#"{"data":{"reports":[]}}"#;
        assert_eq!(read(&reports, "", empty), Ok(vec![]));
        for broken in ["[", "\u{0}", "true"] {
            assert_eq!(read(&reports, "", broken), Err(BadPush), "{broken:?}");
        }
    }

    #[test]
    fn the_answer_s_type_is_its_own() {
        let mut reports = reports();
        for (answer, content_type) in [
            ("ok", "text/plain; charset=utf-8"),
            (r#"{"code":0}"#, "application/json"),
            ("<ok/>", "text/xml; charset=utf-8"),
        ] {
            reports.answer = answer.into();
            assert_eq!(reports.content_type(), content_type);
        }
    }
}
