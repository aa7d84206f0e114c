//! The commands that do one thing and end. What a command answers goes to stdout, everything else to stderr.

pub mod audit;
pub mod backup;
pub mod deliveries;
pub mod import;
pub mod keys;
pub mod policy;
pub mod provider;
pub mod purge;
pub mod sms;
pub mod staff;

use std::io::{self, Write};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{flow::FlowError, keys::KeyError, store::StoreError};

/// Why a command failed, and with it the exit status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Bad arguments or configuration: 2.
    #[error("{0}")]
    Arguments(String),
    /// Failed at work: 1.
    #[error("{0}")]
    Work(String),
}

impl Failure {
    /// The exit status.
    #[must_use]
    pub const fn status(&self) -> u8 {
        match self {
            Self::Arguments(_) => 2,
            Self::Work(_) => 1,
        }
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Unreadable | KeyError::File { .. } => Self::Work(error.to_string()),
            _ => Self::Arguments(error.to_string()),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Url(_) => Self::Arguments(error.to_string()),
            _ => Self::Work(error.to_string()),
        }
    }
}

impl From<FlowError> for Failure {
    fn from(error: FlowError) -> Self {
        match error {
            FlowError::Invalid(errors) => {
                let told = errors.iter().map(|error| {
                    let argument = error.pointer.trim_start_matches('/').replace('/', ".");
                    format!("{argument} {}", error.detail)
                });
                Self::Arguments(told.collect::<Vec<_>>().join("\n"))
            }
            FlowError::Store(error) => error.into(),
            FlowError::Key(error) => error.into(),
            _ => Self::Work(error.to_string()),
        }
    }
}

/// A progress bar on stderr; drawn on a terminal only.
fn bar(total: u64, unit: &'static str) -> ProgressBar {
    let template = format!("{{bar:40}} {{human_pos}} of {{human_len}} {unit}, {{eta}} left");
    let bar = ProgressBar::new(total);
    match ProgressStyle::with_template(&template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Writes a command's answer. Who reads it may stop early (`| head`).
///
/// # Errors
/// Stdout cannot be written, for another reason than that nobody reads it.
pub fn print(text: &str) -> Result<(), Failure> {
    match to_stdout(text) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Work(format!("stdout cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints secrets, which are shown this once alone.
///
/// # Errors
/// Nobody read them: stdout cannot be written or is closed; `again` is the command that makes new ones.
pub fn print_once(secrets: &str, again: &str) -> Result<(), Failure> {
    to_stdout(secrets).map_err(|error| {
        Failure::Work(format!(
            "it is done, but stdout cannot be written: {error}; the secrets are lost, make new ones with {again}"
        ))
    })
}

fn to_stdout(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
