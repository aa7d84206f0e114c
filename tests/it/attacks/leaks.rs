//! A marked run: known phones, names, documents, tails and codes go through everything there is, and none of them lies
//! whole in database, write-ahead log, log or metrics. The search first proves that it finds a planted leak.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
};

use chrono::TimeDelta;
use heyan::{
    captcha::Form,
    domain::{province::Province, staff::Role},
    flow::{Limits, Settings, purge::purge, review_phone},
    store::{Engine, Tx},
};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, Row};

use super::search::{Marker, Search, forms};
use crate::{
    portal::{Portal, page},
    staff,
    world::{World, at, on_engines, other_than},
};

const NOW: &str = "2018-10-10T09:00+08:00";

/// Name, phone, kind of document and its number: in no other test.
const PEOPLE: [(&str, &str, &str, &str); 6] = [
    (
        "欧阳甲骨",
        "13711122201",
        "resident_id",
        "11010519491231002X",
    ),
    ("司马乙木", "13311122202", "passport", "EQ7766554"),
    ("诸葛丙火", "13011122203", "passport", "EW8877665"),
    ("上官丁卯", "17011122204", "hk_macau_permit", "H77665543"),
    ("尉迟戊辰", "13811122205", "passport", "ER6655447"),
    ("端木己巳", "13911122206", "taiwan_permit", "T55443398"),
];
/// What strangers type that belongs to nobody.
const STRANGERS: [(&str, &str); 5] = [
    ("phone", "15211122299"),
    ("phone", "1391112QQ77"),
    ("tail", "ZZ98QQ"),
    ("code", "907152"),
    ("phone before", "18611122288"),
];
const PLANTED: &str = "13122233344";

/// Everything that this process has logged, at the most talkative level that the configuration allows (`config::sections`:
/// other crates tell warnings alone).
fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let writer = log.clone();
        // times and numbers of six digits look like codes
        let _ = tracing_subscriber::fmt()
            .with_env_filter("warn,heyan=trace")
            .without_time()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .try_init();
        log
    })
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn person(n: usize) -> Value {
    let (name, phone, kind, number) = PEOPLE[n];
    json!({"name": name, "phone": phone, "document": {"type": kind, "number": number}})
}

fn tail(n: usize) -> String {
    let number = PEOPLE[n].3;
    number[number.len() - 6..].to_owned()
}

fn filing(kind: &str, subject: Option<&Value>, sites: &[Value]) -> String {
    let subject = subject.map(|principal| json!({"name": "长沙某某公司", "principal": principal}));
    let site = |one: &Value| json!({"name": "某某网", "domains": ["example.cn"], "principal": one});
    let sites: Vec<_> = sites.iter().map(site).collect();
    json!({"province": "hunan", "kind": kind, "provider_reference": "ORDER-77",
        "subject": subject, "sites": sites})
    .to_string()
}

const HERE: Province = Province::Hunan;

/// Submits, and must succeed; its id.
async fn submit(portal: &Portal, body: &str) -> String {
    let page = portal.api(Method::POST, "/filing-requests", body).await;
    assert_eq!(page.status, 201, "{}", page.text);
    portal.world.settle().await;
    let answer: Value = serde_json::from_str(&page.text).unwrap();
    answer["id"].as_str().unwrap().to_owned()
}

