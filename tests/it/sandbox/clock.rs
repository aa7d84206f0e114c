//! The clock of a sandbox: forward only, standing at every due instant in turn, the same for all who share the database.

use chrono::{DateTime, TimeDelta, Utc};
use heyan::{
    clock::{Clock, Pace},
    domain::{
        filing::FilingDraft,
        province::Province,
        time::rfc3339,
        words::{FilingKind, MessageKind, RequestState},
    },
    flow::{
        FlowError, Services, providers,
        sandbox::{
            self,
            clock::{Advance, Target, Turned, follow_clock, turn_clock},
        },
    },
    store::{Tx, meta},
};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::world::{Who, World, at, filing, on_engines};

fn draft(n: u32) -> FilingDraft {
    let subject = Some(Who::number(n).json());
    filing(Province::Gansu, FilingKind::NewFiling, subject, &[])
}

fn by(text: &str) -> Target {
    Target::By(Advance::parse(text).unwrap())
}

/// Another instance, or this one started again.
fn another(world: &World) -> Services {
    Services {
        clock: Clock::system(),
        ..world.services.clone()
    }
}

fn is_at(now: DateTime<Utc>, text: &str) {
    let late = now - at(text);
    let running = TimeDelta::zero()..TimeDelta::seconds(30);
    assert!(
        running.contains(&late),
        "{} instead of {text}",
        rfc3339(now)
    );
}

