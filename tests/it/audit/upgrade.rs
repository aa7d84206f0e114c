//! A database from before the chain: its events keep their numbers and what refers to them, and become its first links.

use heyan::{
    flow::audit::verify::Broken,
    store::{Db, Options},
};
use sqlx::{
    Connection, Executor,
    migrate::{Migrate, Migration, MigrationType, Migrator},
};

use super::{raw, verified};
use crate::{
    pg,
    store::Scratch,
    world::{self, World},
};

macro_rules! before {
    ($engine:literal) => {
        [
            include_str!(concat!("../../../migrations/", $engine, "/0001_init.sql")),
            include_str!(concat!(
                "../../../migrations/",
                $engine,
                "/0002_webhooks.sql"
            )),
        ]
    };
}

async fn migrate<C: Connection + Migrate>(connection: &mut C, steps: [&'static str; 2]) {
    let names = ["init", "webhooks"];
    let steps = (1..).zip(names).zip(steps).map(|((number, name), sql)| {
        let sql = sqlx::SqlSafeStr::into_sql_str(sql);
        Migration::new(number, name.into(), MigrationType::Simple, sql, false)
    });
    let migrator = Migrator::with_migrations(steps.collect());
    migrator.run_direct(None, connection, false).await.unwrap();
}

/// A provider, a request of its, three events and a webhook that tells of the second.
fn rows(uuid: &str, time: &str, no: &str) -> String {
    let events = ["submitted", "verifying", "handed_over"].map(|what| {
        format!(
            "INSERT INTO events (request_id, at, type, actor, data) VALUES ({uuid}, {time}, 'filing_request.{what}', 'system', '{{}}');"
        )
    });
    format!(
        "INSERT INTO providers (id, name, created_at) VALUES ({uuid}, 'old', {time}); \
         INSERT INTO filing_requests (id, provider_id, province, kind, state, one_pass, submitted_at, version) \
         VALUES ({uuid}, {uuid}, 'gansu', 'new_filing', 'verifying', {no}, {time}, 1); {} \
         INSERT INTO webhook_deliveries (id, event_id, provider_id, request_id, type, state, attempts, created_at, \
         next_attempt_at, give_up_at) VALUES ({uuid}, 2, {uuid}, {uuid}, 'filing_request.verifying', 'parked', 0, {time}, {time}, {time});",
        events.concat()
    )
}

async fn goes_on(scratch: Scratch) {
    let services = world::services(
        scratch.db.clone(),
        world::keys(),
        heyan::clock::Clock::still(world::at("2020-09-01T09:00+08:00")),
        heyan::random::Random::seeded(3),
    );
    let world = World::around(services, scratch);
    assert_eq!(
        world
            .number("SELECT COUNT(*) FROM events WHERE id IN (1, 2, 3)")
            .await,
        3
    );
    assert_eq!(
        world
            .number("SELECT event_id FROM webhook_deliveries")
            .await,
        2
    );
    let waiting = verified(&world.services, None).await.unwrap();
    assert_eq!((waiting.links, waiting.waiting), (0, 3));
    while heyan::flow::audit::chain::round(&world.services)
        .await
        .unwrap()
        > 0
    {}
    assert_eq!(super::whole(&world).await.links, 3);
    // the next number is new, and what is without a seal now is not ours
    raw(&world, "INSERT INTO events (at, type, actor, data) SELECT at, type, actor, data FROM events WHERE id = 1")
        .await
        .unwrap();
    assert_eq!(world.number("SELECT MAX(id) FROM events").await, 4);
    let broken = verified(&world.services, None).await.unwrap_err();
    assert_eq!(
        broken,
        Broken::Event {
            position: 0,
            event: 4
        }
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("old.db").display());
    let mut old = sqlx::SqliteConnection::connect(&format!("{url}?mode=rwc"))
        .await
        .unwrap();
    migrate(&mut old, before!("sqlite")).await;
    let sql = rows(
        "x'01010101010101010101010101010101'",
        "'2020-08-30T01:00:00.000+00:00'",
        "0",
    );
    old.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql)))
        .await
        .unwrap();
    old.close().await.unwrap();
    let db = Db::open(&url, Options::default()).await.unwrap();
    goes_on(Scratch::around(db, url, Some(folder), None)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    let server = pg::Database::new().await;
    let url = server.url.clone();
    let mut old = sqlx::PgConnection::connect(&url).await.unwrap();
    migrate(&mut old, before!("postgres")).await;
    let sql = rows(
        "'01010101-0101-0101-0101-010101010101'",
        "'2020-08-30T01:00:00Z'",
        "false",
    );
    old.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql)))
        .await
        .unwrap();
    old.close().await.unwrap();
    let db = Db::open(&url, Options::default()).await.unwrap();
    goes_on(Scratch::around(db, url, None, Some(server))).await;
}
