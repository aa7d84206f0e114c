//! Beside SMS: how the pages answer while a gateway takes ten seconds a message, and what 100,000 messages that wait cost in
//! memory. The jobs run as in `serve`.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};
use heyan::{
    clock::Clock,
    flow::{Services, providers, submit::submit},
    jobs,
    sms::{Gateway, Gateways, Sent, SmsMessage},
    store::providers as rows,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{measure, prepare};

/// Takes its time.
struct Slow(Duration);

impl Gateway for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn send<'a>(&'a self, _: &'a SmsMessage, _: DateTime<Utc>) -> BoxFuture<'a, Sent> {
        async {
            tokio::time::sleep(self.0).await;
            let references = Vec::new();
            Sent::Accepted { references }
        }
        .boxed()
    }
}

/// Takes nothing.
struct Away;

impl Gateway for Away {
    fn name(&self) -> &'static str {
        "away"
    }

    fn send<'a>(&'a self, _: &'a SmsMessage, _: DateTime<Utc>) -> BoxFuture<'a, Sent> {
        std::future::ready(Sent::Retry { after: None }).boxed()
    }
}

/// So many messages, a hundred a request.
async fn queue(services: &Services, messages: usize) {
    providers::add(services, "texts", None)
        .await
        .expect("a provider");
    let mut tx = services.db.read().await.expect("a reader");
    let provider = rows::by_name(&mut tx, "texts").await.expect("an answer");
    let provider = provider.expect("a provider").id;
    drop(tx);
    let drafts = (0..messages / 100).map(|request| {
        let site = |n: usize| {
            let n = request * 100 + n;
            json!({"name": "某某网", "domains": ["example.cn"], "principal": {"name": "王小明",
                "phone": format!("138{n:08}"), "document": {"type": "passport", "number": format!("E{:08}", n)}}})
        };
        let sites: Vec<Value> = (0..100).map(site).collect();
        json!({"province": "gansu", "kind": "new_site", "sites": sites})
    });
    let mut filing = stream::iter(drafts)
        .map(|draft| {
            submit(
                services,
                provider,
                serde_json::from_value(draft).expect("a filing"),
                None,
            )
        })
        .buffer_unordered(4);
    while let Some(filed) = filing.next().await {
        filed.expect("a request");
    }
}

/// The pages' median and 99th per cent, of so many requests by eight visitors.
async fn pages(base: &str, count: usize) -> (f64, f64) {
    let visitors = (0..8).map(|_| {
        let base = base.to_owned();
        tokio::spawn(async move {
            let http = reqwest::Client::builder()
                .no_proxy()
                .build()
                .expect("a client");
            let mut each = Vec::with_capacity(count / 8);
            for _ in 0..count / 8 {
                let started = Instant::now();
                let answer = http
                    .get(format!("{base}/gansu/sms-verification"))
                    .send()
                    .await;
                let page = answer.expect("an answer").text().await.expect("a page");
                assert!(page.contains("短信核验"));
                each.push(started.elapsed());
            }
            each
        })
    });
    let mut each = Vec::with_capacity(count);
    for visitor in visitors.collect::<Vec<_>>() {
        each.extend(visitor.await.expect("a visitor's times"));
    }
    each.sort_unstable();
    let millis = |time: Duration| time.as_secs_f64() * 1000.0;
    (
        millis(each[each.len() / 2]),
        millis(each[each.len() * 99 / 100]),
    )
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Prints both; `waiting` messages wait in the second.
pub async fn run(folder: &std::path::Path, waiting: usize) {
    let url = |name: &str| format!("sqlite://{}", folder.join(name).display());
    let mut services = prepare::services(&url("slow.db")).await;
    services.clock = Clock::system();
    services.gateways = Gateways::one(Slow(Duration::from_secs(10)));
    let base = measure::portal(&services);
    pages(&base, 400).await;
    println!("GET 短信核验, eight visitors, milliseconds: median, 99 %");
    let (median, p99) = pages(&base, 4000).await;
    println!("without SMS {median:.2} {p99:.2}");
    queue(&services, 1000).await;
    let stop = CancellationToken::new();
    let idle = || std::future::ready(Ok(()));
    let running = tokio::spawn(jobs::run(services.clone(), stop.clone(), idle));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (median, p99) = pages(&base, 4000).await;
    println!("beside a gateway that takes 10 s {median:.2} {p99:.2}");
    let (median, p99) = pages(&base, 4000).await;
    println!("the same again {median:.2} {p99:.2}");
    stop.cancel();
    running.await.expect("the loop's end");

    let mut services = prepare::services(&url("waiting.db")).await;
    services.clock = Clock::system();
    services.gateways = Gateways::one(Away);
    let before = resident_kib();
    queue(&services, waiting).await;
    let queued = resident_kib();
    let stop = CancellationToken::new();
    let running = tokio::spawn(jobs::run(services.clone(), stop.clone(), idle));
    let mut most = 0;
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        most = most.max(resident_kib());
    }
    stop.cancel();
    running.await.expect("the loop's end");
    println!(
        "memory, KiB: {before} before, {queued} with {waiting} messages queued, {most} at most while they are tried"
    );
}
