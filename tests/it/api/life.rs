//! What a provider does with its requests: shows, withdraws, resubmits them, reads their events; never another's.

use chrono::TimeDelta;
use heyan::flow::review_phone::review_phone;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Api, changed_phone, example, remarks, with};
use crate::store::on_both;

const NOW: &str = "2018-09-10T09:00+08:00";

fn path(request: &Value) -> String {
    format!(
        "/api/v1/filing-requests/{}",
        request["id"].as_str().unwrap()
    )
}

/// A `change_phone` that the bureau sent back.
async fn rejected(api: &Api) -> Value {
    let request = api.submitted(&changed_phone()).await;
    assert_eq!(request["state"], "awaiting_phone_review");
    let id = request["id"].as_str().unwrap().parse().unwrap();
    let reason = Some("号码与证件不符".to_owned());
    review_phone(&api.desk.services, id, false, reason)
        .await
        .unwrap();
    api.get(&path(&request)).await.body
}

on_both! {
    async fn a_request_is_withdrawn_under_review_and_while_verifying_alone(db) {
        let api = Api::new(db, NOW).await;
        for filing in [example(), changed_phone()] {
            let request = api.submitted(&filing).await;
            api.desk.turn(api.desk.services.clock.now() + TimeDelta::minutes(1));
            let withdrawn = api.post(&format!("{}/withdraw", path(&request))).await;
            assert_eq!(withdrawn.status, 200);
            assert_eq!(withdrawn.body["state"], "withdrawn");
            assert!(withdrawn.body["ended_at"].is_string());
            for verification in withdrawn.body["verifications"].as_array().unwrap() {
                assert_eq!(verification["state"], "cancelled");
            }
            assert_eq!(api.get(&path(&request)).await.body, withdrawn.body);
            let again = api.post(&format!("{}/withdraw", path(&request))).await;
            again.is(409, "request-ended");
        }
        for ended in [api.submitted(&remarks()).await, rejected(&api).await] {
            let answer = api.post(&format!("{}/withdraw", path(&ended))).await;
            answer.is(409, "request-ended");
            assert_eq!(api.get(&path(&ended)).await.body["state"], ended["state"]);
        }
    }

    async fn a_returned_request_says_why_and_what_to_do(db) {
        let api = Api::new(db, NOW).await;
        let returned = rejected(&api).await;
        assert_eq!(returned["state"], "returned");
        assert_eq!(returned["return_reason"], "phone_change_rejected");
        assert_eq!(returned["return_detail"], "号码与证件不符");
        assert!(returned["return_advice"].as_str().unwrap().ends_with('。'));

        let late = api.submitted(&example()).await;
        api.desk.turn_and_settle("2018-09-10T09:01+08:00").await;
        api.desk.turn_and_settle("2018-09-12T09:01+08:00").await;
        let late = api.get(&path(&late)).await.body;
        assert_eq!(late["return_reason"], "expired");
        assert_eq!(late["verifications"][0]["state"], "expired");
        assert_eq!(late["verifications"][0]["failure_reason"], "expired");
        let who = ["主体负责人王**（138****8000）", "第1个网站的负责人李*（139****9000）"];
        let told = who.map(|who| format!("{who}在2018年9月12日 09:01前没有完成短信核验。"));
        assert_eq!(late["verifications"][1]["failure_detail"], told[1]);
        assert_eq!(late["return_detail"], told.concat());
        assert_eq!(late["verifications"][0]["first_sent_at"], "2018-09-10T09:01:00+08:00");
    }

    async fn only_an_own_request_that_came_back_is_resubmitted_and_only_once(db) {
        let api = Api::new(db, NOW).await;
        let other = Api::new(db, NOW).await;
        let resubmit = |old: &Value| with(example(), "/resubmits", old["id"].clone());
        let refused = async |api: &Api, filing: Value, why: &str| {
            let answer = api.submit(&filing).await;
            assert_eq!(answer.is(422, "invalid-filing").pointers(), ["/resubmits"]);
            let detail = answer.body["errors"][0]["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains(why), "{detail}");
        };
        let returned = rejected(&api).await;
        let running = api.submitted(&example()).await;
        // another's answers as one that is not there
        refused(&other, resubmit(&returned), "is none of your requests").await;
        refused(&api, with(example(), "/resubmits", json!("fr_01J00000000000000000000000")), "is none of your requests").await;
        refused(&api, resubmit(&running), "is verifying").await;
        refused(&api, resubmit(&api.submitted(&remarks()).await), "is handed_over").await;

        let new = api.submitted(&resubmit(&returned)).await;
        assert_eq!((&new["resubmits"], &new["resubmitted_by"]), (&returned["id"], &Value::Null));
        assert_eq!(api.get(&path(&returned)).await.body["resubmitted_by"], new["id"]);
        let listed = api.get("/api/v1/filing-requests?state=returned").await.body;
        assert_eq!(listed["data"][0]["resubmitted_by"], new["id"]);
        refused(&api, resubmit(&returned), "has been resubmitted already").await;
        api.post(&format!("{}/withdraw", path(&running))).await;
        assert_eq!(api.submitted(&resubmit(&running)).await["state"], "verifying");
    }

    async fn anothers_request_answers_like_one_that_is_not_there(db) {
        let api = Api::new(db, NOW).await;
        let request = api.submitted(&example()).await;
        let theirs = api.other_key().await;
        for id in [request["id"].as_str().unwrap(), "fr_01J00000000000000000000000", "fr_x", "%FF%00", "vf_01J00000000000000000000000"] {
            for (method, rest) in [(Method::GET, ""), (Method::GET, "/events"), (Method::POST, "/withdraw")] {
                let path = format!("/api/v1/filing-requests/{id}{rest}");
                let answer = api.call_as(&theirs, method, &path).await;
                answer.is(404, "request-not-found");
                assert_eq!(answer.body["detail"], "there is no such request");
            }
        }
        assert_eq!(api.get(&path(&request)).await.body["state"], "verifying");
    }

    async fn events_tell_the_request_s_life_without_persons(db) {
        let api = Api::new(db, NOW).await;
        let request = api.submitted(&example()).await;
        api.desk.turn_and_settle("2018-09-10T09:00:05+08:00").await;
        api.post(&format!("{}/withdraw", path(&request))).await;
        let events = api.get(&format!("{}/events", path(&request))).await.body;
        assert_eq!(events["next_cursor"], Value::Null);
        let data = events["data"].as_array().unwrap();
        let types: Vec<_> = data.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(types[..2], ["filing_request.submitted", "filing_request.verifying"]);
        assert_eq!(types.iter().filter(|&&what| what == "verification.sent").count(), 2);
        assert!(types.contains(&"filing_request.withdrawn"));
        assert_eq!(data[0]["at"], "2018-09-10T09:00:00+08:00");
        assert_eq!(data[0]["verification_id"], Value::Null);
        let sent = data.iter().find(|event| event["type"] == "verification.sent").unwrap();
        let ids = request["verifications"].as_array().unwrap();
        assert!(ids.iter().any(|verification| verification["id"] == sent["verification_id"]));
        for personal in ["王", "13800138000", "138****8000", "11010519491231002X", "31002X"] {
            assert!(!events.to_string().contains(personal));
        }
        let answer = api.get(&format!("{}/events?limit=5", path(&request))).await;
        answer.is(400, "invalid-parameter");
    }

    async fn once_purged_nobody_is_named(db) {
        let api = Api::new(db, NOW).await;
        let request = api.submitted(&example()).await;
        api.post(&format!("{}/withdraw", path(&request))).await;
        api.desk.turn_and_settle("2019-06-01T09:00+08:00").await;
        let purged = api.get(&path(&request)).await.body;
        assert_eq!(purged["state"], "withdrawn");
        assert_eq!(purged["provider_reference"], "ORDER-2018-0001");
        for verification in purged["verifications"].as_array().unwrap() {
            assert_eq!(verification["name_masked"], Value::Null);
            assert_eq!(verification["phone_masked"], Value::Null);
            // withdrawn: nobody failed
            assert_eq!(verification["failure_detail"], Value::Null);
        }
    }
}
