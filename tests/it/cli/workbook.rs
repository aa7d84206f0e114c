//! `import` from XLSX: the template, what a spreadsheet does to cells, and workbooks that are meant to harm.

use std::io::{Cursor, Write};

use calamine::{Data, Reader, Xlsx, open_workbook};
use rust_xlsxwriter::Workbook;
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::Heyan;

const HEADER: [&str; 8] = [
    "province",
    "kind",
    "role",
    "entity_name",
    "principal_name",
    "phone",
    "document_type",
    "document_number",
];

/// The rows of a sheet, as text.
fn rows(heyan: &Heyan, file: &str, sheet: &str) -> Vec<Vec<String>> {
    let mut book: Xlsx<_> = open_workbook(heyan.path(file)).unwrap();
    let range = book.worksheet_range(sheet).unwrap();
    let text = |cell: &Data| cell.to_string();
    range
        .rows()
        .map(|row| row.iter().map(text).collect())
        .collect()
}

#[test]
fn every_example_of_the_template_is_accepted_and_none_is_submitted_by_mistake() {
    let heyan = Heyan::new().with_provider();
    let told = heyan.run(&["import", "--template", "book.xlsx"]).done();
    assert_eq!(told, "book.xlsx: fill in its first sheet, and import it\n");
    assert_eq!(
        heyan.run(&["import", "book.xlsx"]).done(),
        "0 request(s) submitted\n"
    );
    let examples = rows(&heyan, "book.xlsx", "示例");
    let table: Vec<_> = examples.iter().map(|row| row.join(",")).collect();
    heyan.write("examples.csv", table.join("\n"));
    assert_eq!(
        heyan.run(&["import", "examples.csv"]).done(),
        "10 request(s) submitted\n"
    );
    for kind in heyan::domain::words::FilingKind::ALL {
        assert!(examples.iter().any(|row| row[2] == kind.as_str()), "{kind}");
    }
    let sheets = open_workbook::<Xlsx<_>, _>(heyan.path("book.xlsx"))
        .unwrap()
        .sheet_names();
    assert_eq!(sheets, ["备案请求", "示例", "说明", "词表"]);

    let error = heyan.run(&["import", "--template", "book.xlsx"]).failed(2);
    assert!(error.contains("book.xlsx: is there already"), "{error}");
    let error = heyan.run(&["import", "--template", "book.csv"]).failed(2);
    assert!(
        error.contains("a template is a workbook: name it .xlsx"),
        "{error}"
    );
}

#[test]
fn a_workbook_is_read_by_rows_and_its_rejected_rows_are_one_too() {
    let heyan = Heyan::new().with_provider();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_row(0, 0, HEADER).unwrap();
    let person = ["gansu", "new_filing", "subject", "公\n司", "王小明"];
    for row in [1, 3, 4] {
        sheet.write_row(row, 0, person).unwrap();
        sheet.write_string(row, 6, "resident_id").unwrap();
        sheet.write_string(row, 7, "11010519491231002X").unwrap();
    }
    // numbers, as a spreadsheet keeps what looks like one
    sheet.write_number(1, 5, 13_800_138_000_f64).unwrap();
    sheet.write_number(3, 5, 13_900_139_000_f64).unwrap();
    sheet
        .write_number(3, 7, 110_105_194_912_310_020_f64)
        .unwrap();
    sheet.write_string(4, 5, "=13800138000").unwrap();
    book.save(heyan.path("all.xlsx")).unwrap();

    let answer = heyan.run(&["import", "all.xlsx"]);
    assert_eq!(
        (answer.status, &*answer.stdout),
        (1, "1 request(s) submitted\n"),
        "{answer:?}"
    );
    let lost = "line 4: /subject/principal/document/number was turned into a number by a spreadsheet and has lost digits";
    assert!(answer.stderr.contains(lost), "{answer:?}");
    assert!(
        answer
            .stderr
            .contains("line 5: /subject/principal/phone must be"),
        "{answer:?}"
    );
    assert!(
        answer
            .stderr
            .contains("in all.rejected.xlsx: mend and import that file"),
        "{answer:?}"
    );
    assert_eq!(heyan.read("all.report.csv").lines().count(), 3);
    let rejected = rows(&heyan, "all.rejected.xlsx", "Sheet1");
    assert_eq!(rejected.len(), 3);
    assert_eq!(rejected[0].last().unwrap(), "reason");
    assert_eq!(rejected[2][6], "=13800138000");

    let again = heyan.run(&["import", "all.xlsx"]);
    assert_eq!(again.stdout, "0 request(s) submitted, 1 had been before\n");
    // the file of the rejected can be imported: they are rejected for the same
    let same = heyan.run(&["import", "all.rejected.xlsx"]);
    assert_eq!(
        (same.status, &*same.stdout),
        (1, "0 request(s) submitted\n")
    );
    assert!(same.stderr.contains("has lost digits"), "{same:?}");
}

