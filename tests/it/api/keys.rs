//! API keys: hashed at rest, rotated with a day to change over, revoked at once, limited over all instances.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use heyan::flow::providers;
use reqwest::Method;
use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection};

use super::{Api, answer, example};
use crate::store::{Scratch, on_both};

const NOW: &str = "2018-09-10T09:00+08:00";
const LIST: &str = "/api/v1/filing-requests";

on_both! {
    async fn without_a_valid_key_nothing_is_answered(db) {
        let api = Api::new(db, NOW).await;
        let bare = answer(api.bare(Method::GET, LIST)).await;
        assert_eq!(bare.is(401, "unauthorized").headers["www-authenticate"], r#"Bearer realm="heyan""#);
        let unknown = format!("hk_{}", "A".repeat(43));
        for key in ["", "hk_", "nothing", &unknown, &api.key[..45], &format!("{}A", api.key), &api.key.to_lowercase()] {
            let answer = api.call_as(key, Method::GET, LIST).await;
            let challenge = &answer.is(401, "unauthorized").headers["www-authenticate"];
            assert!(challenge.to_str().unwrap().starts_with("Bearer realm="));
        }
        for header in [format!("Basic {}", api.key), api.key.clone(), format!("Bearer{}", api.key)] {
            let call = api.bare(Method::GET, LIST).header("Authorization", header);
            answer(call).await.is(401, "unauthorized");
        }
        let call = api.bare(Method::GET, LIST).header("Authorization", format!("bearer  {}", api.key));
        assert_eq!(answer(call).await.status, 200);
        // not in the query: it would stand in logs
        answer(api.bare(Method::GET, &format!("{LIST}?key={}", api.key))).await.is(401, "unauthorized");
    }

    async fn the_old_key_is_good_for_a_day_after_a_rotation(db) {
        let api = Api::new(db, NOW).await;
        let name = format!("api of {}", api.desk.provider);
        let services = &api.desk.services;
        let request = api.submitted(&example()).await;
        let new = providers::rotate(services, &name).await.unwrap().unwrap();
        let new = new.api_key.expose_secret();
        assert_ne!(new, api.key);
        let list = async |key: &str| api.call_as(key, Method::GET, LIST).await;
        assert_eq!(list(new).await.body["data"][0]["id"], request["id"]);
        let rotated = services.clock.now();
        api.desk.turn(rotated + TimeDelta::hours(24) - TimeDelta::milliseconds(1));
        assert_eq!(list(&api.key).await.status, 200);
        api.desk.turn(rotated + TimeDelta::hours(24));
        list(&api.key).await.is(401, "unauthorized");
        assert_eq!(list(new).await.status, 200);
        assert!(providers::rotate(services, "nobody").await.unwrap().is_none());
    }

    async fn a_revoked_key_ends_at_once(db) {
        let api = Api::new(db, NOW).await;
        let name = format!("api of {}", api.desk.provider);
        let services = &api.desk.services;
        assert!(providers::revoke(services, &name).await.unwrap());
        api.get(LIST).await.is(401, "unauthorized");
        assert!(!providers::revoke(services, &name).await.unwrap());
        assert!(!providers::revoke(services, "nobody").await.unwrap());
        assert!(providers::rotate(services, &name).await.unwrap().is_none());
        // its name stays taken, and it stays in the list
        assert!(providers::add(services, &name, None).await.unwrap().is_none());
        let listed = providers::list(services).await.unwrap();
        assert!(listed.iter().any(|row| row.name == name && row.revoked_at.is_some()));
    }

    async fn two_instances_share_the_limit_of_a_key(db) {
        let one = Api::with_limit(db, "2018-09-10T09:00:20+08:00", 4).await;
        let two = Api::with_limit(db, "2018-09-10T09:00:20+08:00", 4).await;
        for api in [&one, &two, &one, &two] {
            assert_eq!(api.call_as(&one.key, Method::GET, LIST).await.status, 200);
        }
        for api in [&one, &two] {
            let limited = api.call_as(&one.key, Method::GET, LIST).await;
            assert_eq!(limited.is(429, "too-many-calls").headers["retry-after"], "40");
        }
        // each key has its own, and a wrong one counts for nobody
        assert_eq!(two.get(LIST).await.status, 200);
        for api in [&one, &two] {
            api.desk.turn(api.desk.services.clock.now() + TimeDelta::seconds(40));
            assert_eq!(api.call_as(&one.key, Method::GET, LIST).await.status, 200);
        }
    }

    async fn a_burst_gets_no_more_than_the_limit(db) {
        let api = Api::with_limit(db, NOW, 5).await;
        let calls = (0..20).map(|_| api.get(LIST));
        let answers = futures_util::future::join_all(calls).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 5);
    }

    async fn the_sandbox_s_own_provider_keeps_its_key(db) {
        let api = Api::new(db, NOW).await;
        let services = &api.desk.services;
        let key = providers::demo(services).await.unwrap();
        assert_eq!(providers::demo(services).await.unwrap().expose_secret(), key.expose_secret());
        assert_eq!(api.call_as(key.expose_secret(), Method::GET, LIST).await.status, 200);
    }
}

/// A key's text, and the bytes behind it.
fn forms_of(key: &str) -> [Vec<u8>; 2] {
    let bytes = URL_SAFE_NO_PAD.decode(&key[3..]).unwrap();
    [key[3..].into(), bytes]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_stands_in_an_sqlite_file() {
    let scratch = Scratch::sqlite().await;
    let api = Api::new(&scratch.db, NOW).await;
    api.get(LIST).await;
    let mut stored = Vec::new();
    for file in std::fs::read_dir(scratch.folder.as_ref().unwrap().path()).unwrap() {
        stored.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    let holds = |part: &[u8]| stored.windows(part.len()).any(|window| window == part);
    assert!(holds(format!("api of {}", api.desk.provider).as_bytes()));
    assert!(forms_of(&api.key).iter().all(|form| !holds(form)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_stands_in_a_postgres_table() {
    let scratch = Scratch::postgres().await;
    let api = Api::new(&scratch.db, NOW).await;
    api.get(LIST).await;
    let mut connection = PgConnection::connect(&scratch.url).await.unwrap();
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
    let tables: Vec<String> = sqlx::query_scalar(tables)
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let mut stored = String::new();
    for table in tables {
        let rows = sqlx::AssertSqlSafe(format!("SELECT t::text FROM {table} t"));
        let rows: Vec<String> = sqlx::query_scalar(rows)
            .fetch_all(&mut connection)
            .await
            .unwrap();
        stored.extend(rows);
    }
    assert!(stored.contains(&format!("api of {}", api.desk.provider)));
    let [text, bytes] = forms_of(&api.key);
    let hex = bytes
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    assert!(!stored.contains(&hex) && !stored.contains(std::str::from_utf8(&text).unwrap()));
}