/// Everything that anybody does; what was wrong on purpose among it.
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn run(portal: &Portal) {
    let world = &portal.world;
    let both = filing("new_filing", Some(&person(0)), &[person(1)]);
    let id = submit(portal, &both).await;
    for broken in [
        both.replace("13711122201", "1391112QQ77"),
        both.replace("11010519491231002X", "110105194912310021"),
        both.replace("欧阳甲骨", "欧阳甲骨\\u202e"),
        both.replace("new_filing", "欧阳甲骨"),
        both.replace("\"name\"", "\"欧阳甲骨\""),
        both.chars().take(150).collect(),
        both.replace(PEOPLE[1].1, PEOPLE[0].1),
    ] {
        let page = portal.api(Method::POST, "/filing-requests", &broken).await;
        assert!((400..500).contains(&page.status), "{}", page.text);
    }
    for (method, path) in [
        (Method::GET, format!("/filing-requests/{id}")),
        (Method::GET, format!("/filing-requests/{id}/events")),
        (
            Method::GET,
            "/filing-requests?state=verifying&limit=5".to_owned(),
        ),
        (
            Method::GET,
            format!("/filing-requests?cursor={}", PEOPLE[0].1),
        ),
        (Method::GET, format!("/filing-requests/{}", PEOPLE[0].1)),
    ] {
        portal.api(method, &path, "").await;
    }
    let (a, b) = (PEOPLE[0].1, PEOPLE[1].1);
    let right = world.code(a).await;
    let wrong = other_than(std::slice::from_ref(&right));
    let mut outcomes = BTreeSet::new();
    for page in [
        portal.verify(HERE, &right, a, "ZZ98QQ").await,
        portal.verify(HERE, "907152", a, "ZZ98QQ").await,
        portal.verify(HERE, "907152", "15211122299", "ZZ98QQ").await,
        portal.resend(HERE, a, &tail(0)).await,
        portal.resend(HERE, a, &tail(0)).await,
        portal.resend(HERE, a, &tail(0)).await,
        portal.resend(HERE, "15211122299", "ZZ98QQ").await,
        portal.verify(HERE, &right, a, &tail(0)).await,
        portal.verify(HERE, &right, a, &tail(0)).await,
    ] {
        outcomes.insert(page.outcome().unwrap().to_owned());
    }
    world.settle().await;
    // fields that cannot be used, a captcha that is missing or wrong
    assert_eq!(
        portal
            .verify(HERE, "12345", "1391112QQ77", &tail(1))
            .await
            .status,
        422
    );
    assert_eq!(
        portal
            .verify(HERE, &right, &format!("{a}\u{0}"), &tail(0))
            .await
            .status,
        422
    );
    let bare = [
        ("sms_code", &*right),
        ("phone", a),
        ("id_tail", &*tail(0)),
        ("captcha_id", "x"),
        ("captcha_answer", "y"),
    ];
    for fields in [&bare[..3], &bare[..]] {
        let call = portal
            .call(Method::POST, "/hunan/sms-verification")
            .form(fields);
        assert_eq!(page(call).await.status, 422);
    }
    // in the address, in headers, in a path, in a body of another kind
    let query = format!(
        "/hunan/sms-verification?phone={a}&id_tail={}&sms_code={right}",
        tail(0)
    );
    portal.get(&query).await;
    portal.get(&format!("/{a}/欧阳甲骨")).await;
    portal.get(&format!("/v/{a}")).await;
    let call = portal
        .call(Method::POST, "/hunan/sms-verification")
        .header("Cookie", format!("phone={a}"));
    page(
        call.header("Referer", format!("http://x/?p={a}"))
            .header("User-Agent", a)
            .body(format!("{a}&{right}")),
    )
    .await;
    page(
        portal
            .call(Method::GET, "/")
            .header("Host", format!("{a}.example.cn")),
    )
    .await;
    page(
        portal
            .call(Method::POST, "/hunan/sms-verification")
            .header("Origin", format!("http://{a}"))
            .body(""),
    )
    .await;
    // 公共查询
    for (number, phone) in [
        (&*id, a),
        ("ORDER-77", b),
        ("ORDER-77", "15211122299"),
        (a, b),
        (PEOPLE[0].0, b),
    ] {
        let call = portal.form(
            "/progress",
            Form::Progress,
            None,
            &[("request_id", number), ("phone", phone)],
        );
        assert_eq!(page(call).await.status, 200);
    }
    at_the_console(portal, &id, a).await;
    // the second one by the short link
    let link = world
        .messages()
        .await
        .into_iter()
        .find(|one| one.phone == b)
        .unwrap()
        .link
        .unwrap();
    let path = link.strip_prefix("http://127.0.0.1:8080").unwrap();
    assert_eq!(portal.get(path).await.status, 200);
    for code in [&wrong, &world.code(b).await] {
        let call = portal.form(
            path,
            Form::ShortLink,
            Some(HERE),
            &[("sms_code", code), ("id_tail", &tail(1))],
        );
        outcomes.insert(page(call).await.outcome().unwrap().to_owned());
    }
    // one that is returned, after which its owner asks; past the limit nothing is told
    submit(portal, &filing("new_site", None, &[person(2)])).await;
    let right = world.code(PEOPLE[2].1).await;
    let wrong = other_than(std::slice::from_ref(&right));
    for _ in 0..3 {
        portal.verify(HERE, &wrong, PEOPLE[2].1, &tail(2)).await;
    }
    for n in 0..12 {
        let page = portal
            .verify(
                HERE,
                "907152",
                PEOPLE[2].1,
                if n < 6 { "ZZ98QQ" } else { "QQQQQQ" },
            )
            .await;
        outcomes.extend(page.outcome().map(str::to_owned));
    }
    // reviewed and approved, rejected, withdrawn, resubmitted
    let mut moved = person(3);
    moved["previous_phone"] = "18611122288".into();
    for approve in [true, false] {
        let id = submit(portal, &filing("change_phone", Some(&moved), &[])).await;
        let reason = (!approve).then(|| "号码与登记不符".to_owned());
        review_phone::review_phone(&world.services, id.parse().unwrap(), approve, reason)
            .await
            .unwrap();
        world.settle().await;
    }
    let id = submit(
        portal,
        &filing("cancel_site", Some(&person(4)), &[person(5)]),
    )
    .await;
    portal
        .api(Method::POST, &format!("/filing-requests/{id}/withdraw"), "")
        .await;
    submit(portal, &filing("cancel_subject", Some(&person(4)), &[])).await;
    // an SMS in the evening, the noon resend, the deadline; the API key is wrong
    world.turn(at("2018-10-10T20:00+08:00")).await;
    submit(portal, &filing("new_access", None, &[person(5)])).await;
    world.turn(at("2018-10-11T12:00+08:00")).await;
    world.turn(at("2018-10-13T12:00+08:00")).await;
    let right = world.code(PEOPLE[5].1).await;
    outcomes.extend(
        portal
            .verify(HERE, &right, PEOPLE[5].1, &tail(5))
            .await
            .outcome()
            .map(str::to_owned),
    );
    page(
        portal
            .call(Method::GET, "/api/v1/filing-requests")
            .bearer_auth(a),
    )
    .await;
    let expected = [
        "already_verified",
        "ask_provider",
        "not_found",
        "nothing_pending",
        "resend_limit",
        "resent",
        "verified_all",
        "verified_waiting",
        "wrong",
    ];
    assert_eq!(
        outcomes.iter().map(String::as_str).collect::<Vec<_>>(),
        expected
    );
}

