//! CSV: a principal a row; the rows of one `provider_reference` make a request, one without a reference is a request of
//! its own. A row with an empty `role` names no principal (a `change` of remarks only).

use std::collections::HashMap;

use csv::{ReaderBuilder, StringRecord, Terminator};

use super::{Row, Source, Wrong};
use crate::domain::{
    filing::{DocumentDraft, FilingDraft, PrincipalDraft, SiteDraft, SubjectDraft},
    province::Province,
    words::{DocumentType, FilingKind, ServiceType},
};

/// The columns, in the order of the documentation; a file may have them in any, and leave out those that it does not need.
pub(super) const COLUMNS: [&str; 14] = [
    "provider_reference",
    "province",
    "kind",
    "role",
    "entity_name",
    "principal_name",
    "phone",
    "previous_phone",
    "document_type",
    "document_number",
    "card_number",
    "domains",
    "service_type",
    "resubmits",
];
/// The column that a file of rejected rows has besides.
pub(super) const REASON: &str = "reason";

/// One record, its fields by column.
struct Line<'a> {
    number: usize,
    record: &'a StringRecord,
    columns: &'a HashMap<&'static str, usize>,
}

impl<'a> Line<'a> {
    /// The field of a column, if it is there and not empty.
    fn get(&self, column: &str) -> Option<&'a str> {
        let index = *self.columns.get(column)?;
        let text = self.record.get(index)?.trim();
        (!text.is_empty()).then_some(text)
    }

    fn owned(&self, column: &str) -> Option<String> {
        self.get(column).map(str::to_owned)
    }
}

/// The whole file.
///
/// # Errors
/// The header is not that of such a file.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Row>, String> {
    // with CRLF for the end the reader counts lines from the wrong side; a left-over CR is trimmed with the rest
    let mut reader = ReaderBuilder::new()
        .flexible(true)
        .terminator(Terminator::Any(b'\n'))
        .from_reader(bytes);
    let header = reader.byte_headers().map_err(|_| "cannot be read as CSV")?;
    let header = StringRecord::from_byte_record(header.clone())
        .map_err(|_| "is not UTF-8; save it as CSV UTF-8")?;
    let columns = columns(&header)?;
    let mut groups: Vec<Vec<(usize, StringRecord)>> = Vec::new();
    let mut by_reference: HashMap<String, usize> = HashMap::new();
    let mut rows = Vec::new();
    for record in reader.byte_records() {
        let record = record.map_err(|_| "cannot be read as CSV")?;
        let line = record.position().map_or(0, csv::Position::line);
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        let record = match StringRecord::from_byte_record(record) {
            Ok(record) => in_order(&record, &columns),
            Err(error) => {
                let lossy = error.into_byte_record();
                let lossy = StringRecord::from_byte_record_lossy(lossy);
                let message = "is not UTF-8; save it as CSV UTF-8".to_owned();
                let source = Source::Records(vec![in_order(&lossy, &columns)]);
                rows.push(broken(line, vec![Wrong { line, message }], source));
                continue;
            }
        };
        if record.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        let reference = record.get(0).unwrap_or_default().trim().to_owned();
        let known = by_reference
            .get(&reference)
            .filter(|_| !reference.is_empty());
        if let Some(&group) = known {
            groups[group].push((line, record));
        } else {
            by_reference.insert(reference, groups.len());
            groups.push(vec![(line, record)]);
        }
    }
    rows.extend(groups.into_iter().map(request));
    rows.sort_by_key(|row| row.line);
    Ok(rows)
}

fn broken(line: usize, wrong: Vec<Wrong>, source: Source) -> Row {
    Row {
        line,
        places: Vec::new(),
        draft: Err(wrong),
        source,
    }
}

