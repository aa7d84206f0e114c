//! Who asks about a phone that is unknown, and who is wrong about one that is known, get the same answer, by the same
//! statements, after the same time.

use std::{
    io,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use heyan::domain::{province::Province, words::FilingKind};

use crate::world::{Who, World, filing, is_long, long_or, on_engines, other_than};

const NOW: &str = "2018-09-10T09:00+08:00";
const GANSU: Option<Province> = Some(Province::Gansu);

/// What sqlx says it has run.
#[derive(Clone, Default)]
struct Statements(Arc<Mutex<String>>);

impl io::Write for Statements {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap()
            .push_str(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Statements {
    /// The statements since the last call, without what differs by chance.
    fn take(&self) -> Vec<String> {
        let log = std::mem::take(&mut *self.0.lock().unwrap());
        let summaries = log.lines().filter_map(|line| line.split_once("summary=\""));
        summaries
            .map(|(_, rest)| rest.split('"').next().unwrap().to_owned())
            .collect()
    }
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all[all.len() / 2]
}

on_engines! {
    async fn unknown_and_wrong_are_alike(engine) {
        let statements = Statements::default();
        let writer = statements.clone();
        let _ = tracing_subscriber::fmt()
            .with_env_filter("sqlx::query=debug")
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .try_init();
        let world = World::new(engine, NOW).await;
        let known = Who::number(1);
        world.file(filing(Province::Gansu, FilingKind::NewSite, None, &[known.json()])).await;
        let right = world.code(&known.phone).await;
        let wrong = other_than(std::slice::from_ref(&right));
        let unknown = Who::number(2);
        let ask = async |who: &Who| {
            let attempt = world.attempt(heyan::captcha::Form::Verification, GANSU);
            statements.take();
            let started = Instant::now();
            let told = world.verify_by(attempt, &wrong, &who.phone, "QQQQQQ").await;
            let took = started.elapsed();
            // a reader's rollback, a batch's end: by and by
            tokio::time::sleep(Duration::from_millis(2)).await;
            (told, took, statements.take())
        };
        // the first times prepare the statements
        for who in [&known, &unknown, &known, &unknown] {
            ask(who).await;
        }
        let (mut of_known, mut of_unknown) = (Vec::new(), Vec::new());
        for _ in 0..long_or(30, 500) {
            let (known, unknown) = (ask(&known).await, ask(&unknown).await);
            assert_eq!(known.0, unknown.0);
            assert!(known.2.len() > 5, "{:?}", known.2);
            assert_eq!(known.2, unknown.2);
            of_known.push(known.1);
            of_unknown.push(unknown.1);
        }
        let (known, unknown) = (median(of_known), median(of_unknown));
        println!("{engine:?}: median {known:?} where the phone is known, {unknown:?} where it is not");
        // a few samples on a busy machine show nothing: the long run is held to it
        let apart = known.abs_diff(unknown);
        assert!(!is_long() || apart < known.max(unknown) / 3, "{known:?} {unknown:?}");
    }
}
