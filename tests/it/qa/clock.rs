//! The test clock: forward only, standing at every due instant in turn, one for all instances and all restarts.

use chrono::{DateTime, TimeDelta, Utc};
use heyan::{
    domain::{ids::RequestId, time::parse_time, words::EventType},
    flow::look_up,
    store::events,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Instance, at};
use crate::world::on_engines;

const CLOCK: &str = "/sandbox/api/clock";

fn time(text: &str) -> DateTime<Utc> {
    parse_time(text).unwrap()
}

async fn reading(one: &Instance) -> DateTime<Utc> {
    time(one.get(CLOCK).await["now"].as_str().unwrap())
}

/// It reads this, or runs on from it since less than a minute.
async fn reads(one: &Instance, expected: &str) {
    let ran = reading(one).await - time(expected);
    assert!(
        ran >= TimeDelta::zero() && ran < TimeDelta::minutes(1),
        "{expected}: {ran}"
    );
}

fn id(filed: &Value) -> RequestId {
    filed["request"]["id"].as_str().unwrap().parse().unwrap()
}

async fn history(one: &Instance, id: RequestId) -> Vec<(EventType, DateTime<Utc>)> {
    let mut tx = one.services.db.read().await.unwrap();
    let rows = events::of_request(&mut tx, id, 0, 1000).await.unwrap();
    rows.into_iter().map(|row| (row.r#type, row.at)).collect()
}

on_engines! {
    async fn it_goes_forward_only_and_runs_on(engine) {
        let (_world, one) = at(engine, "2018-09-10T09:00:00+08:00").await;
        reads(&one, "2018-09-10T09:00:00+08:00").await;
        let there = one.turn(json!({"now": "2018-09-24T00:00:00+08:00"})).await;
        assert_eq!(there, "2018-09-24T00:00:00+08:00");
        reads(&one, "2018-09-24T00:00:00+08:00").await;
        let before = reading(&one).await;
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        assert!(reading(&one).await > before, "it runs on");
        // without seconds, in another offset
        assert_eq!(one.turn(json!({"now": "2018-09-24T16:00Z"})).await, "2018-09-25T00:00:00+08:00");
        let moved = time(&one.turn(json!({"advance": "PT24H"})).await);
        let ran = moved - time("2018-09-26T00:00:00+08:00");
        assert!(ran >= TimeDelta::zero() && ran < TimeDelta::minutes(1));
        for (backwards, status) in [
            (json!({"now": "2018-09-24T00:00:00+08:00"}), 409),
            (json!({"now": "2016-01-01T00:00:00+08:00"}), 409),
            (json!({"now": "gestern"}), 422),
            (json!({"now": "2018-09-30"}), 422),
            (json!({"advance": "-PT1H"}), 422),
            (json!({"advance": "24H"}), 422),
            (json!({"advance": "P"}), 422),
            (json!({"advance": "P4000000000Y"}), 422),
            (json!({"advance": "PT24H", "now": "2018-10-01T00:00Z"}), 422),
            (json!({}), 422),
            (json!({"forward": "PT24H"}), 422),
            (json!([]), 422),
        ] {
            let answer = one.call(Method::PUT, CLOCK, Some(backwards.clone())).await;
            assert_eq!(answer.status, status, "{backwards}: {answer:?}");
            assert!(answer.kind.starts_with("application/problem+json"), "{backwards}: {answer:?}");
            assert!(answer.body["type"].is_string(), "{backwards}: {answer:?}");
        }
        // none of it has left the clock standing or turned
        let before = reading(&one).await;
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        let after = reading(&one).await;
        assert!(after > before && after - moved < TimeDelta::minutes(1));
        one.stop().await;
    }

    async fn it_stands_at_each_due_instant_in_turn(engine) {
        // pilot 1: 48 hours, so that the noon resend comes first, then the expiry
        let (_world, one) = at(engine, "2017-12-18T10:00:00+08:00").await;
        let filed = one.done(Method::POST, "/sandbox/api/scenarios/new-filing-2017", None).await;
        one.turn(json!({"now": "2017-12-31T00:00:00+08:00"})).await;
        let seen = history(&one, id(&filed)).await;
        let when = |wanted: EventType| -> Vec<DateTime<Utc>> {
            seen.iter().filter(|(kind, _)| *kind == wanted).map(|(_, at)| *at).collect()
        };
        let sent = when(EventType::VerificationSent);
        assert!(!sent.is_empty());
        assert!(sent.iter().all(|at| *at - time("2017-12-18T10:00:00+08:00") < TimeDelta::minutes(1)));
        let noons = when(EventType::NoonResend);
        assert_eq!(noons, vec![time("2017-12-19T12:00:00+08:00"); sent.len()]);
        assert_eq!(when(EventType::Returned), vec![*sent.iter().min().unwrap() + TimeDelta::hours(48)]);
        assert!(seen.is_sorted_by_key(|(_, at)| *at), "{seen:?}");
        // the SMS of noon were accepted at noon
        let phone = filed["persons"][0]["phone"].as_str().unwrap();
        let messages = one.messages(phone).await;
        assert_eq!(messages.len(), 2, "{messages:?}");
        assert_eq!(messages[0]["sent_at"], "2017-12-19T12:00:00+08:00");
        one.stop().await;
    }

    async fn a_late_message_is_sent_when_it_is_due(engine) {
        let (_world, one) = at(engine, "2020-09-01T10:00:00+08:00").await;
        let api_key = one.post("/sandbox/api/providers", json!({"name": "late", "webhook_url": null})).await;
        let key = api_key["api_key"].as_str().unwrap().to_owned();
        let filing = json!({"province": "gansu", "kind": "cancel_subject", "subject": {
            "name": "某某公司", "principal": {"name": "王小明", "phone": "19900000003",
                "document": {"type": "passport", "number": "E12345678"}}}});
        let filed = reqwest::Client::new().post(format!("{}/api/v1/filing-requests", one.base))
            .bearer_auth(key).json(&filing).send().await.unwrap();
        assert_eq!(filed.status().as_u16(), 201);
        one.settle().await;
        assert!(one.messages("19900000003").await.is_empty(), "not accepted yet");
        one.turn(json!({"advance": "PT2M"})).await;
        assert!(one.messages("19900000003").await.is_empty(), "not accepted yet");
        one.turn(json!({"advance": "PT24H"})).await;
        let messages = one.messages("19900000003").await;
        let sent = time(messages[messages.len() - 1]["sent_at"].as_str().unwrap());
        let late = sent - time("2020-09-01T10:00:00+08:00");
        assert!(late >= TimeDelta::minutes(3) && late < TimeDelta::minutes(4), "{late}");
        one.stop().await;
    }

    async fn instances_and_restarts_share_it(engine) {
        let (world, one) = at(engine, "2018-09-10T09:00:00+08:00").await;
        let other = Instance::beside(&world.services);
        reads(&other, "2018-09-10T09:00:00+08:00").await;
        one.turn(json!({"now": "2018-09-12T00:00:00+08:00"})).await;
        reads(&other, "2018-09-12T00:00:00+08:00").await;
        other.turn(json!({"now": "2018-09-13T00:00:00+08:00"})).await;
        reads(&one, "2018-09-13T00:00:00+08:00").await;
        // no page and no call of one knows another time than the other, right after it was turned
        let filing = json!({"province": "gansu", "kind": "change", "subject": null, "sites": []});
        let key = one.post("/sandbox/api/providers", json!({"name": "p"})).await;
        other.turn(json!({"now": "2018-09-14T00:00:00+08:00"})).await;
        let filed = reqwest::Client::new().post(format!("{}/api/v1/filing-requests", one.base))
            .bearer_auth(key["api_key"].as_str().unwrap()).json(&filing).send().await.unwrap();
        let filed: Value = filed.json().await.unwrap();
        let submitted = time(filed["submitted_at"].as_str().unwrap()) - time("2018-09-14T00:00:00+08:00");
        assert!(submitted >= TimeDelta::zero() && submitted < TimeDelta::minutes(1), "{filed}");
        // filed by one, due by the other's turn
        let filed = one.done(Method::POST, "/sandbox/api/scenarios/new-filing-2017", None).await;
        other.settle().await;
        let phone = filed["persons"][0]["phone"].as_str().unwrap();
        assert_eq!(one.messages(phone).await.len(), 1);
        one.stop().await;
        other.stop().await;
        let restarted = Instance::beside(&world.services);
        reads(&restarted, "2018-09-14T00:00:00+08:00").await;
        restarted.stop().await;
    }

    async fn a_reset_elsewhere_turns_it_back_here(engine) {
        let (world, one) = at(engine, "2018-09-10T09:00:00+08:00").await;
        let other = Instance::beside(&world.services);
        other.turn(json!({"now": "2020-09-12T00:00:00+08:00"})).await;
        one.post("/sandbox/api/reset", json!({"now": "2017-12-01T00:00:00+08:00"})).await;
        reads(&other, "2017-12-01T00:00:00+08:00").await;
        one.post("/sandbox/api/reset", json!({})).await;
        let real = other.services.clock.real_now();
        assert!((reading(&other).await - real).abs() < TimeDelta::minutes(1));
        one.stop().await;
        other.stop().await;
    }

    async fn many_turn_it_at_once(engine) {
        let (world, one) = at(engine, "2018-09-10T09:00:00+08:00").await;
        let other = Instance::beside(&world.services);
        let filed = one.done(Method::POST, "/sandbox/api/scenarios/new-filing-2017", None).await;
        let turn = |instance: &Instance| {
            let request = reqwest::Client::new().put(format!("{}{CLOCK}", instance.base))
                .json(&json!({"advance": "PT1H"}));
            tokio::spawn(async move { request.send().await.unwrap().status().as_u16() })
        };
        let turns: Vec<_> = (0..8).map(|n| turn(if n % 2 == 0 { &one } else { &other })).collect();
        for status in turns {
            assert_eq!(status.await.unwrap(), 200);
        }
        reads(&one, "2018-09-10T17:00:00+08:00").await;
        reads(&other, "2018-09-10T17:00:00+08:00").await;
        // each SMS was sent once
        for person in filed["persons"].as_array().unwrap() {
            assert_eq!(one.messages(person["phone"].as_str().unwrap()).await.len(), 1);
        }
        one.stop().await;
        other.stop().await;
    }

    async fn the_retention_goes_by_it(engine) {
        let (_world, one) = at(engine, "2018-09-10T09:00:00+08:00").await;
        let filed = one.file("new-filing-2017").await;
        one.turn(json!({"advance": "P190D"})).await;
        let view = look_up::any(&one.services, id(&filed)).await.unwrap();
        assert_eq!(view.row.state.as_str(), "returned");
        let (ended, purged) = (view.row.ended_at.unwrap(), view.row.purged_at.unwrap());
        assert_eq!(purged - ended, TimeDelta::days(180));
        one.stop().await;
    }
}
