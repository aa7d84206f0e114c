//! NDJSON: a request a line, as the API takes it. A line of a file of rejected ones is read as the row in it.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek},
};

use serde::Deserialize;
use serde_json::{Value, error::Category};

use super::{Row, Source, Wrong};
use crate::domain::filing::FilingDraft;

/// The longest line: more than a request may have.
const LONGEST: usize = 1024 * 1024;
const BOM: &[u8] = b"\xEF\xBB\xBF";

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

/// The requests of a file, in their order.
pub(super) struct Requests {
    lines: Lines,
    left: usize,
}

impl Requests {
    /// Looks through the whole file.
    ///
    /// # Errors
    /// It cannot be read, or has a line that is no request at all.
    pub fn open(mut file: File) -> Result<Self, String> {
        let lines = Lines::new(file.try_clone().map_err(|error| unreadable(&error))?);
        let mut left = 0;
        for line in lines {
            line?;
            left += 1;
        }
        file.rewind().map_err(|error| unreadable(&error))?;
        Ok(Self {
            lines: Lines::new(file),
            left,
        })
    }

    /// How many are left.
    pub const fn len(&self) -> usize {
        self.left
    }
}

impl Iterator for Requests {
    type Item = Result<Row, String>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.lines.next()?;
        self.left = self.left.saturating_sub(1);
        Some(line.map(|(number, text)| row(&text, number)))
    }
}

/// Every line that is not blank, with its number.
struct Lines {
    file: BufReader<File>,
    number: usize,
}

impl Lines {
    fn new(file: File) -> Self {
        Self {
            file: BufReader::new(file),
            number: 0,
        }
    }
}

impl Iterator for Lines {
    type Item = Result<(usize, Vec<u8>), String>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.number += 1;
            let mut line = Vec::new();
            let most = LONGEST as u64 + 1;
            let read = (&mut self.file).take(most).read_until(b'\n', &mut line);
            match read {
                Ok(0) => return None,
                Ok(_) if line.len() > LONGEST => {
                    return Some(Err(format!(
                        "line {} is longer than 1 MiB, the most that a request may have",
                        self.number
                    )));
                }
                Ok(_) => {}
                Err(error) => return Some(Err(unreadable(&error))),
            }
            let text = line.strip_prefix(BOM).filter(|_| self.number == 1);
            let text = text.unwrap_or(&line).trim_ascii();
            if !text.is_empty() {
                return Some(Ok((self.number, text.to_vec())));
            }
        }
    }
}

fn unreadable(error: &std::io::Error) -> String {
    format!("cannot be read: {error}")
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
    let wrong = |(pointer, reason): (String, String)| vec![Wrong::new(line, pointer, reason)];
    Row {
        line,
        places: Vec::new(),
        draft: parse(&text).map_err(wrong),
        source: Source::Line(text),
    }
}

/// Errors: pointer and reason.
fn parse(text: &[u8]) -> Result<FilingDraft, (String, String)> {
    let text = std::str::from_utf8(text).map_err(|_| (String::new(), "is not UTF-8".to_owned()))?;
    let mut json = serde_json::Deserializer::from_str(text);
    let draft = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        told(&path, error.inner())
    })?;
    json.end().map_err(|error| told(".", &error))?;
    Ok(draft)
}

/// serde's own words quote the value: only what it expected is kept.
fn told(path: &str, error: &serde_json::Error) -> (String, String) {
    if error.classify() != Category::Data {
        let reason = format!("is no JSON, at column {}", error.column());
        return (String::new(), reason);
    }
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    let reason = match text.split_once("expected ") {
        _ if ["unknown field", "missing field", "duplicate field"]
            .iter()
            .any(|harmless| text.starts_with(harmless)) =>
        {
            text.to_owned()
        }
        // a struct's name is no word of the file's
        Some((_, expected)) if expected.starts_with("struct ") => "must be an object".to_owned(),
        Some((_, expected)) => format!("must be {expected}"),
        None => "is not as it should be".to_owned(),
    };
    match path {
        "." => (String::new(), reason),
        path => {
            let pointer = format!("/{}", path.replace(['.', '['], "/").replace(']', ""));
            (pointer, reason)
        }
    }
}
