//! What became of a provider's requests, by day and province; of its own alone.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Api, changed_phone, example, remarks};
use crate::store::on_both;

const STATISTICS: &str = "/api/v1/statistics";

/// These counts of a day, a province or all.
fn counts(counts: &Value) -> Vec<i64> {
    let names = [
        "filed",
        "phones",
        "sent",
        "verified",
        "handed_over",
        "withdrawn",
    ];
    names.map(|name| counts[name].as_i64().unwrap()).into()
}

fn returned(counts: &Value, reason: &str) -> i64 {
    let mut reasons = counts["returned"].as_array().unwrap().iter();
    let found = reasons.find(|one| one["reason"] == reason);
    found.unwrap()["count"].as_i64().unwrap()
}

on_both! {
    async fn what_happened_is_counted_by_day_and_province(db) {
        let api = Api::new(db, "2018-09-10T09:00+08:00").await;
        let late = api.submitted(&example()).await;
        api.submitted(&remarks()).await;
        let review = api.submitted(&changed_phone()).await;
        let withdraw = format!("/api/v1/filing-requests/{}/withdraw", review["id"].as_str().unwrap());
        assert_eq!(api.post(&withdraw).await.status, 200);
        api.desk.settle().await;
        let told = api.get(STATISTICS).await;
        assert_eq!(told.status, 200);
        // a new filing with two phones; one handed over at once; one withdrawn under review
        assert_eq!(counts(&told.body["today"]), [3, 2, 2, 0, 1, 1]);
        assert_eq!(told.body["today"]["median_seconds"], Value::Null);

        api.desk.turn_and_settle("2018-09-12T09:00:01+08:00").await;
        assert_eq!(api.get(&format!("/api/v1/filing-requests/{}", late["id"].as_str().unwrap())).await.body["state"], "returned");
        api.desk.settle().await;
        let told = api.get(STATISTICS).await.body;
        assert_eq!(counts(&told["today"]), [0; 6]);
        assert_eq!(returned(&told["today"], "expired"), 1);
        assert_eq!(counts(&told["last_30_days"]), [3, 2, 2, 0, 1, 1]);
        let days = told["days"].as_array().unwrap();
        assert_eq!(days.len(), 30);
        assert_eq!((&days[29]["day"], &days[27]["day"]), (&json!("2018-09-12"), &json!("2018-09-10")));
        assert_eq!(counts(&days[27]["counts"]), [3, 2, 2, 0, 1, 1]);
        let provinces = told["provinces"].as_array().unwrap();
        let of = |slug: &str| provinces.iter().find(|one| one["province"] == slug).unwrap();
        assert_eq!(counts(&of("gansu")["counts"]), [2, 2, 2, 0, 1, 0]);
        assert_eq!(counts(&of("zhejiang")["counts"]), [1, 0, 0, 0, 0, 1]);
        assert_eq!(provinces.len(), 2);
        assert_eq!(returned(&of("gansu")["counts"], "expired"), 1);

        // another provider's are its own
        let theirs = api.other_key().await;
        let theirs = api.call_as(&theirs, Method::GET, STATISTICS).await.body;
        assert_eq!(counts(&theirs["last_30_days"]), [0; 6]);
        assert_eq!(theirs["provinces"], json!([]));
        api.get("/api/v1/statistics?province=gansu").await.is(400, "invalid-parameter");
    }
}
