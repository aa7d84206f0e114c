//! From bytes to a typed body, and from serde's complaints to a JSON pointer and a sentence that repeats no value.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_path_to_error::{Path, Segment};

use super::problem::{Problem, ProblemType};
use crate::domain::filing::FieldError;

/// A pointer that is longer names its parent only: the member's name came with the body.
const LONGEST_NAME: usize = 100;

/// Reads JSON: not JSON at all is `broken-json` with line and column, the wrong shape `invalid-filing` with a pointer.
///
/// # Errors
/// As said: 400 or 422.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let broken = |detail: String| Problem::new(ProblemType::BrokenJson, detail);
    let text = std::str::from_utf8(body).map_err(|error| {
        broken(format!(
            "the body is not UTF-8: see its byte {}",
            error.valid_up_to() + 1
        ))
    })?;
    // some systems write a byte order mark
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(broken("the body is empty".into()));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    match serde_path_to_error::deserialize(&mut reader) {
        Ok(value) if reader.end().is_ok() => Ok(value),
        Ok(_) => Err(broken(
            "the body goes on after the end of its JSON".to_owned(),
        )),
        Err(error) => {
            // what serde_json says of syntax holds no values
            if let Err(syntax) = serde_json::from_str::<IgnoredAny>(text) {
                return Err(broken(format!("the body is not JSON: {syntax}")));
            }
            let (path, inner) = (error.path().clone(), error.into_inner());
            Err(Problem::invalid(vec![field_error(
                &path,
                &inner.to_string(),
            )]))
        }
    }
}

fn field_error(path: &Path, message: &str) -> FieldError {
    let message = message
        .rsplit_once(" at line ")
        .map_or(message, |(text, _)| text);
    let (member, detail) = explain(message);
    let mut pointer = pointer(path);
    if let Some(member) = member {
        push(&mut pointer, member);
    }
    FieldError { pointer, detail }
}

/// `/sites/0/principal`
fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => push(&mut pointer, &index.to_string()),
            Segment::Map { key } if key.len() <= LONGEST_NAME => push(&mut pointer, key),
            Segment::Map { .. } | Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

fn push(pointer: &mut String, member: &str) {
    pointer.push('/');
    pointer.push_str(&member.replace('~', "~0").replace('/', "~1"));
}

/// The member that serde names beside the path, and a sentence without the value.
fn explain(message: &str) -> (Option<&str>, String) {
    let quoted = |rest: &'_ str| rest.strip_suffix('`').map(str::len);
    if let Some(rest) = message.strip_prefix("missing field `") {
        let member = quoted(rest).map(|length| &rest[..length]);
        return (member, "is required".into());
    }
    if let Some(rest) = message.strip_prefix("duplicate field `") {
        let member = quoted(rest).map(|length| &rest[..length]);
        return (member, "is given twice".into());
    }
    let expected = message.rsplit_once(", expected ").map(|(_, words)| words);
    let detail = match expected {
        Some(words) if message.starts_with("unknown field `") => {
            format!("is unknown here; known are {}", list(words))
        }
        _ if message.starts_with("unknown field `") => "is unknown here".into(),
        Some(words) if message.starts_with("unknown variant `") => {
            format!("must be one of {}", list(words))
        }
        Some(what) if message.starts_with("invalid ") => format!("must be {}", kind(what)),
        _ => "is of the wrong kind".into(),
    };
    (None, detail)
}

/// "one of `a`, `b`" and "`a` or `b`" as "a, b".
fn list(words: &str) -> String {
    words
        .trim_start_matches("one of ")
        .replace("` or `", "`, `")
        .replace('`', "")
}

/// serde's word for a kind as JSON's.
fn kind(what: &str) -> &str {
    if what.starts_with("struct ") || what == "a map" {
        "an object"
    } else if what == "a sequence" {
        "an array"
    } else {
        what
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::filing::FilingDraft;

    fn filing() -> Value {
        json!({"province": "gansu", "kind": "new_site", "sites": [{"name": "某某网", "domains": ["example.cn"],
            "principal": {"name": "李雷", "phone": "13900139000", "document": {"type": "passport", "number": "E12345678"}}}]})
    }

    /// The problem of a body, as JSON.
    fn problem(body: &str) -> String {
        format!("{:?}", parse::<FilingDraft>(body.as_bytes()).unwrap_err())
    }

    #[track_caller]
    fn assert_wrong(at: &str, value: Value, pointer: &str, detail: &str) {
        let mut filing = filing();
        let (parent, member) = at.rsplit_once('/').unwrap();
        filing.pointer_mut(parent).unwrap()[member] = value;
        let problem = problem(&filing.to_string());
        assert!(
            problem.contains(&format!("pointer: {pointer:?}")),
            "{problem}"
        );
        assert!(problem.contains(detail), "{problem}");
        assert!(problem.contains("InvalidFiling"), "{problem}");
        assert!(!problem.contains("secret"), "{problem}");
    }

    #[test]
    fn a_wrong_shape_is_told_with_its_pointer_and_without_its_value() {
        let phone = "/sites/0/principal/phone";
        assert_wrong(phone, json!(13_900_139_000_u64), phone, "must be a string");
        assert_wrong(phone, Value::Null, phone, "must be a string");
        assert_wrong(
            "/kind",
            json!("secret"),
            "/kind",
            "must be one of new_filing, ",
        );
        assert_wrong("/kind", json!(5), "/kind", "is of the wrong kind");
        assert_wrong(
            "/province",
            json!("hunan省"),
            "/province",
            "must be one of beijing, ",
        );
        assert_wrong(
            "/owner",
            json!("secret"),
            "/owner",
            "is unknown here; known are province, ",
        );
        assert_wrong("/a~b", json!(1), "/a~0b", "is unknown here");
        assert_wrong("/sites", json!("secret"), "/sites", "must be an array");
        assert_wrong(
            "/subject",
            json!("secret, expected x"),
            "/subject",
            "must be an object",
        );
        let document = "/sites/0/principal/document";
        assert_wrong(
            document,
            json!({"type": "passport"}),
            &format!("{document}/number"),
            "is required",
        );
        assert_wrong(
            &format!("/{}", "x".repeat(101)),
            json!(1),
            "",
            "is unknown here",
        );
    }

    #[test]
    fn a_member_given_twice_is_refused() {
        let twice = filing()
            .to_string()
            .replacen('{', r#"{"kind":"change","#, 1);
        let problem = problem(&twice);
        assert!(
            problem.contains(r#"pointer: "/kind", detail: "is given twice""#),
            "{problem}"
        );
    }

    #[test]
    fn what_is_not_json_is_told_with_line_and_column() {
        assert!(problem("{\"province\": \"gansu\",\n  nonsense}").contains("at line 2 column 3"));
        assert!(problem("{\"owner\": 1,,}").contains("BrokenJson"));
        assert!(problem("").contains("the body is empty"));
        assert!(problem(&format!("{} x", filing())).contains("goes on after"));
        let nul = filing().to_string().replace("李雷", "李\u{0}雷");
        assert!(problem(&nul).contains("control character"));
        let problem = format!(
            "{:?}",
            parse::<FilingDraft>(b"{\"kind\": \"\xFF\"}").unwrap_err()
        );
        assert!(problem.contains("not UTF-8: see its byte 11"), "{problem}");
        assert!(parse::<FilingDraft>(format!("\u{FEFF}{}\n", filing()).as_bytes()).is_ok());
    }

    #[test]
    fn deep_nesting_is_refused() {
        let deep = format!("{{\"subject\": {}", "[".repeat(100_000));
        assert!(problem(&deep).contains("BrokenJson"));
    }
}