/// Where each column stands in the file.
fn columns(header: &StringRecord) -> Result<HashMap<&'static str, usize>, String> {
    let mut columns = HashMap::new();
    for (index, name) in header.iter().map(str::trim).enumerate() {
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

/// The fields in the order of `COLUMNS`.
fn in_order(record: &StringRecord, columns: &HashMap<&'static str, usize>) -> StringRecord {
    let fields = COLUMNS.iter().map(|column| {
        let index = columns.get(column);
        index
            .and_then(|index| record.get(*index))
            .unwrap_or_default()
            .trim()
    });
    fields.collect()
}

/// The request that some rows make.
fn request(records: Vec<(usize, StringRecord)>) -> Row {
    let columns: HashMap<_, _> = COLUMNS.into_iter().zip(0..).collect();
    let lines: Vec<_> = records
        .iter()
        .map(|(number, record)| Line {
            number: *number,
            record,
            columns: &columns,
        })
        .collect();
    let mut wrong = Vec::new();
    let mut places = Vec::new();
    let draft = draft(&lines, &mut wrong, &mut places);
    let line = lines.first().map_or(1, |line| line.number);
    let source = |records: Vec<(usize, StringRecord)>| {
        Source::Records(records.into_iter().map(|(_, record)| record).collect())
    };
    match draft {
        Some(draft) if wrong.is_empty() => Row {
            line,
            places,
            draft: Ok(draft),
            source: source(records),
        },
        _ => broken(line, wrong, source(records)),
    }
}

fn draft(
    lines: &[Line<'_>],
    wrong: &mut Vec<Wrong>,
    places: &mut Vec<(String, usize)>,
) -> Option<FilingDraft> {
    let province = shared(lines, "province", wrong, |text| {
        Province::from_slug(text).ok_or_else(|| "must be a province, such as gansu".to_owned())
    });
    let kind = shared(lines, "kind", wrong, |text| {
        word(text, FilingKind::ALL, FilingKind::as_str)
    });
    let any_resubmits = lines.iter().any(|line| line.get("resubmits").is_some());
    let resubmits = any_resubmits
        .then(|| shared(lines, "resubmits", wrong, |text| Ok(text.to_owned())))
        .flatten();
    let mut subject = None;
    let mut sites = Vec::new();
    for line in lines {
        let mut told = |message: &str| {
            wrong.push(Wrong {
                line: line.number,
                message: message.to_owned(),
            });
        };
        match line.get("role") {
            Some("subject") if subject.is_some() => {
                told("role subject stands twice in one request");
            }
            Some("subject") => {
                if line.get("domains").or(line.get("service_type")).is_some() {
                    told("domains and service_type belong to rows of role site");
                }
                places.push(("/subject/".into(), line.number));
                subject = principal(line, wrong).map(|principal| SubjectDraft {
                    name: line.owned("entity_name").unwrap_or_default(),
                    principal,
                });
            }
            Some("site") => {
                places.push((format!("/sites/{}/", sites.len()), line.number));
                sites.extend(site(line, wrong));
            }
            Some(_) => told("role must be subject or site"),
            None if COLUMNS[4..13]
                .iter()
                .any(|column| line.get(column).is_some()) =>
            {
                told("role is empty: it must be subject or site");
            }
            None => {}
        }
    }
    Some(FilingDraft {
        province: province?,
        kind: kind?,
        provider_reference: lines.first()?.owned("provider_reference"),
        resubmits,
        subject,
        sites,
    })
}

fn site(line: &Line<'_>, wrong: &mut Vec<Wrong>) -> Option<SiteDraft> {
    let before = wrong.len();
    let service_type = line.get("service_type").and_then(|text| {
        noted(
            line,
            "service_type",
            wrong,
            word(text, ServiceType::ALL, ServiceType::as_str),
        )
    });
    let domains = line.get("domains").unwrap_or_default();
    let domains = domains
        .split([' ', ';', ',', '；', '，', '、', '\n'])
        .filter(|domain| !domain.is_empty());
    let principal = principal(line, wrong)?;
    (wrong.len() == before).then(|| SiteDraft {
        name: line.owned("entity_name").unwrap_or_default(),
        domains: domains.map(str::to_owned).collect(),
        service_type,
        principal,
    })
}

fn principal(line: &Line<'_>, wrong: &mut Vec<Wrong>) -> Option<PrincipalDraft> {
    let kind = match line.get("document_type") {
        Some(text) => word(text, DocumentType::ALL, DocumentType::as_str),
        None => Err("is empty".into()),
    };
    let kind = noted(line, "document_type", wrong, kind)?;
    // what is empty is judged with the rest
    Some(PrincipalDraft {
        name: line.owned("principal_name").unwrap_or_default(),
        phone: line.owned("phone").unwrap_or_default(),
        previous_phone: line.owned("previous_phone"),
        document: DocumentDraft {
            kind,
            number: line.owned("document_number").unwrap_or_default(),
            card_number: line.owned("card_number"),
        },
    })
}

/// A value that the rows of a request share: on the first of them, and the same or nothing on the others.
fn shared<T>(
    lines: &[Line<'_>],
    column: &str,
    wrong: &mut Vec<Wrong>,
    read: impl Fn(&str) -> Result<T, String>,
) -> Option<T> {
    let first = lines.first()?;
    let value = first.get(column);
    for line in lines {
        if line.get(column).is_some_and(|other| Some(other) != value) {
            let message = format!("{column} differs from that of line {}", first.number);
            wrong.push(Wrong {
                line: line.number,
                message,
            });
        }
    }
    let read = value.map_or_else(|| Err("is empty".to_owned()), read);
    noted(first, column, wrong, read)
}

fn noted<T>(
    line: &Line<'_>,
    column: &str,
    wrong: &mut Vec<Wrong>,
    read: Result<T, String>,
) -> Option<T> {
    read.map_err(|message| {
        wrong.push(Wrong {
            line: line.number,
            message: format!("{column} {message}"),
        });
    })
    .ok()
}

/// The value is never repeated: with its columns shifted, anything may stand there.
fn word<T: Copy>(text: &str, all: &[T], name: fn(T) -> &'static str) -> Result<T, String> {
    let found = all.iter().copied().find(|value| name(*value) == text);
    found.ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|value| name(*value)).collect();
        format!("must be one of {}", names.join(", "))
    })
}
