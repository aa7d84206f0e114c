//! The whole way: filings, the outbox, the gateways, and a real SMSC that dies under them. Every message arrives.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use heyan::{
    domain::{province::Province, words::FilingKind},
    random::Random,
    sms::{Chains, Gateway, Gateways, smpp::Smpp},
    store::Engine,
};
use serde_json::json;

use super::{kannel::Kannel, smpp::settings, smsc::Smsc};
use crate::world::{Who, World, filing, long_or, on_engines};

const NINE: &str = "2018-09-10T09:00+08:00";
const WAITING: &str = "SELECT COUNT(*) FROM sms_messages WHERE state = 'queued'";
const ACCEPTED: &str = "SELECT COUNT(*) FROM sms_messages WHERE state = 'accepted'";
const DELIVERED: &str = "SELECT COUNT(*) FROM sms_messages WHERE receipt = 'delivered'";

/// One gateway alone, which rests where it fails.
fn chain(gateway: impl Gateway + 'static) -> Gateways {
    Gateways::new(Chains {
        default: vec![gateway.name().to_owned()],
        gateways: vec![Box::new(gateway)],
        ..Chains::default()
    })
}

async fn world(engine: Engine, gateways: Gateways) -> World {
    let world = World::with(engine, NINE, |services| services.gateways = gateways).await;
    world.services.gateways.start();
    world
}

/// Files one request for each person, none of whose SMS is sent yet.
async fn file(world: &World, people: u32) {
    for number in 0..people {
        let subject = Some(Who::number(number).json());
        world
            .submit(filing(Province::Gansu, FilingKind::NewFiling, subject, &[]))
            .await;
    }
}

/// Stands at the next instant at which something of the SMS is due.
fn turn(world: &World) {
    let next = world.now() + TimeDelta::seconds(5);
    world.set(next);
}

/// Writes receipts down as they come, without end.
async fn written_down(world: &World) {
    loop {
        world.settle().await;
        world.services.gateways.receipt_arrived().await;
    }
}

on_engines! {
    async fn every_message_arrives_though_the_smsc_dies_in_mid_load(engine) {
        let people = u32::try_from(long_or(40, 600)).unwrap();
        let deaths = 2_u32;
        let mut smsc = Smsc::start().await;
        let gateway = Smpp::new("main", settings(smsc.port), Random::seeded(1));
        let world = world(engine, chain(gateway)).await;
        let mut died = 0;
        for round in 0..deaths {
            for number in 0..people / 2 {
                let subject = Some(Who::number(round * people / 2 + number).json());
                let draft = filing(Province::Gansu, FilingKind::NewFiling, subject, &[]);
                world.submit(draft).await;
            }
            // between submission and answer
            smsc.set(json!({"die": people / 4})).await;
            while world.number(WAITING).await > 0 {
                world.settle().await;
                if smsc.has_ended() {
                    died += 1;
                    smsc.again().await;
                    smsc.hears("bind").await;
                }
                turn(&world);
            }
        }
        assert_eq!(died, usize::try_from(deaths).unwrap());
        let people = usize::try_from(people).unwrap();
        assert_eq!(world.number(ACCEPTED).await, i64::try_from(people).unwrap());
        // what it says is read a little later
        while smsc.count("answered").len() < people {
            smsc.next().await.expect("the SMSC lives");
        }
        let submitted = smsc.count("submit");
        // twice at most those that were in flight at a death
        let again: usize = submitted.values().map(|times| times - 1).sum();
        assert!(again <= died * 16, "{again} sent again");
        assert!(submitted.values().all(|times| *times <= 2), "{submitted:?}");
        world.services.gateways.stop().await;
    }

    async fn every_message_arrives_though_kannel_dies_in_mid_load(engine) {
        let people = 100;
        let mut kannel = Kannel::start().await;
        // nobody listens there: the outbox is to do without receipts
        let gateway = kannel.gateway("http://127.0.0.1:9/receipts");
        let world = world(engine, chain(gateway)).await;
        file(&world, people).await;
        let mut arrived = BTreeSet::new();
        let dies = async {
            for _ in 0..10 {
                arrived.insert(kannel.arrives().await.1);
            }
            arrived.extend(kannel.dies().await.into_iter().map(|(_, phone, _)| phone));
        };
        tokio::join!(world.settle(), dies);
        assert!(world.number(WAITING).await > 0, "it died too late");
        kannel.start_parts().await;
        while world.number(WAITING).await > 0 {
            turn(&world);
            world.settle().await;
        }
        let people = usize::try_from(people).unwrap();
        while arrived.len() < people {
            arrived.insert(kannel.arrives().await.1);
        }
    }

    async fn receipts_are_written_down(engine) {
        let mut smsc = Smsc::start().await;
        smsc.set(json!({"early": true, "twice": true})).await;
        let gateway = Smpp::new("main", settings(smsc.port), Random::seeded(1));
        let world = world(engine, chain(gateway)).await;
        file(&world, 3).await;
        // each of them, early or twice, is acknowledged once it stands
        let acknowledged = async {
            for _ in 0..6 {
                assert_eq!(smsc.hears("acknowledged").await["acknowledged"], 0);
            }
        };
        tokio::select! {
            () = acknowledged => {}
            () = written_down(&world) => {}
        }
        assert_eq!(world.number(DELIVERED).await, 3);
        world.services.gateways.stop().await;
    }
}
