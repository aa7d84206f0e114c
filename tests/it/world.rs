//! Heyan without its pages: the flows on a fresh database of either engine, with a still clock, a seeded random source
//! and the sandbox's gateway; and what a provider, a principal and the clock do to them.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use chrono::{DateTime, TimeDelta, Utc};
use heyan::{
    captcha::{Captchas, Form, Kind},
    clock::{Clock, Pace},
    domain::{
        carrier::Carriers,
        filing::FilingDraft,
        id_document::IdTail,
        ids::{MessageId, ProviderId, RequestId, VerificationId},
        phone::Phone,
        policy::Timeline,
        province::Province,
        sms_code::SmsCode,
        time::parse_time,
        words::{FilingKind, MessageKind, Outcome},
    },
    flow::{
        Limits, Services, Settings, SmsSettings,
        attempt::Attempt,
        look_up::{self, RequestView},
        message::Message,
        resend, run_due, submit,
        told::{Answer, Told},
        verify,
    },
    keys::Keys,
    random::Random,
    sms::Gateways,
    store::{Db, Engine, Tx, events::EventRow, providers},
};
use serde_json::{Value, json};

use crate::store::{Scratch, provider};

/// Makes two tests of each function: `NAME::sqlite` and `NAME::postgres`.
macro_rules! on_engines {
    ($($(#[$meta:meta])* async fn $name:ident($engine:ident) $body:block)*) => { $(
        $(#[$meta])*
        async fn $name($engine: heyan::store::Engine) $body
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name(heyan::store::Engine::Sqlite).await;
            }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::$name(heyan::store::Engine::Postgres).await;
            }
        }
    )* };
}
pub(crate) use on_engines;

/// `HEYAN_LONG=1` asks for the long run (`tests/run --attacks`).
#[expect(clippy::disallowed_methods, reason = "a test's own setting")]
pub fn is_long() -> bool {
    std::env::var("HEYAN_LONG").is_ok_and(|long| long == "1")
}

/// `few` in the default run, `many` in the long one.
pub fn long_or(few: usize, many: usize) -> usize {
    if is_long() { many } else { few }
}

/// No limit that a test could reach.
pub const NO_LIMITS: Limits = Limits {
    per_phone_per_hour: 1_000_000,
    per_phone_per_day: 1_000_000,
    per_address_per_10_minutes: 1_000_000,
    api_per_minute: 1_000_000,
};

/// No ceiling that a test could reach.
pub fn no_ceilings() -> SmsSettings {
    SmsSettings {
        per_phone_per_day: 1_000_000,
        per_provider_per_hour: 1_000_000,
        per_hour: 1_000_000,
        ..SmsSettings::default()
    }
}

pub struct World {
    pub services: Services,
    pub provider: ProviderId,
    pub scratch: Scratch,
    visitors: AtomicU32,
}

/// A person of a filing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    pub phone: String,
    pub name: String,
    /// Of a passport.
    pub document: String,
}

impl Who {
    pub fn new(phone: &str, name: &str, document: &str) -> Self {
        Self {
            phone: phone.into(),
            name: name.into(),
            document: document.into(),
        }
    }

    /// One of many, with a phone of China Mobile.
    pub fn number(n: u32) -> Self {
        Self::new(
            &format!("138{n:08}"),
            "王小明",
            &format!("E{:08}", 10_000_000 + n),
        )
    }

    pub fn tail(&self) -> &str {
        &self.document[self.document.len() - 6..]
    }

    pub fn json(&self) -> Value {
        json!({"name": self.name, "phone": self.phone,
            "document": {"type": "passport", "number": self.document}})
    }

    /// The same with another number before.
    pub fn moved_from(&self, previous: &str) -> Value {
        let mut principal = self.json();
        principal["previous_phone"] = previous.into();
        principal
    }
}

/// A filing of these principals.
pub fn filing(
    province: Province,
    kind: FilingKind,
    subject: Option<Value>,
    sites: &[Value],
) -> FilingDraft {
    let subject = subject.map(|principal| json!({"name": "某某公司", "principal": principal}));
    let site = |principal: &Value| json!({"name": "某某网", "domains": ["example.cn"], "principal": principal});
    let sites: Vec<Value> = sites.iter().map(site).collect();
    let draft = json!({"province": province, "kind": kind, "subject": subject, "sites": sites});
    serde_json::from_value(draft).unwrap()
}

/// A message of the outbox that can still be read.
#[derive(Debug, Clone)]
pub struct Sms {
    pub verification: VerificationId,
    pub request: RequestId,
    pub kind: MessageKind,
    pub state: String,
    pub accepted_at: Option<DateTime<Utc>>,
    pub phone: String,
    pub sender: String,
    pub text: String,
    pub code: String,
    pub link: Option<String>,
}

