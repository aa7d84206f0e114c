//! `import --template`: a workbook to fill in. Its first sheet, which is what `import` reads, has nothing but the header; an
//! example of each kind and the notes stand on sheets of their own, so that none of them is submitted by mistake.

use std::{fs::OpenOptions, path::Path};

use rust_xlsxwriter::{
    DataValidation, Format, FormatBorder, Formula, Workbook, Worksheet, XlsxError,
};

use super::record::COLUMNS;
use crate::{
    cli::{Failure, print},
    domain::{
        province::Province,
        words::{DocumentType, FilingKind, ServiceType},
    },
};

/// Rows of the first sheet that are made ready.
const ROWS: u32 = 10_000;

/// A new workbook at a path.
///
/// # Errors
/// There is a file already, it is to be no `.xlsx`, or it cannot be written.
pub fn write(path: &Path) -> Result<(), Failure> {
    let wrong = |reason: String| Failure::Arguments(format!("{}: {reason}", path.display()));
    if !path
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("xlsx"))
    {
        return Err(wrong("a template is a workbook: name it .xlsx".into()));
    }
    let bytes = book().map_err(|error| Failure::Work(format!("the template: {error}")))?;
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).open(path);
    let written = file.and_then(|mut file| std::io::Write::write_all(&mut file, &bytes));
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => wrong("is there already; name another file".into()),
        _ => wrong(format!("cannot be written: {error}")),
    })?;
    print(&format!(
        "{}: fill in its first sheet, and import it\n",
        path.display()
    ))
}

fn book() -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("备案请求")?;
    header(sheet)?;
    let lists = [
        ("province", "A", Province::ALL.len()),
        ("kind", "C", FilingKind::ALL.len()),
        ("role", "E", ROLES.len()),
        ("document_type", "G", DocumentType::ALL.len()),
        ("service_type", "I", ServiceType::ALL.len()),
    ];
    for (column, at, words) in lists {
        let Some(column) = COLUMNS.iter().position(|known| *known == column) else {
            continue;
        };
        let column = u16::try_from(column).unwrap_or(u16::MAX);
        let words = Formula::new(format!("=词表!${at}$2:${at}${}", words + 1));
        let rule = DataValidation::new().allow_list_formula(words);
        sheet.add_data_validation(1, column, ROWS, column, &rule)?;
    }
    let sheet = book.add_worksheet().set_name("示例")?;
    header(sheet)?;
    for (row, example) in (1..).zip(EXAMPLES) {
        sheet.write_row(row, 0, example)?;
    }
    notes(book.add_worksheet().set_name("说明")?)?;
    words(book.add_worksheet().set_name("词表")?)?;
    book.save_to_buffer()
}

/// The columns, as text: a spreadsheet would round off the numbers of documents.
fn header(sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let (text, bold) = (Format::new().set_num_format("@"), bold());
    for (at, column) in (0..).zip(COLUMNS) {
        sheet.set_column_format(at, &text)?;
        sheet.set_column_width(at, if column.ends_with("name") { 28 } else { 20 })?;
        sheet.write_string_with_format(0, at, column, &bold)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    Ok(())
}

fn bold() -> Format {
    Format::new()
        .set_bold()
        .set_border_bottom(FormatBorder::Thin)
}

/// 词表: the words of each column that takes certain ones, and what they mean.
fn words(sheet: &mut Worksheet) -> Result<(), XlsxError> {
    fn list<'a>(
        sheet: &mut Worksheet,
        at: u16,
        name: &str,
        words: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<(), XlsxError> {
        sheet.write_string_with_format(0, at, name, &bold())?;
        sheet.set_column_width(at, 26)?;
        sheet.set_column_width(at + 1, 26)?;
        for (row, (word, meaning)) in (1..).zip(words) {
            sheet.write_string(row, at, word)?;
            sheet.write_string(row, at + 1, meaning)?;
        }
        Ok(())
    }
    let provinces = Province::ALL.into_iter();
    list(
        sheet,
        0,
        "province",
        provinces.map(|one| (one.slug(), one.full_name())),
    )?;
    let kinds = FilingKind::ALL.iter();
    list(
        sheet,
        2,
        "kind",
        kinds.map(|one| (one.as_str(), one.name())),
    )?;
    list(sheet, 4, "role", ROLES.into_iter())?;
    let documents = DocumentType::ALL.iter();
    list(
        sheet,
        6,
        "document_type",
        documents.map(|one| (one.as_str(), one.name())),
    )?;
    let services = ServiceType::ALL.iter();
    list(
        sheet,
        8,
        "service_type",
        services.map(|one| (one.as_str(), service(*one))),
    )
}

fn notes(sheet: &mut Worksheet) -> Result<(), XlsxError> {
    sheet.set_column_width(0, 24)?;
    sheet.set_column_width(1, 100)?;
    for (row, (name, note)) in (0..).zip(NOTES) {
        sheet.write_string_with_format(row, 0, name, &bold())?;
        sheet.write_string_with_format(row, 1, note, &Format::new().set_text_wrap())?;
    }
    Ok(())
}

const ROLES: [(&str, &str); 2] = [("subject", "主体负责人"), ("site", "网站负责人")];

const fn service(kind: ServiceType) -> &'static str {
    match kind {
        ServiceType::Website => "网站",
        ServiceType::App => "APP",
        ServiceType::MiniProgram => "小程序",
        ServiceType::QuickApp => "快应用",
    }
}

