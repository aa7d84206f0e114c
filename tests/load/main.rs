//! The benchmark that `tests/load/run` starts: how many principals verify in a second. Each row begins with the same
//! prepared database and submits each of its codes once, right: one transaction each, that hands a request over.
//! It asserts no speed; it shows where the time goes.

mod measure;
mod prepare;
mod replay;
mod statistics;
mod texts;

use std::{path::PathBuf, process::ExitCode};

use measure::{Figures, Kind};
use prepare::Prepared;

const CONNECTIONS: [usize; 2] = [1, 8];

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [what, waiting] = arguments.as_slice()
        && what == "sms"
    {
        let folder = tempfile::tempdir().expect("a folder");
        texts::run(
            folder.path(),
            waiting.parse().expect("a number of messages"),
        )
        .await;
        return ExitCode::SUCCESS;
    }
    if let [what, server, ..] = arguments.as_slice()
        && what == "statistics"
    {
        statistics::run(server).await;
        return ExitCode::SUCCESS;
    }
    let [count, server, log, pgbench] = arguments.as_slice() else {
        eprintln!(
            "usage: load COUNT|statistics postgres://USER@HOST:PORT SERVER_LOG PGBENCH (tests/load/run knows them)"
        );
        return ExitCode::from(2);
    };
    // eight connections share it evenly
    let count = count
        .parse::<usize>()
        .expect("COUNT is a number")
        .next_multiple_of(8);
    println!("{count} submissions a row, each to a phone of its own; times in milliseconds");
    println!("{}", Figures::HEAD);

    let folder = tempfile::tempdir().expect("a folder");
    let sqlite = Prepared::sqlite(folder.path(), count).await;
    rows("SQLite", &sqlite).await;

    let postgres = Prepared::postgres(server, count).await;
    rows("PostgreSQL", &postgres).await;

    let replay = replay::capture(&postgres, &PathBuf::from(log)).await;
    for connections in CONNECTIONS {
        let figures = replay.run(pgbench, &postgres, connections).await;
        println!("{}", figures.row("PostgreSQL", "pgbench", connections));
    }
    println!(
        "pgbench (its time is the average) runs the same {} statements a submission, and one more to read its values",
        replay.statements()
    );
    ExitCode::SUCCESS
}

async fn rows(engine: &str, prepared: &Prepared) {
    for kind in [Kind::Http, Kind::Flow] {
        for connections in CONNECTIONS {
            let services = prepared.copy().await;
            let figures = measure::run(kind, &services, prepared.people(), connections).await;
            prepare::all_handed_over(&services, prepared.people().len()).await;
            services.db.close().await;
            println!("{}", figures.row(engine, kind.name(), connections));
        }
    }
}