/// What the bureau's staff do: look for a phone, see its owner in clear, mistype it where it does not belong.
async fn at_the_console(portal: &Portal, id: &str, phone: &str) {
    let world = &portal.world;
    staff::stand(world, 0);
    let officer = staff::account(world, "officer", Role::Officer, Some(HERE)).await;
    let session = officer.log_in(world).await;
    let cookie = format!("__Host-heyan_staff={}", session.cookie.expose_secret());
    staff::stand(world, 30);
    let code = officer.code(world);
    let clear = format!("/staff/requests/{id}/clear");
    for (path, fields, status) in [
        ("/staff/search", vec![("wanted", phone)], 200),
        ("/staff/search", vec![("wanted", PEOPLE[0].0)], 200),
        (&clear, vec![("reason", phone), ("code", phone)], 422),
        (&clear, vec![("reason", "call"), ("code", phone)], 422),
        (&clear, vec![("reason", "call"), ("code", &code)], 200),
        ("/staff/export", vec![("from", phone), ("code", phone)], 422),
        (
            "/staff/login",
            vec![("user", phone), ("password", PEOPLE[0].0), ("code", phone)],
            422,
        ),
        ("/staff/sessions/end", vec![("id", phone)], 400),
    ] {
        let call = portal.call(Method::POST, path).header("Cookie", &cookie);
        let answer = page(call.header("Sec-Fetch-Site", "same-origin").form(&fields)).await;
        assert_eq!(answer.status, status, "{path} {fields:?}: {}", answer.text);
    }
    for path in [
        format!("/staff/search?wanted={phone}"),
        format!("/staff/requests/{phone}"),
    ] {
        page(portal.call(Method::GET, &path).header("Cookie", &cookie)).await;
    }
}

