//! Requests cut off at random instants: no connection stays inside a transaction, nothing is left half done.

use std::{sync::Arc, time::Duration};

use heyan::{
    captcha::Form,
    domain::{phone::Phone, province::Province, words::FilingKind},
    flow::{look_up, progress},
    random::Random,
    store::Engine,
};
use sqlx::Connection;
use tokio::io::AsyncWriteExt;

use crate::pg;
use crate::portal::Portal;
use crate::world::{Who, World, filing, long_or, on_engines, other_than, outcome};

const NOW: &str = "2018-09-10T09:00+08:00";
const GANSU: Option<Province> = Some(Province::Gansu);

/// One request of some kind, as a browser or a provider makes it.
async fn request(world: Arc<World>, kind: u32, who: Who, code: String) {
    let wrong = other_than(std::slice::from_ref(&code));
    match kind {
        0 => drop(world.verify(GANSU, &code, &who.phone, who.tail()).await),
        1 => drop(world.verify(None, &wrong, &who.phone, who.tail()).await),
        2 => drop(world.verify(GANSU, &wrong, &who.phone, "QQQQQQ").await),
        3 => drop(world.resend(GANSU, &who.phone, who.tail()).await),
        4 => {
            let draft = filing(Province::Gansu, FilingKind::NewSite, None, &[who.json()]);
            let _ = world.try_submit(draft).await;
        }
        5 => {
            let attempt = world.attempt(Form::Progress, GANSU);
            let phone = Phone::parse(&who.phone).unwrap();
            let _ = progress::progress(&world.services, attempt, "ORDER-1".into(), phone).await;
        }
        6 => {
            let filter = heyan::store::filing_requests::Filter::default();
            let _ = look_up::list(&world.services, world.provider, filter, None, 20).await;
        }
        _ => drop(heyan::flow::run_due::run_due(&world.services).await),
    }
}

/// Sessions of this database that are inside a transaction.
async fn in_transaction(url: &str) -> Vec<(String, String)> {
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    sqlx::query_as(
        "SELECT state, query FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap()
}

/// What was cut off goes on by itself; what stays inside a transaction stays.
async fn transactions_end(url: &str) {
    const NONE: &str = "SELECT NOT EXISTS (SELECT 1 FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL)";
    if !pg::becomes(url, NONE).await {
        assert_eq!(in_transaction(url).await, []);
    }
}

/// Until nothing goes on any more.
async fn quiet(world: &World) {
    for _ in 0..600 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let alive = tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks();
        let busy = world.services.db.engine() == Engine::Postgres
            && !in_transaction(&world.scratch.url).await.is_empty();
        if alive <= BACKGROUND && !busy {
            return;
        }
    }
    let open = match world.services.db.engine() {
        Engine::Postgres => in_transaction(&world.scratch.url).await,
        Engine::Sqlite => vec![],
    };
    panic!("not quiet: {open:?}");
}

/// Tasks that belong to the pools.
const BACKGROUND: usize = 4;

on_engines! {
    /// As a browser is closed: the connection goes, in the middle of whatever there is.
    async fn connections_cut_off_at_random_instants(engine) {
        let portal = Arc::new(Portal::new(World::new(engine, NOW).await).await);
        let (world, random) = (portal.world.clone(), Random::seeded(4));
        let mut people = Vec::new();
        for n in 0..20 {
            let who = Who::number(n);
            let draft = filing(Province::Gansu, FilingKind::NewSite, None, &[who.json()]);
            world.file(draft).await;
            people.push((who.clone(), world.code(&who.phone).await));
        }
        let host = portal.base.strip_prefix("http://").unwrap();
        let mut unanswered = 0;
        for _ in 0..long_or(100, 500) {
            let (who, code) = &people[random.below(20) as usize];
            let wrong = other_than(std::slice::from_ref(code));
            let code = if random.below(2) == 0 { code } else { &wrong };
            let fields = [("sms_code", &**code), ("phone", &who.phone), ("id_tail", who.tail())];
            let call = portal.form("/gansu/sms-verification", Form::Verification, GANSU, &fields);
            let body = call.build().unwrap().body().unwrap().as_bytes().unwrap().to_vec();
            let head = format!(
                "POST /gansu/sms-verification HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n\
                Content-Type: application/x-www-form-urlencoded\r\n\r\n",
                body.len()
            );
            let mut socket = tokio::net::TcpStream::connect(host).await.unwrap();
            let request = [head.as_bytes(), &body].concat();
            // sometimes not even all of it was sent
            let sent = request.len() - usize::try_from(random.below(8) / 7 * random.below(200)).unwrap();
            socket.write_all(&request[..sent]).await.unwrap();
            tokio::time::sleep(Duration::from_micros(random.below(4_000).into())).await;
            unanswered += usize::from(socket.try_read(&mut [0; 1]).is_err());
            drop(socket);
        }
        println!("{unanswered} connections were cut off before an answer on {engine:?}");
        assert!(unanswered > 5, "{unanswered}");
        if engine == Engine::Postgres {
            transactions_end(&world.scratch.url).await;
        }
        still_serves(&world).await;
        let page = portal.get("/gansu/sms-verification").await;
        assert_eq!(page.status, 200);
    }

    async fn requests_cut_off_at_random_instants(engine) {
        let world = Arc::new(World::new(engine, NOW).await);
        let random = Random::seeded(3);
        let mut people = Vec::new();
        for n in 0..20 {
            let who = Who::number(n);
            let draft = filing(Province::Gansu, FilingKind::NewSite, None, &[who.json()]);
            world.file(draft).await;
            people.push((who.clone(), world.code(&who.phone).await));
        }
        let mut cut = 0;
        for _ in 0..long_or(100, 500) / 5 {
            // a few at a time, so that they also wait for each other
            let batch = (0..5).map(|_| {
                let (who, code) = people[random.below(20) as usize].clone();
                let task = tokio::spawn(request(world.clone(), random.below(8), who, code));
                (task, Duration::from_micros(random.below(8_000).into()))
            });
            let batch: Vec<_> = batch.collect();
            for (task, wait) in batch {
                tokio::time::sleep(wait / 5).await;
                cut += usize::from(!task.is_finished());
                task.abort();
            }
        }
        println!("{cut} requests were cut off on {engine:?}");
        assert!(cut > 5, "{cut}");
        quiet(&world).await;

        still_serves(&world).await;
    }
}

/// Nothing is stuck: every connection reads, the writer writes, and what holds of any database holds of this one.
async fn still_serves(world: &Arc<World>) {
    let reads = (0..30).map(|_| {
        let world = world.clone();
        tokio::spawn(async move { world.services.db.ping().await.unwrap() })
    });
    futures_util::future::join_all(reads)
        .await
        .into_iter()
        .for_each(Result::unwrap);
    world.settle().await;
    let who = Who::number(1000);
    world
        .file(filing(
            Province::Gansu,
            FilingKind::NewSite,
            None,
            &[who.json()],
        ))
        .await;
    let code = world.code(&who.phone).await;
    assert_eq!(
        outcome(world.verify(GANSU, &code, &who.phone, who.tail()).await).as_str(),
        "verified_all"
    );
    assert!(
        world.services.db.checkpoint().await.unwrap(),
        "a reader stands in the way"
    );
    crate::invariants::hold(world).await;
}
