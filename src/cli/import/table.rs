//! CSV, and workbooks made into it: read twice, first for where the rows of each request stand (a few bytes a row are kept),
//! then request by request.

use std::{
    collections::HashMap,
    io::{Read, Seek},
    vec::IntoIter,
};

use csv::{ByteRecord, Position, Reader, ReaderBuilder, StringRecord, Terminator};
use sha2::{Digest, Sha256};

use super::{
    Row, Source, Wrong,
    record::{COLUMNS, REASON, request},
};

/// A longer record is none: a quotation mark was not closed.
const LONGEST: usize = 1024 * 1024;

/// What a table is read from.
pub(super) trait Text: Read + Seek + Send {}
impl<T: Read + Seek + Send> Text for T {}

/// The requests of a table, in the order of their first rows.
pub(super) struct Requests {
    reader: Reader<Box<dyn Text>>,
    columns: HashMap<&'static str, usize>,
    /// Where the rows of each stand.
    places: IntoIter<Vec<Position>>,
}

impl Requests {
    /// Looks through the whole table.
    ///
    /// # Errors
    /// It is none, or its header is not that of such a file.
    pub fn open(text: Box<dyn Text>) -> Result<Self, String> {
        // with CRLF for the end the reader counts lines from the wrong side; a left-over CR is trimmed with the rest
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .terminator(Terminator::Any(b'\n'))
            .from_reader(text);
        let header = reader.byte_headers().map_err(unreadable)?;
        let header = StringRecord::from_byte_record(header.clone())
            .map_err(|_| format!("the header {NOT_UTF_8}"))?;
        let columns = columns(&header)?;
        let places = places(&mut reader, columns.get(COLUMNS[0]).copied())?;
        Ok(Self {
            reader,
            columns,
            places: places.into_iter(),
        })
    }

    /// How many are left.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    fn read(&mut self, places: Vec<Position>) -> Result<Row, String> {
        let mut records = Vec::with_capacity(places.len());
        let mut broken = None;
        for place in places {
            let line = usize::try_from(place.line()).unwrap_or(usize::MAX);
            let mut record = ByteRecord::new();
            self.reader.seek(place).map_err(unreadable)?;
            self.reader
                .read_byte_record(&mut record)
                .map_err(unreadable)?;
            let record = StringRecord::from_byte_record(record).unwrap_or_else(|error| {
                broken.get_or_insert(line);
                StringRecord::from_byte_record_lossy(error.into_byte_record())
            });
            records.push((line, self.in_order(&record)));
        }
        let Some(line) = broken else {
            return Ok(request(records));
        };
        let records = records.into_iter().map(|(_, record)| record);
        Ok(Row {
            line,
            places: Vec::new(),
            draft: Err(vec![Wrong::new(line, "", NOT_UTF_8)]),
            source: Source::Records(records.collect()),
        })
    }

    /// The fields in the order of `COLUMNS`.
    fn in_order(&self, record: &StringRecord) -> StringRecord {
        let field = |column| self.columns.get(column).and_then(|at| record.get(*at));
        let fields = COLUMNS.iter().map(|column| field(column).map(str::trim));
        fields.map(Option::unwrap_or_default).collect()
    }
}

impl Iterator for Requests {
    type Item = Result<Row, String>;

    fn next(&mut self) -> Option<Self::Item> {
        let places = self.places.next()?;
        Some(self.read(places))
    }
}

const NOT_UTF_8: &str = "is not UTF-8; save it as CSV UTF-8";

fn unreadable(error: csv::Error) -> String {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => format!("cannot be read: {error}"),
        _ => "cannot be read as CSV".to_owned(),
    }
}

/// Where the rows of each request stand: those of one reference together, wherever they are.
fn places(
    reader: &mut Reader<Box<dyn Text>>,
    reference: Option<usize>,
) -> Result<Vec<Vec<Position>>, String> {
    let mut requests: Vec<Vec<Position>> = Vec::new();
    // by a digest of the reference, which is as good as itself and shorter
    let mut by_reference: HashMap<[u8; 16], usize> = HashMap::new();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(unreadable)? {
        let mut place = record.position().cloned().unwrap_or_else(Position::new);
        // the reader's record begins with the blank lines before it
        let within = record.as_slice().iter().filter(|byte| **byte == b'\n');
        let lines = 1 + within.count() as u64;
        let blank = (reader.position().line() - place.line()).saturating_sub(lines);
        place.set_line(place.line() + blank);
        if record.as_slice().len() > LONGEST {
            return Err(format!(
                "the row that begins in line {} is longer than 1 MiB: close its quotation mark",
                place.line()
            ));
        }
        if record.iter().all(|field| field.trim_ascii().is_empty()) {
            continue;
        }
        let reference = reference.and_then(|at| record.get(at));
        let reference = reference.map(<[u8]>::trim_ascii).unwrap_or_default();
        if reference.is_empty() {
            requests.push(vec![place]);
            continue;
        }
        let mut digest = [0; 16];
        digest.copy_from_slice(&Sha256::digest(reference)[..16]);
        let at = *by_reference.entry(digest).or_insert(requests.len());
        match requests.get_mut(at) {
            Some(rows) => rows.push(place),
            None => requests.push(vec![place]),
        }
    }
    Ok(requests)
}

/// Where each column stands in the file.
fn columns(header: &StringRecord) -> Result<HashMap<&'static str, usize>, String> {
    let mut columns = HashMap::new();
    for (index, name) in header.iter().enumerate() {
        let name = name.trim_start_matches('\u{FEFF}').trim();
        if name == REASON {
            continue;
        }
        let known = COLUMNS.into_iter().find(|column| *column == name);
        let column = known.ok_or_else(|| {
            format!(
                "column {} of the header is none of {}",
                index + 1,
                COLUMNS.join(",")
            )
        })?;
        if columns.insert(column, index).is_some() {
            return Err(format!("column {column} stands twice in the header"));
        }
    }
    for needed in ["province", "kind"] {
        if !columns.contains_key(needed) {
            return Err(format!("the header has no column {needed}"));
        }
    }
    Ok(columns)
}