async fn markers(world: &World) -> Vec<Marker> {
    let marker = |what: &str, text: &str| Marker {
        what: what.to_owned(),
        text: text.to_owned(),
    };
    let mut markers = Vec::new();
    for (n, (name, phone, _, number)) in PEOPLE.iter().enumerate() {
        markers.push(marker("name", name));
        markers.push(marker("phone", phone));
        markers.push(marker("document", number));
        markers.push(marker("tail", &tail(n)));
    }
    markers.extend(STRANGERS.iter().map(|(what, text)| marker(what, text)));
    let codes: BTreeSet<_> = world
        .messages()
        .await
        .into_iter()
        .map(|one| one.code)
        .collect();
    assert!(codes.len() >= 8, "{}", codes.len());
    markers.extend(codes.iter().map(|code| marker("code", code)));
    markers
}

/// What lies anywhere, by name.
async fn everything(portal: &Portal, from: &str) -> Vec<(String, Vec<u8>)> {
    let mut all = vec![("log".to_owned(), log().0.lock().unwrap().clone())];
    let metrics = portal.get("/metrics").await.text;
    assert!(metrics.contains("sms-verification"), "{metrics}");
    all.push(("metrics".to_owned(), metrics.into_bytes()));
    all.extend(at_rest(&portal.world, from).await);
    all
}

/// The database's own files, and what a dump would show.
async fn at_rest(world: &World, from: &str) -> Vec<(String, Vec<u8>)> {
    let read = |path: &Path| (path.display().to_string(), std::fs::read(path).unwrap());
    match world.services.db.engine() {
        Engine::Sqlite => {
            let folder = world.scratch.folder.as_ref().unwrap().path();
            let files = ["test.db", "test.db-wal", "test.db-shm"].map(|name| folder.join(name));
            files.iter().map(|path| read(path)).collect()
        }
        Engine::Postgres => {
            let mut all = vec![("dump".to_owned(), dump(&world.scratch.url).await)];
            all.extend(
                server_files(&world.scratch.url, from)
                    .await
                    .iter()
                    .map(|path| read(path)),
            );
            all
        }
    }
}

/// Every row of every table as text; bytes that are letters as letters.
async fn dump(url: &str) -> Vec<u8> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql("SET bytea_output = 'escape'")
        .execute(&mut connection)
        .await
        .unwrap();
    let tables: Vec<(String,)> =
        sqlx::query_as("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    assert!(tables.len() > 10);
    let mut dump = String::new();
    for (table,) in tables {
        let rows = format!("SELECT t::text FROM {table} t");
        let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(rows))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        for row in rows {
            dump.push_str(row.get::<&str, _>(0));
            dump.push('\n');
        }
    }
    dump.into_bytes()
}

/// Where the write-ahead log stands.
async fn position(world: &World) -> String {
    if world.services.db.engine() == Engine::Sqlite {
        return String::new();
    }
    let mut connection = PgConnection::connect(&world.scratch.url).await.unwrap();
    let query = sqlx::query_scalar("SELECT pg_walfile_name(pg_current_wal_insert_lsn())");
    query.fetch_one(&mut connection).await.unwrap()
}