/// Orders that a spreadsheet has made one of are not filed as one.
#[test]
fn a_reference_that_has_lost_digits_is_told() {
    let heyan = Heyan::new().with_provider();
    let csv = "provider_reference,province,kind,role,entity_name,principal_name,phone,document_type,document_number,domains\n\
        2.0261124E+17,gansu,new_site,site,甲网,王小明,13800138000,passport,E12345678,a.example.cn\n\
        2.0261124E+17,gansu,new_site,site,乙网,李雷,13900139000,passport,E12345679,a.example.cn\n\
        #N/A,gansu,new_site,site,丙网,王小明,13800138000,passport,E12345678,a.example.cn\n\
        202611240000000021,gansu,new_site,site,丁网,王小明,13800138000,passport,E12345678,a.example.cn\n";
    heyan.write("orders.csv", csv);
    let answer = heyan.run(&["import", "orders.csv"]);
    assert_eq!(
        (answer.status, &*answer.stdout),
        (1, "1 request(s) submitted\n"),
        "{answer:?}"
    );
    for line in [2, 4] {
        let told = format!("line {line}: /provider_reference was turned into a number or an error");
        assert!(answer.stderr.contains(&told), "{answer:?}");
    }
}

/// A workbook with a part replaced or added.
fn with_part(book: &[u8], name: &str, part: &mut dyn FnMut(&mut dyn Write)) -> Vec<u8> {
    let mut old = ZipArchive::new(Cursor::new(book)).unwrap();
    let mut new = ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..old.len() {
        let entry = old.by_index_raw(at).unwrap();
        if entry.name().unwrap() != name {
            new.raw_copy_file(entry).unwrap();
        }
    }
    new.start_file(name, SimpleFileOptions::default()).unwrap();
    part(&mut new);
    new.finish().unwrap().into_inner()
}

#[test]
fn a_workbook_that_is_meant_to_harm_is_refused() {
    let heyan = Heyan::new().with_provider();
    let mut book = Workbook::new();
    book.add_worksheet().write_row(0, 0, HEADER).unwrap();
    let book = book.save_to_buffer().unwrap();
    let strings = "xl/sharedStrings.xml";
    let entities = br#"<?xml version="1.0"?><!DOCTYPE sst [<!ENTITY a "aaaa">]><sst><si><t>&a;</t></si></sst>"#;
    let announces = br#"<?xml version="1.0"?><sst uniqueCount = "99999999999999"></sst>"#;
    let wide: Vec<u8> = "<!DOCTYPE x>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (part, expected) in [
        (&entities[..], "declares XML entities"),
        (
            &announces[..],
            "announces more texts than a workbook can have",
        ),
        (&wide[..], "a part of it is not UTF-8"),
        (b"<sst", "cannot be read as a workbook"),
    ] {
        heyan.write(
            "book.xlsx",
            with_part(&book, strings, &mut |to| to.write_all(part).unwrap()),
        );
        let error = heyan.run(&["import", "book.xlsx"]).failed(2);
        assert!(error.contains(expected), "{error}");
    }
    // what reads the parts finds them in any case
    let upper = with_part(&book, "xl/sharedStrings.XML", &mut |to| {
        to.write_all(entities).unwrap();
    });
    heyan.write("upper.xlsx", upper);
    let error = heyan.run(&["import", "upper.xlsx"]).failed(2);
    assert!(error.contains("declares XML entities"), "{error}");
    // one cell far to the right makes a line of commas
    for column in ["XFD", "ZZZZZZ"] {
        let sheet = format!(
            r#"<?xml version="1.0"?><worksheet><sheetData><row r="1"><c r="{column}1"><v>1</v></c></row></sheetData></worksheet>"#
        );
        let far = with_part(&book, "xl/worksheets/sheet1.xml", &mut |to| {
            to.write_all(sheet.as_bytes()).unwrap();
        });
        heyan.write("far.xlsx", far);
        let error = heyan.run(&["import", "far.xlsx"]).failed(2);
        assert!(error.contains("cannot be read as a workbook"), "{error}");
    }
    // 257 MiB that pack into some 250 KiB
    let bomb = with_part(&book, strings, &mut |to| {
        for _ in 0..257 {
            to.write_all(&vec![b' '; 1024 * 1024]).unwrap();
        }
    });
    assert!(bomb.len() < 1024 * 1024);
    heyan.write("bomb.xlsx", bomb);
    let error = heyan.run(&["import", "bomb.xlsx"]).failed(2);
    assert!(error.contains("unpacks to more than 256 MiB"), "{error}");

    let mut parts = ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..1001 {
        parts
            .start_file(format!("{at}"), SimpleFileOptions::default())
            .unwrap();
    }
    heyan.write("parts.xlsx", parts.finish().unwrap().into_inner());
    let error = heyan.run(&["import", "parts.xlsx"]).failed(2);
    assert!(error.contains("over 1000 parts"), "{error}");

    // cut off or bent anywhere: an error in one line, never a panic
    for at in (0..book.len()).step_by(389) {
        let mut bent = book.clone();
        bent[at] ^= 0x55;
        for broken in [&book[..at], &bent[..]] {
            heyan.write("broken.xlsx", broken);
            let answer = heyan.run(&["import", "broken.xlsx"]);
            assert!([0, 2].contains(&answer.status), "{at}: {answer:?}");
            assert!(!answer.stderr.contains("panicked"), "{at}: {answer:?}");
        }
    }
}
