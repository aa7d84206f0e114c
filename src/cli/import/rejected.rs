//! The rows that were not accepted, with the reasons, in a file of the same kind that can be mended and imported again, and a
//! report beside it. They hold personal data: they are this user's alone.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use csv::{StringRecord, WriterBuilder};
use rust_xlsxwriter::{Workbook, XlsxError};
use serde_json::{Value, json};

use super::{
    Format, Source, Wrong,
    record::{COLUMNS, REASON},
    report::Report,
};
use crate::{cli::Failure, domain::spreadsheet::harmless};

/// So many reasons stand beside a row.
const MOST_REASONS: usize = 20;

/// Made when the first row is rejected.
pub(super) struct Rejects {
    beside: PathBuf,
    format: Format,
    files: Option<Files>,
}

struct Files {
    rows: Rows,
    report: Report,
    paths: Paths,
}

enum Rows {
    Text(File),
    /// Written whole at the end; its rows wait in a file without a name.
    Book {
        book: Box<Workbook>,
        next: u32,
        file: File,
    },
}

/// Where they stand.
pub(super) struct Paths {
    rows: PathBuf,
    report: PathBuf,
}

impl fmt::Display for Paths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, report) = (self.rows.display(), self.report.display());
        write!(
            f,
            "{rows}: mend and import that file; {report} lists them by row and pointer"
        )
    }
}

impl Rejects {
    pub fn new(beside: &Path, format: Format) -> Self {
        Self {
            beside: beside.to_owned(),
            format,
            files: None,
        }
    }

    pub fn write(&mut self, line: usize, source: &Source, wrong: &[Wrong]) -> Result<(), Failure> {
        self.try_write(line, source, wrong)
            .map_err(|error| self.failed(&error))
    }

    /// Where they stand, if there are any.
    pub fn finish(mut self) -> Result<Option<Paths>, Failure> {
        let Some(files) = self.files.take() else {
            return Ok(None);
        };
        files
            .rows
            .finish()
            .and_then(|()| files.report.finish())
            .map_err(|error| self.failed(&error))?;
        Ok(Some(files.paths))
    }

    fn try_write(&mut self, line: usize, source: &Source, wrong: &[Wrong]) -> io::Result<()> {
        let reasons = first_of(wrong);
        let files = match &mut self.files {
            Some(files) => files,
            none => none.insert(Files::make(&self.beside, self.format)?),
        };
        files.report.write(wrong)?;
        files.rows.write(line, source, &reasons)
    }

    fn failed(&self, error: &io::Error) -> Failure {
        Failure::Work(format!(
            "the rejected rows cannot be written beside {}: {error}; what follows was not submitted, import the file again \
             once that is mended",
            self.beside.display()
        ))
    }
}

impl Files {
    /// Under names that are free: an earlier import's rows stay.
    fn make(beside: &Path, format: Format) -> io::Result<Self> {
        let extension = match format {
            Format::Ndjson => "ndjson",
            Format::Csv => "csv",
            Format::Xlsx => "xlsx",
        };
        let mut number = 1;
        loop {
            let suffix = match number {
                1 => String::new(),
                number => format!("-{number}"),
            };
            let paths = Paths {
                rows: beside.with_extension(format!("rejected{suffix}.{extension}")),
                report: beside.with_extension(format!("report{suffix}.csv")),
            };
            let made = new_file(&paths.rows).and_then(|rows| {
                new_file(&paths.report)
                    .inspect_err(|_| drop(std::fs::remove_file(&paths.rows)))
                    .map(|report| (rows, report))
            });
            match made {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
                Ok((rows, report)) => {
                    return Ok(Self {
                        rows: Rows::begin(format, rows, beside)?,
                        report: Report::new(report)?,
                        paths,
                    });
                }
            }
        }
    }
}

/// What a workbook's cell holds at most; some programs write more, none reads it.
fn fitting(text: &str) -> &str {
    const MOST: usize = 32_767;
    text.char_indices()
        .nth(MOST)
        .map_or(text, |(end, _)| &text[..end])
}

