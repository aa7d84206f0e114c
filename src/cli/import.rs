//! `import`: filing requests from NDJSON, CSV or XLSX, submitted like a provider's own. None is lost: what is not accepted goes
//! into a file beside, with the reason, to be mended and imported again. The same file again submits nothing twice: broken
//! off, it goes on where it stopped.

mod file;
mod ndjson;
mod record;
mod rejected;
mod report;
mod table;
mod template;
mod workbook;

use std::{fmt, path::Path, time::Duration};

use futures_util::{StreamExt, stream};

use self::file::Opened;
use super::{Failure, bar, print};
use crate::{
    domain::{
        filing::{FieldError, FilingDraft},
        ids::ProviderId,
    },
    flow::{
        FlowError, Services,
        import::{known, submit_row},
        providers,
    },
    store::StoreError,
};

pub use template::write as write_template;

/// So many are submitted at once: SQLite commits them together.
const AT_ONCE: usize = 64;

/// A database that is busy is asked again so often, so long apart: a minute in all, and what it waits for itself.
const ATTEMPTS: u32 = 60;
const AGAIN: Duration = Duration::from_secs(1);

/// How the file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Ndjson,
    Csv,
    Xlsx,
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
    Records(Vec<csv::StringRecord>),
}

/// Something wrong in a line; no value is repeated.
struct Wrong {
    line: usize,
    /// JSON pointer; empty: the whole.
    pointer: String,
    reason: String,
}

impl Wrong {
    fn new(line: usize, pointer: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            line,
            pointer: pointer.into(),
            reason: reason.into(),
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        if !self.pointer.is_empty() {
            write!(f, "{} ", self.pointer)?;
        }
        f.write_str(&self.reason)
    }
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
    /// Nothing is wrong with it: it will be submitted the next time.
    Failed(Failure),
}

/// Submits every request of the file in a provider's name; without a name, that of the only provider there is.
///
/// # Errors
/// The file cannot be read as what it should be; no such provider; some requests were rejected; it was broken off.
pub async fn import(
    services: &Services,
    path: &Path,
    provider: Option<&str>,
) -> Result<(), Failure> {
    let Opened {
        format,
        digest,
        rows,
    } = file::open(path)?;
    let provider = choose(services, provider).await?;
    let done = known(services, provider, &digest).await?;
    let bar = bar(rows.len() as u64, "requests");
    let mut rejects = rejected::Rejects::new(path, format);
    let (mut submitted, mut before, mut rejected) = (0, 0, 0);
    let mut failure = None;

    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut stop = Some(stop);
    let work = stream::iter(rows).take_until(stopped).map(|row| async {
        match row {
            Ok(row) if done.contains(&first_row(&row)) => Outcome::Known,
            Ok(row) => submit(services, provider, &digest, row).await,
            Err(reason) => Outcome::Failed(Failure::Work(format!("{}: {reason}", path.display()))),
        }
    });
    let mut outcomes = std::pin::pin!(work.buffered(AT_ONCE));
    let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
    loop {
        // a stop takes no new rows; those under way come to their end
        let outcome = tokio::select! {
            outcome = outcomes.next() => outcome,
            _ = &mut interrupted, if stop.is_some() => {
                failure = Some(Failure::Work("stopped".into()));
                stop = None;
                continue;
            }
        };
        let Some(outcome) = outcome else { break };
        bar.inc(1);
        match outcome {
            Outcome::Submitted => submitted += 1,
            Outcome::Known => before += 1,
            Outcome::Rejected {
                line,
                source,
                wrong,
            } => {
                rejected += 1;
                bar.suspend(|| wrong.iter().for_each(|wrong| eprintln!("{wrong}")));
                rejects.write(line, &source, &wrong)?;
            }
            Outcome::Failed(why) => {
                failure.get_or_insert(why);
                stop = None;
            }
        }
    }
    bar.finish_and_clear();
    let again = if before > 0 {
        format!(", {before} had been before")
    } else {
        String::new()
    };
    print(&format!("{submitted} request(s) submitted{again}\n"))?;
    let told = rejects.finish()?.map(|files| {
        format!("{rejected} request(s) rejected; they stand with the reasons in {files}")
    });
    match (failure, told) {
        (None, None) => Ok(()),
        (None, Some(told)) => Err(Failure::Work(told)),
        (Some(failure), told) => {
            let told = told.map(|told| format!("; {told}")).unwrap_or_default();
            Err(Failure::Work(format!(
                "{failure}; what was submitted stays: import the same file again, and it goes on from there{told}"
            )))
        }
    }
}

async fn submit(services: &Services, provider: ProviderId, digest: &[u8; 32], row: Row) -> Outcome {
    let first_row = first_row(&row);
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
    let mut attempts = 0;
    loop {
        attempts += 1;
        match submit_row(services, provider, digest, first_row, draft.clone()).await {
            Ok(true) => return Outcome::Submitted,
            Ok(false) => return Outcome::Known,
            Err(FlowError::Invalid(errors)) => {
                let wrong = errors.iter().map(|error| told(error, line, &places));
                return rejected(wrong.collect());
            }
            // others write too: an import can wait
            Err(FlowError::Busy | FlowError::Store(StoreError::Locked(_)))
                if attempts < ATTEMPTS =>
            {
                tokio::time::sleep(AGAIN).await;
            }
            Err(error) => return Outcome::Failed(error.into()),
        }
    }
}

fn first_row(row: &Row) -> i64 {
    i64::try_from(row.line).unwrap_or(i64::MAX)
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

/// What a flow said of a member, by line.
fn told(error: &FieldError, line: usize, places: &[(String, usize)]) -> Wrong {
    let FieldError { pointer, detail } = error;
    let place = places.iter().find(|(place, _)| pointer.starts_with(place));
    Wrong::new(place.map_or(line, |(_, line)| *line), pointer, detail)
}
