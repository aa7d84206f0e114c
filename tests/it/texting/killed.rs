//! `kill -9` of a running `heyan serve` in the middle of sending, again and again: no SMS is lost, and none is doubled but those
//! that were in a gateway's hands. `tests/run --crash` does it 50 times amid 2,000.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    process::{Child, Stdio},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{FutureExt, future::BoxFuture};
use heyan::{
    clock::Clock,
    domain::{ids::MessageId, province::Province, words::FilingKind},
    flow::{Services, run_due::run_due, submit::submit},
    jobs,
    keys::Keys,
    random::Random,
    sms::{Gateway, Gateways, Sent, SmsMessage},
    store::{Db, Engine, Options, Tx, providers},
};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Fakes, NINE, accepted, draft};
use crate::{
    cli::Heyan,
    pg,
    world::{Who, filing, long_or, no_ceilings, on_engines, services},
};

/// A server that writes its SMS into a file; killed with the value.
struct Running(Child);

impl Running {
    fn start(heyan: &Heyan, phones: &[String]) -> Self {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(heyan.path("log"));
        let child = heyan
            .command(&["serve", "--listen", "127.0.0.1:0"])
            .env("HEYAN_SMS__GATEWAYS__OUT__KIND", "file")
            .env("HEYAN_SMS__GATEWAYS__OUT__PATH", heyan.path("sms"))
            // one that reaches phones must stand in the chain; it is never the first choice
            .env("HEYAN_SMS__GATEWAYS__SPARE__KIND", "http")
            .env("HEYAN_SMS__GATEWAYS__SPARE__URL", "http://127.0.0.1:9/")
            .env("HEYAN_SMS__DEFAULT", "out,spare")
            .env("HEYAN_SMS__PER_PROVIDER_PER_HOUR", "1000000")
            .env("HEYAN_SANDBOX__SENDS_TO", phones.join(","))
            .stdout(Stdio::null())
            .stderr(log.unwrap())
            .spawn();
        Self(child.unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// How often each message stands in the file.
fn copies(file: &Path) -> HashMap<String, usize> {
    let mut copies = HashMap::new();
    for line in std::fs::read_to_string(file).unwrap_or_default().lines() {
        // the last line may have been cut off
        if let Ok(line) = serde_json::from_str::<Value>(line) {
            let id = line["id"].as_str().unwrap().to_owned();
            *copies.entry(id).or_default() += 1;
        }
    }
    copies
}

fn length(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |about| about.len())
}

/// What the server's file gateway does, in this process.
struct File(std::path::PathBuf);

impl Gateway for File {
    fn name(&self) -> &'static str {
        "out"
    }

    fn send<'a>(&'a self, message: &'a SmsMessage, _: DateTime<Utc>) -> BoxFuture<'a, Sent> {
        let line = serde_json::json!({"id": message.id.to_string()});
        let before = std::fs::read_to_string(&self.0).unwrap_or_default();
        // a line that was cut off is ended first
        let end = if before.is_empty() || before.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        std::fs::write(&self.0, format!("{before}{end}{line}\n")).unwrap();
        std::future::ready(accepted()).boxed()
    }
}

/// The attempts that were made when the server died, or were about to be: whose message, and when.
async fn in_doubt(db: &Db) -> Vec<(MessageId, DateTime<Utc>)> {
    const DOUBT: &str = "SELECT id, submitted_at FROM sms_messages WHERE state = 'queued' AND submitted_at IS NOT NULL";
    let mut tx = db.read().await.unwrap();
    match &mut tx {
        Tx::Sqlite(tx) => sqlx::query_as(DOUBT).fetch_all(&mut **tx).await,
        Tx::Postgres(tx) => sqlx::query_as(DOUBT).fetch_all(&mut **tx).await,
    }
    .unwrap()
}

/// As if a minute had passed; how many messages are not sent yet, as far as is known.
async fn end_leases(db: &Db) -> u64 {
    const END: &str = "UPDATE sms_messages SET next_attempt_at = queued_at, lease_token = NULL WHERE state = 'queued'";
    let mut tx = db.write().await.unwrap();
    let left = match &mut tx {
        Tx::Sqlite(tx) => sqlx::query(END)
            .execute(&mut **tx)
            .await
            .unwrap()
            .rows_affected(),
        Tx::Postgres(tx) => sqlx::query(END)
            .execute(&mut **tx)
            .await
            .unwrap()
            .rows_affected(),
    };
    tx.commit().await.unwrap();
    left
}

async fn open(heyan: &Heyan) -> Services {
    let db = Db::open(&heyan.url(), Options::default()).await.unwrap();
    let keys = Keys::sandbox_file(&heyan.path("heyan.keys"), &Random::os()).unwrap();
    let mut services = services(db, keys, Clock::system(), Random::os());
    let mut settings = (*services.settings).clone();
    settings.sms = no_ceilings();
    services.settings = Arc::new(settings);
    services
}

async fn killed_again_and_again(engine: Engine, heyan: Heyan) {
    let (lives, requests) = (long_or(3, 50), long_or(3, 40));
    heyan.run(&["provider", "add", "crash"]).done();
    let phones: Vec<String> = (0..requests * 50)
        .map(|n| Who::number(u32::try_from(n).unwrap()).phone)
        .collect();
    let services = open(&heyan).await;
    let mut tx = services.db.read().await.unwrap();
    let provider = providers::by_name(&mut tx, "crash")
        .await
        .unwrap()
        .unwrap()
        .id;
    drop(tx);
    for n in 0..requests {
        let sites: Vec<Value> = (0..50)
            .map(|one| Who::number(u32::try_from(n * 50 + one).unwrap()).json())
            .collect();
        let draft = filing(Province::Beijing, FilingKind::NewSite, None, &sites);
        submit(&services, provider, draft, None).await.unwrap();
    }
    services.db.close().await;

    let file = heyan.path("sms");
    let random = Random::seeded(7);
    let mut in_hand = HashSet::new();
    let mut killed = 0;
    for life in 1..=lives {
        let running = Running::start(&heyan, &phones);
        // so that each life sends its share, and is killed in the middle of it
        let enough = length(&file) + 300 * u64::from(1 + random.below(20));
        for _ in 0..5000 {
            if length(&file) >= enough {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(running);
        killed = life;
        let services = open(&heyan).await;
        in_hand.extend(in_doubt(&services.db).await);
        let left = end_leases(&services.db).await;
        services.db.close().await;
        if left == 0 {
            break;
        }
    }

    // whatever was in its hands is looked at when the leases have ended
    let mut services = open(&heyan).await;
    services.clock = Clock::still(Clock::system().now() + TimeDelta::minutes(5));
    services.gateways = Gateways::one(File(file.clone()));
    while run_due(&services).await.unwrap().done > 0 {}
    services.db.close().await;
    let copies = copies(&file);
    let all: usize = copies.values().sum();
    let (lost, doubled) = (requests * 50 - copies.len(), all - copies.len());
    println!(
        "{engine:?}: {} messages, killed {killed} times: {lost} lost, {doubled} doubled of {} in hand",
        requests * 50,
        in_hand.len()
    );
    assert_eq!(lost, 0);
    for (id, copies) in copies {
        let doubts = in_hand
            .iter()
            .filter(|(one, _)| *id == one.to_string())
            .count();
        assert!(
            copies <= 1 + doubts,
            "{copies} copies, in doubt {doubts} times"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    killed_again_and_again(Engine::Sqlite, Heyan::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgresql() {
    let server = pg::Database::new().await;
    killed_again_and_again(Engine::Postgres, Heyan::on(&server.url)).await;
}

on_engines! {
    async fn two_instances_send_each_message_once(engine) {
        let texting = Fakes::default().add("main", |_, _| accepted()).world(engine, NINE).await;
        let other = Fakes::default().add("main", |_, _| accepted()).world(engine, NINE).await;
        let mut services = texting.world.services.clone();
        services.gateways = other.world.services.gateways.clone();
        services.wake = Arc::default();
        for n in 0..200 {
            let phone = format!("138{:08}", n * 997);
            texting.world.submit(draft(&phone)).await;
        }
        let stop = CancellationToken::new();
        let idle = || std::future::ready(Ok(()));
        let run = |services: Services| tokio::spawn(jobs::run(services, stop.clone(), idle));
        let loops = [run(texting.world.services.clone()), run(services)];
        let sent = "SELECT COUNT(*) FROM sms_messages WHERE state = 'accepted'";
        for _ in 0..3000 {
            if texting.world.number(sent).await == 200 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stop.cancel();
        for one in loops {
            one.await.unwrap();
        }
        let (ours, theirs) = (texting.caught(), other.caught());
        println!("{engine:?}: {} by one instance, {} by the other", ours.len(), theirs.len());
        let mut phones: Vec<_> = ours.iter().chain(&theirs).map(|one| one.phone.clone()).collect();
        phones.sort_unstable();
        phones.dedup();
        assert_eq!((phones.len(), ours.len() + theirs.len()), (200, 200));
    }
}
