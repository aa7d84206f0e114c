//! The audit log and what is counted of it: append-only, chained in commit order, proved whole; the counts are those of the
//! events.

mod chaining;
mod counting;
mod tampering;
mod upgrade;

use heyan::{
    domain::{
        province::Province,
        words::{FilingKind, Outcome},
    },
    flow::{
        Services,
        audit::verify::{self, Broken, Mark, Whole},
    },
    store::Tx,
};
use sqlx::AssertSqlSafe;

use crate::world::{Who, World, filing, outcome};

pub const GANSU: Option<Province> = Some(Province::Gansu);

pub async fn verified(services: &Services, noted: Option<&Mark>) -> Result<Whole, Broken> {
    verify::verify(services, noted, |_| {}).await.unwrap()
}

/// Whole, with nothing left to be chained.
pub async fn whole(world: &World) -> Whole {
    let whole = verified(&world.services, None).await.unwrap();
    assert_eq!(whole.waiting, 0);
    assert_eq!(
        whole.links,
        world.number("SELECT COUNT(*) FROM events").await
    );
    whole
}

/// Two phones, one verified: some ten events.
pub async fn some_events(world: &World) {
    let (wang, li) = (Who::number(1), Who::number(2));
    world
        .file(filing(
            Province::Gansu,
            FilingKind::NewFiling,
            Some(wang.json()),
            &[li.json()],
        ))
        .await;
    let code = world.code(&wang.phone).await;
    let wrong = world
        .verify(GANSU, "000000", &wang.phone, wang.tail())
        .await;
    assert!(matches!(
        outcome(wrong),
        Outcome::Wrong | Outcome::VerifiedWaiting
    ));
    let right = world.verify(GANSU, &code, &wang.phone, wang.tail()).await;
    assert_eq!(outcome(right), Outcome::VerifiedWaiting);
    world.settle().await;
}

/// Statements of somebody who is at the database itself.
pub async fn raw(world: &World, sql: &str) -> Result<(), String> {
    let mut tx = world.services.db.write().await.unwrap();
    let sql = AssertSqlSafe(sql.to_owned());
    let done = match &mut tx {
        Tx::Sqlite(tx) => sqlx::raw_sql(sql).execute(&mut **tx).await.map(drop),
        Tx::Postgres(tx) => sqlx::raw_sql(sql).execute(&mut **tx).await.map(drop),
    };
    done.map_err(|error| error.to_string())?;
    tx.commit().await.unwrap();
    Ok(())
}

/// The same once the database lets them: the triggers dropped.
pub async fn tamper(world: &World, sql: &str) {
    let sqlite = "DROP TRIGGER IF EXISTS events_unchanged; DROP TRIGGER IF EXISTS events_kept; \
        DROP TRIGGER IF EXISTS events_not_replaced; DROP TRIGGER IF EXISTS event_chain_unchanged; \
        DROP TRIGGER IF EXISTS event_chain_kept; DROP TRIGGER IF EXISTS event_chain_not_replaced; \
        PRAGMA defer_foreign_keys = ON;";
    let postgres = "DROP TRIGGER IF EXISTS events_unchanged ON events; \
        DROP TRIGGER IF EXISTS event_chain_unchanged ON event_chain; \
        ALTER TABLE event_chain DROP CONSTRAINT IF EXISTS event_chain_event_id_fkey; \
        ALTER TABLE unchained_events DROP CONSTRAINT IF EXISTS unchained_events_event_id_fkey;";
    let drop = match world.services.db.engine() {
        heyan::store::Engine::Sqlite => sqlite,
        heyan::store::Engine::Postgres => postgres,
    };
    raw(world, &format!("{drop} {sql}")).await.unwrap();
}