/// The database's folder and the write-ahead log since then; nothing where the server is another machine's.
async fn server_files(url: &str, from: &str) -> Vec<PathBuf> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql("CHECKPOINT")
        .execute(&mut connection)
        .await
        .unwrap();
    let (folder, oid, to): (String, i64, String) = sqlx::query_as(
        "SELECT current_setting('data_directory'), oid::bigint, pg_walfile_name(pg_current_wal_insert_lsn()) \
        FROM pg_database WHERE datname = current_database()",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    let folder = PathBuf::from(folder);
    let list = |folder: PathBuf| {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
    };
    let in_log = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name >= from && name <= &*to
    };
    let mut files: Vec<_> = list(folder.join(format!("base/{oid}"))).collect();
    files.extend(list(folder.join("pg_wal")).filter(in_log));
    if files.is_empty() {
        println!("the server's files cannot be read here: its rows alone are searched");
    }
    files
}

/// Puts a value, in each form, where a careless line of code would.
async fn plant(portal: &Portal) {
    let mut tx = portal.world.services.db.write().await.unwrap();
    for (n, (_, bytes)) in forms(PLANTED).into_iter().enumerate() {
        const LEAK: &str =
            "INSERT INTO limit_counters (bucket, count, expires_at) VALUES ($1, 1, $2)";
        let bucket = [&[u8::try_from(n).unwrap(), 0], &bytes[..]].concat();
        let expires = portal.world.now();
        match &mut tx {
            Tx::Sqlite(tx) => drop(
                sqlx::query(LEAK)
                    .bind(bucket)
                    .bind(expires)
                    .execute(&mut **tx)
                    .await
                    .unwrap(),
            ),
            Tx::Postgres(tx) => drop(
                sqlx::query(LEAK)
                    .bind(bucket)
                    .bind(expires)
                    .execute(&mut **tx)
                    .await
                    .unwrap(),
            ),
        }
    }
    tx.commit().await.unwrap();
    for (_, bytes) in forms(PLANTED) {
        tracing::trace!(target: "heyan::leak", "leaked: {}", String::from_utf8_lossy(&bytes));
    }
}

on_engines! {
    async fn nothing_lies_anywhere_in_clear(engine) {
        log();
        let world = World::with(engine, NOW, |services| {
            let limits = Limits { per_phone_per_day: 100, ..Limits::default() };
            services.settings = Arc::new(Settings { limits, ..Settings::clone(&services.settings) });
        })
        .await;
        let from = position(&world).await;
        let portal = Portal::new(world).await;
        run(&portal).await;
        let markers = markers(&portal.world).await;
        let search = Search::new(&markers);
        for (place, bytes) in everything(&portal, &from).await {
            if let Some((marker, how, at)) = search.find(&bytes).first() {
                let around = &bytes[at.saturating_sub(200)..(at + 100).min(bytes.len())];
                panic!("{}, {how}, in {place}: {}", marker.what, String::from_utf8_lossy(around));
            }
        }

        // the same search finds what was planted, in each form, in each place
        plant(&portal).await;
        let planted = Marker { what: "planted".into(), text: PLANTED.into() };
        let search = Search::new(std::slice::from_ref(&planted));
        let metrics = ("metrics with a leak".to_owned(), (portal.get("/metrics").await.text + PLANTED).into_bytes());
        let mut seen: BTreeMap<String, (usize, BTreeSet<&str>)> = BTreeMap::new();
        for (place, bytes) in everything(&portal, &from).await.into_iter().chain([metrics]) {
            let found = search.find(&bytes).into_iter().map(|(_, how, _)| how);
            let (size, how) = seen.entry(kind_of(&place)).or_default();
            *size += bytes.len();
            how.extend(found);
        }
        for (place, (size, how)) in &seen {
            println!("{engine:?}: none of {} markers in {place} ({size} bytes); planted, found as {how:?}", markers.len());
            match place.as_str() {
                // UTF-16 in bytes is written in octal there
                "dump" => assert_eq!(how.len(), 6, "{place}"),
                "metrics" | "test.db" | "test.db-shm" => {}
                "metrics with a leak" => assert_eq!(how.len(), 1),
                _ => assert_eq!(how.len(), 8, "{place}"),
            }
        }

        // and once all of it stands in the file itself
        if engine == Engine::Sqlite {
            assert!(portal.world.services.db.checkpoint().await.unwrap());
            let file = &at_rest(&portal.world, "").await[0].1;
            assert_eq!(Search::new(&markers).find(file).len(), 0);
            assert!(search.find(file).len() >= 8);
        }
        purged(&portal).await;
    }
}

