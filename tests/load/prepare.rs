//! A database with many requests that wait for one answer each, and copies of it.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use chrono::TimeDelta;
use heyan::{
    captcha::Captchas,
    clock::Clock,
    domain::{
        carrier::Carriers, filing::FilingDraft, ids::MessageId, phone::Phone, policy::Timeline,
        time::parse_time, words::RequestState,
    },
    flow::{
        Limits, Services, Settings, SmsSettings, hashes, message::Message, providers,
        run_due::run_due, submit::submit,
    },
    keys::Keys,
    metrics::Metrics,
    random::Random,
    sms::Gateways,
    store::{Db, Options, filing_requests::Filter, outbox},
};
use serde_json::json;
use sqlx::{Connection, PgConnection};

/// Who answers, and with what.
#[derive(Clone)]
pub struct Person {
    pub phone: String,
    pub tail: String,
    pub code: String,
}

pub struct Prepared {
    place: Place,
    people: Vec<Person>,
    copies: AtomicU32,
}

enum Place {
    Sqlite(PathBuf),
    /// The server, and the database's name.
    Postgres(String, &'static str),
}

const NOW: &str = "2018-09-10T09:00+08:00";
const NAME: &str = "heyan_load";

impl Prepared {
    pub async fn sqlite(folder: &Path, count: usize) -> Self {
        let file = folder.join("prepared.db");
        let people = fill(&format!("sqlite://{}", file.display()), count).await;
        Self {
            place: Place::Sqlite(file),
            people,
            copies: AtomicU32::new(0),
        }
    }

    pub async fn postgres(server: &str, count: usize) -> Self {
        admin(server, &format!("CREATE DATABASE {NAME}")).await;
        let people = fill(&format!("{server}/{NAME}"), count).await;
        let server = server.to_owned();
        Self {
            place: Place::Postgres(server, NAME),
            people,
            copies: AtomicU32::new(0),
        }
    }

    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// A database as it was prepared, opened.
    pub async fn copy(&self) -> Services {
        services(&self.copied().await).await
    }

    /// One of the copies.
    pub async fn open(&self, url: &str) -> Services {
        services(url).await
    }

    /// The same, as a URL.
    pub async fn copied(&self) -> String {
        let number = self.copies.fetch_add(1, Ordering::Relaxed);
        match &self.place {
            Place::Sqlite(file) => {
                let copy = file.with_file_name(format!("copy{number}.db"));
                std::fs::copy(file, &copy).expect("room for a copy");
                format!("sqlite://{}", copy.display())
            }
            Place::Postgres(server, name) => {
                admin(
                    server,
                    &format!("CREATE DATABASE copy{number} TEMPLATE {name}"),
                )
                .await;
                format!("{server}/copy{number}")
            }
        }
    }
}

pub async fn admin(server: &str, sql: &str) {
    let mut connection = PgConnection::connect(&format!("{server}/postgres"))
        .await
        .expect("the server");
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    sqlx::raw_sql(sql)
        .execute(&mut connection)
        .await
        .expect("an administrator");
}

pub async fn services(url: &str) -> Services {
    let key = zeroize::Zeroizing::new([7; 32]);
    let keys = Keys::new("k", "k", BTreeMap::from([("k".to_owned(), key)])).expect("a key");
    let random = Random::os();
    Services {
        db: Db::open(url, Options::default()).await.expect("a database"),
        captchas: Captchas::new(keys.clone(), random.clone()),
        keys,
        clock: Clock::still(parse_time(NOW).expect("a time")),
        random,
        timeline: Arc::new(Timeline::built_in().expect("policies")),
        carriers: Arc::new(Carriers::built_in().expect("carriers")),
        gateways: Gateways::sandbox(),
        webhooks: heyan::webhook::Webhooks::new(&[], true),
        settings: Arc::new(Settings {
            sandbox: true,
            public_url: "http://127.0.0.1".into(),
            signature: "备案核验".into(),
            limits: Limits {
                per_address_per_10_minutes: u32::MAX,
                ..Limits::default()
            },
            sms: SmsSettings {
                per_provider_per_hour: u32::MAX,
                per_hour: u32::MAX,
                ..SmsSettings::default()
            },
            retention: TimeDelta::days(180),
            staff: heyan::flow::staff::Rules::default(),
        }),
        metrics: Metrics::default(),
        wake: Arc::default(),
    }
}

fn draft(n: usize) -> FilingDraft {
    let principal = json!({"name": "王小明", "phone": format!("138{n:08}"),
        "document": {"type": "passport", "number": format!("E{:08}", 10_000_000 + n)}});
    let draft = json!({"province": "gansu", "kind": "new_site",
        "sites": [{"name": "某某网", "domains": ["example.cn"], "principal": principal}]});
    serde_json::from_value(draft).expect("a filing")
}

/// Files so many requests, has their SMS accepted, and reads the codes.
async fn fill(url: &str, count: usize) -> Vec<Person> {
    let services = services(url).await;
    providers::add(&services, "load", None)
        .await
        .expect("a provider");
    let provider = providers::by_name(&services, "load")
        .await
        .expect("an answer")
        .expect("a provider")
        .id;
    let mut filed = Vec::new();
    for from in (0..count).step_by(16) {
        let some =
            (from..(from + 16).min(count)).map(|n| submit(&services, provider, draft(n), None));
        filed.extend(futures_util::future::join_all(some).await);
    }
    assert!(filed.iter().all(Result::is_ok));
    while run_due(&services).await.expect("a round").done > 0 {}
    let mut people = Vec::new();
    for n in 0..count {
        let phone = format!("138{n:08}");
        let hash = hashes::phone(&services.keys, &Phone::parse(&phone).expect("a phone"));
        let mut tx = services.db.read().await.expect("a reader");
        let inbox = outbox::inbox_of_phone(&mut tx, &hash.value, 1)
            .await
            .expect("an inbox");
        let (id, sealed): (MessageId, &[u8]) = (inbox[0].id, &inbox[0].sealed);
        let message = Message::open(&services.keys, id, sealed).expect("a message");
        people.push(Person {
            phone,
            tail: format!("{n:06}"),
            code: message.code,
        });
    }
    services.db.checkpoint().await.expect("a checkpoint");
    services.db.close().await;
    people
}

/// That the row did what it was to do.
pub async fn all_handed_over(services: &Services, count: usize) {
    let provider = providers::by_name(services, "load")
        .await
        .expect("an answer")
        .expect("a provider")
        .id;
    let most = i64::try_from(count).unwrap_or(i64::MAX);
    let all = heyan::flow::look_up::list(services, provider, Filter::default(), None, most)
        .await
        .expect("a list");
    let mut states: HashMap<&str, usize> = HashMap::new();
    for request in &all {
        *states.entry(request.row.state.as_str()).or_default() += 1;
    }
    assert_eq!(
        states,
        HashMap::from([(RequestState::HandedOver.as_str(), count)])
    );
}