type SmsRow = (
    MessageId,
    VerificationId,
    RequestId,
    MessageKind,
    String,
    Option<DateTime<Utc>>,
    Vec<u8>,
);

pub fn at(text: &str) -> DateTime<Utc> {
    parse_time(text).unwrap()
}

pub fn keys() -> Keys {
    keys_with_index("k1")
}

/// The same keys, while another one hashes.
pub fn keys_with_index(index: &str) -> Keys {
    let bytes = |n: u8| zeroize::Zeroizing::new([n; 32]);
    let keys = BTreeMap::from([("k1".to_owned(), bytes(7)), ("k2".to_owned(), bytes(8))]);
    Keys::new("k2", index, keys).unwrap()
}

/// Runs a query on whichever engine it is.
macro_rules! raw {
    ($tx:expr, $sql:expr, $fetch:ident) => {
        match $tx {
            Tx::Sqlite(tx) => sqlx::query_as($sql).$fetch(&mut **tx).await.unwrap(),
            Tx::Postgres(tx) => sqlx::query_as($sql).$fetch(&mut **tx).await.unwrap(),
        }
    };
}

impl World {
    /// At an instant, without limits.
    pub async fn new(engine: Engine, now: &str) -> Self {
        Self::with(engine, now, |_| {}).await
    }

    /// With other settings or parts.
    pub async fn with(engine: Engine, now: &str, change: impl FnOnce(&mut Services)) -> Self {
        let scratch = match engine {
            Engine::Sqlite => Scratch::sqlite().await,
            Engine::Postgres => Scratch::postgres().await,
        };
        let mut services = services(
            scratch.db.clone(),
            keys(),
            Clock::still(at(now)),
            Random::seeded(1),
        );
        change(&mut services);
        let provider = provider(1);
        let mut tx = services.db.write().await.unwrap();
        assert!(providers::insert(&mut tx, &provider).await.unwrap());
        tx.commit().await.unwrap();
        Self {
            services,
            provider: provider.id,
            scratch,
            visitors: AtomicU32::new(0),
        }
    }

    /// Of parts that are there already; its provider is nobody.
    pub fn around(services: Services, scratch: Scratch) -> Self {
        Self {
            services,
            provider: provider(1).id,
            scratch,
            visitors: AtomicU32::new(0),
        }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.services.clock.now()
    }

    /// Turns the clock; nothing runs.
    pub fn set(&self, now: DateTime<Utc>) {
        self.services.clock.set(Pace::Still(now));
    }

    /// Runs what is due now.
    pub async fn settle(&self) {
        for _ in 0..1000 {
            if run_due::run_due(&self.services).await.unwrap().done == 0 {
                return;
            }
        }
        panic!("what is due does not become less");
    }

    /// Turns the clock as the sandbox does: stands at every due instant in turn.
    pub async fn turn(&self, to: DateTime<Utc>) {
        loop {
            self.settle().await;
            let due = run_due::next_due(&self.services).await.unwrap();
            match due {
                Some(due) if due <= to && due > self.now() => self.set(due),
                _ if self.now() < to => self.set(to),
                _ => return,
            }
        }
    }

    pub async fn try_submit(&self, draft: FilingDraft) -> heyan::flow::Result<RequestView> {
        submit::submit(&self.services, self.provider, draft, None).await
    }

    pub async fn submit(&self, draft: FilingDraft) -> RequestView {
        self.try_submit(draft).await.unwrap()
    }

    /// Submits, and has the SMS accepted.
    pub async fn file(&self, draft: FilingDraft) -> RequestView {
        let id = self.submit(draft).await.row.id;
        self.settle().await;
        self.view(id).await
    }

    pub async fn view(&self, id: RequestId) -> RequestView {
        look_up::any(&self.services, id).await.unwrap()
    }

    pub async fn events(&self, id: RequestId) -> Vec<EventRow> {
        look_up::events(&self.services, self.provider, id)
            .await
            .unwrap()
    }

