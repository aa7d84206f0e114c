//! `heyan`: reads the command line and runs one command. Status: 0 done, 1 failed at work, 2 bad arguments or
//! configuration; what went wrong stands on stderr, a line for each thing.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match heyan::app::run(heyan::app::Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            for line in failure.to_string().lines() {
                eprintln!("error: {line}");
            }
            ExitCode::from(failure.status())
        }
    }
}
