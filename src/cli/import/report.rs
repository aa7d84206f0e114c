//! Why rows were rejected, as a table for people: row, JSON pointer, reason; no values, and no formulas.

use std::{fs::File, io};

use csv::{QuoteStyle, Writer, WriterBuilder};

use super::Wrong;
use crate::domain::spreadsheet::harmless;

pub(super) struct Report(Writer<File>);

impl Report {
    pub fn new(file: File) -> io::Result<Self> {
        let mut csv = WriterBuilder::new()
            .quote_style(QuoteStyle::Always)
            .from_writer(file);
        csv.write_record(["row", "pointer", "reason"])?;
        Ok(Self(csv))
    }

    pub fn write(&mut self, wrong: &[Wrong]) -> io::Result<()> {
        for Wrong {
            line,
            pointer,
            reason,
        } in wrong
        {
            let (pointer, reason) = (harmless(pointer), harmless(reason));
            self.0
                .write_record([&*line.to_string(), &*pointer, &*reason])?;
        }
        self.0.flush()
    }

    pub fn finish(self) -> io::Result<()> {
        let file = self
            .0
            .into_inner()
            .map_err(csv::IntoInnerError::into_error)?;
        file.sync_all()
    }
}