    /// How many events of a type a request has.
    pub async fn count(&self, id: RequestId, what: &str) -> usize {
        let events = self.events(id).await;
        events
            .iter()
            .filter(|one| one.r#type.as_str() == what)
            .count()
    }

    /// Every message whose text has not been erased, oldest first.
    pub async fn messages(&self) -> Vec<Sms> {
        messages(&self.services.db, &self.services.keys).await
    }

    /// The latest code sent to a phone.
    pub async fn code(&self, phone: &str) -> String {
        let messages = self.messages().await;
        let mut of_phone = messages.into_iter().filter(|one| one.phone == phone);
        of_phone.next_back().expect("no SMS to this phone").code
    }

    /// A form with a right captcha, as hard as they come, from an address that nobody else has.
    pub fn attempt(&self, form: Form, bureau: Option<Province>) -> Attempt {
        let captchas = &self.services.captchas;
        let id = captchas.issue(Kind::Image, 3, form, bureau, self.now());
        let visitor = self.visitors.fetch_add(1, Ordering::Relaxed);
        Attempt {
            form,
            bureau,
            address: IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + visitor)),
            captcha_answer: captchas.open(id.as_str()).unwrap().answer().to_string(),
            captcha_id: id.to_string(),
        }
    }

    /// 短信核验 with an attempt of one's own.
    pub async fn verify_by(
        &self,
        attempt: Attempt,
        code: &str,
        phone: &str,
        tail: &str,
    ) -> Told<Answer> {
        verify::verify(
            &self.services,
            attempt,
            SmsCode::parse(code).unwrap(),
            Phone::parse(phone).unwrap(),
            IdTail::parse(tail).unwrap(),
        )
        .await
        .unwrap()
    }

    /// 短信核验 on a bureau's page or the national one.
    pub async fn verify(
        &self,
        bureau: Option<Province>,
        code: &str,
        phone: &str,
        tail: &str,
    ) -> Told<Answer> {
        let attempt = self.attempt(Form::Verification, bureau);
        self.verify_by(attempt, code, phone, tail).await
    }

    /// 短信重发
    pub async fn resend(&self, bureau: Option<Province>, phone: &str, tail: &str) -> Told<Answer> {
        resend::resend(
            &self.services,
            self.attempt(Form::Resend, bureau),
            Phone::parse(phone).unwrap(),
            IdTail::parse(tail).unwrap(),
        )
        .await
        .unwrap()
    }

    /// A count, by a constant statement.
    pub async fn number(&self, sql: &'static str) -> i64 {
        let mut tx = self.services.db.read().await.unwrap();
        let (count,): (i64,) = raw!(&mut tx, sql, fetch_one);
        count
    }
}

/// The answer of a submission that was told.
pub fn told(answer: Told<Answer>) -> Answer {
    match answer {
        Told::Answer(answer) => answer,
        other => panic!("not told: {other:?}"),
    }
}

/// Its outcome.
pub fn outcome(answer: Told<Answer>) -> Outcome {
    told(answer).outcome
}

/// A code that is none of these.
pub fn other_than(codes: &[String]) -> String {
    let unlike = |code: &String| !codes.contains(code);
    (0..1_000_000)
        .map(|n| format!("{n:06}"))
        .find(unlike)
        .unwrap()
}

/// Every message whose text has not been erased, oldest first.
pub async fn messages(db: &Db, keys: &Keys) -> Vec<Sms> {
    const ALL: &str = "SELECT id, verification_id, request_id, kind, state, accepted_at, sealed \
        FROM sms_messages WHERE sealed IS NOT NULL ORDER BY queued_at, id";
    let mut tx = db.read().await.unwrap();
    let rows: Vec<SmsRow> = raw!(&mut tx, ALL, fetch_all);
    let open = |row: SmsRow| {
        let (id, verification, request, kind, state, accepted_at, sealed) = row;
        let message = Message::open(keys, id, &sealed).unwrap();
        Sms {
            verification,
            request,
            kind,
            state,
            accepted_at,
            phone: message.phone.as_str().to_owned(),
            sender: message.sender,
            text: message.text,
            code: message.code,
            link: message.link,
        }
    };
    rows.into_iter().map(open).collect()
}

/// The parts as a sandbox has them, without limits.
pub fn services(db: Db, keys: Keys, clock: Clock, random: Random) -> Services {
    Services {
        db,
        captchas: Captchas::new(keys.clone(), random.clone()),
        keys,
        clock,
        random,
        timeline: Arc::new(Timeline::built_in().unwrap()),
        carriers: Arc::new(Carriers::built_in().unwrap()),
        gateways: Gateways::sandbox(),
        webhooks: heyan::webhook::Webhooks::new(&[], true),
        settings: Arc::new(Settings {
            sandbox: true,
            public_url: "http://127.0.0.1:8080".into(),
            signature: "备案核验".into(),
            limits: NO_LIMITS,
            sms: no_ceilings(),
            retention: TimeDelta::days(180),
            staff: heyan::flow::staff::Rules::default(),
        }),
        metrics: heyan::metrics::Metrics::default(),
        wake: Arc::default(),
    }
}
