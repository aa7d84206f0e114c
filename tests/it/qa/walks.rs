//! Every scenario, in every era: filed, texted, verified through the bureau's own page by what the sandbox told, handed
//! over. Nothing is known here but what a program sees.

use std::collections::{BTreeMap, BTreeSet};

use heyan::{domain::words::FilingKind, store::Engine};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Instance, at};
use crate::app::{FORM, Page, encoded};

const ERAS: [(&str, &str); 4] = [
    ("2017", "2018-01-10T09:00:00+08:00"),
    ("2018-2", "2018-09-12T09:00:00+08:00"),
    ("2018-3", "2018-09-26T09:00:00+08:00"),
    ("2020", "2020-09-01T09:00:00+08:00"),
];
/// Their SMS never comes.
const UNREACHABLE: [&str; 2] = ["19900000001", "19900000002"];

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member]
        .as_str()
        .unwrap_or_else(|| panic!("no {member} in {value}"))
}

fn list(value: &Value) -> &[Value] {
    value
        .as_array()
        .map_or_else(|| panic!("no list: {value}"), Vec::as_slice)
}

async fn names(one: &Instance) -> Vec<String> {
    let scenarios = one.get("/sandbox/api/scenarios").await;
    list(&scenarios)
        .iter()
        .map(|one| text(one, "name").to_owned())
        .collect()
}

/// Types what a person was told into a form of the bureau's; the outcome.
async fn verify(one: &Instance, slug: &str, code: &str, phone: &str, tail: &str) -> String {
    let http = reqwest::Client::new();
    let path = format!("{}/{slug}/sms-verification", one.base);
    let id = Page::of(http.get(&path)).await.captcha_id();
    let answer = one.get(&format!("/sandbox/api/captcha/{id}")).await;
    let body = encoded(&[
        ("sms_code", code),
        ("phone", phone),
        ("id_tail", tail),
        ("captcha_id", &id),
        ("captcha_answer", text(&answer, "answer")),
    ]);
    let page = Page::of(http.post(&path).header("content-type", FORM).body(body)).await;
    assert_eq!(page.status, 200, "{}", page.body);
    page.outcome()
}

/// The request as it is now, read by the demo provider.
async fn now(one: &Instance, key: &str, id: &str) -> Value {
    let path = format!("{}/api/v1/filing-requests/{id}", one.base);
    let answer = reqwest::Client::new()
        .get(path)
        .bearer_auth(key)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    answer.json().await.unwrap()
}

/// Files a scenario and walks it to its end.
async fn walk(one: &Instance, key: &str, name: &str) -> Value {
    let filed = one.file(name).await;
    let id = text(&filed["request"], "id").to_owned();
    let slug = text(&filed["request"], "province").to_owned();
    if filed["request"]["state"] == "awaiting_phone_review" {
        let path = format!("/sandbox/api/filing-requests/{id}/phone-review");
        one.post(&path, json!({"approve": true})).await;
        one.settle().await;
    }
    let persons = list(&filed["persons"]);
    for person in persons {
        assert_eq!(text(person, "id_tail").len(), 6, "{name}: {person}");
        assert!(text(person, "phone").starts_with('1'), "{name}: {person}");
        assert!(!text(person, "name").is_empty(), "{name}: {person}");
    }
    if persons
        .iter()
        .any(|person| person["phone"] == "19900000003")
    {
        one.turn(json!({"advance": "PT4M"})).await;
    }
    let verifications = list(&now(one, key, &id).await["verifications"]).to_vec();
    for verification in &verifications {
        if verification["state"] != "pending" {
            continue;
        }
        // told by the pointers who it is
        let masked = text(verification, "phone_masked");
        let fits = |person: &&Value| {
            let phone = text(person, "phone");
            format!("{}****{}", &phone[..3], &phone[7..]) == masked
        };
        let person = persons
            .iter()
            .find(fits)
            .unwrap_or_else(|| panic!("{name}: nobody is {masked}"));
        let phone = text(person, "phone");
        if UNREACHABLE.contains(&phone) {
            assert!(one.messages(phone).await.is_empty(), "{name}");
            continue;
        }
        let state = now(one, key, &id).await["state"].clone();
        if state != "verifying" {
            // one pass was enough
            assert_eq!(filed["request"]["kind"], "cancel_site", "{name}");
            break;
        }
        let code = text(&one.messages(phone).await[0], "code").to_owned();
        let outcome = verify(one, &slug, &code, phone, text(person, "id_tail")).await;
        assert!(outcome.starts_with("verified_"), "{name}: {outcome}");
    }
    now(one, key, &id).await
}

async fn every_scenario(engine: Engine, era: &str, instant: &str) {
    let (_world, one) = at(engine, instant).await;
    let key = heyan::flow::providers::demo(&one.services).await.unwrap();
    let key = secrecy::ExposeSecret::expose_secret(&key).to_owned();
    let names = names(&one).await;
    let mut ends: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for name in &names {
        let end = walk(&one, &key, name).await;
        let state = text(&end, "state").to_owned();
        ends.entry(state.clone()).or_default().insert(name.clone());
        let fails = list(&end["verifications"]).iter().any(|one| {
            one["phone_masked"] == "199****0001" || one["phone_masked"] == "199****0002"
        });
        if fails {
            assert_ne!(state, "handed_over", "{era} {name}");
        } else {
            assert_eq!(state, "handed_over", "{era} {name}: {end}");
        }
        // once more: new persons
        let again = one
            .done(
                Method::POST,
                &format!("/sandbox/api/scenarios/{name}"),
                None,
            )
            .await;
        assert_ne!(again["request"]["id"], end["id"]);
    }
    println!("{era}: {ends:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_2017() {
    every_scenario(Engine::Sqlite, ERAS[0].0, ERAS[0].1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_2018_with_the_second_pilot() {
    every_scenario(Engine::Postgres, ERAS[1].0, ERAS[1].1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_2018_with_the_third_pilot() {
    every_scenario(Engine::Sqlite, ERAS[2].0, ERAS[2].1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nationwide() {
    every_scenario(Engine::Postgres, ERAS[3].0, ERAS[3].1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_one_for_each_kind() {
    let (_world, one) = at(Engine::Sqlite, ERAS[3].1).await;
    let mut kinds = BTreeSet::new();
    let mut phones = BTreeSet::new();
    for name in names(&one).await {
        assert!(
            name.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
            "{name}"
        );
        let filed = one
            .done(
                Method::POST,
                &format!("/sandbox/api/scenarios/{name}"),
                None,
            )
            .await;
        kinds.insert(text(&filed["request"], "kind").to_owned());
        for person in list(&filed["persons"]) {
            let phone = text(person, "phone");
            let fresh = phones.insert(phone.to_owned());
            assert!(
                fresh || phone.starts_with("1990000000"),
                "{name}: {phone} again"
            );
        }
    }
    assert_eq!(kinds.len(), FilingKind::ALL.len(), "{kinds:?}");
}
