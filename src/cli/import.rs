//! `import`: filing requests from NDJSON or CSV, submitted like a provider's own. None is lost: what is not accepted goes
//! into a file beside, with the reason, to be mended and imported again. The same file again submits nothing twice.

mod csv;
mod ndjson;
mod rejected;

use std::{collections::HashMap, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use futures_util::{StreamExt, stream};
use sha2::{Digest, Sha256};

use super::{Failure, bar, print};
use crate::{
    domain::{
        filing::{FieldError, FilingDraft},
        ids::ProviderId,
    },
    flow::{
        FlowError, Services, providers,
        submit::{self, IdempotencyKey},
    },
};

/// So many are submitted at once: SQLite commits them together.
const AT_ONCE: usize = 16;

/// How the file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Ndjson,
    Csv,
}

/// One request of the file.
struct Row {
    /// Its first line, from 1.
    line: usize,
    /// JSON pointers that stand on other lines.
    places: Vec<(String, usize)>,
    /// What it says, or what is wrong with how it says it.
    draft: Result<FilingDraft, Vec<Wrong>>,
    /// As it stands in the file, for the file of the rejected.
    source: Source,
}

/// A row as it stands in the file.
enum Source {
    Line(Vec<u8>),
    Records(Vec<::csv::StringRecord>),
}

/// Something wrong in a line.
struct Wrong {
    line: usize,
    message: String,
}

/// What became of a row.
enum Outcome {
    Submitted,
    Known,
    Rejected {
        line: usize,
        source: Source,
        wrong: Vec<Wrong>,
    },
}

/// Submits every request of the file in a provider's name; without a name, that of the only provider there is.
///
/// # Errors
/// The file cannot be read as what it should be; no such provider; some requests were rejected.
pub async fn import(
    services: &Services,
    file: &Path,
    provider: Option<&str>,
) -> Result<(), Failure> {
    let (format, rows) = read(file)?;
    let provider = choose(services, provider).await?;
    let bar = bar(rows.len() as u64, "requests");
    let mut rejects = rejected::Rejects::new(file, format);
    let (mut submitted, mut known, mut rejected) = (0, 0, 0);
    let keys = idempotency_keys(&rows);
    let started = services.clock.now();
    let work = rows.into_iter().zip(keys).map(|(row, key)| async move {
        let Row {
            line,
            places,
            draft,
            source,
        } = row;
        let rejected = |wrong| Outcome::Rejected {
            line,
            source,
            wrong,
        };
        let draft = match draft {
            Ok(draft) => draft,
            Err(wrong) => return rejected(wrong),
        };
        match submit::submit(services, provider, draft, Some(key)).await {
            Ok(view) if view.row.submitted_at < started => Outcome::Known,
            Ok(_) => Outcome::Submitted,
            Err(error) => rejected(told(&error, line, &places)),
        }
    });
    let mut outcomes = stream::iter(work).buffered(AT_ONCE);
    while let Some(outcome) = outcomes.next().await {
        bar.inc(1);
        match outcome {
            Outcome::Submitted => submitted += 1,
            Outcome::Known => known += 1,
            Outcome::Rejected {
                line,
                source,
                wrong,
            } => {
                rejected += 1;
                bar.suspend(|| {
                    for Wrong { line, message } in &wrong {
                        eprintln!("line {line}: {message}");
                    }
                });
                rejects.write(line, &source, &wrong)?;
            }
        }
    }
    bar.finish_and_clear();
    let again = if known > 0 {
        format!(", {known} had been before")
    } else {
        String::new()
    };
    print(&format!("{submitted} request(s) submitted{again}\n"))?;
    match rejects.finish()? {
        None => Ok(()),
        Some(path) => Err(Failure::Work(format!(
            "{rejected} request(s) rejected; they stand with the reasons in {}: mend and import that file",
            path.display()
        ))),
    }
}

fn read(file: &Path) -> Result<(Format, Vec<Row>), Failure> {
    let wrong = |reason: &str| Failure::Arguments(format!("{}: {reason}", file.display()));
    let bytes = std::fs::read(file).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => wrong("there is no such file"),
        _ => wrong(&error.to_string()),
    })?;
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    let extension = file.extension().and_then(|extension| extension.to_str());
    let extension = extension.map(str::to_ascii_lowercase);
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let format = match extension.as_deref() {
        _ if bytes.starts_with(b"PK\x03\x04") => None,
        Some("xlsx" | "xls") => None,
        Some("ndjson" | "jsonl") => Some(Format::Ndjson),
        Some("csv") => Some(Format::Csv),
        _ if first == Some(&b'{') => Some(Format::Ndjson),
        _ => Some(Format::Csv),
    };
    match format {
        None => Err(wrong(
            "XLSX cannot be read yet; save it as CSV (UTF-8) and import that",
        )),
        Some(Format::Ndjson) => Ok((Format::Ndjson, ndjson::read(bytes))),
        Some(Format::Csv) => {
            let rows = csv::read(bytes).map_err(|reason| wrong(&reason))?;
            Ok((Format::Csv, rows))
        }
    }
}

async fn choose(services: &Services, name: Option<&str>) -> Result<ProviderId, Failure> {
    let all = providers::list(services).await?;
    let mut active = all.iter().filter(|provider| provider.revoked_at.is_none());
    if let Some(name) = name {
        let found = active.find(|provider| provider.name == name.trim());
        return found.map(|provider| provider.id).ok_or_else(|| {
            Failure::Arguments(format!(
                "--provider: there is no provider `{name}` with access; heyan provider list shows all"
            ))
        });
    }
    match (active.next(), active.next()) {
        (Some(only), None) => Ok(only.id),
        (None, _) => Err(Failure::Arguments(
            "there is no provider to submit for: heyan provider add NAME".into(),
        )),
        _ => Err(Failure::Arguments(
            "there are several providers: say with --provider NAME for whom to submit".into(),
        )),
    }
}

/// For each row one of its own: of what stands there, and of how often the same stood there before.
fn idempotency_keys(rows: &[Row]) -> Vec<IdempotencyKey> {
    let mut seen: HashMap<[u8; 32], usize> = HashMap::new();
    let key = |row: &Row| {
        let body = row.source.bytes();
        let digest: [u8; 32] = Sha256::digest(&body).into();
        let before = seen.entry(digest).or_default();
        *before += 1;
        let digest = STANDARD_NO_PAD.encode(digest);
        IdempotencyKey {
            key: format!("import {digest} {before}"),
            body,
        }
    };
    rows.iter().map(key).collect()
}

impl Source {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Line(line) => line.clone(),
            Self::Records(records) => {
                let fields = records.iter().flat_map(|record| record.iter());
                fields.collect::<Vec<_>>().join("\u{1f}").into_bytes()
            }
        }
    }
}

/// What a flow said, by line. Values are never repeated.
fn told(error: &FlowError, line: usize, places: &[(String, usize)]) -> Vec<Wrong> {
    let FlowError::Invalid(errors) = error else {
        return vec![Wrong {
            line,
            message: error.to_string(),
        }];
    };
    let wrong = |FieldError { pointer, detail }: &FieldError| {
        let place = places.iter().find(|(place, _)| pointer.starts_with(place));
        Wrong {
            line: place.map_or(line, |(_, line)| *line),
            message: format!("{pointer} {detail}"),
        }
    };
    errors.iter().map(wrong).collect()
}
