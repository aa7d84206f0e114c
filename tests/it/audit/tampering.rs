//! Whatever is done to the log behind heyan's back is refused by the database, and found where the database was made to allow it.

use heyan::{
    flow::audit::verify::{Broken, Mark},
    store::Engine,
};

use super::{raw, some_events, tamper, verified, whole};
use crate::world::{World, on_engines};

const NOW: &str = "2020-09-01T09:00+08:00";

async fn world(engine: Engine) -> World {
    let world = World::new(engine, NOW).await;
    some_events(&world).await;
    let whole = whole(&world).await;
    assert!(whole.links >= 7, "{whole:?}");
    world
}

/// The event of a link.
async fn event_of(world: &World, position: i64) -> i64 {
    let mut tx = world.services.db.read().await.unwrap();
    let links = heyan::store::audit::links(&mut tx, position - 1, 1)
        .await
        .unwrap();
    links[0].event_id
}

/// What is found after a change.
async fn found(engine: Engine, sql: &str) -> Broken {
    let world = world(engine).await;
    tamper(&world, sql).await;
    verified(&world.services, None).await.unwrap_err()
}

on_engines! {
    async fn the_database_refuses(engine) {
        let world = world(engine).await;
        let replace = match engine {
            Engine::Sqlite => "INSERT OR REPLACE INTO events (id, at, type, actor, data) VALUES (1, '2020-09-01T00:00:00Z', 'x', 'x', '{}')",
            Engine::Postgres => "TRUNCATE events CASCADE",
        };
        let relink = match engine {
            Engine::Sqlite => "INSERT OR REPLACE INTO event_chain SELECT 2, event_id, key_id, mac FROM event_chain WHERE position = 1",
            Engine::Postgres => "TRUNCATE event_chain",
        };
        for sql in [
            "UPDATE events SET actor = 'bureau'",
            "UPDATE events SET seal = seal WHERE id = 1",
            "DELETE FROM events",
            replace,
            "UPDATE event_chain SET position = position + 1000",
            "DELETE FROM event_chain WHERE position = 1",
            relink,
        ] {
            let refused = raw(&world, sql).await.unwrap_err();
            assert!(refused.contains("is append-only"), "{sql}: {refused}");
        }
        // the word that lets a sandbox's reset through lets nobody through in production
        let let_go = "INSERT INTO meta (key, value) VALUES ('resetting', '1'), ('mode', 'production')";
        let refused = raw(&world, &format!("{let_go}; DELETE FROM event_chain")).await.unwrap_err();
        assert!(refused.contains("is append-only"), "{refused}");
        whole(&world).await;
    }

    async fn a_changed_row_is_found(engine) {
        let later = match engine {
            Engine::Sqlite => "at = '2020-09-01T01:00:00.001+00:00'",
            Engine::Postgres => "at = at + interval '1 microsecond'",
        };
        let garbled = match engine {
            Engine::Sqlite => "seal = zeroblob(40)",
            Engine::Postgres => "seal = seal || seal",
        };
        for change in [later, "actor = 'bureau'", "data = '{}' || data", "type = 'verification.verified'",
            "request_id = NULL",
            "verification_id = (SELECT v.id FROM verifications v WHERE v.id <> verification_id LIMIT 1)", garbled, "key_id = 'k2'", "key_id = ''"] {
            let world = world(engine).await;
            let event = event_of(&world, 3).await;
            tamper(&world, &format!("UPDATE events SET {change} WHERE id = {event}")).await;
            let broken = verified(&world.services, None).await.unwrap_err();
            assert!(matches!(broken, Broken::Event { position: 3, .. }), "{change}: {broken}");
        }
    }

    async fn the_first_of_several_is_named(engine) {
        let world = world(engine).await;
        let (second, fifth) = (event_of(&world, 2).await, event_of(&world, 5).await);
        tamper(&world, &format!("UPDATE events SET actor = 'x' WHERE id IN ({second}, {fifth})")).await;
        let broken = verified(&world.services, None).await.unwrap_err();
        assert_eq!(broken, Broken::Event { position: 2, event: second });
    }

    async fn a_deleted_row_is_found(engine) {
        let world = world(engine).await;
        let event = event_of(&world, 4).await;
        tamper(&world, &format!("DELETE FROM unchained_events; DELETE FROM event_chain WHERE position = 4; DELETE FROM events WHERE id = {event}")).await;
        assert_eq!(verified(&world.services, None).await.unwrap_err(), Broken::LinkMissing(4));
        // also where its link was left alone
        if engine == Engine::Postgres {
            let world = self::world(engine).await;
            let event = event_of(&world, 4).await;
            tamper(&world, &format!("DELETE FROM events WHERE id = {event}")).await;
            assert_eq!(verified(&world.services, None).await.unwrap_err(), Broken::EventMissing { position: 4, event });
        }
    }

    async fn swapped_rows_are_found(engine) {
        // contents
        let world = world(engine).await;
        let (one, other) = (event_of(&world, 3).await, event_of(&world, 4).await);
        let swap = format!("CREATE TABLE aside AS SELECT * FROM events WHERE id IN ({one}, {other}); \
            UPDATE events SET request_id = a.request_id, verification_id = a.verification_id, at = a.at, type = a.type, \
            actor = a.actor, data = a.data, key_id = a.key_id, seal = a.seal FROM aside a \
            WHERE events.id IN ({one}, {other}) AND a.id = {one} + {other} - events.id; DROP TABLE aside");
        tamper(&world, &swap).await;
        let broken = verified(&world.services, None).await.unwrap_err();
        assert_eq!(broken, Broken::Link { position: 3, event: one });
        // links
        let world = self::world(engine).await;
        let (one, other) = (event_of(&world, 3).await, event_of(&world, 4).await);
        tamper(&world, &format!("UPDATE event_chain SET event_id = -event_id WHERE position IN (3, 4); \
            UPDATE event_chain SET event_id = {one} + {other} + event_id WHERE position IN (3, 4)")).await;
        assert!(matches!(verified(&world.services, None).await.unwrap_err(), Broken::Link { position: 3, .. }));
    }

    async fn an_inserted_row_is_found(engine) {
        let insert = "INSERT INTO events (at, type, actor, data, key_id, seal) \
            SELECT at, type, actor, data, key_id, seal FROM events WHERE id = (SELECT MIN(id) FROM events)";
        // whether it waits …
        let world = world(engine).await;
        raw(&world, insert).await.unwrap();
        assert!(matches!(verified(&world.services, None).await.unwrap_err(), Broken::Event { position: 0, .. }));
        // … or has been chained since
        world.settle().await;
        let last = world.number("SELECT COUNT(*) FROM event_chain").await;
        let broken = verified(&world.services, None).await.unwrap_err();
        assert!(matches!(broken, Broken::Event { position, .. } if position == last), "{broken}");
        // without any seal
        let unsealed = "INSERT INTO events (at, type, actor, data) SELECT at, type, actor, data FROM events";
        assert!(matches!(found(engine, unsealed).await, Broken::Event { position: 0, .. }));
        // a whole copy, seal and all
        let world = self::world(engine).await;
        raw(&world, "INSERT INTO events (request_id, verification_id, at, type, actor, data, key_id, seal) \
            SELECT request_id, verification_id, at, type, actor, data, key_id, seal FROM events \
            WHERE id = (SELECT MIN(id) FROM events)").await.unwrap();
        world.settle().await;
        let last = world.number("SELECT MAX(id) FROM events").await;
        assert_eq!(verified(&world.services, None).await.unwrap_err(), Broken::Copied(last));
        // past the job
        let world = self::world(engine).await;
        tamper(&world, &format!("{insert}; DELETE FROM unchained_events")).await;
        let last = world.number("SELECT MAX(id) FROM events").await;
        assert_eq!(verified(&world.services, None).await.unwrap_err(), Broken::LeftOut(last));
    }

    async fn a_cut_off_end_is_found(engine) {
        let cut = "CREATE TABLE aside AS SELECT MAX(position) AS position, MAX(event_id) AS event_id FROM event_chain; \
            DELETE FROM unchained_events; \
            DELETE FROM event_chain WHERE position = (SELECT position FROM aside); \
            DELETE FROM events WHERE id = (SELECT event_id FROM aside); DROP TABLE aside";
        let world = world(engine).await;
        let before = whole(&world).await;
        tamper(&world, cut).await;
        let cut_off = Broken::CutOff { found: before.links - 1, expected: before.links };
        assert_eq!(verified(&world.services, None).await.unwrap_err(), cut_off);
        // with the head
        assert!(matches!(found(engine, "DELETE FROM meta WHERE key = 'audit_head'").await, Broken::Head("missing")));
        let changed = "UPDATE meta SET value = replace(value, '\"position\":', '\"position\":1') WHERE key = 'audit_head'";
        assert!(matches!(found(engine, changed).await, Broken::Head("not what heyan wrote")));
        // all of it: what nobody can tell from a new database, a note can
        let world = self::world(engine).await;
        let noted = whole(&world).await.mark;
        assert_eq!(Mark::parse(&noted.to_string()), Some(noted.clone()));
        assert!(verified(&world.services, Some(&noted)).await.is_ok());
        tamper(&world, "DELETE FROM webhook_deliveries; DELETE FROM unchained_events; DELETE FROM event_chain; DELETE FROM events; \
            DELETE FROM meta WHERE key = 'audit_head'").await;
        assert!(verified(&world.services, None).await.is_ok());
        let cut_off = verified(&world.services, Some(&noted)).await.unwrap_err();
        assert_eq!(cut_off, Broken::CutOff { found: 0, expected: noted.position });
        let other = Mark { position: 2, mac: vec![1; 32] };
        let world = self::world(engine).await;
        assert_eq!(verified(&world.services, Some(&other)).await.unwrap_err(), Broken::Mark(2));
    }

    async fn a_row_that_does_not_read_is_named(engine) {
        let unreadable = match engine {
            Engine::Sqlite => "UPDATE events SET at = 'yesterday' WHERE id = (SELECT event_id FROM event_chain WHERE position = 2)",
            Engine::Postgres => "ALTER TABLE events DROP COLUMN actor; ALTER TABLE events ADD COLUMN actor TEXT",
        };
        let broken = found(engine, unreadable).await;
        assert!(matches!(broken, Broken::Event { position: 1 | 2, .. }), "{broken}");
    }
}