async fn write_row(world: &World, value: &serde_json::Value) {
    let mut tx = world.services.db.write().await.unwrap();
    meta::put(&mut tx, meta::SANDBOX_CLOCK, &value.to_string())
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

on_engines! {
    async fn stands_at_every_due_instant_in_order(engine) {
        let world = World::new(engine, "2017-12-18T10:00+08:00").await;
        // 48 hours: a noon resend, then out of time
        let first = world.submit(draft(1)).await.row.id;
        world.set(at("2017-12-18T11:00+08:00"));
        let second = world.submit(draft(2)).await.row.id;
        let turned = turn_clock(&world.services, by("P3D")).await.unwrap();
        assert_eq!(turned, Turned::To(at("2017-12-21T11:00+08:00")));
        is_at(world.now(), "2017-12-21T11:00+08:00");
        assert!(matches!(world.services.clock.pace(), Pace::Moving { .. }));

        // both were due since ten; they went out when the turn began
        for id in [first, second] {
            let view = world.view(id).await;
            assert_eq!(view.row.state, RequestState::Returned);
            let row = &view.verifications[0].row;
            assert_eq!(row.first_sent_at, Some(at("2017-12-18T11:00+08:00")));
            assert_eq!(row.ended_at, Some(at("2017-12-20T11:00+08:00")));
            let sent: Vec<_> = world.messages().await.into_iter()
                .filter(|sms| sms.request == id)
                .map(|sms| (sms.kind, sms.accepted_at.unwrap()))
                .collect();
            assert_eq!(sent, [
                (MessageKind::First, at("2017-12-18T11:00+08:00")),
                (MessageKind::Noon, at("2017-12-19T12:00+08:00")),
            ]);
        }
    }

    async fn goes_forward_only_and_within_its_years(engine) {
        let world = World::new(engine, "2018-09-10T09:00+08:00").await;
        let services = &world.services;
        let backwards = turn_clock(services, Target::At(at("2018-09-10T08:59:59.999+08:00"))).await;
        assert_eq!(backwards.unwrap(), Turned::Backwards);
        is_at(world.now(), "2018-09-10T09:00+08:00");
        for target in [by("P200Y"), by("P4000000000D"), Target::At(at("2200-01-01T00:00+08:00"))] {
            let refused = turn_clock(services, target).await;
            assert!(matches!(refused, Err(FlowError::Invalid(_))), "{refused:?}");
        }
        is_at(world.now(), "2018-09-10T09:00+08:00");
        let on = turn_clock(services, Target::At(at("2018-09-24T00:00+08:00"))).await.unwrap();
        assert_eq!(on, Turned::To(at("2018-09-24T00:00+08:00")));
        let early = sandbox::reset(services, Some(at("2017-11-30T23:59+08:00"))).await;
        assert!(matches!(early, Err(FlowError::Invalid(_))));
    }

    async fn is_shared_and_survives_a_restart(engine) {
        let world = World::new(engine, "2018-09-10T09:00+08:00").await;
        let other = another(&world);
        // never turned: everybody keeps his own
        follow_clock(&other).await.unwrap();
        assert_eq!(other.clock.pace(), Pace::System);
        turn_clock(&world.services, by("PT24H")).await.unwrap();
        follow_clock(&other).await.unwrap();
        assert_eq!(other.clock.pace(), world.services.clock.pace());
        is_at(other.clock.now(), "2018-09-11T09:00+08:00");
        turn_clock(&other, by("PT1H")).await.unwrap();
        follow_clock(&world.services).await.unwrap();
        is_at(world.now(), "2018-09-11T10:00+08:00");
        let restarted = another(&world);
        follow_clock(&restarted).await.unwrap();
        is_at(restarted.clock.now(), "2018-09-11T10:00+08:00");
    }

    async fn turns_by_several_come_one_after_another(engine) {
        let world = World::new(engine, "2018-09-10T09:00+08:00").await;
        let others: Vec<_> = (0..4).map(|_| another(&world)).collect();
        turn_clock(&world.services, by("PT0S")).await.unwrap();
        for other in &others {
            follow_clock(other).await.unwrap();
        }
        let turns = others.iter().map(|other| turn_clock(other, by("PT1H")));
        for turned in futures_util::future::join_all(turns).await {
            assert!(matches!(turned.unwrap(), Turned::To(_)));
        }
        follow_clock(&world.services).await.unwrap();
        is_at(world.now(), "2018-09-10T13:00+08:00");
    }

    async fn a_turner_that_crashed_leaves_it_running(engine) {
        let world = World::new(engine, "2018-09-10T09:00+08:00").await;
        let real = world.services.clock.real_now();
        let row = |until: DateTime<Utc>| json!({
            "revision": 7,
            "pace": {"Still": "2018-09-12T12:00:00Z"},
            "turner": {"token": "00000000-0000-0000-0000-000000000001", "until": until},
        });
        // in the middle of a turn all stand with it …
        write_row(&world, &row(real + TimeDelta::seconds(2))).await;
        follow_clock(&world.services).await.unwrap();
        assert_eq!(world.services.clock.pace(), Pace::Still(at("2018-09-12T12:00Z")));
        // … and whoever wants to turn it waits until the lease has ended
        let turned = turn_clock(&world.services, by("PT1H")).await.unwrap();
        assert!(world.services.clock.real_now() >= real + TimeDelta::seconds(2));
        let Turned::To(now) = turned else { panic!("forward") };
        is_at(now, "2018-09-12T13:00Z");

        write_row(&world, &row(real - TimeDelta::seconds(10))).await;
        let restarted = another(&world);
        follow_clock(&restarted).await.unwrap();
        is_at(restarted.clock.now(), "2018-09-12T12:00:10Z");
    }

    async fn what_cannot_be_done_holds_it_up_for_a_moment_only(engine) {
        const BREAK: &str = "UPDATE sms_messages SET sealed = $1";
        let world = World::new(engine, "2021-03-01T10:00+08:00").await;
        let broken = world.submit(draft(1)).await.row.id;
        let mut tx = world.services.db.write().await.unwrap();
        let nonsense = vec![1_u8];
        match &mut tx {
            Tx::Sqlite(tx) => sqlx::query(BREAK).bind(nonsense).execute(&mut **tx).await.map(drop),
            Tx::Postgres(tx) => sqlx::query(BREAK).bind(nonsense).execute(&mut **tx).await.map(drop),
        }.unwrap();
        tx.commit().await.unwrap();
        let sound = world.submit(draft(2)).await.row.id;
        let turned = turn_clock(&world.services, by("PT30M")).await.unwrap();
        assert_eq!(turned, Turned::To(at("2021-03-01T10:30+08:00")));
        let sent_at = async |id| world.view(id).await.verifications[0].row.first_sent_at;
        assert_eq!(sent_at(broken).await, None);
        assert_eq!(sent_at(sound).await, Some(at("2021-03-01T10:00+08:00")));
    }

    async fn a_reset_empties_and_keeps_the_key(engine) {
        let world = World::new(engine, "2021-03-01T10:00+08:00").await;
        let services = &world.services;
        let key = providers::demo(services).await.unwrap();
        let other = another(&world);
        world.file(draft(1)).await;
        sandbox::reset(services, Some(at("2017-12-18T09:00+08:00"))).await.unwrap();
        is_at(world.now(), "2017-12-18T09:00+08:00");
        follow_clock(&other).await.unwrap();
        is_at(other.clock.now(), "2017-12-18T09:00+08:00");
        assert!(sandbox::newest(services, 9).await.unwrap().is_empty());
        assert!(sandbox::inbox(services, 9).await.unwrap().is_empty());
        let demo = providers::authenticate(services, key.expose_secret()).await.unwrap();
        assert_eq!(demo.unwrap().name, providers::DEMO);
        assert_eq!(providers::list(services).await.unwrap().len(), 1);
        // without a time: the real one
        sandbox::reset(services, None).await.unwrap();
        assert_eq!(services.clock.pace(), Pace::System);
        follow_clock(&other).await.unwrap();
        assert_eq!(other.clock.pace(), Pace::System);
    }
}
