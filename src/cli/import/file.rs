//! The file: what it is, its digest, and the requests in it, one at a time.

use std::{
    fs::{self, File},
    io::{Cursor, ErrorKind, Read, Seek},
    path::Path,
};

use sha2::{Digest, Sha256};

use super::{Format, Row, ndjson, table, workbook};
use crate::cli::Failure;

/// A file that can be imported.
pub(super) struct Opened {
    pub format: Format,
    /// SHA-256.
    pub digest: [u8; 32],
    pub rows: Rows,
}

/// Its requests, in their order.
pub(super) enum Rows {
    Lines(ndjson::Requests),
    Table(table::Requests),
}

impl Rows {
    pub fn len(&self) -> usize {
        match self {
            Self::Lines(lines) => lines.len(),
            Self::Table(table) => table.len(),
        }
    }
}

impl Iterator for Rows {
    type Item = Result<Row, String>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Lines(lines) => lines.next(),
            Self::Table(table) => table.next(),
        }
    }
}

/// Looks through the whole file.
///
/// # Errors
/// It cannot be read as what it should be.
pub(super) fn open(path: &Path) -> Result<Opened, Failure> {
    let wrong = |reason: String| Failure::Arguments(format!("{}: {reason}", path.display()));
    let unreadable = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => wrong("there is no such file".into()),
        _ => wrong(format!("cannot be read: {error}")),
    };
    // before it is opened: a pipe would keep us waiting for its writer
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(wrong("is no file; it is read more than once".into()));
    }
    let mut file = File::open(path).map_err(unreadable)?;
    let (digest, beginning) = digest(&mut file).map_err(unreadable)?;
    file.rewind().map_err(unreadable)?;
    let format = format(path, &beginning).map_err(|reason| wrong(reason.into()))?;
    let rows = match format {
        Format::Ndjson => ndjson::Requests::open(file).map(Rows::Lines),
        Format::Csv => table::Requests::open(Box::new(file)).map(Rows::Table),
        Format::Xlsx => workbook::as_csv(file)
            .and_then(|csv| table::Requests::open(Box::new(Cursor::new(csv))))
            .map(Rows::Table),
    };
    Ok(Opened {
        format,
        digest,
        rows: rows.map_err(wrong)?,
    })
}

/// With it the beginning of the file.
fn digest(file: &mut File) -> std::io::Result<([u8; 32], Vec<u8>)> {
    let mut sha = Sha256::new();
    let mut beginning = Vec::new();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            return Ok((sha.finalize().into(), beginning));
        }
        if beginning.is_empty() {
            beginning.extend_from_slice(&chunk[..read.min(1024)]);
        }
        sha.update(&chunk[..read]);
    }
}

/// By what it begins with, or else by its name.
fn format(path: &Path, beginning: &[u8]) -> Result<Format, &'static str> {
    let beginning = beginning.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(beginning);
    if beginning.starts_with(b"PK\x03\x04") {
        return Ok(Format::Xlsx);
    }
    if beginning.starts_with(b"\xD0\xCF\x11\xE0") {
        return Err("is an old or locked workbook; save it as .xlsx without a password");
    }
    let extension = path.extension().and_then(|extension| extension.to_str());
    let extension = extension.map(str::to_ascii_lowercase);
    let first = beginning.iter().find(|byte| !byte.is_ascii_whitespace());
    match extension.as_deref() {
        Some("xlsx") => Err("is no workbook, whatever its name"),
        Some("ndjson" | "jsonl") => Ok(Format::Ndjson),
        Some("csv") => Ok(Format::Csv),
        _ if first == Some(&b'{') => Ok(Format::Ndjson),
        _ => Ok(Format::Csv),
    }
}
