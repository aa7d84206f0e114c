//! How long the statistics take with ten thousand requests and with a million: what the staff's page and a provider's call ask,
//! on both engines. The requests are written by the database itself, the counters as the chain's job would have left them.

use std::{collections::BTreeMap, path::Path, time::Instant};

use chrono::TimeDelta;
use heyan::{
    clock::Pace,
    domain::{
        event::Deed,
        ids::ProviderId,
        province::Province,
        statistics::Counted,
        time::{SHANGHAI, parse_time},
    },
    flow::{
        Services,
        audit::{self, chain},
        statistics as told,
    },
    store::{
        Tx,
        providers::{self, ProviderRow},
        statistics::{self, Counter},
    },
};
use serde_json::json;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::prepare;

const NOW: &str = "2026-11-26T15:00+08:00";
const COUNTS: [usize; 2] = [10_000, 1_000_000];
const PROVIDERS: usize = 20;
/// Calls of each kind.
const CALLS: usize = 50;
/// Events that are chained.
const CHAINED: usize = 10_000;

/// Of what there are about as many as requests.
const WHAT: [Counted; 12] = [
    Counted::Filed,
    Counted::Phones,
    Counted::Sent,
    Counted::Delivered,
    Counted::Verified,
    Counted::HandedOver,
    Counted::Expired,
    Counted::Within30S,
    Counted::Within1M,
    Counted::Within2M,
    Counted::Within3M,
    Counted::Within5M,
];

/// Prints a line for each engine, number of requests and kind of call.
pub async fn run(server: &str) {
    println!("median and longest of {CALLS} calls, milliseconds");
    for count in COUNTS {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("statistics.db");
        measure("SQLite", &sqlite(&file), count).await;
        let name = format!("heyan_statistics_{count}");
        prepare::admin(server, &format!("CREATE DATABASE {name}")).await;
        measure("PostgreSQL", &format!("{server}/{name}"), count).await;
    }
    let folder = tempfile::tempdir().expect("a folder");
    chained("SQLite", &sqlite(&folder.path().join("chain.db"))).await;
    prepare::admin(server, "CREATE DATABASE heyan_chain").await;
    chained("PostgreSQL", &format!("{server}/heyan_chain")).await;
}

