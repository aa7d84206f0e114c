//! `heyan`: reads the command line and runs one command. Status: 0 done, 1 failed at work, 2 bad arguments or
//! configuration; what went wrong stands on stderr, a line for each thing.

use std::process::ExitCode;

use clap::{Parser, error::ErrorKind};

fn main() -> ExitCode {
    let args = match heyan::app::Args::try_parse() {
        Ok(args) => args,
        Err(error) => return told(&error),
    };
    match heyan::app::run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            for line in failure.to_string().lines() {
                eprintln!("error: {line}");
            }
            ExitCode::from(failure.status())
        }
    }
}

/// Help and version as they are asked for; what is wrong with the arguments in one line.
fn told(error: &clap::Error) -> ExitCode {
    let helps = matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if helps {
        // a closed pipe is no failure
        let _ = error.print();
    } else {
        let text = error.render().to_string();
        let parts = text
            .split("\n\n")
            .filter(|part| !part.starts_with("Usage") && !part.starts_with("For more information"));
        let line: Vec<_> = parts
            .map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        eprintln!("{}; heyan --help shows how", line.join("; "));
    }
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}
