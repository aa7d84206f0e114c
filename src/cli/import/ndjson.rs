//! NDJSON: a request a line, as the API takes it. A line of a file of rejected ones is read as the row in it.

use serde::Deserialize;
use serde_json::{Value, error::Category};

use super::{Row, Source, Wrong};
use crate::domain::filing::FilingDraft;

/// A line of `….rejected.ndjson`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rejected {
    #[serde(rename = "line")]
    _line: usize,
    #[serde(rename = "reason")]
    _reason: String,
    /// The request, or the text that could not be read as one.
    row: Value,
}

/// Every line that is not blank.
pub(super) fn read(bytes: &[u8]) -> Vec<Row> {
    let lines = bytes.split(|byte| *byte == b'\n').zip(1..);
    let filled = lines.filter(|(text, _)| !text.trim_ascii().is_empty());
    filled
        .map(|(text, line)| row(text.trim_ascii(), line))
        .collect()
}

fn row(text: &[u8], line: usize) -> Row {
    let text = match serde_json::from_slice(text) {
        Ok(Rejected {
            row: Value::String(text),
            ..
        }) => text.into_bytes(),
        Ok(Rejected { row, .. }) => row.to_string().into_bytes(),
        Err(_) => text.to_vec(),
    };
    let draft = parse(&text).map_err(|message| vec![Wrong { line, message }]);
    Row {
        line,
        places: Vec::new(),
        draft,
        source: Source::Line(text),
    }
}

fn parse(text: &[u8]) -> Result<FilingDraft, String> {
    let text = std::str::from_utf8(text).map_err(|_| "is not UTF-8")?;
    let mut json = serde_json::Deserializer::from_str(text);
    let draft = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        told(&path, error.inner())
    })?;
    json.end().map_err(|error| told(".", &error))?;
    Ok(draft)
}

/// serde's own words quote the value: only what it expected is kept.
fn told(path: &str, error: &serde_json::Error) -> String {
    if error.classify() != Category::Data {
        return format!("is no JSON, at column {}", error.column());
    }
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    let told = match text.split_once("expected ") {
        _ if ["unknown field", "missing field", "duplicate field"]
            .iter()
            .any(|harmless| text.starts_with(harmless)) =>
        {
            text.to_owned()
        }
        Some((_, expected)) => format!("must be {expected}"),
        None => "is not as it should be".to_owned(),
    };
    match path {
        "." => told,
        path => format!("/{} {told}", path.replace(['.', '['], "/").replace(']', "")),
    }
}
