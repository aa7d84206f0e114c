//! A provider with a desk: files requests, turns the clock, and reads what became of them. Its gateway is scripted.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{FutureExt, future::BoxFuture};
use heyan::{
    captcha::Captchas,
    clock::{Clock, Pace},
    domain::{
        carrier::Carriers,
        event::{Actor, Event},
        ids::{MessageId, ProviderId, RequestId},
        policy::Timeline,
        request::Request,
        time::parse_time,
        words::{EventType, MessageKind},
    },
    flow::{
        Limits, Services, Settings, SmsSettings,
        aggregate::{self, Loaded, Person},
        look_up::{self, RequestView},
        message::{self, Message},
        run_due::run_due,
        submit::submit,
    },
    keys::{KeyBytes, Keys},
    metrics::Metrics,
    random::Random,
    sms::{Gateway, Gateways, Sent, SmsMessage},
    store::{
        Db, Tx,
        events::{self, EventRow},
        outbox::{self, InboxRow},
        providers::{self, ProviderRow},
        verifications::VerificationRow,
    },
};
use serde_json::json;
use tokio::sync::Semaphore;

pub fn at(text: &str) -> DateTime<Utc> {
    parse_time(text).unwrap()
}

/// Accepted, once.
pub fn accepted() -> Sent {
    Sent::Accepted {
        references: vec!["ref".into()],
    }
}

/// One attempt that reached the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caught {
    pub id: MessageId,
    pub phone: String,
    pub text: String,
    pub at: DateTime<Utc>,
}

/// Several desks of one database do not draw the same identifiers.
static SEED: AtomicU64 = AtomicU64::new(1);

type Script = dyn Fn(&SmsMessage, DateTime<Utc>) -> Option<Sent> + Send + Sync;

/// Clones share all but what is set on one of them.
#[derive(Clone)]
pub struct Desk {
    pub services: Services,
    pub provider: ProviderId,
    caught: Arc<Mutex<Vec<Caught>>>,
    /// Each answer takes one permit.
    pub permits: Arc<Semaphore>,
    /// Each attempt that has arrived adds one.
    pub arrived: Arc<Semaphore>,
}

/// Answers as its script says, where that says nothing as the sandbox's does; keeps what it was given.
struct Scripted {
    script: Box<Script>,
    caught: Arc<Mutex<Vec<Caught>>>,
    permits: Arc<Semaphore>,
    arrived: Arc<Semaphore>,
}

impl Gateway for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn send<'a>(&'a self, message: &'a SmsMessage, now: DateTime<Utc>) -> BoxFuture<'a, Sent> {
        async move {
            self.caught.lock().unwrap().push(Caught {
                id: message.id,
                phone: message.phone.as_str().to_owned(),
                text: message.text.clone(),
                at: now,
            });
            self.arrived.add_permits(1);
            self.permits.acquire().await.unwrap().forget();
            match (self.script)(message, now) {
                Some(sent) => sent,
                None => Gateways::sandbox().send("sandbox", message, now).await,
            }
        }
        .boxed()
    }
}

impl Desk {
    /// With the sandbox's gateway.
    pub async fn new(db: &Db, now: &str) -> Self {
        Self::scripted(db, now, |_, _| None).await
    }

    /// With a gateway of one's own.
    pub async fn scripted(
        db: &Db,
        now: &str,
        script: impl Fn(&SmsMessage, DateTime<Utc>) -> Option<Sent> + Send + Sync + 'static,
    ) -> Self {
        let keys = BTreeMap::from([("k1".to_owned(), KeyBytes::new([7; 32]))]);
        let keys = Keys::new("k1", "k1", keys).unwrap();
        let random = Random::seeded(SEED.fetch_add(1, Ordering::Relaxed));
        let now = at(now);
        let caught = Arc::default();
        let permits = Arc::new(Semaphore::new(10_000));
        let arrived = Arc::new(Semaphore::new(0));
        let gateway = Scripted {
            script: Box::new(script),
            caught: Arc::clone(&caught),
            permits: Arc::clone(&permits),
            arrived: Arc::clone(&arrived),
        };
        let services = Services {
            db: db.clone(),
            captchas: Captchas::new(keys.clone(), random.clone()),
            keys,
            clock: Clock::still(now),
            random,
            timeline: Arc::new(Timeline::built_in().unwrap()),
            carriers: Arc::new(Carriers::built_in().unwrap()),
            gateways: Gateways::one(gateway),
            webhooks: heyan::webhook::Webhooks::new(&[], true),
            settings: Arc::new(Settings {
                sandbox: true,
                public_url: "https://beian.example.cn".into(),
                signature: "备案核验".into(),
                limits: Limits::default(),
                sms: SmsSettings::default(),
                retention: TimeDelta::days(180),
                staff: heyan::flow::staff::Rules::default(),
            }),
            metrics: Metrics::default(),
            wake: Arc::default(),
        };
        let provider = ProviderId::new(now, services.random.bytes());
        let row = ProviderRow {
            id: provider,
            name: provider.to_string(),
            webhook_url: None,
            created_at: now,
            revoked_at: None,
            webhook_disabled_at: None,
        };
        let mut tx = db.write().await.unwrap();
        assert!(providers::insert(&mut tx, &row).await.unwrap());
        tx.commit().await.unwrap();
        Self {
            services,
            provider,
            caught,
            permits,
            arrived,
        }
    }

