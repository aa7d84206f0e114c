//! Each call of `/sandbox/api`: what it answers, what it refuses, and that production has none of it.

use heyan::store::Engine;
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{Instance, at};
use crate::{app::App, world::on_engines};

const NATIONWIDE: &str = "2020-09-01T10:00:00+08:00";

async fn problem(one: &Instance, method: Method, path: &str, body: Option<Value>, status: u16) {
    let answer = one.call(method.clone(), path, body).await;
    assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
    assert!(
        answer.kind.starts_with("application/problem+json"),
        "{method} {path}: {answer:?}"
    );
    assert_eq!(answer.body["status"], status, "{answer:?}");
}

on_engines! {
    async fn messages_are_listed_once_accepted(engine) {
        let (_world, one) = at(engine, NATIONWIDE).await;
        let filed = one.done(Method::POST, "/sandbox/api/scenarios/new-filing-2020", None).await;
        let person = &filed["persons"][0];
        let phone = person["phone"].as_str().unwrap();
        let number = person["document"]["number"].as_str().unwrap();
        assert!(number.ends_with(person["id_tail"].as_str().unwrap()), "{person}");
        assert_eq!(person["document"]["type"], "resident_id");
        assert_eq!(person["pointers"], json!(["/subject/principal"]));
        assert!(one.messages(phone).await.is_empty(), "queued only");
        one.settle().await;
        let messages = one.messages(phone).await;
        let [message] = &messages[..] else { panic!("{messages:?}") };
        let mut members: Vec<_> = message.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["code", "link", "phone", "sender", "sent_at", "state", "text"]);
        assert_eq!(message["phone"], phone);
        assert_eq!(message["state"], "delivered");
        assert_eq!(message["sender"], "12381");
        let code = message["code"].as_str().unwrap();
        assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()));
        for part in [code, message["link"].as_str().unwrap()] {
            assert!(message["text"].as_str().unwrap().contains(part));
        }
        assert!(message["sent_at"].as_str().unwrap().ends_with("+08:00"));
        // as people write a phone; everybody's, newest first; nobody's
        let spaced = format!("%2B86%20{phone}");
        assert_eq!(one.messages(&spaced).await.len(), 1);
        one.turn(json!({"advance": "PT1H"})).await;
        one.file("new-site-2020").await;
        let all = one.get("/sandbox/api/messages").await;
        let times: Vec<_> = all.as_array().unwrap().iter().map(|one| one["sent_at"].as_str().unwrap()).collect();
        assert!(times.len() > 2 && times.is_sorted_by(|a, b| a >= b), "{times:?}");
        assert!(one.messages("13900000000").await.is_empty());
        problem(&one, Method::GET, "/sandbox/api/messages?phone=12345", None, 400).await;
        problem(&one, Method::POST, "/sandbox/api/messages", None, 405).await;
        one.stop().await;
    }

    async fn a_captcha_s_answer(engine) {
        let app = App::new(engine, NATIONWIDE).await;
        let id = app.get("/gansu/sms-verification").await.captcha_id();
        let answer = app.get(&format!("/sandbox/api/captcha/{id}")).await;
        let answer: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(answer, json!({"answer": app.answer(&id)}));
        let none = app.get("/sandbox/api/captcha/none-of-ours").await;
        assert_eq!((none.status, none.header("content-type")), (404, "application/problem+json"));
        app.stop().await;
    }

    async fn a_provider_is_added_and_may_call(engine) {
        let (_world, one) = at(engine, NATIONWIDE).await;
        let body = json!({"name": "云厂商", "webhook_url": "http://127.0.0.1:9/hook"});
        let secrets = one.post("/sandbox/api/providers", body.clone()).await;
        assert!(secrets["api_key"].as_str().unwrap().starts_with("hk_"));
        assert!(secrets["webhook_secret"].as_str().unwrap().starts_with("whsec_"));
        let listed = reqwest::Client::new().get(format!("{}/api/v1/filing-requests", one.base))
            .bearer_auth(secrets["api_key"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(listed.status().as_u16(), 200);
        problem(&one, Method::POST, "/sandbox/api/providers", Some(body), 409).await;
        for bad in [
            json!({"name": ""}),
            json!({"name": "x", "webhook_url": "http://example.cn/"}),
            json!({"webhook_url": null}),
            json!({"name": 7}),
            json!({"name": "x", "nothing": true}),
        ] {
            problem(&one, Method::POST, "/sandbox/api/providers", Some(bad), 422).await;
        }
        one.stop().await;
    }

    async fn the_bureau_answers_a_changed_number(engine) {
        let (_world, one) = at(engine, NATIONWIDE).await;
        let review = |filed: &Value| {
            let id = filed["request"]["id"].as_str().unwrap();
            format!("/sandbox/api/filing-requests/{id}/phone-review")
        };
        let filed = one.file("change-phone-2020").await;
        assert_eq!(filed["request"]["state"], "awaiting_phone_review");
        assert_eq!(filed["request"]["verifications"], json!([]));
        let phone = filed["persons"][0]["phone"].as_str().unwrap();
        assert!(one.messages(phone).await.is_empty());
        problem(&one, Method::POST, &review(&filed), Some(json!({"reason": "x"})), 422).await;
        let agreed = one.post(&review(&filed), json!({"approve": true})).await;
        assert_eq!(agreed["state"], "verifying");
        one.settle().await;
        assert_eq!(one.messages(phone).await.len(), 1);
        problem(&one, Method::POST, &review(&filed), Some(json!({"approve": true})), 409).await;

        let filed = one.file("change-phone-2020").await;
        let refused = one.post(&review(&filed), json!({"approve": false, "reason": "号码不属于本人"})).await;
        assert_eq!(refused["state"], "returned");
        assert_eq!(refused["return_reason"], "phone_change_rejected");
        assert_eq!(refused["return_detail"], "号码不属于本人");
        let nobody = "/sandbox/api/filing-requests/fr_01J00000000000000000000000/phone-review";
        problem(&one, Method::POST, nobody, Some(json!({"approve": true})), 404).await;
        let garbled = "/sandbox/api/filing-requests/x/phone-review";
        problem(&one, Method::POST, garbled, Some(json!({"approve": true})), 404).await;
        one.stop().await;
    }

    async fn a_reset_leaves_the_demo_provider_alone(engine) {
        let (world, one) = at(engine, NATIONWIDE).await;
        one.post("/sandbox/api/providers", json!({"name": "gone"})).await;
        one.file("new-filing-2020").await;
        let key = heyan::flow::providers::demo(&one.services).await.unwrap();
        let answer = one.post("/sandbox/api/reset", json!({"now": "2017-12-18T08:59:00+08:00"})).await;
        assert_eq!(answer["now"], "2017-12-18T08:59:00+08:00");
        assert_eq!(one.get("/sandbox/api/messages").await, json!([]));
        for table in ["SELECT COUNT(*) FROM filing_requests", "SELECT COUNT(*) FROM sms_messages",
            "SELECT COUNT(*) FROM verifications", "SELECT COUNT(*) FROM events WHERE request_id IS NOT NULL"] {
            assert_eq!(world.number(table).await, 0, "{table}");
        }
        assert_eq!(world.number("SELECT COUNT(*) FROM providers").await, 1);
        let listed = reqwest::Client::new().get(format!("{}/api/v1/filing-requests", one.base))
            .bearer_auth(key.expose_secret()).send().await.unwrap();
        assert_eq!(listed.status().as_u16(), 200);
        problem(&one, Method::POST, "/sandbox/api/reset", Some(json!({"now": "2017-11-30T23:59:59+08:00"})), 422).await;
        problem(&one, Method::POST, "/sandbox/api/reset", Some(json!({"now": "jetzt"})), 422).await;
        one.stop().await;
    }

    async fn what_cannot_be_read_is_a_problem(engine) {
        let (_world, one) = at(engine, NATIONWIDE).await;
        problem(&one, Method::GET, "/sandbox/api", None, 404).await;
        problem(&one, Method::GET, "/sandbox/api/nothing", None, 404).await;
        problem(&one, Method::POST, "/sandbox/api/scenarios/no-such-case", None, 404).await;
        problem(&one, Method::DELETE, "/sandbox/api/clock", None, 405).await;
        let raw = |body: &'static [u8]| reqwest::Client::new().put(format!("{}/sandbox/api/clock", one.base))
            .header("content-type", "application/json").body(body);
        for body in [&b"{"[..], b"", b"\xff\xfe", b"{\"advance\": \"PT1H\"} x"] {
            let answer = raw(body).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 400, "{body:?}");
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
        }
        // another site's page cannot turn it
        let foreign = raw(b"{\"advance\": \"PT1H\"}").header("sec-fetch-site", "cross-site").send().await.unwrap();
        assert_eq!(foreign.status().as_u16(), 403);
        one.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn production_has_none_of_it() {
    let production = |services: &mut heyan::flow::Services| {
        let settings = heyan::flow::Settings {
            sandbox: false,
            ..(*services.settings).clone()
        };
        services.settings = settings.into();
    };
    let app = App::with(Engine::Sqlite, NATIONWIDE, production, |site| {
        site.sandbox = false;
        site.hosts.insert("127.0.0.1".into(), None);
    })
    .await;
    for path in [
        "/sandbox",
        "/sandbox/api/messages",
        "/sandbox/api/clock",
        "/sandbox/api/scenarios",
        "/sandbox/api/captcha/x",
        "/sandbox/nothing",
    ] {
        assert_eq!(app.get(path).await.status, 404, "GET {path}");
    }
    for path in [
        "/sandbox/clock",
        "/sandbox/scenarios",
        "/sandbox/phone-review",
        "/sandbox/reset",
        "/sandbox/password",
        "/sandbox/api/reset",
        "/sandbox/api/providers",
        "/sandbox/api/scenarios/new-filing-2020",
    ] {
        assert_eq!(app.post(path, &[]).await.status, 404, "POST {path}");
    }
    let put = Method::PUT;
    let turn = crate::app::Page::of(app.request(put, "/sandbox/api/clock").body("{}")).await;
    assert_eq!(turn.status, 404);
    app.stop().await;
}
