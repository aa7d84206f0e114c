//! Logs go to stderr: lines for people or JSON. What other crates tell in detail never gets in (`config`).

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{Log, LogFormat};

/// Starts logging; a second call changes nothing.
pub(super) fn start(log: &Log) {
    // the directives were judged as they were read; what is no HTTP at all is its sender's trouble, not an error of ours
    let filter = EnvFilter::new(format!("{},actix_http::h1=off", log.filter));
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // in a test there may be a logger already
    let _ = match log.format {
        LogFormat::Pretty => lines
            .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
            .try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
}