fn sqlite(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

async fn open(url: &str) -> Services {
    let services = prepare::services(url).await;
    services
        .clock
        .set(Pace::Still(parse_time(NOW).expect("a time")));
    services
}

async fn measure(engine: &str, url: &str, count: usize) {
    let services = open(url).await;
    fill(&services, count).await;
    let provider = Some(provider(0));
    for (kind, of_provider, province) in [
        ("staff, all provinces", None, None),
        ("staff, one province", None, Some(Province::Gansu)),
        ("a provider", provider, None),
    ] {
        let mut times = Vec::with_capacity(CALLS);
        for _ in 0..CALLS {
            let begun = Instant::now();
            let told = match of_provider {
                Some(provider) => told::of_provider(&services, provider).await,
                None => told::of_bureau(&services, province).await,
            };
            assert!(told.expect("statistics").month.get(Counted::Filed) > 0);
            times.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
        times.sort_by(f64::total_cmp);
        let (median, longest) = (times[CALLS / 2], times[CALLS - 1]);
        println!("{engine:<10} {count:>9} requests  {kind:<20} {median:>8.1} {longest:>8.1}");
    }
    services.db.close().await;
}

fn provider(n: usize) -> ProviderId {
    ProviderId(Uuid::from_u128(1 + n as u128))
}

async fn fill(services: &Services, count: usize) {
    let now = services.clock.now();
    let mut tx = services.db.write().await.expect("a transaction");
    for n in 0..PROVIDERS {
        let row = ProviderRow {
            id: provider(n),
            name: format!("provider {n}"),
            webhook_url: None,
            created_at: now,
            revoked_at: None,
            webhook_disabled_at: None,
        };
        providers::insert(&mut tx, &row).await.expect("a provider");
    }
    let requests = match &tx {
        Tx::Sqlite(_) => format!(
            "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count}) \
             INSERT INTO filing_requests (id, provider_id, province, kind, state, one_pass, submitted_at, version) \
             SELECT unhex(printf('%032x', i)), unhex(printf('%032x', 1 + i % {PROVIDERS})), 'gansu', 'new_filing', \
             'handed_over', 0, '2026-11-01T00:00:00+00:00', 1 FROM n"
        ),
        Tx::Postgres(_) => format!(
            "INSERT INTO filing_requests (id, provider_id, province, kind, state, one_pass, submitted_at, version) \
             SELECT lpad(to_hex(i), 32, '0')::uuid, lpad(to_hex(1 + i % {PROVIDERS}), 32, '0')::uuid, 'gansu', 'new_filing', \
             'handed_over', false, '2026-11-01T00:00:00Z', 1 FROM generate_series(0, {count} - 1) i"
        ),
    };
    let requests = AssertSqlSafe(requests);
    match &mut tx {
        Tx::Sqlite(tx) => drop(
            sqlx::raw_sql(requests)
                .execute(&mut **tx)
                .await
                .expect("rows"),
        ),
        Tx::Postgres(tx) => drop(
            sqlx::raw_sql(requests)
                .execute(&mut **tx)
                .await
                .expect("rows"),
        ),
    }
    // days, provinces and providers take turns: after so many requests they begin again
    let turn = 30 * 31 * PROVIDERS;
    let mut counts = BTreeMap::<Counter, i64>::new();
    for n in 0..turn.min(count) {
        let here = count / turn + usize::from(n < count % turn);
        let here = i64::try_from(here).expect("a number");
        let at = now - TimeDelta::days(i64::try_from(n % 30).expect("a number"));
        let day = at.with_timezone(&SHANGHAI).format("%Y-%m-%d").to_string();
        let province = Province::ALL[n / 30 % 31];
        for provider in [None, Some(provider(n / 930))] {
            for province in [None, Some(province)] {
                for what in WHAT {
                    let day = day.clone();
                    let counter = Counter {
                        provider,
                        day,
                        province,
                        what,
                    };
                    *counts.entry(counter).or_default() += here;
                }
            }
        }
    }
    for (counter, count) in &counts {
        statistics::add(&mut tx, counter, *count)
            .await
            .expect("a counter");
    }
    tx.commit().await.expect("a commit");
    let analyze = AssertSqlSafe("ANALYZE".to_owned());
    let mut tx = services.db.write().await.expect("a transaction");
    match &mut tx {
        Tx::Sqlite(tx) => drop(
            sqlx::raw_sql(analyze)
                .execute(&mut **tx)
                .await
                .expect("statistics"),
        ),
        Tx::Postgres(tx) => drop(
            sqlx::raw_sql(analyze)
                .execute(&mut **tx)
                .await
                .expect("statistics"),
        ),
    }
    tx.commit().await.expect("a commit");
}

/// How many events the job chains and counts in a second.
async fn chained(engine: &str, url: &str) {
    let services = open(url).await;
    let mut tx = services.db.write().await.expect("a transaction");
    let now = services.clock.now();
    for _ in 0..CHAINED {
        audit::record(&mut tx, &services, Deed::Login, None, &json!({}), now)
            .await
            .expect("an event");
    }
    tx.commit().await.expect("a commit");
    let begun = Instant::now();
    let mut done = 0;
    while let Ok(chained @ 1..) = chain::round(&services).await {
        done += chained;
    }
    let seconds = begun.elapsed().as_secs_f64();
    assert_eq!(done, CHAINED as u64);
    println!("{engine:<10} {CHAINED} events chained in {seconds:.2} s");
    let begun = Instant::now();
    let whole = audit::verify::verify(&services, None, |_| {}).await;
    whole.expect("an answer").expect("a whole log");
    println!(
        "{engine:<10} … and verified in {:.2} s",
        begun.elapsed().as_secs_f64()
    );
    services.db.close().await;
}
