//! Submitting everything once, by so many at a time, with a watch.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write,
    net::{Ipv4Addr, TcpListener},
    sync::Arc,
    time::{Duration, Instant},
};

use heyan::{
    captcha::{self, Form},
    domain::{
        id_document::IdTail, phone::Phone, province::Province, sms_code::SmsCode, words::Outcome,
    },
    flow::{Services, attempt::Attempt, told::Told, verify::verify},
    web::{BODY_WITHIN, CaptchaKinds, Site, State, Visitors, serve},
};

use crate::prepare::Person;

const BUREAU: Province = Province::Gansu;

/// By which way the submissions come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole POST over a connection that is kept, page and all.
    Http,
    /// The flow alone.
    Flow,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "POST",
            Self::Flow => "flow alone",
        }
    }
}

pub struct Figures {
    pub per_second: f64,
    pub median: f64,
    pub p99: Option<f64>,
    /// Of this process, client included, for each submission.
    pub cpu: Option<f64>,
}

impl Figures {
    pub const HEAD: &str = "engine      what        connections   per second   median     99 %   CPU of heyan and client";

    fn of(wall: Duration, mut each: Vec<Duration>, cpu: Duration) -> Self {
        each.sort_unstable();
        let millis = |time: Duration| time.as_secs_f64() * 1000.0;
        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
        let count = each.len() as f64;
        Self {
            per_second: count / wall.as_secs_f64(),
            median: millis(each[each.len() / 2]),
            p99: Some(millis(each[each.len() * 99 / 100])),
            cpu: Some(millis(cpu) / count),
        }
    }

    pub fn row(&self, engine: &str, what: &str, connections: usize) -> String {
        let (per_second, median) = (self.per_second, self.median);
        let mut row =
            format!("{engine:<12}{what:<12}{connections:>11}{per_second:>13.0}{median:>9.2}");
        for column in [self.p99, self.cpu] {
            match column {
                Some(value) => write!(row, "{value:>9.2}").expect("text"),
                None => row.push_str("        –"),
            }
        }
        row
    }
}

/// Each person once, by so many at a time.
pub async fn run(
    kind: Kind,
    services: &Services,
    people: &[Person],
    connections: usize,
) -> Figures {
    let base = (kind == Kind::Http).then(|| portal(services));
    let ready: Vec<_> = people
        .iter()
        .map(|person| Submission::new(services, person))
        .collect();
    let shares: Vec<Vec<_>> = ready
        .chunks(people.len() / connections)
        .map(<[_]>::to_vec)
        .collect();
    let (cpu, started) = (cpu_time(), Instant::now());
    let clients = shares.into_iter().map(|share| {
        let (services, base) = (services.clone(), base.clone());
        tokio::spawn(async move {
            let http = reqwest::Client::builder()
                .no_proxy()
                .build()
                .expect("a client");
            let mut each = Vec::with_capacity(share.len());
            for one in share {
                let started = Instant::now();
                match &base {
                    Some(base) => one.post(&http, base).await,
                    None => one.flow(&services).await,
                }
                each.push(started.elapsed());
            }
            each
        })
    });
    let clients: Vec<_> = clients.collect();
    let mut each = Vec::with_capacity(people.len());
    for client in clients {
        each.extend(client.await.expect("a client's times"));
    }
    Figures::of(started.elapsed(), each, cpu_time().saturating_sub(cpu))
}

/// Made before the watch runs.
#[derive(Clone)]
struct Submission {
    attempt: Attempt,
    person: Person,
}

impl Submission {
    fn new(services: &Services, person: &Person) -> Self {
        let captcha = services.captchas.issue(
            captcha::Kind::Image,
            3,
            Form::Verification,
            Some(BUREAU),
            services.clock.now(),
        );
        let challenge = services
            .captchas
            .open(captcha.as_str())
            .expect("a captcha of ours");
        let attempt = Attempt {
            form: Form::Verification,
            bureau: Some(BUREAU),
            address: Ipv4Addr::LOCALHOST.into(),
            captcha_id: captcha.to_string(),
            captcha_answer: challenge.answer().to_string(),
        };
        Self {
            attempt,
            person: person.clone(),
        }
    }

    async fn post(&self, http: &reqwest::Client, base: &str) {
        let fields = [
            ("sms_code", &self.person.code),
            ("phone", &self.person.phone),
            ("id_tail", &self.person.tail),
            ("captcha_id", &self.attempt.captcha_id),
            ("captcha_answer", &self.attempt.captcha_answer),
        ];
        let answer = http
            .post(format!("{base}/gansu/sms-verification"))
            .form(&fields)
            .send()
            .await;
        let page = answer.expect("an answer").text().await.expect("a page");
        assert!(page.contains("data-outcome=\"verified_all\""), "{page}");
    }

    async fn flow(&self, services: &Services) {
        let Person { phone, tail, code } = &self.person;
        let told = verify(
            services,
            self.attempt.clone(),
            SmsCode::parse(code).expect("a code"),
            Phone::parse(phone).expect("a phone"),
            IdTail::parse(tail).expect("a tail"),
        );
        let told = told.await.expect("an answer");
        assert!(matches!(told, Told::Answer(answer) if answer.outcome == Outcome::VerifiedAll));
    }
}

/// Submits one after the other by the flow alone.
pub async fn one_by_one(services: &Services, people: &[Person]) {
    for person in people {
        Submission::new(services, person).flow(services).await;
    }
}

/// The portal, for as long as the benchmark runs.
pub fn portal(services: &Services) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let state = State {
        services: services.clone(),
        visitors: Visitors::default(),
        site: Arc::new(Site {
            sandbox: true,
            password: None,
            https: false,
            hosts: BTreeMap::new(),
            trusted_proxies: Vec::new(),
            body_within: BODY_WITHIN,
            operator: None,
            neighbours: HashMap::new(),
            public_metrics: false,
            captchas: CaptchaKinds::default(),
            retention_days: 180,
            staff_networks: Vec::new(),
        }),
    };
    tokio::spawn(serve(listener, state).expect("a server"));
    base
}

/// User and system time of this process, from /proc.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<u64> = stat
        .rsplit(") ")
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse().ok())
        .collect();
    // a hundred ticks a second, on every Linux there is
    Duration::from_millis(fields.iter().sum::<u64>() * 10)
}
