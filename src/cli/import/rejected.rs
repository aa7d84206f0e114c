//! The rows that were not accepted, with the reasons, in a file that can be mended and imported again. It holds personal
//! data: it is this user's alone.

use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use csv::WriterBuilder;
use serde_json::{Value, json};

use super::{
    Format, Source, Wrong,
    csv::{COLUMNS, REASON},
};
use crate::cli::Failure;

/// Made when the first row is rejected.
pub(super) struct Rejects {
    beside: PathBuf,
    format: Format,
    file: Option<(File, PathBuf)>,
}

impl Rejects {
    pub fn new(beside: &Path, format: Format) -> Self {
        Self {
            beside: beside.to_owned(),
            format,
            file: None,
        }
    }

    pub fn write(&mut self, line: usize, source: &Source, wrong: &[Wrong]) -> Result<(), Failure> {
        let reasons: Vec<_> = wrong
            .iter()
            .map(|Wrong { line, message }| format!("line {line}: {message}"))
            .collect();
        let text = match source {
            Source::Line(text) => line_of(line, &reasons.join("; "), text),
            Source::Records(records) => {
                let rows = records.iter().map(|record| record.iter());
                records_of(rows, &reasons.join("; "))?
            }
        };
        let file = self.file()?;
        file.write_all(&text).map_err(|error| self.failed(&error))
    }

    /// Where they stand, if there are any.
    pub fn finish(self) -> Result<Option<PathBuf>, Failure> {
        if let Some((file, _)) = &self.file {
            file.sync_all().map_err(|error| self.failed(&error))?;
        }
        Ok(self.file.map(|(_, path)| path))
    }

    fn file(&mut self) -> Result<&mut File, Failure> {
        if self.file.is_none() {
            let (mut file, path) = self.make().map_err(|error| self.failed(&error))?;
            if self.format == Format::Csv {
                let header = records_of([COLUMNS.into_iter()], REASON)?;
                file.write_all(&header)
                    .map_err(|error| self.failed(&error))?;
            }
            self.file = Some((file, path));
        }
        match &mut self.file {
            Some((file, _)) => Ok(file),
            None => Err(Failure::Work("the file of rejected rows is gone".into())),
        }
    }

    /// Under a name that is free: an earlier import's rows stay.
    fn make(&self) -> io::Result<(File, PathBuf)> {
        let extension = match self.format {
            Format::Ndjson => "ndjson",
            Format::Csv => "csv",
        };
        let mut number = 1;
        loop {
            let ending = match number {
                1 => format!("rejected.{extension}"),
                number => format!("rejected-{number}.{extension}"),
            };
            let path = self.beside.with_extension(ending);
            let made = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path);
            match made {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
                made => return Ok((made?, path)),
            }
        }
    }

    fn failed(&self, error: &io::Error) -> Failure {
        Failure::Work(format!(
            "the rejected rows cannot be written beside {}: {error}; what follows was not submitted, import the file again \
             once that is mended",
            self.beside.display()
        ))
    }
}

fn line_of(number: usize, reason: &str, line: &[u8]) -> Vec<u8> {
    let row = serde_json::from_slice(line)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(line).into_owned()));
    format!(
        "{}\n",
        json!({"line": number, "reason": reason, "row": row})
    )
    .into_bytes()
}

fn records_of<'a, R>(
    records: impl IntoIterator<Item = R>,
    reason: &'a str,
) -> Result<Vec<u8>, Failure>
where
    R: Iterator<Item = &'a str>,
{
    let failed =
        |error: String| Failure::Work(format!("a rejected row cannot be written: {error}"));
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    for record in records {
        let record = record.chain([reason]);
        writer
            .write_record(record)
            .map_err(|error| failed(error.to_string()))?;
    }
    writer
        .into_inner()
        .map_err(|error| failed(error.to_string()))
}
