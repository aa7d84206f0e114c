//! Lists: filters, pages, and cursors that nobody can make or move.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Api, example, remarks, with};
use crate::store::on_both;

const NOW: &str = "2018-09-10T09:00+08:00";
const LIST: &str = "/api/v1/filing-requests";

fn ids(page: &Value) -> Vec<String> {
    let data = page["data"].as_array().unwrap().iter();
    data.map(|request| request["id"].as_str().unwrap().to_owned())
        .collect()
}

/// So many requests, a second apart; the newest first.
async fn filed(api: &Api, filing: &Value, count: usize) -> Vec<String> {
    let mut filed = Vec::new();
    for _ in 0..count {
        filed.insert(
            0,
            api.submitted(filing).await["id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
        api.desk
            .turn(api.desk.services.clock.now() + TimeDelta::seconds(1));
    }
    filed
}

on_both! {
    async fn pages_follow_one_another_whatever_is_filed_meanwhile(db) {
        let api = Api::new(db, NOW).await;
        let other = Api::new(db, NOW).await;
        filed(&other, &remarks(), 3).await;
        let all = filed(&api, &example(), 5).await;
        assert_eq!(ids(&api.get(LIST).await.body), all);
        assert_eq!(api.get(LIST).await.body["next_cursor"], Value::Null);
        // exactly a page: no cursor to an empty one
        assert_eq!(api.get(&format!("{LIST}?limit=5")).await.body["next_cursor"], Value::Null);

        let mut seen = Vec::new();
        let mut path = format!("{LIST}?limit=2");
        loop {
            let page = api.get(&path).await;
            assert_eq!(page.status, 200);
            seen.extend(ids(&page.body));
            let Some(cursor) = page.body["next_cursor"].as_str() else { break };
            path = format!("{LIST}?limit=2&cursor={cursor}");
            filed(&api, &remarks(), 1).await;
        }
        assert_eq!(seen, all);
    }

    async fn filters_and_cursors_belong_together(db) {
        let api = Api::new(db, NOW).await;
        let running = filed(&api, &example(), 3).await;
        let done = filed(&api, &remarks(), 2).await;
        let beijing = filed(&api, &with(example(), "/province", json!("beijing")), 1).await;
        let get = async |query: &str| api.get(&format!("{LIST}?{query}")).await;
        assert_eq!(ids(&get("state=verifying").await.body), running);
        assert_eq!(ids(&get("state=handed_over&province=gansu").await.body), done);
        assert_eq!(ids(&get("province=beijing").await.body), beijing);
        assert_eq!(ids(&get("state=returned").await.body), Vec::<String>::new());
        assert_eq!(ids(&get("state=&province=&cursor=&limit=").await.body).len(), 6);
        assert_eq!(ids(&get("kind=change").await.body), done);
        let named = "provider_reference=ORDER-2018-0001";
        assert_eq!(ids(&get(&format!("{named}&state=verifying&kind=new_filing&province=gansu")).await.body), running);
        assert_eq!(ids(&get(&format!("{named}&kind=change")).await.body), Vec::<String>::new());
        // a second apart: of the first three the middle one
        let second = "submitted_from=2018-09-10T09:00:01%2B08:00&submitted_to=2018-09-10T01:00:02Z";
        assert_eq!(ids(&get(second).await.body), running[1..2]);
        // an offset that was not encoded is taken as it was meant
        let first = "submitted_to=2018-09-10T09:00:01+08:00";
        assert_eq!(ids(&get(first).await.body), running[2..]);

        let page = get("state=verifying&limit=2").await;
        let cursor = page.body["next_cursor"].as_str().unwrap();
        assert_eq!(ids(&get(&format!("state=verifying&cursor={cursor}")).await.body), running[2..]);
        for query in [
            format!("cursor={cursor}"),
            format!("state=handed_over&cursor={cursor}"),
            format!("state=verifying&province=gansu&cursor={cursor}"),
            format!("state=verifying&kind=new_filing&cursor={cursor}"),
            format!("state=verifying&provider_reference=x&cursor={cursor}"),
            format!("state=verifying&submitted_to=2030-01-01T00:00Z&cursor={cursor}"),
            format!("state=verifying&cursor={cursor}A"),
            format!("state=verifying&cursor={}", &cursor[1..]),
            format!("state=verifying&cursor={}", running[0]),
            format!("cursor={}", "A".repeat(5000)),
            "cursor=%00%FF".to_owned(),
        ] {
            get(&query).await.is(400, "invalid-parameter");
        }
        // another provider's
        let theirs = api.other_key().await;
        let path = format!("{LIST}?state=verifying&cursor={cursor}");
        api.call_as(&theirs, reqwest::Method::GET, &path).await.is(400, "invalid-parameter");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unusable_parameters_are_refused() {
    let scratch = crate::store::Scratch::sqlite().await;
    let api = Api::new(&scratch.db, NOW).await;
    for query in [
        "page=2",
        "state=done",
        "state=verifying&state=verifying",
        "province=hn",
        "limit=0",
        "limit=101",
        "limit=1.5",
        "State=verifying",
        "kind=none",
        "provider_reference=%00",
        "provider_reference=%20",
        "submitted_from=2018-09-10",
        "submitted_to=0",
    ] {
        api.get(&format!("{LIST}?{query}"))
            .await
            .is(400, "invalid-parameter");
    }
    assert_eq!(api.get(&format!("{LIST}?limit=100")).await.status, 200);
}
