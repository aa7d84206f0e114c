//! The rows of a table, CSV or XLSX, as a request: a principal a row; the rows of one `provider_reference` make a request, one
//! without a reference is a request of its own. A row with an empty `role` names no principal (a `change` of remarks only).

use csv::StringRecord;

use super::{Row, Source, Wrong};
use crate::domain::{
    filing::{DocumentDraft, FilingDraft, PrincipalDraft, SiteDraft, SubjectDraft},
    province::Province,
    spreadsheet,
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

/// One record, its fields in the order of [`COLUMNS`].
struct Line<'a> {
    number: usize,
    record: &'a StringRecord,
}

impl<'a> Line<'a> {
    /// The field of a column, if it is not empty.
    fn get(&self, column: &str) -> Option<&'a str> {
        let index = COLUMNS.iter().position(|known| *known == column)?;
        let text = spreadsheet::original(self.record.get(index)?.trim());
        (!text.is_empty()).then_some(text)
    }

    fn owned(&self, column: &str) -> Option<String> {
        self.get(column).map(str::to_owned)
    }
}

/// The request that some rows make; their fields stand in the order of [`COLUMNS`].
pub(super) fn request(records: Vec<(usize, StringRecord)>) -> Row {
    let lines: Vec<_> = records
        .iter()
        .map(|(number, record)| Line {
            number: *number,
            record,
        })
        .collect();
    let mut wrong = Vec::new();
    let mut places = Vec::new();
    let draft = draft(&lines, &mut wrong, &mut places);
    let line = lines.first().map_or(1, |line| line.number);
    let draft = match draft {
        Some(draft) if wrong.is_empty() => Ok(draft),
        _ => Err(wrong),
    };
    let records = records.into_iter().map(|(_, record)| record);
    Row {
        line,
        places,
        draft,
        source: Source::Records(records.collect()),
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
    let mut places_of_sites = 0;
    for line in lines {
        let mut told = |reason: &str| wrong.push(Wrong::new(line.number, "", reason));
        match line.get("role") {
            Some("subject") if subject.is_some() => {
                told("role subject stands twice in one request");
            }
            Some("subject") => {
                if line.get("domains").or(line.get("service_type")).is_some() {
                    told("domains and service_type belong to rows of role site");
                }
                places.push(("/subject/".into(), line.number));
                let principal = principal(line, "/subject/principal", wrong);
                subject = principal.map(|principal| SubjectDraft {
                    name: line.owned("entity_name").unwrap_or_default(),
                    principal,
                });
            }
            Some("site") => {
                let place = format!("/sites/{places_of_sites}");
                places_of_sites += 1;
                places.push((format!("{place}/"), line.number));
                sites.extend(site(line, &place, wrong));
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
    let reference = lines.first()?;
    if reference.get("provider_reference").is_some_and(is_garbled) {
        let reason = "was turned into a number or an error by a spreadsheet; format the column as text and type it again";
        wrong.push(Wrong::new(reference.number, "/provider_reference", reason));
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

fn site(line: &Line<'_>, place: &str, wrong: &mut Vec<Wrong>) -> Option<SiteDraft> {
    let before = wrong.len();
    let service_type = line.get("service_type").and_then(|text| {
        let word = word(text, ServiceType::ALL, ServiceType::as_str);
        noted(line, &format!("{place}/service_type"), wrong, word)
    });
    let domains = line.get("domains").unwrap_or_default();
    let domains = domains
        .split([' ', ';', ',', '；', '，', '、', '\n'])
        .filter(|domain| !domain.is_empty());
    let principal = principal(line, &format!("{place}/principal"), wrong)?;
    (wrong.len() == before).then(|| SiteDraft {
        name: line.owned("entity_name").unwrap_or_default(),
        domains: domains.map(str::to_owned).collect(),
        service_type,
        principal,
    })
}

fn principal(line: &Line<'_>, place: &str, wrong: &mut Vec<Wrong>) -> Option<PrincipalDraft> {
    let before = wrong.len();
    let kind = match line.get("document_type") {
        Some(text) => word(text, DocumentType::ALL, DocumentType::as_str),
        None => Err("is empty".into()),
    };
    let kind = noted(line, &format!("{place}/document/type"), wrong, kind);
    for (column, member) in [
        ("phone", "phone"),
        ("previous_phone", "previous_phone"),
        ("document_number", "document/number"),
        ("card_number", "document/card_number"),
    ] {
        if line.get(column).is_some_and(has_lost_digits) {
            let reason = "was turned into a number by a spreadsheet and has lost digits; format the column as text \
                and enter it again";
            wrong.push(Wrong::new(line.number, format!("{place}/{member}"), reason));
        }
    }
    if wrong.len() > before {
        return None;
    }
    // what is empty is judged with the rest
    Some(PrincipalDraft {
        name: line.owned("principal_name").unwrap_or_default(),
        phone: line.owned("phone").unwrap_or_default(),
        previous_phone: line.owned("previous_phone"),
        document: DocumentDraft {
            kind: kind?,
            number: line.owned("document_number").unwrap_or_default(),
            card_number: line.owned("card_number"),
        },
    })
}

/// `1.10105E+17`, as spreadsheets write a long number: nothing that we look for holds a `.` or `+` behind digits.
fn has_lost_digits(text: &str) -> bool {
    let number = text.parse::<f64>().is_ok();
    number && text.contains(['e', 'E']) && text[1..].contains(['.', '+'])
}

/// The same of text, which may also have become an error: `#N/A`, `#REF!`.
fn is_garbled(text: &str) -> bool {
    has_lost_digits(text)
        || [
            "#N/A", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#DIV/0!", "#NULL!",
        ]
        .contains(&text)
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
    let pointer = format!("/{column}");
    for line in lines {
        if line.get(column).is_some_and(|other| Some(other) != value) {
            let reason = format!("differs from that of line {}", first.number);
            wrong.push(Wrong::new(line.number, &pointer, reason));
        }
    }
    let read = value.map_or_else(|| Err("is empty".to_owned()), read);
    noted(first, &pointer, wrong, read)
}

fn noted<T>(
    line: &Line<'_>,
    pointer: &str,
    wrong: &mut Vec<Wrong>,
    read: Result<T, String>,
) -> Option<T> {
    read.map_err(|reason| wrong.push(Wrong::new(line.number, pointer, reason)))
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
