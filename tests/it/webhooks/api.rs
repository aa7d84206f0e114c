//! Deliveries listed and asked for again, by the API and by the command line.

use std::time::Duration;

use heyan::flow::providers;
use secrecy::ExposeSecret;

use super::{NINE, Receiver};
use crate::{
    api::{Api, example, remarks},
    cli::Heyan,
    store::on_both,
};

/// The API, and a provider whose webhooks go to `url`.
async fn api(db: &heyan::store::Db, url: &str) -> Api {
    let mut api = Api::new(db, NINE).await;
    let name = format!("told {}", api.desk.provider);
    let secrets = providers::add(&api.desk.services, &name, Some(url)).await;
    secrets
        .unwrap()
        .unwrap()
        .api_key
        .expose_secret()
        .clone_into(&mut api.key);
    api
}

on_both! {
    async fn deliveries_are_listed_by_request_and_state_page_by_page(db) {
        let receiver = Receiver::scripted(|_, seen| {
            (if seen.kind() == "verification.sent" { 503 } else { 200 }, Duration::ZERO)
        });
        let api = api(db, &receiver.url).await;
        let filed = api.submitted(&example()).await;
        api.desk.settle().await;
        let other = api.submitted(&remarks()).await;
        api.desk.settle().await;

        let all = api.get("/api/v1/webhook-deliveries").await;
        let rows = all.body["data"].as_array().unwrap();
        let kinds: Vec<_> = rows.iter().map(|row| (row["type"].as_str().unwrap(), row["state"].as_str().unwrap())).collect();
        assert_eq!(kinds, [
            ("filing_request.handed_over", "delivered"), ("verification.sent", "waiting"),
            ("verification.sent", "queued"), ("filing_request.verifying", "delivered"),
        ]);
        assert_eq!((&rows[0]["request_id"], &rows[3]["request_id"]), (&other["id"], &filed["id"]));
        assert_eq!(rows[2]["last_status"], 503);
        assert_eq!(rows[2]["last_error"], "status");
        assert!(rows[2]["next_attempt_at"].as_str().unwrap().starts_with("2018-09-10T09:00:0"));
        assert!(rows[1]["next_attempt_at"].is_null());
        assert_eq!(rows[3]["ended_at"], "2018-09-10T09:00:00+08:00");

        let id = filed["id"].as_str().unwrap();
        for (query, expected) in [
            (format!("request_id={id}"), 3),
            ("state=delivered".to_owned(), 2),
            (format!("request_id={id}&state=queued"), 1),
            ("state=parked".to_owned(), 0),
        ] {
            let listed = api.get(&format!("/api/v1/webhook-deliveries?{query}")).await;
            assert_eq!(listed.body["data"].as_array().unwrap().len(), expected, "{query}");
            assert!(listed.body["next_cursor"].is_null());
        }
        let mut paged = Vec::new();
        let mut path = format!("/api/v1/webhook-deliveries?limit=1&request_id={id}");
        loop {
            let page = api.get(&path).await;
            paged.extend(page.body["data"].as_array().unwrap().clone());
            let Some(cursor) = page.body["next_cursor"].as_str() else { break };
            path = format!("/api/v1/webhook-deliveries?limit=1&request_id={id}&cursor={cursor}");
        }
        assert_eq!(paged, rows[1..]);
        for bad in ["state=done", "request_id=x", "limit=0", "cursor=x", "province=gansu"] {
            api.get(&format!("/api/v1/webhook-deliveries?{bad}")).await.is(400, "invalid-parameter");
        }
        let other = api.other_key().await;
        let theirs = api.call_as(&other, reqwest::Method::GET, "/api/v1/webhook-deliveries").await;
        assert_eq!(theirs.body["data"].as_array().unwrap().len(), 0);
    }

    async fn one_is_asked_for_again(db) {
        let receiver = Receiver::start(200);
        let api = api(db, &receiver.url).await;
        api.submitted(&remarks()).await;
        api.desk.settle().await;
        let listed = api.get("/api/v1/webhook-deliveries").await;
        let id = listed.body["data"][0]["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/webhook-deliveries/{id}/redeliver");
        let again = api.post(&path).await;
        assert_eq!((again.status, &again.body["state"]), (200, &"queued".into()));
        api.desk.settle().await;
        let seen = receiver.seen();
        assert_eq!((seen.len(), &seen[0].id, &seen[0].body), (2, &id, &seen[1].body));
        let other = api.other_key().await;
        let theirs = api.call_as(&other, reqwest::Method::POST, &path).await;
        theirs.is(404, "delivery-not-found");
        api.post("/api/v1/webhook-deliveries/wh_x/redeliver").await.is(404, "delivery-not-found");
        api.get(&path).await.is(405, "method-not-allowed");
        let services = &api.desk.services;
        let name = format!("told {}", api.desk.provider);
        providers::set_webhook(services, &name, None).await.unwrap();
        api.post(&path).await.is(409, "not-deliverable");
    }
}

#[test]
fn the_command_line_shows_and_changes_them() {
    let heyan = Heyan::new();
    let add = [
        "provider",
        "add",
        "A",
        "--webhook",
        "https://a.example.cn/hook",
    ];
    heyan.run(&add).done();
    assert!(
        heyan
            .run(&["provider", "list"])
            .done()
            .contains("https://a.example.cn/hook")
    );
    assert_eq!(heyan.run(&["provider", "deliveries", "A"]).done(), "none\n");
    let set = ["provider", "webhook", "A", "https://b.example.cn/hook"];
    assert!(heyan.run(&set).done().contains("go there from now on"));
    assert!(
        heyan
            .run(&["provider", "list"])
            .done()
            .contains("https://b.example.cn/hook")
    );
    heyan.run(&["provider", "webhook", "A", "--none"]).done();
    assert!(
        !heyan
            .run(&["provider", "list"])
            .done()
            .contains("example.cn")
    );
    assert_eq!(
        heyan
            .run(&["provider", "redeliver", "A", "--parked"])
            .done(),
        "0 to be sent again\n"
    );
    heyan
        .run(&["provider", "webhook", "A", "http://b.example.cn/"])
        .failed(2);
    heyan.run(&["provider", "webhook", "A"]).failed(2);
    heyan.run(&["provider", "webhook", "B", "--none"]).failed(1);
    heyan
        .run(&["provider", "deliveries", "A", "--state", "done"])
        .failed(2);
    heyan.run(&["provider", "redeliver", "A", "wh_x"]).failed(1);
}