    /// A filing in 甘肃 (48 hours from 2017-12-18 on), verifying these phones: the first is the subject's.
    pub async fn file(&self, phones: &[&str]) -> RequestId {
        self.file_in("gansu", phones).await
    }

    pub async fn file_in(&self, province: &str, phones: &[&str]) -> RequestId {
        let principal = |n: usize| json!({"name": "王小明", "phone": phones[n], "document": {"type": "passport", "number": format!("E{:08}", n + 1)}});
        let site = |n: usize| {
            let domain = format!("example{n}.cn");
            json!({"name": "某某网", "domains": [domain], "service_type": "website", "principal": principal(n)})
        };
        let draft = json!({
            "province": province,
            "kind": "new_filing",
            "provider_reference": "ORDER-1",
            "subject": {"name": "兰州某某科技有限公司", "principal": principal(0)},
            "sites": (1..phones.len()).map(site).collect::<Vec<_>>(),
        });
        let draft = serde_json::from_value(draft).unwrap();
        submit(&self.services, self.provider, draft, None)
            .await
            .unwrap()
            .row
            .id
    }

    pub fn turn(&self, to: DateTime<Utc>) {
        self.services.clock.set(Pace::Still(to));
    }

    /// Runs what is due until nothing is left.
    pub async fn settle(&self) {
        for _ in 0..100 {
            if run_due(&self.services).await.unwrap().done == 0 {
                return;
            }
        }
        panic!("there is always something left to do");
    }

    pub async fn turn_and_settle(&self, to: &str) {
        self.turn(at(to));
        self.settle().await;
    }

    pub async fn view(&self, id: RequestId) -> RequestView {
        look_up::any(&self.services, id).await.unwrap()
    }

    /// Its first verification.
    pub async fn first(&self, id: RequestId) -> VerificationRow {
        self.view(id).await.verifications.remove(0).row
    }

    pub async fn events(&self, id: RequestId) -> Vec<EventRow> {
        let mut tx = self.services.db.read().await.unwrap();
        events::of_request(&mut tx, id, 0, 1000).await.unwrap()
    }

    /// How often it happened to the request.
    pub async fn count(&self, id: RequestId, what: EventType) -> usize {
        let events = self.events(id).await;
        events.iter().filter(|event| event.r#type == what).count()
    }

    /// What has reached the gateway.
    pub fn caught(&self) -> Vec<Caught> {
        self.caught.lock().unwrap().clone()
    }

    /// What was accepted, newest first, opened.
    pub async fn inbox(&self) -> Vec<(InboxRow, Message)> {
        let mut tx = self.services.db.read().await.unwrap();
        let rows = outbox::inbox(&mut tx, 1000).await.unwrap();
        let open = |row: InboxRow| {
            let message = Message::open(&self.services.keys, row.id, &row.sealed).unwrap();
            (row, message)
        };
        rows.into_iter().map(open).collect()
    }

    /// How many messages of the request's first verification wait.
    pub async fn queued(&self, id: RequestId) -> i64 {
        let first = self.first(id).await.id;
        let mut tx = self.services.db.read().await.unwrap();
        outbox::queued_of_verification(&mut tx, first)
            .await
            .unwrap()
    }

    /// Changes a request as a visitor does.
    pub async fn change(&self, id: RequestId, change: impl FnOnce(&mut Request) -> Vec<Event>) {
        let now = self.services.clock.now();
        let mut tx = self.services.db.write().await.unwrap();
        let mut loaded = aggregate::load(&mut tx, id).await.unwrap();
        let events = change(&mut loaded.request);
        aggregate::save(
            &mut tx,
            &self.services,
            &mut loaded,
            &events,
            Actor::Visitor,
            now,
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
    }

    /// Spoils a request's row, so that it cannot be loaded.
    pub async fn spoil(&self, id: RequestId) {
        const SPOIL: &str = "UPDATE filing_requests SET policy = '{' WHERE id = $1";
        let mut tx = self.services.db.write().await.unwrap();
        let spoilt = match &mut tx {
            Tx::Sqlite(tx) => sqlx::query(SPOIL)
                .bind(id)
                .execute(&mut **tx)
                .await
                .unwrap()
                .rows_affected(),
            Tx::Postgres(tx) => sqlx::query(SPOIL)
                .bind(id)
                .execute(&mut **tx)
                .await
                .unwrap()
                .rows_affected(),
        };
        assert_eq!(spoilt, 1);
        tx.commit().await.unwrap();
    }

    /// Queues one more SMS for the request's first verification.
    pub async fn resend(&self, id: RequestId) {
        let now = self.services.clock.now();
        let mut tx = self.services.db.write().await.unwrap();
        let Loaded { request, rows, .. } = aggregate::load(&mut tx, id).await.unwrap();
        let person = Person::open(&self.services.keys, &rows[0])
            .unwrap()
            .unwrap();
        let policy = request.policy.unwrap();
        let kind = MessageKind::Manual;
        message::enqueue(
            &mut tx,
            &self.services,
            &policy,
            &rows[0],
            &person,
            kind,
            now,
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
    }
}
