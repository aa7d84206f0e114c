//! XLSX: the first sheet as CSV, a row a line, so that everything behind reads one thing. A workbook is a parcel from somebody
//! else: it is unpacked once into nowhere, within bounds, before anything of it is believed.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, Read, Seek},
};

use calamine::{DataRef, Reader, Xlsx};
use csv::{Writer, WriterBuilder};
use memchr::memmem;
use zip::ZipArchive;

/// All entries together, unpacked: some 250,000 rows.
const UNPACKED: u64 = 256 * 1024 * 1024;
const ENTRIES: usize = 1000;
/// The last row that a sheet can have.
const LAST_ROW: u32 = 1_048_576;
/// Many more columns than a table of ours has: a single cell far to the right makes a line of commas.
const MOST_COLUMNS: u32 = 64;
/// From here on a number has lost digits.
const EXACT: f64 = 1e15;

/// The first sheet as CSV.
///
/// # Errors
/// It is no workbook, or not one that can be trusted.
pub(super) fn as_csv(mut file: File) -> Result<Vec<u8>, String> {
    within_bounds(&mut file)?;
    file.rewind()
        .map_err(|error| format!("cannot be read: {error}"))?;
    let mut book = Xlsx::new(BufReader::new(file)).map_err(|error| not_read(&error))?;
    let sheets = book.sheet_names();
    let sheet = sheets.first().ok_or("has no sheet")?;
    let mut cells = book
        .worksheet_cells_reader(sheet)
        .map_err(|error| not_read(&error))?;
    let mut table = Table::new();
    while let Some(cell) = cells.next_cell().map_err(|error| not_read(&error))? {
        let (row, column) = cell.get_position();
        table.add(row, column, text(cell.get_value()))?;
    }
    table.finish()
}

fn not_read(error: &calamine::XlsxError) -> String {
    format!("cannot be read as a workbook: {error}")
}

/// The rows so far; a row that is empty is a line too, so that lines and rows have the same numbers.
struct Table {
    csv: Writer<Vec<u8>>,
    row: u32,
    cells: BTreeMap<u32, String>,
}

impl Table {
    fn new() -> Self {
        let csv = WriterBuilder::new().flexible(true).from_writer(Vec::new());
        Self {
            csv,
            row: 0,
            cells: BTreeMap::new(),
        }
    }

    fn add(&mut self, row: u32, column: u32, text: String) -> Result<(), String> {
        if row < self.row || row >= LAST_ROW || column >= MOST_COLUMNS {
            return Err(format!(
                "cannot be read as a workbook: row {row} or column {column} is out of place"
            ));
        }
        while self.row < row {
            self.end_row()?;
        }
        if !text.is_empty() {
            self.cells.insert(column, text);
        }
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), String> {
        let cells = std::mem::take(&mut self.cells);
        let width = cells.last_key_value().map_or(1, |(last, _)| last + 1);
        let row = (0..width).map(|column| cells.get(&column).map_or("", String::as_str));
        self.row += 1;
        self.csv
            .write_record(row)
            .map_err(|error| error.to_string())
    }

    fn finish(mut self) -> Result<Vec<u8>, String> {
        self.end_row()?;
        self.csv.into_inner().map_err(|error| error.to_string())
    }
}

/// A cell as it would be typed. A line's end within it would make two lines of one.
fn text(cell: &DataRef<'_>) -> String {
    match cell {
        DataRef::Empty => String::new(),
        DataRef::SharedString(text) => one_line(text),
        DataRef::Int(number) => number.to_string(),
        #[expect(clippy::cast_possible_truncation, reason = "whole, and small enough")]
        DataRef::Float(number) if number.fract() == 0.0 && number.abs() < EXACT => {
            (*number as i64).to_string()
        }
        DataRef::Float(number) if number.abs() >= EXACT => format!("{number:E}").replace('E', "E+"),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(truth) => truth.to_string(),
        DataRef::DateTime(time) => {
            let (year, month, day, ..) = time.to_ymd_hms_milli();
            format!("{year}-{month:02}-{day:02}")
        }
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            one_line(text)
        }
        DataRef::Error(error) => error.to_string(),
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

const DAMAGED: &str = "cannot be read as a workbook: it is damaged, or locked by a password";

/// Unpacks everything into nowhere: what is declared of the sizes need not be true.
fn within_bounds(file: &mut File) -> Result<(), String> {
    let damaged = |_| DAMAGED;
    let mut zip = ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    if zip.len() > ENTRIES {
        return Err(format!(
            "is no workbook of ours: it has over {ENTRIES} parts"
        ));
    }
    let mut left = UNPACKED;
    let mut chunk = vec![0; 64 * 1024];
    for at in 0..zip.len() {
        let mut entry = zip.by_index(at).map_err(damaged)?;
        let name = entry.name().map_err(damaged)?;
        // what reads the parts finds them in any case
        let lower = name.to_ascii_lowercase();
        let is_xml = [".xml", ".rels"].iter().any(|end| lower.ends_with(end));
        drop(name);
        let mut watch = Watch::default();
        loop {
            let read = entry.read(&mut chunk).map_err(|_| DAMAGED)?;
            if read == 0 {
                break;
            }
            let rest = left.checked_sub(read as u64);
            left = rest.ok_or("unpacks to more than 256 MiB: split it")?;
            if is_xml {
                watch.look(&chunk[..read])?;
            }
        }
    }
    Ok(())
}

/// Looks at XML as it passes, whatever its parts begin and end with.
#[derive(Default)]
struct Watch {
    /// The end of what has passed, in lower case.
    tail: Vec<u8>,
}

impl Watch {
    /// Longer than what is looked for, blanks included.
    const TAIL: usize = 1024;

    fn look(&mut self, chunk: &[u8]) -> Result<(), String> {
        if chunk.contains(&0) {
            return Err("cannot be read as a workbook: a part of it is not UTF-8".to_owned());
        }
        self.tail.extend(chunk.iter().map(u8::to_ascii_lowercase));
        if memmem::find(&self.tail, b"<!doctype").is_some() {
            return Err("declares XML entities, as no workbook does".to_owned());
        }
        // room is made for as many texts as are announced
        for at in memmem::find_iter(&self.tail, b"uniquecount") {
            let value = &self.tail[at + b"uniquecount".len()..];
            let value = value
                .iter()
                .skip_while(|byte| byte.is_ascii_whitespace() || b"=\"'".contains(byte));
            if value.take_while(|byte| byte.is_ascii_digit()).count() > 7 {
                return Err("announces more texts than a workbook can have".to_owned());
            }
        }
        let passed = self.tail.len().saturating_sub(Self::TAIL);
        self.tail.drain(..passed);
        Ok(())
    }
}