const NOTES: [(&str, &str); 18] = [
    (
        "填写",
        "在第一张表“备案请求”中填写，一行一位负责人；“示例”“说明”“词表”三张表不会被导入。所有单元格均为文本格式，请勿改为数字。",
    ),
    (
        "导入",
        "heyan import 文件.xlsx --provider 接入商名称。未被接受的行连同原因另存为“文件.rejected.xlsx”，改正后导入该文件；同一文件重复导入不会重复提交。",
    ),
    (
        "provider_reference",
        "接入商自己的订单号，1至100个字符。订单号相同的各行合为一个备案请求；留空的行各自成为一个请求。",
    ),
    (
        "province",
        "省份，取“词表”中的英文名，如 gansu。同一请求各行只需在首行填写。",
    ),
    (
        "kind",
        "备案类型，取“词表”中的英文名。同一请求各行只需在首行填写。",
    ),
    (
        "role",
        "subject 为主体负责人，site 为网站负责人。只变更备注的 change 没有负责人，留空。",
    ),
    ("entity_name", "主体名称或网站名称。"),
    ("principal_name", "负责人姓名。"),
    ("phone", "负责人的手机号码；号码有变更的填新号码。"),
    (
        "previous_phone",
        "变更前的手机号码，仅用于 change 和 change_phone。",
    ),
    ("document_type", "负责人证件类型，取“词表”中的英文名。"),
    (
        "document_number",
        "负责人本人的证件号码，不是营业执照号码。",
    ),
    (
        "card_number",
        "仅浙江：港澳居民来往内地通行证背面所印身份证号码，如 A123456(3)。",
    ),
    ("domains", "网站域名，多个以分号隔开；仅用于 site 行。"),
    (
        "service_type",
        "服务类型，取“词表”中的英文名，留空为 website；仅用于 site 行。",
    ),
    (
        "resubmits",
        "被退回或已撤回、由本请求重新提交的请求编号（fr_…）。",
    ),
    (
        "每种类型需填写",
        "new_filing：主体及各网站（可无网站）；new_site、new_access、cancel_access：一个或多个网站；change：有变更的主体、网站；change_phone：一位负责人及其 previous_phone；cancel_subject：主体；cancel_site：一个或多个网站，可加主体。",
    ),
    (
        "个人信息",
        "本文件含有个人信息，请妥善保管，导入后及时删除。",
    ),
];

/// One of each kind, and what varies beside.
#[rustfmt::skip]
const EXAMPLES: [[&str; 14]; 12] = [
    ["ORDER-1", "gansu", "new_filing", "subject", "兰州某某科技有限公司", "王小明", "13800138000", "", "resident_id", "11010519491231002X", "", "", "", ""],
    ["ORDER-1", "", "", "site", "某某网", "李雷", "13900139000", "", "passport", "E12345678", "", "example.cn;www.example.cn", "website", ""],
    ["ORDER-2", "gansu", "new_site", "site", "某某商城", "李雷", "13900139000", "", "passport", "E12345678", "", "", "app", ""],
    ["ORDER-3", "gansu", "new_access", "site", "某某网", "李雷", "13900139000", "", "passport", "E12345678", "", "example.cn", "", ""],
    ["ORDER-4", "gansu", "change", "subject", "兰州某某科技有限公司", "王小明", "13700137000", "13800138000", "resident_id", "11010519491231002X", "", "", "", ""],
    ["ORDER-5", "gansu", "change", "", "", "", "", "", "", "", "", "", "", ""],
    ["ORDER-6", "gansu", "change_phone", "site", "某某网", "李雷", "13700137000", "13900139000", "passport", "E12345678", "", "example.cn", "", ""],
    ["ORDER-7", "gansu", "cancel_subject", "subject", "兰州某某科技有限公司", "王小明", "13800138000", "", "resident_id", "11010519491231002X", "", "", "", ""],
    ["ORDER-8", "gansu", "cancel_site", "subject", "兰州某某科技有限公司", "王小明", "13800138000", "", "resident_id", "11010519491231002X", "", "", "", ""],
    ["ORDER-8", "", "", "site", "某某网", "李雷", "13900139000", "", "passport", "E12345678", "", "example.cn", "", ""],
    ["ORDER-9", "gansu", "cancel_access", "site", "某某网", "李雷", "13900139000", "", "passport", "E12345678", "", "example.cn", "", ""],
    ["ORDER-10", "zhejiang", "new_filing", "subject", "杭州某某有限公司", "陈大文", "13600136000", "", "hk_macau_permit", "H12345678", "A123456(3)", "", "", ""],
];
