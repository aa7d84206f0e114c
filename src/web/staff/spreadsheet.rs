//! Tables as files that carry no formulas: a cell that a spreadsheet might take for one gets a `'` in front (OWASP, CSV
//! injection), and all are quoted.

use csv::{QuoteStyle, WriterBuilder};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

use crate::{
    domain::{spreadsheet::harmless, words::words},
    flow::FlowError,
};

words!(/// What a table is written as.
    Format {
        /// Excel, WPS.
        Xlsx = "xlsx",
        /// Comma-separated, UTF-8 with its mark.
        Csv = "csv",
    }
);

impl Format {
    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Xlsx => "XLSX（Excel、WPS）",
            Self::Csv => "CSV（UTF-8）",
        }
    }

    /// The content type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }
}

/// Writes a table.
///
/// # Errors
/// None that a table could cause.
pub fn write(
    format: Format,
    headings: &[&str],
    lines: &[Vec<String>],
) -> Result<Vec<u8>, FlowError> {
    let written = match format {
        Format::Csv => csv(headings, lines).map_err(|error| error.to_string()),
        Format::Xlsx => xlsx(headings, lines).map_err(|error| error.to_string()),
    };
    written.map_err(|error| FlowError::Corrupt(format!("a table: {error}")))
}

fn csv(headings: &[&str], lines: &[Vec<String>]) -> Result<Vec<u8>, csv::Error> {
    // the mark tells spreadsheets that it is UTF-8
    let mut writer = WriterBuilder::new()
        .quote_style(QuoteStyle::Always)
        .terminator(csv::Terminator::CRLF)
        .from_writer("\u{feff}".as_bytes().to_vec());
    writer.write_record(headings)?;
    for line in lines {
        writer.write_record(line.iter().map(|cell| harmless(cell).into_owned()))?;
    }
    writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))
}

fn xlsx(headings: &[&str], lines: &[Vec<String>]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // when it was made stands in the log, and in the file's name if whoever keeps it wants so
    let no_time = ExcelDateTime::from_ymd(2000, 1, 1)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&no_time));
    let sheet = book.add_worksheet();
    let cells = std::iter::once(headings.iter().map(|text| (*text).to_owned()).collect()).chain(
        lines.iter().map(|line| {
            line.iter()
                .map(|cell| harmless(cell).into_owned())
                .collect::<Vec<_>>()
        }),
    );
    for (row, line) in (0_u32..).zip(cells) {
        for (column, cell) in (0_u16..).zip(line) {
            sheet.write_string(row, column, cell)?;
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    book.save_to_buffer()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_quotes_all_of_it() {
        let lines = [vec![
            "=cmd|' /C calc'!A0".to_owned(),
            "a,\"b\"\nc".to_owned(),
        ]];
        let text = String::from_utf8(write(Format::Csv, &["一", "二"], &lines).unwrap()).unwrap();
        assert_eq!(
            text,
            "\u{feff}\"一\",\"二\"\r\n\"'=cmd|' /C calc'!A0\",\"a,\"\"b\"\"\nc\"\r\n"
        );
    }
}
