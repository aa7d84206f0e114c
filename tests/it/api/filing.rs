//! Submitting: the shape of the answer, and the rules that a filing must obey, each told with its pointer.

use serde_json::{Value, json};

use super::{Api, example, remarks, with};
use crate::store::on_both;

const NOW: &str = "2018-09-10T09:00+08:00";

on_both! {
    async fn the_example_is_answered_as_the_interface_says(db) {
        let api = Api::new(db, NOW).await;
        let answer = api.submit(&example()).await;
        assert_eq!(answer.status, 201);
        let request = &answer.body;
        let id = request["id"].as_str().unwrap();
        assert!(id.starts_with("fr_") && id.len() == 29, "{id}");
        assert_eq!(answer.headers["location"], format!("/api/v1/filing-requests/{id}"));
        for (member, value) in [
            ("province", json!("gansu")),
            ("kind", json!("new_filing")),
            ("provider_reference", json!("ORDER-2018-0001")),
            ("resubmits", Value::Null),
            ("state", json!("verifying")),
            ("return_reason", Value::Null),
            ("return_detail", Value::Null),
            ("return_advice", Value::Null),
            ("submitted_at", json!("2018-09-10T09:00:00+08:00")),
            ("ended_at", Value::Null),
        ] {
            assert_eq!(request[member], value, "{member}");
        }
        let policy = &request["policy"];
        assert_eq!(policy["batch"], 1);
        assert_eq!(policy["validity_hours"], 48);
        assert_eq!(policy["max_wrong_tries"], 5);
        assert_eq!(policy["max_manual_resends"], 2);
        assert_eq!(policy["senders"]["mobile"], "106575000130");
        assert_eq!(policy["from"], "2017-12-18T09:00:00+08:00");

        let [first, second] = &request["verifications"].as_array().unwrap()[..] else {
            panic!("two phones, two verifications: {request:#}");
        };
        assert!(first["id"].as_str().unwrap().starts_with("vf_"));
        for (member, value) in [
            ("principals", json!(["/subject/principal"])),
            ("name_masked", json!("王**")),
            ("phone_masked", json!("138****8000")),
            ("state", json!("pending")),
            ("wrong_tries", json!(0)),
            ("manual_resends", json!(0)),
            ("first_sent_at", Value::Null),
            ("expires_at", json!("2018-09-12T09:00:00+08:00")),
            ("verified_at", Value::Null),
        ] {
            assert_eq!(first[member], value, "{member}");
        }
        assert_eq!(second["principals"], json!(["/sites/0/principal"]));
        assert_eq!(second["name_masked"], "李*");
        assert_eq!(api.get(&format!("/api/v1/filing-requests/{id}")).await.body, *request);
    }

    async fn where_nobody_is_verified_it_goes_straight_to_the_bureau(db) {
        let api = Api::new(db, NOW).await;
        let uncovered = api.submitted(&with(example(), "/province", json!("beijing"))).await;
        assert_eq!(uncovered["state"], "handed_over");
        assert_eq!(uncovered["policy"], Value::Null);
        assert_eq!(uncovered["verifications"], json!([]));
        let remarks = api.submitted(&remarks()).await;
        assert_eq!(remarks["state"], "handed_over");
        assert_eq!(remarks["policy"]["batch"], 1);
        assert_eq!(remarks["ended_at"], "2018-09-10T09:00:00+08:00");
    }
}

async fn sqlite() -> (crate::store::Scratch, Api) {
    let scratch = crate::store::Scratch::sqlite().await;
    let api = Api::new(&scratch.db, NOW).await;
    (scratch, api)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_broken_rules_are_told_at_once_and_no_value_is_repeated() {
    let (_scratch, api) = sqlite().await;
    let mut bad = with(example(), "/subject/principal/phone", json!("1380013800a"));
    bad = with(bad, "/subject/principal/name", json!("王\u{0}明"));
    bad = with(
        bad,
        "/sites/0/principal/document",
        json!({"type": "resident_id", "number": "110105194912310021"}),
    );
    bad = with(bad, "/provider_reference", json!("x".repeat(101)));
    bad = with(bad, "/resubmits", json!("fr_nothing"));
    let answer = api.submit(&bad).await;
    let mut pointers = answer.is(422, "invalid-filing").pointers();
    pointers.sort_unstable();
    assert_eq!(
        pointers,
        [
            "/provider_reference",
            "/resubmits",
            "/sites/0/principal/document/number",
            "/subject/principal/name",
            "/subject/principal/phone",
        ]
    );
    let told = answer.body.to_string();
    for value in ["1380013800a", "110105194912310021", "王", "nothing"] {
        assert!(!told.contains(value), "{value}");
    }
    assert_eq!(
        api.get("/api/v1/filing-requests").await.body["data"],
        json!([])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_type_is_folded() {
    let (_scratch, api) = sqlite().await;
    let typed = with(
        example(),
        "/subject/principal/phone",
        json!("＋８６ １３８－００１３－８０００"),
    );
    let typed = with(
        typed,
        "/subject/principal/document/number",
        json!("11010519491231002x"),
    );
    let request = api.submitted(&typed).await;
    assert_eq!(request["verifications"][0]["phone_masked"], "138****8000");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_is_one_person() {
    let (_scratch, api) = sqlite().await;
    let same_phone = with(
        example(),
        "/sites/0/principal/phone",
        json!("138 0013 8000"),
    );
    let answer = api.submit(&same_phone).await;
    assert_eq!(
        answer.is(422, "invalid-filing").pointers(),
        ["/sites/0/principal/phone"]
    );
    let same_person = with(
        same_phone,
        "/sites/0/principal/document",
        example()["subject"]["principal"]["document"].clone(),
    );
    let request = api.submitted(&same_person).await;
    assert_eq!(request["verifications"].as_array().unwrap().len(), 1);
    assert_eq!(
        request["verifications"][0]["principals"],
        json!(["/subject/principal", "/sites/0/principal"])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_has_at_most_a_hundred_phones() {
    let (_scratch, api) = sqlite().await;
    let site = |n: u32| {
        json!({"name": "某某网", "domains": [format!("example{n}.cn")], "principal": {"name": "李雷",
            "phone": (13_900_000_000_u64 + u64::from(n)).to_string(),
            "document": {"type": "passport", "number": format!("E{n:08}")}}})
    };
    let filing = |sites: u32| {
        let sites: Vec<_> = (0..sites).map(site).collect();
        json!({"province": "gansu", "kind": "new_site", "sites": sites})
    };
    let answer = api.submit(&filing(101)).await;
    assert_eq!(answer.is(422, "invalid-filing").pointers(), ["/sites"]);
    let request = api.submitted(&filing(100)).await;
    assert_eq!(request["verifications"].as_array().unwrap().len(), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zhejiang_asks_for_the_card_on_the_back_of_the_permit() {
    let (_scratch, api) = sqlite().await;
    let permit = |province: &str, card: Value| {
        let filing = with(example(), "/province", json!(province));
        let document =
            json!({"type": "hk_macau_permit", "number": "H01234567", "card_number": card});
        with(filing, "/sites/0/principal/document", document)
    };
    let answer = api.submit(&permit("zhejiang", Value::Null)).await;
    let pointers = ["/sites/0/principal/document/card_number"];
    assert_eq!(answer.is(422, "invalid-filing").pointers(), pointers);
    api.submitted(&permit("zhejiang", json!("A123456(3)")))
        .await;
    api.submitted(&permit("gansu", Value::Null)).await;
}