impl Rows {
    fn begin(format: Format, mut file: File, beside: &Path) -> io::Result<Self> {
        match format {
            Format::Ndjson => Ok(Self::Text(file)),
            Format::Csv => {
                file.write_all(&line_of_table(&StringRecord::from(&COLUMNS[..]), REASON)?)?;
                Ok(Self::Text(file))
            }
            Format::Xlsx => {
                let mut book = Box::new(Workbook::new());
                let folder = beside
                    .parent()
                    .filter(|folder| !folder.as_os_str().is_empty());
                book.set_tempdir(folder.unwrap_or(Path::new(".")))
                    .and_then(|book| book.add_worksheet_with_constant_memory())
                    .and_then(|sheet| sheet.write_row(0, 0, COLUMNS.into_iter().chain([REASON])))
                    .map_err(other)?;
                Ok(Self::Book {
                    book,
                    next: 1,
                    file,
                })
            }
        }
    }

    fn write(&mut self, line: usize, source: &Source, reasons: &str) -> io::Result<()> {
        match (self, source) {
            (Self::Text(file), Source::Line(text)) => {
                file.write_all(&line_of_json(line, reasons, text))
            }
            (Self::Text(file), Source::Records(records)) => {
                // a request's rows together, whatever happens
                let lines = records.iter().map(|record| line_of_table(record, reasons));
                let lines: Vec<_> = lines.collect::<io::Result<_>>()?;
                file.write_all(&lines.concat())
            }
            (Self::Book { book, next, .. }, Source::Records(records)) => {
                let sheet = book.worksheet_from_index(0).map_err(other)?;
                for record in records {
                    // texts all: a workbook runs no text
                    let cells = record.iter().chain([reasons]).map(fitting);
                    sheet.write_row(*next, 0, cells).map_err(other)?;
                    *next += 1;
                }
                Ok(())
            }
            (Self::Book { .. }, Source::Line(_)) => {
                Err(io::Error::other("a line has no place in a workbook"))
            }
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Text(file) => file.sync_all(),
            Self::Book { mut book, file, .. } => {
                book.save_to_writer(&file).map_err(other)?;
                file.sync_all()
            }
        }
    }
}

/// A cell does not hold any number of them; the report does.
fn first_of(wrong: &[Wrong]) -> String {
    let told = wrong.iter().take(MOST_REASONS).map(ToString::to_string);
    let mut told: Vec<_> = told.collect();
    if let Some(more) = wrong
        .len()
        .checked_sub(MOST_REASONS)
        .filter(|more| *more > 0)
    {
        told.push(format!("and {more} more: see the report"));
    }
    told.join("; ")
}

fn other(error: XlsxError) -> io::Error {
    match error {
        XlsxError::IoError(error) => error,
        error => io::Error::other(error.to_string()),
    }
}

fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(path)
}

fn line_of_json(number: usize, reasons: &str, line: &[u8]) -> Vec<u8> {
    let row = serde_json::from_slice(line)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(line).into_owned()));
    let line = json!({"line": number, "reason": reasons, "row": row});
    format!("{line}\n").into_bytes()
}

/// `import` reads the cells as they were.
fn line_of_table(record: &StringRecord, last: &str) -> io::Result<Vec<u8>> {
    let mut csv = WriterBuilder::new().from_writer(Vec::new());
    let fields = record.iter().chain([last]);
    csv.write_record(fields.map(|field| harmless(field).into_owned()))?;
    csv.into_inner().map_err(csv::IntoInnerError::into_error)
}

#[cfg(test)]
mod tests {
    use super::fitting;

    #[test]
    fn a_cell_is_no_longer_than_a_workbook_allows() {
        let long = "长".repeat(40_000);
        assert_eq!(fitting(&long).chars().count(), 32_767);
        assert_eq!(fitting("甲"), "甲");
    }
}
