//! `/sandbox/api` over HTTP: what a check does with `curl`.

use heyan::domain::province::Province;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::{App, Page},
    world::{at, on_engines},
};

const IN_2018: &str = "2018-09-10T10:00+08:00";

async fn call(app: &App, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let page = Page::of(app.request(method, path).json(body)).await;
    let kind = page.header("content-type");
    let problem = kind.starts_with("application/problem+json");
    assert_eq!(problem, page.status >= 400, "{path}: {kind}");
    assert_eq!(page.header("cache-control"), "no-store");
    (page.status, serde_json::from_str(&page.body).unwrap())
}

async fn post(app: &App, path: &str, body: Value) -> (u16, Value) {
    call(app, Method::POST, path, &body).await
}

async fn get(app: &App, path: &str) -> (u16, Value) {
    let page = app.get(path).await;
    (page.status, serde_json::from_str(&page.body).unwrap())
}

on_engines! {
    async fn files_a_case_reads_its_sms_and_turns_the_clock(engine) {
        let app = App::new(engine, IN_2018).await;
        let (status, cases) = get(&app, "/sandbox/api/scenarios").await;
        assert_eq!(status, 200);
        let is_case = |case: &&Value| case["name"] == "new-filing-2018";
        let case = cases.as_array().unwrap().iter().find(is_case).unwrap();
        assert_eq!(case["from"], "2018-09-10T00:00:00+08:00");

        let (status, filed) = post(&app, "/sandbox/api/scenarios/new-filing-2018", json!({})).await;
        assert_eq!(status, 201);
        assert_eq!(filed["request"]["state"], "verifying");
        let person = &filed["persons"][0];
        assert_eq!(person["pointers"], json!(["/subject/principal"]));
        let phone = person["phone"].as_str().unwrap();
        let messages = format!("/sandbox/api/messages?phone={phone}");
        // listed once its acceptance is recorded
        assert_eq!(get(&app, &messages).await, (200, json!([])));
        app.world.settle().await;
        let (_, listed) = get(&app, &messages).await;
        let members: Vec<_> = listed[0].as_object().unwrap().keys().cloned().collect();
        assert_eq!(members, ["code", "link", "phone", "sender", "sent_at", "state", "text"]);
        assert_eq!((listed.as_array().unwrap().len(), &listed[0]["phone"]), (1, &json!(phone)));
        assert_eq!(listed[0]["sent_at"], "2018-09-10T10:00:00+08:00");
        assert_eq!(get(&app, "/sandbox/api/messages").await.1.as_array().unwrap().len(), 2);

        // 24 hours: noon comes too late
        let (status, clock) = call(&app, Method::PUT, "/sandbox/api/clock", &json!({"advance": "PT24H"})).await;
        assert_eq!((status, &clock["now"]), (200, &json!("2018-09-11T10:00:00+08:00")));
        let id = filed["request"]["id"].as_str().unwrap();
        let view = app.world.view(id.parse().unwrap()).await;
        assert_eq!(view.row.state.as_str(), "returned");
        assert_eq!(view.row.ended_at, Some(at("2018-09-11T10:00+08:00")));
        let (status, problem) = call(&app, Method::PUT, "/sandbox/api/clock", &json!({"now": "2018-09-11T09:00+08:00"})).await;
        assert_eq!((status, &problem["type"]), (409, &json!("urn:heyan:problem:clock-backwards")));

        let (status, reset) = post(&app, "/sandbox/api/reset", json!({"now": "2017-12-01T00:00+08:00"})).await;
        assert_eq!((status, &reset["now"]), (200, &json!("2017-12-01T00:00:00+08:00")));
        assert_eq!(get(&app, "/sandbox/api/messages").await.1, json!([]));
        let now = get(&app, "/sandbox/api/clock").await.1["now"].as_str().unwrap().to_owned();
        assert!(now.starts_with("2017-12-01T00:0"), "{now}");
        app.stop().await;
    }

    async fn plays_the_bureau_and_adds_providers(engine) {
        let app = App::new(engine, IN_2018).await;
        let (_, filed) = post(&app, "/sandbox/api/scenarios/change-phone-2018", json!({})).await;
        let id = filed["request"]["id"].as_str().unwrap();
        let review = format!("/sandbox/api/filing-requests/{id}/phone-review");
        let (status, request) = post(&app, &review, json!({"approve": true})).await;
        assert_eq!((status, &request["state"]), (200, &json!("verifying")));
        let (status, again) = post(&app, &review, json!({"approve": true})).await;
        assert_eq!((status, &again["type"]), (409, &json!("urn:heyan:problem:not-under-review")));

        let (_, filed) = post(&app, "/sandbox/api/scenarios/change-phone-2018", json!({})).await;
        let id = filed["request"]["id"].as_str().unwrap();
        let review = format!("/sandbox/api/filing-requests/{id}/phone-review");
        let body = json!({"approve": false, "reason": "号码不是本人的"});
        let (_, request) = post(&app, &review, body).await;
        assert_eq!(request["return_reason"], "phone_change_rejected");
        assert_eq!(request["return_detail"], "号码不是本人的");

        let new = json!({"name": "云厂商", "webhook_url": "http://127.0.0.1:9/hook"});
        let (status, secrets) = post(&app, "/sandbox/api/providers", new.clone()).await;
        assert_eq!(status, 201);
        assert!(secrets["webhook_secret"].as_str().unwrap().starts_with("whsec_"));
        let key = secrets["api_key"].as_str().unwrap();
        let listed = app.request(Method::GET, "/api/v1/filing-requests").bearer_auth(key);
        assert_eq!(Page::of(listed).await.status, 200);
        assert_eq!(post(&app, "/sandbox/api/providers", new).await.0, 409);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_captchas_and_says_what_is_wrong() {
    let app = App::new(heyan::store::Engine::Sqlite, IN_2018).await;
    let id = app.get("/gansu/sms-verification").await.captcha_id();
    let (status, captcha) = get(&app, &format!("/sandbox/api/captcha/{id}")).await;
    assert_eq!((status, &captcha["answer"]), (200, &json!(app.answer(&id))));

    let put = Method::PUT;
    let clock = "/sandbox/api/clock";
    for (method, path, body, expected) in [
        (put.clone(), clock, json!({}), 422),
        (put.clone(), clock, json!({"now": "soon"}), 422),
        (put.clone(), clock, json!({"advance": "24 hours"}), 422),
        (
            put.clone(),
            clock,
            json!({"advance": "PT1H", "now": "2019-01-01T00:00Z"}),
            422,
        ),
        (put.clone(), clock, json!({"then": 1}), 422),
        (put, clock, json!({"now": "2300-01-01T00:00Z"}), 422),
        (Method::POST, clock, json!({}), 405),
        (
            Method::POST,
            "/sandbox/api/reset",
            json!({"now": "2017-11-30T00:00Z"}),
            422,
        ),
        (Method::POST, "/sandbox/api/scenarios/none", json!({}), 404),
        (
            Method::POST,
            "/sandbox/api/providers",
            json!({"name": ""}),
            422,
        ),
        (
            Method::POST,
            "/sandbox/api/filing-requests/fr_1/phone-review",
            json!({"approve": true}),
            404,
        ),
        (Method::POST, "/sandbox/api/nothing", json!({}), 404),
        (Method::GET, "/sandbox/api/captcha/none", json!({}), 404),
        (
            Method::GET,
            "/sandbox/api/messages?phone=12",
            json!({}),
            400,
        ),
    ] {
        let (status, problem) = call(&app, method, path, &body).await;
        assert_eq!(status, expected, "{path} {body}");
        assert_eq!(problem["status"], expected);
        assert!(
            !problem["detail"]
                .as_str()
                .unwrap_or_default()
                .contains("soon")
        );
    }
    // a reset without a body is one to the real time
    let reset = Page::of(app.request(Method::POST, "/sandbox/api/reset")).await;
    assert_eq!(reset.status, 200, "{}", reset.body);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn is_not_there_in_production() {
    let production = |site: &mut heyan::web::Site| site.sandbox = false;
    let app = App::with(heyan::store::Engine::Sqlite, IN_2018, |_| {}, production).await;
    for path in [
        "/sandbox",
        "/sandbox/api/clock",
        "/sandbox/api/messages",
        "/sandbox/clock",
    ] {
        for method in [Method::GET, Method::POST, Method::PUT] {
            let request = app.request(method, path).header("host", "beian.example.cn");
            let status = Page::of(request).await.status;
            assert!(
                status == 404 || path == "/sandbox" && status == 405,
                "{path}: {status}"
            );
        }
    }
    assert_eq!(Province::from_slug("sandbox"), None);
    app.stop().await;
}
