//! Who writes waits for nobody; what was committed is chained in that order, once, whoever is at it.

use std::{collections::BTreeMap, sync::Arc};

use chrono::TimeDelta;
use heyan::{
    clock::Clock,
    domain::{
        event::Deed,
        province::Province,
        words::{EventType, FilingKind},
    },
    flow::{Services, audit, audit::chain, audit::verify::Broken, sandbox},
    keys::Keys,
    random::Random,
    store::{Engine, meta, staff::log},
};
use serde_json::json;
use uuid::Uuid;

use super::{raw, some_events, verified, whole};
use crate::world::{self, Who, World, filing, on_engines};

const NOW: &str = "2020-09-01T09:00+08:00";

/// Another instance on the same database.
fn another(world: &World, seed: u64) -> Services {
    let still = Clock::still(world.now());
    world::services(
        world.scratch.db.clone(),
        world::keys(),
        still,
        Random::seeded(seed),
    )
}

async fn write(services: &Services, staff: u128) {
    let mut tx = services.db.write().await.unwrap();
    let now = services.clock.now();
    let who = Some(Uuid::from_u128(staff));
    audit::record(&mut tx, services, Deed::Login, who, &json!({"n": 1}), now)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

fn keys(names: &[&str]) -> Keys {
    let bytes = |name: &str| zeroize::Zeroizing::new([name.as_bytes()[1]; 32]);
    let ring: BTreeMap<_, _> = names
        .iter()
        .map(|name| ((*name).to_owned(), bytes(name)))
        .collect();
    Keys::new(names[0], names[0], ring).unwrap()
}

on_engines! {
    async fn deeds_of_staff_are_listed_and_chained(engine) {
        let world = World::new(engine, NOW).await;
        some_events(&world).await;
        for staff in [1, 2, 1] {
            write(&world.services, staff).await;
        }
        world.settle().await;
        whole(&world).await;
        let mut tx = world.services.db.read().await.unwrap();
        let all = log::list(&mut tx, None, (9, 0)).await.unwrap();
        assert_eq!(all.len(), 3);
        assert!(all.windows(2).all(|pair| pair[0].id > pair[1].id));
        assert_eq!((all[0].r#type.as_str(), all[0].at), ("staff.login", world.now()));
        assert_eq!(all[0].data.0, json!({"n": 1}));
        assert_eq!(log::list(&mut tx, None, (1, 1)).await.unwrap(), all[1..2]);
    }

    async fn two_instances_chain_what_many_write(engine) {
        let world = World::new(engine, NOW).await;
        let (writers, each) = (8, world::long_or(40, 1000));
        let mut writing = Vec::new();
        for writer in 0..writers {
            let services = another(&world, 100 + writer);
            writing.push(tokio::spawn(async move {
                for _ in 0..each {
                    write(&services, writer.into()).await;
                }
            }));
        }
        let done = Arc::new(tokio::sync::Notify::new());
        let mut chaining = Vec::new();
        for chainer in 0..2 {
            let (services, done) = (another(&world, 200 + chainer), done.clone());
            chaining.push(tokio::spawn(async move {
                let mut chained = 0;
                loop {
                    tokio::select! {
                        biased;
                        () = done.notified() => return chained,
                        round = chain::round(&services) => chained += round.unwrap(),
                    }
                    tokio::task::yield_now().await;
                }
            }));
        }
        for writer in writing {
            writer.await.unwrap();
        }
        for _ in 0..10_000 {
            if !chain::is_waiting(&world.services).await.unwrap() {
                break;
            }
            // whoever holds the lease is at work
            chain::round(&world.services).await.unwrap();
        }
        done.notify_waiters();
        for chainer in chaining {
            chainer.abort();
            let _ = chainer.await;
        }
        let whole = whole(&world).await;
        assert_eq!(whole.links, i64::try_from(writers * each as u64).unwrap());
    }

    async fn one_chains_at_a_time(engine) {
        let world = World::new(engine, NOW).await;
        write(&world.services, 1).await;
        let mut tx = world.services.db.write().await.unwrap();
        let until = world.services.clock.real_now() + TimeDelta::seconds(4);
        let held = json!({"token": Uuid::from_u128(9), "until": until}).to_string();
        meta::put(&mut tx, "audit_lease", &held).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(chain::round(&world.services).await.unwrap(), 0);
        assert!(chain::is_waiting(&world.services).await.unwrap());
        // its holder is gone
        for until in [TimeDelta::seconds(-1), TimeDelta::days(1)] {
            let until = world.services.clock.real_now() + until;
            let gone = json!({"token": Uuid::from_u128(9), "until": until}).to_string();
            let mut tx = world.services.db.write().await.unwrap();
            meta::put(&mut tx, "audit_lease", &gone).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(chain::round(&world.services).await.unwrap(), 1);
            assert!(!chain::is_waiting(&world.services).await.unwrap());
            write(&world.services, 2).await;
        }
        assert_eq!(chain::round(&world.services).await.unwrap(), 1);
        whole(&world).await;
    }

    async fn old_links_are_proved_after_a_rotation(engine) {
        let mut world = World::new(engine, NOW).await;
        world.services.keys = keys(&["k1"]);
        write(&world.services, 1).await;
        world.settle().await;
        world.services.keys = keys(&["k2", "k1"]);
        let rotated = heyan::flow::rotate_keys::rotate(&world.services, |_| {}).await.unwrap();
        assert_eq!(rotated.audited_under, ["k1".to_owned()].into());
        write(&world.services, 2).await;
        world.settle().await;
        whole(&world).await;
        // without the old key the chain goes on, and what stands under that is not proved
        world.services.keys = keys(&["k2"]);
        write(&world.services, 3).await;
        world.settle().await;
        let broken = verified(&world.services, None).await.unwrap_err();
        assert!(matches!(&broken, Broken::Key { position: 1, key, .. } if key == "k1"), "{broken}");
        world.services.keys = keys(&["k1", "k2"]);
        whole(&world).await;
    }

    async fn a_reset_begins_the_log_anew_and_says_so(engine) {
        let world = World::new(engine, NOW).await;
        some_events(&world).await;
        sandbox::reset(&world.services, Some(world::at(NOW))).await.unwrap();
        world.settle().await;
        assert_eq!(whole(&world).await.links, 1);
        assert_eq!(world.number("SELECT COUNT(*) FROM daily_counts").await, 0);
        let mut tx = world.services.db.read().await.unwrap();
        let deeds = log::list(&mut tx, None, (9, 0)).await.unwrap();
        assert_eq!((deeds[0].r#type.as_str(), deeds[0].name.as_deref()), ("sandbox.reset", None));
        drop(tx);
        let refused = raw(&world, "DELETE FROM events").await.unwrap_err();
        assert!(refused.contains("append-only"), "{refused}");
    }

    async fn a_purge_leaves_the_log_whole(engine) {
        let world = World::new(engine, NOW).await;
        let wang = Who::number(1);
        let view = world.file(filing(Province::Gansu, FilingKind::NewFiling, Some(wang.json()), &[])).await;
        let before = world.events(view.row.id).await.len();
        world.turn(world.now() + TimeDelta::days(200)).await;
        assert!(world.events(view.row.id).await.len() > before);
        assert_eq!(world.count(view.row.id, "filing_request.purged").await, 1);
        whole(&world).await;
    }
}

/// A number that becomes visible after a later one is chained when it does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_commit_is_not_forgotten() {
    let world = World::new(Engine::Postgres, NOW).await;
    let services = &world.services;
    let mut late = services.db.write().await.unwrap();
    let now = services.clock.now();
    audit::record(&mut late, services, Deed::Logout, None, &json!({}), now)
        .await
        .unwrap();
    write(services, 1).await;
    world.settle().await;
    assert_eq!(whole_links(&world).await, 1);
    late.commit().await.unwrap();
    world.settle().await;
    assert_eq!(whole_links(&world).await, 2);
    // commit order, not the numbers'
    let reversed = "SELECT COUNT(*) FROM event_chain a JOIN event_chain b ON a.position < b.position AND a.event_id > b.event_id";
    assert_eq!(world.number(reversed).await, 1);
}

async fn whole_links(world: &World) -> i64 {
    whole(world).await.links
}

#[test]
fn every_word_is_one_of_its_kind() {
    let clash = Deed::ALL
        .iter()
        .any(|deed| EventType::from_word(deed.as_str()).is_some());
    assert!(!clash);
}
