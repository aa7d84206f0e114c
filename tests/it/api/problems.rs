//! Bad calls, each with its own problem: bodies, types, methods, paths, and a database that is gone or corrupt.

use heyan::store::Db;
use reqwest::Method;
use serde_json::json;
use sqlx::{Connection, SqliteConnection};

use super::{Answer, Api, answer, example, with};
use crate::store::{Scratch, on_both};

const NOW: &str = "2018-09-10T09:00+08:00";
const LIST: &str = "/api/v1/filing-requests";

async fn sqlite() -> (Scratch, Api) {
    let scratch = Scratch::sqlite().await;
    let api = Api::new(&scratch.db, NOW).await;
    (scratch, api)
}

async fn send(api: &Api, body: impl Into<reqwest::Body>) -> Answer {
    answer(api.submission(body)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_json_is_told_with_its_place() {
    let (_scratch, api) = sqlite().await;
    let detail = |answer: &Answer| {
        answer.is(400, "broken-json").body["detail"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let broken = send(&api, "{\"province\": \"gansu\",\n  \"kind\" \"change\"}").await;
    assert!(
        detail(&broken).contains("line 2 column 10"),
        "{}",
        detail(&broken)
    );
    assert!(detail(&send(&api, "").await).contains("empty"));
    assert!(detail(&send(&api, &b"{\"kind\": \"\xFF\"}"[..]).await).contains("byte 11"));
    assert!(detail(&send(&api, "{\"kind\": \"ch\u{0}nge\"}").await).contains("control character"));
    assert!(detail(&send(&api, "{} {}").await).contains("trailing characters"));
    assert!(detail(&send(&api, "[".repeat(200_000)).await).contains("EOF"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_shape_is_told_with_its_pointer() {
    let (_scratch, api) = sqlite().await;
    for (pointer, value) in [
        ("/subject/principal/phone", json!(13_800_138_000_u64)),
        ("/kind", json!("marriage")),
        ("/province", json!(null)),
        ("/owner", json!("somebody")),
        ("/sites/0/principal/document/type", json!("licence")),
        ("/sites", json!({"0": {}})),
    ] {
        let answer = api.submit(&with(example(), pointer, value)).await;
        assert_eq!(answer.is(422, "invalid-filing").pointers(), [pointer]);
    }
    let twice = example()
        .to_string()
        .replacen('{', r#"{"kind": "change","#, 1);
    assert_eq!(
        send(&api, twice).await.is(422, "invalid-filing").pointers(),
        ["/kind"]
    );
    assert_eq!(
        send(&api, "[]").await.is(422, "invalid-filing").pointers(),
        [""]
    );
    assert_eq!(
        send(&api, "null")
            .await
            .is(422, "invalid-filing")
            .pointers(),
        [""]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_is_json_of_at_most_one_mebibyte() {
    let (_scratch, api) = sqlite().await;
    let body = example().to_string();
    let mebibyte = |more: usize| format!("{body}{}", " ".repeat(1024 * 1024 - body.len() + more));
    assert_eq!(send(&api, mebibyte(0)).await.status, 201);
    send(&api, mebibyte(1)).await.is(413, "body-too-large");
    send(&api, " ".repeat(10 * 1024 * 1024))
        .await
        .is(413, "body-too-large");

    let typed = |kind: &'static str| {
        let call = api
            .bare(Method::POST, LIST)
            .bearer_auth(&api.key)
            .body(body.clone());
        answer(call.header("Content-Type", kind))
    };
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=gbk",
        "nonsense",
        "",
    ] {
        typed(kind).await.is(415, "unsupported-media-type");
    }
    let without = api
        .bare(Method::POST, LIST)
        .bearer_auth(&api.key)
        .body(body.clone());
    answer(without).await.is(415, "unsupported-media-type");
    let packed = api
        .submission(body.clone())
        .header("Content-Encoding", "gzip");
    answer(packed).await.is(415, "unsupported-media-type");
    for kind in ["application/json; charset=UTF-8", "Application/JSON"] {
        assert_eq!(typed(kind).await.status, 201, "{kind}");
    }
    // whose call it is comes first
    answer(api.bare(Method::POST, LIST).body(mebibyte(1)))
        .await
        .is(401, "unauthorized");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_methods_and_paths_are_problems_too() {
    let (_scratch, api) = sqlite().await;
    for (path, allowed) in [
        ("/api/v1/filing-requests", "GET, HEAD, POST"),
        ("/api/v1/filing-requests/fr_x", "GET, HEAD"),
        ("/api/v1/filing-requests/fr_x/withdraw", "POST"),
        ("/api/v1/filing-requests/fr_x/events", "GET, HEAD"),
        ("/api/v1/openapi.json", "GET, HEAD"),
    ] {
        for method in [
            Method::DELETE,
            Method::PUT,
            Method::PATCH,
            Method::OPTIONS,
            Method::TRACE,
        ] {
            let answer = api.call_as(&api.key, method, path).await;
            assert_eq!(
                answer.is(405, "method-not-allowed").headers["allow"],
                allowed
            );
        }
    }
    for path in [
        "/api",
        "/api/",
        "/api/v1",
        "/api/v2/filing-requests",
        "/api/v1/filing-requests/",
        "/api/v1/filing-requests/fr_x/nothing",
        "/api/%00",
    ] {
        let answer = api.get(path).await;
        answer.is(404, "unknown-path");
    }
}

on_both! {
    async fn a_database_that_is_gone_is_503(db) {
        let api = Api::new(db, NOW).await;
        let db: &Db = &api.desk.services.db;
        db.close().await;
        let answer = api.get(LIST).await;
        assert!(answer.is(503, "unavailable").headers.contains_key("retry-after"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_corrupt_row_is_500_and_says_nothing_of_it() {
    let (scratch, api) = sqlite().await;
    api.submitted(&example()).await;
    let mut connection = SqliteConnection::connect(&scratch.url).await.unwrap();
    let spoil = "UPDATE filing_requests SET policy = '{\"secret\": 1}'";
    sqlx::query(spoil).execute(&mut connection).await.unwrap();
    let answer = api.get(LIST).await;
    let told = answer.is(500, "internal-error").body.to_string();
    assert!(
        !told.contains("secret") && !told.contains("policy"),
        "{told}"
    );
}
