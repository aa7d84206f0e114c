//! `Idempotency-Key`: the same call again is the same request, another body is refused, a running one waited for.

use chrono::TimeDelta;
use heyan::{
    keys::Purpose,
    store::idempotency::{self, Begin, Key},
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Api, answer, example, remarks, with};
use crate::store::on_both;

const NOW: &str = "2018-09-10T09:00+08:00";

async fn submit(api: &Api, key: &str, filing: &Value) -> Answer {
    answer(
        api.submission(filing.to_string())
            .header("Idempotency-Key", key),
    )
    .await
}

async fn count(api: &Api) -> usize {
    let page = api.get("/api/v1/filing-requests?limit=100").await.body;
    page["data"].as_array().unwrap().len()
}

on_both! {
    async fn the_same_call_again_is_the_same_request_as_it_is_now(db) {
        let api = Api::new(db, NOW).await;
        let first = submit(&api, "order-1", &example()).await;
        assert_eq!(first.status, 201);
        let again = submit(&api, "order-1", &example()).await;
        assert_eq!((again.status, &again.body), (201, &first.body));
        let id = first.body["id"].as_str().unwrap();
        api.post(&format!("/api/v1/filing-requests/{id}/withdraw")).await;
        let now = submit(&api, "order-1", &example()).await;
        assert_eq!((now.status, now.body["state"].as_str().unwrap()), (201, "withdrawn"));
        assert_eq!(now.body["id"], first.body["id"]);
        assert_eq!(count(&api).await, 1);

        submit(&api, "order-1", &remarks()).await.is(422, "idempotency-key-reused");
        assert_ne!(submit(&api, "order-2", &example()).await.body["id"], first.body["id"]);
        // each provider has its own keys
        let other = Api::new(db, NOW).await;
        assert_ne!(submit(&other, "order-1", &remarks()).await.body["id"], first.body["id"]);
        // kept for 30 days
        api.desk.turn(api.desk.services.clock.now() + TimeDelta::days(30));
        assert_ne!(submit(&api, "order-1", &example()).await.body["id"], first.body["id"]);
    }

    async fn a_call_that_failed_leaves_its_key_free(db) {
        let api = Api::new(db, NOW).await;
        let bad = with(example(), "/subject/principal/phone", json!("1"));
        submit(&api, "order-1", &bad).await.is(422, "invalid-filing");
        assert_eq!(submit(&api, "order-1", &example()).await.status, 201);
    }

    async fn a_call_that_still_runs_is_waited_for(db) {
        let api = Api::new(db, NOW).await;
        let filing = example();
        let (keys, now) = (&api.desk.services.keys, api.desk.services.clock.now());
        let mut tx = db.read().await.unwrap();
        let provider = heyan::store::providers::by_name(&mut tx, &format!("api of {}", api.desk.provider)).await;
        let provider_id = provider.unwrap().unwrap().id;
        drop(tx);
        let hash = keys.hash(Purpose::Idempotency, &[b"key", b"order-1"]);
        let digest = keys.hash(Purpose::Idempotency, &[b"body", filing.to_string().as_bytes()]);
        let mut tx = db.write().await.unwrap();
        let call = Begin { key_id: hash.key.as_str(), body_digest: &digest.value, now,
            lease_until: now + TimeDelta::minutes(1), expires_at: now + TimeDelta::days(30) };
        idempotency::begin(&mut tx, Key { provider_id, key_hash: &hash.value }, call).await.unwrap();
        tx.commit().await.unwrap();

        let running = submit(&api, "order-1", &filing).await;
        assert!(running.is(409, "still-running").headers.contains_key("retry-after"));
        // its instance is gone: taken for lost in the end
        api.desk.turn(now + TimeDelta::minutes(1));
        assert_eq!(submit(&api, "order-1", &filing).await.status, 201);
    }

    async fn many_at_once_make_one_request(db) {
        let api = Api::new(db, NOW).await;
        let filing = example();
        let answers = futures_util::future::join_all((0..8).map(|_| submit(&api, "order-1", &filing))).await;
        let mut ids: Vec<_> = answers.iter().filter(|answer| answer.status == 201)
            .map(|answer| answer.body["id"].to_string()).collect();
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            answer.is(409, "still-running");
        }
        ids.dedup();
        assert_eq!(ids.len(), 1);
        assert_eq!(count(&api).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unusable_key_is_refused() {
    let scratch = crate::store::Scratch::sqlite().await;
    let api = Api::new(&scratch.db, NOW).await;
    for bad in ["", "a b", "订单", "a\tb", &"x".repeat(256)] {
        submit(&api, bad, &example())
            .await
            .is(400, "invalid-parameter");
    }
    let twice = api
        .submission(example().to_string())
        .header("Idempotency-Key", "a")
        .header("Idempotency-Key", "b");
    answer(twice).await.is(400, "invalid-parameter");
    assert_eq!(count(&api).await, 0);
    assert_eq!(submit(&api, &"x".repeat(255), &example()).await.status, 201);
    let head = api
        .call_as(&api.key, Method::HEAD, "/api/v1/filing-requests")
        .await;
    assert_eq!(head.status, 200);
}
