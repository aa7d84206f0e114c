//! Every ready case files in its era, and comes to the verifications that its title promises.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use heyan::{
    domain::{
        province::Province,
        words::{FilingKind, Outcome, RequestState, ReturnReason},
    },
    flow::{
        review_phone::review_phone,
        sandbox::{self, Era, Filed, SCENARIOS, Scenario},
    },
};
use secrecy::ExposeSecret;

use crate::world::{World, at, on_engines, outcome};

/// State and verifications as filed, before any SMS.
fn expected(name: &str) -> (RequestState, usize) {
    use RequestState::{AwaitingPhoneReview, HandedOver, Verifying};
    match name {
        "change-unchanged-phone-2017"
        | "cancel-subject-2017"
        | "cancel-site-2017"
        | "cancel-access-2017"
        | "before-rollout"
        | "change-remarks-only"
        | "cancel-access-2020" => (HandedOver, 0),
        "change-phone-2018" | "change-phone-2018-pilot-3" | "change-phone-2020" => {
            (AwaitingPhoneReview, 0)
        }
        "three-sites-shared-phone" => (Verifying, 3),
        "cancel-site-one-pass" | "foreign-passport" | "resubmission" => (Verifying, 2),
        name if name.starts_with("new-filing") => (Verifying, 2),
        _ => (Verifying, 1),
    }
}

/// Everybody answers what came by SMS; what the last one was told.
async fn all_verify(world: &World, filed: &Filed) -> Option<Outcome> {
    let mut last = None;
    for person in &filed.persons {
        let messages = world.messages().await;
        let request = filed.view.row.id;
        let own = |sms: &&crate::world::Sms| sms.phone == person.phone && sms.request == request;
        let Some(code) = messages.iter().rev().find(own).map(|sms| sms.code.clone()) else {
            continue;
        };
        let bureau = Some(filed.view.row.province);
        let told = world
            .verify(bureau, &code, &person.phone, &person.id_tail)
            .await;
        last = Some(outcome(told));
        if filed.view.row.one_pass {
            break;
        }
    }
    last
}

async fn play(world: &World, scenario: &Scenario) -> Filed {
    let name = scenario.name;
    let filed = sandbox::file(&world.services, scenario).await.unwrap();
    let (state, verifications) = expected(name);
    let view = &filed.view;
    assert_eq!(view.row.province, scenario.province, "{name}");
    assert_eq!(view.row.state, state, "{name}");
    assert_eq!(view.verifications.len(), verifications, "{name}");
    assert_eq!(view.policy.is_none(), name == "before-rollout", "{name}");
    assert_eq!(view.row.resubmits.is_some(), name == "resubmission");

    let id = view.row.id;
    if state == RequestState::AwaitingPhoneReview {
        let reviewed = review_phone(&world.services, id, true, None).await.unwrap();
        assert_eq!(reviewed.verifications.len(), 1, "{name}");
    }
    world.settle().await;
    if name == "phone-late" {
        assert_eq!(
            world.view(id).await.verifications[0].row.first_sent_at,
            None
        );
        world.turn(world.now() + TimeDelta::minutes(3)).await;
    }
    let told = match name {
        "phone-never-accepted" => {
            world.turn(world.now() + TimeDelta::hours(24)).await;
            let row = world.view(id).await.row;
            assert_eq!(row.return_reason, Some(ReturnReason::Expired));
            return filed;
        }
        "phone-refused" => {
            let row = world.view(id).await.row;
            assert_eq!(row.return_reason, Some(ReturnReason::Undeliverable));
            return filed;
        }
        _ => all_verify(world, &filed).await,
    };
    let people = state != RequestState::HandedOver;
    assert_eq!(told, people.then_some(Outcome::VerifiedAll), "{name}");
    assert_eq!(
        world.view(id).await.row.state,
        RequestState::HandedOver,
        "{name}"
    );
    filed
}

on_engines! {
    async fn every_one_files_in_its_era(engine) {
        let world = World::new(engine, "2017-12-18T08:00+08:00").await;
        let mut phones = Vec::new();
        for era in Era::ALL {
            world.turn(era.from() + TimeDelta::hours(1)).await;
            for scenario in SCENARIOS.iter().filter(|scenario| scenario.era == era) {
                let filed = play(&world, scenario).await;
                phones.extend(filed.persons.into_iter().map(|person| person.phone));
            }
        }
        let distinct: BTreeSet<_> = phones.iter().collect();
        assert_eq!(distinct.len(), phones.len(), "somebody is in two filings");
        let newest = sandbox::newest(&world.services, 100).await.unwrap();
        assert_eq!(newest.len(), SCENARIOS.len() + 1);
    }

    async fn the_demo_begins_with_one_filing_and_keeps_it(engine) {
        let world = World::new(engine, "2026-11-25T11:00+08:00").await;
        let first = sandbox::seed_demo(&world.services).await.unwrap();
        let again = sandbox::seed_demo(&world.services).await.unwrap();
        assert_eq!(first.api_key.expose_secret(), again.api_key.expose_secret());
        let filed = sandbox::newest(&world.services, 9).await.unwrap();
        assert_eq!(filed.len(), 1);
        let row = &filed[0].view.row;
        assert_eq!((row.province, row.kind), (Province::Gansu, FilingKind::NewFiling));
        assert_eq!(filed[0].persons.len(), 2);
        assert_eq!(filed[0].view.policy.as_ref().unwrap().batch, 1);
        world.settle().await;
        assert_eq!(all_verify(&world, &filed[0]).await, Some(Outcome::VerifiedAll));
    }
}

#[test]
fn they_cover_each_kind_in_each_era() {
    let names: BTreeSet<_> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
    assert_eq!(names.len(), SCENARIOS.len());
    let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    assert!(names.iter().all(|name| name.chars().all(kebab)));
    for kind in FilingKind::ALL {
        for year in ["2017", "2018", "2020"] {
            let name = format!("{}-{year}", kind.as_str().replace('_', "-"));
            assert!(names.contains(&*name), "{name}");
        }
    }
    assert!(
        SCENARIOS
            .windows(2)
            .all(|pair| pair[0].era.from() <= pair[1].era.from())
    );
    assert_eq!(Era::Pilot1.from(), at("2017-12-18T09:00+08:00"));
}