/// A place's short name; a server's data files are one, its log's segments another.
fn kind_of(place: &str) -> String {
    let name = place.rsplit('/').next().unwrap();
    match place {
        _ if place.contains("/pg_wal/") => "write-ahead log".to_owned(),
        _ if place.contains("/base/") => "data files".to_owned(),
        _ => name.to_owned(),
    }
}

/// After the retention's time: no value and no hash of a person, not even in what the database has freed.
async fn purged(portal: &Portal) {
    let world = &portal.world;
    let mut gone = Vec::new();
    for (what, all) in [
        ("phone hash", "SELECT phone_hash FROM verifications"),
        (
            "unverified phone hash",
            "SELECT phone_hash FROM filing_phones",
        ),
        ("tail hash", "SELECT tail_hash FROM verifications"),
        ("link hash", "SELECT link_hash FROM verifications"),
        ("person", "SELECT person FROM verifications"),
        (
            "content",
            "SELECT content FROM filing_requests WHERE content IS NOT NULL",
        ),
        ("code hash", "SELECT code_hash FROM sms_codes"),
        (
            "message",
            "SELECT sealed FROM sms_messages WHERE sealed IS NOT NULL",
        ),
        ("captcha", "SELECT result FROM captcha_uses"),
    ] {
        let mut tx = world.services.db.read().await.unwrap();
        let rows: Vec<(Vec<u8>,)> = match &mut tx {
            Tx::Sqlite(tx) => sqlx::query_as(all).fetch_all(&mut **tx).await.unwrap(),
            Tx::Postgres(tx) => sqlx::query_as(all).fetch_all(&mut **tx).await.unwrap(),
        };
        assert!(!rows.is_empty(), "{what}");
        // a long value is spread over pages: its beginning says enough
        gone.extend(
            rows.into_iter()
                .map(|(bytes,)| (what.to_owned(), bytes[..bytes.len().min(32)].to_vec())),
        );
    }
    let search = Search::of_bytes(&gone);
    let places = |all: Vec<(String, Vec<u8>)>| -> usize {
        all.iter().map(|(_, bytes)| search.find(bytes).len()).sum()
    };
    if world.services.db.engine() == Engine::Sqlite {
        assert!(places(at_rest(world, "").await) >= gone.len());
    }
    world.set(world.now() + TimeDelta::days(181));
    assert!(purge(&world.services).await.unwrap() >= 7);
    assert!(world.services.db.checkpoint().await.unwrap());
    for held in [
        "SELECT COUNT(*) FROM verifications WHERE phone_hash IS NOT NULL OR tail_hash IS NOT NULL \
            OR link_hash IS NOT NULL OR person IS NOT NULL",
        "SELECT COUNT(*) FROM filing_requests WHERE content IS NOT NULL OR purged_at IS NULL",
        "SELECT COUNT(*) FROM sms_codes",
        "SELECT COUNT(*) FROM sms_messages WHERE sealed IS NOT NULL",
        "SELECT COUNT(*) FROM captcha_uses",
        "SELECT COUNT(*) FROM limit_counters",
    ] {
        assert_eq!(world.number(held).await, 0, "{held}");
    }
    // a server gives freed space back in its own time
    if world.services.db.engine() == Engine::Sqlite {
        assert_eq!(places(at_rest(world, "").await), 0);
    }
    assert!(world.number("SELECT COUNT(*) FROM events").await > 20);
}
