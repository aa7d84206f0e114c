//! `kill -9` of a running `heyan serve` amid submissions and verifications, again and again: what was answered stands,
//! nothing is half done, no SMS is lost. `tests/run --crash` does it for long.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use chrono::TimeDelta;
use heyan::{
    captcha::{Captchas, Form, Kind},
    clock::Clock,
    domain::province::Province,
    flow::run_due::run_due,
    keys::Keys,
    random::Random,
    store::{Db, Engine, Options, verifications},
};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use crate::{
    cli::Heyan,
    invariants, pg,
    portal::{Page, page},
    world::{Who, long_or, messages, other_than, services},
};

const WORKERS: usize = 6;

/// A running server; killed with the value.
struct Running {
    child: Child,
    base: String,
}

impl Running {
    /// Returns once it says where it answers.
    fn start(heyan: &Heyan) -> Self {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(heyan.path("log"));
        let mut child = heyan
            .command(&["serve", "--listen", "127.0.0.1:0"])
            .env("HEYAN_LIMITS__PER_ADDRESS_PER_10_MINUTES", "1000000")
            .env("HEYAN_LIMITS__API_PER_MINUTE", "1000000")
            .stdout(Stdio::piped())
            .stderr(log.unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let base = loop {
            let line = lines
                .next()
                .unwrap_or_else(|| panic!("{}", heyan.read("log")))
                .unwrap();
            if let Some((_, rest)) = line.split_once("http://") {
                break format!("http://{}", rest.split([' ', '/']).next().unwrap());
            }
        };
        Self { child, base }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // most have been killed
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What was sent, and what was answered, if anything was.
#[derive(Clone, Default)]
struct Ledger {
    filings: Vec<Filed>,
    posts: Vec<Post>,
}

#[derive(Clone)]
struct Filed {
    key: String,
    body: String,
    id: Option<String>,
}

#[derive(Clone)]
struct Post {
    id: String,
    phone: String,
    /// Of its verification in the request.
    place: usize,
    fields: Vec<(String, String)>,
    outcome: Option<String>,
}

/// Everybody who talks to the server, over all of its lives.
struct Visitors {
    http: Client,
    key: String,
    captchas: Captchas,
    keys: Keys,
    people: AtomicU32,
    ledger: Mutex<Ledger>,
}

impl Visitors {
    /// Waits for so many answered submissions more than were answered before; a life without is told by the checks.
    async fn have_answers(&self, more: usize) {
        let count = || {
            let ledger = self.ledger.lock().unwrap();
            let answered = |post: &&Post| post.outcome.is_some();
            ledger.posts.iter().filter(answered).count()
        };
        let wanted = count() + more;
        for _ in 0..3000 {
            if count() >= wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} of {wanted} submissions were answered in 30 s", count());
    }

    fn submission(&self, base: &str, filed: &Filed) -> RequestBuilder {
        self.http
            .post(format!("{base}/api/v1/filing-requests"))
            .bearer_auth(&self.key)
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", &filed.key)
            .body(filed.body.clone())
    }

    fn post(&self, base: &str, fields: &[(String, String)]) -> RequestBuilder {
        self.http
            .post(format!("{base}/beijing/sms-verification"))
            .form(fields)
    }

    /// Files and verifies, one after the other, until nobody answers any more.
    async fn work(self: Arc<Self>, base: String, db: Db) {
        while self.one(&base, &db).await.is_some() {}
    }

    async fn one(&self, base: &str, db: &Db) -> Option<()> {
        let n = self.people.fetch_add(2, Ordering::Relaxed);
        let pair = [Who::number(n), Who::number(n + 1)];
        let principal = |who: &Who| who.json();
        let body = json!({"province": "beijing", "kind": "new_filing", "provider_reference": format!("ORDER-{n}"),
            "subject": {"name": "某某公司", "principal": principal(&pair[0])},
            "sites": [{"name": "某某网", "domains": ["example.cn"], "principal": principal(&pair[1])}]});
        let filed = Filed {
            key: format!("key-{n}"),
            body: body.to_string(),
            id: None,
        };
        let call = self.submission(base, &filed);
        let place = {
            let mut ledger = self.ledger.lock().unwrap();
            ledger.filings.push(filed);
            ledger.filings.len() - 1
        };
        let answered = answered(call).await?;
        assert_eq!(answered.status, 201, "{}", answered.text);
        let answer: Value = serde_json::from_str(&answered.text).unwrap();
        let id = answer["id"].as_str().unwrap().to_owned();
        self.ledger.lock().unwrap().filings[place].id = Some(id.clone());

        let sent = messages(db, &self.keys).await;
        for (place, who) in pair.iter().enumerate() {
            let sms = sent
                .iter()
                .find(|sms| sms.phone == who.phone)
                .expect("queued with the answer");
            let wrong = other_than(std::slice::from_ref(&sms.code));
            let codes = if n.is_multiple_of(4) {
                vec![&wrong, &sms.code]
            } else {
                vec![&sms.code]
            };
            for code in codes {
                self.verify(base, &id, place, who, code).await?;
            }
        }
        Some(())
    }

    async fn verify(
        &self,
        base: &str,
        id: &str,
        place: usize,
        who: &Who,
        code: &str,
    ) -> Option<()> {
        let captcha = self.captchas.issue(
            Kind::Image,
            3,
            Form::Verification,
            Some(Province::Beijing),
            Clock::system().now(),
        );
        let answer = self
            .captchas
            .open(captcha.as_str())
            .unwrap()
            .answer()
            .to_string();
        let fields = [
            ("sms_code", code),
            ("phone", &who.phone),
            ("id_tail", who.tail()),
            ("captcha_id", captcha.as_str()),
            ("captcha_answer", &answer),
        ];
        let fields: Vec<_> = fields
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let entry = {
            let mut ledger = self.ledger.lock().unwrap();
            let post = Post {
                id: id.to_owned(),
                phone: who.phone.clone(),
                place,
                fields: fields.clone(),
                outcome: None,
            };
            ledger.posts.push(post);
            ledger.posts.len() - 1
        };
        let page = answered(self.post(base, &fields)).await?;
        assert_eq!(page.status, 200, "{}", page.text);
        let outcome = page.outcome().unwrap().to_owned();
        self.ledger.lock().unwrap().posts[entry].outcome = Some(outcome);
        Some(())
    }

    /// What was answered is answered the same by the next life; what was not, one way or the other.
    async fn ask_again(&self, base: &str) {
        let (filings, posts) = {
            let mut ledger = self.ledger.lock().unwrap();
            (
                std::mem::take(&mut ledger.filings),
                std::mem::take(&mut ledger.posts),
            )
        };
        for filed in &filings {
            let answer = page(self.submission(base, filed)).await;
            let body: Value = serde_json::from_str(&answer.text).unwrap();
            match (&filed.id, answer.status) {
                (Some(id), 201) => assert_eq!(body["id"], **id),
                // cut off in its middle: its key is held until its lease ends
                (None, 201 | 409) => {}
                (_, status) => panic!("{status}: {}", answer.text),
            }
        }
        for post in &posts {
            let page = page(self.post(base, &post.fields)).await;
            assert_eq!(page.status, 200, "{}", page.text);
            if let Some(outcome) = &post.outcome {
                assert_eq!(page.outcome(), Some(outcome.as_str()));
            }
        }
    }

    /// Every accepted answer stands in the database that was left behind.
    async fn check(&self, db: &Db) -> (usize, usize) {
        let mut tx = db.read().await.unwrap();
        let ledger = self.ledger.lock().unwrap().clone();
        let mut wrong: HashMap<&str, i64> = HashMap::new();
        for post in &ledger.posts {
            if post.outcome.as_deref() == Some("wrong") {
                *wrong.entry(&post.phone).or_default() += 1;
            }
        }
        let mut stored = HashMap::new();
        for filed in &ledger.filings {
            let Some(id) = &filed.id else { continue };
            let id = id.parse().unwrap();
            let found = futures_util::FutureExt::boxed(
                heyan::store::filing_requests::load_with_verifications(&mut tx, id),
            );
            let found = found.await.unwrap();
            stored.insert(
                filed.id.clone().unwrap(),
                found.expect("accepted, and gone"),
            );
        }
        let mut answered = 0;
        for post in &ledger.posts {
            let Some(outcome) = &post.outcome else {
                continue;
            };
            answered += 1;
            let (request, rows) = &stored[&post.id];
            let row: &verifications::VerificationRow = &rows[post.place];
            match outcome.as_str() {
                "verified_all" => assert_eq!(request.state.as_str(), "handed_over"),
                "verified_waiting" => assert_eq!(row.state.as_str(), "verified"),
                "wrong" => assert!(row.wrong_tries >= wrong[post.phone.as_str()]),
                other => panic!("{other}"),
            }
        }
        (stored.len(), answered)
    }
}

/// None: the connection broke.
async fn answered(call: RequestBuilder) -> Option<Page> {
    let response = call.send().await.ok()?;
    let status = response.status().as_u16();
    Some(Page {
        status,
        text: response.text().await.ok()?,
    })
}

async fn killed_again_and_again(engine: Engine, heyan: Heyan) {
    let added = heyan.run(&["provider", "add", "crash"]).done();
    let key = added
        .lines()
        .find_map(|line| line.strip_prefix("api_key="))
        .unwrap();
    let keys = Keys::sandbox_file(&heyan.path("heyan.keys"), &Random::os()).unwrap();
    let visitors = Arc::new(Visitors {
        http: Client::builder().no_proxy().build().unwrap(),
        key: key.to_owned(),
        captchas: Captchas::new(keys.clone(), Random::os()),
        keys: keys.clone(),
        people: AtomicU32::new(0),
        ledger: Mutex::default(),
    });
    let random = Random::seeded(5);
    let (mut filings, mut posts) = (0, 0);
    for _ in 0..long_or(3, 40) {
        let running = Running::start(&heyan);
        visitors.ask_again(&running.base).await;
        let db = Db::open(&heyan.url(), Options::default()).await.unwrap();
        let workers = (0..WORKERS)
            .map(|_| tokio::spawn(visitors.clone().work(running.base.clone(), db.clone())));
        let workers: Vec<_> = workers.collect();
        // once so many submissions of this life were answered, and then at any moment
        visitors.have_answers(3 + random.below(8) as usize).await;
        tokio::time::sleep(Duration::from_millis(random.below(200).into())).await;
        running.kill();
        for worker in workers {
            worker.await.unwrap();
        }
        db.close().await;

        // nobody has it open: what SQLite or the server makes of what was left is what the next life finds
        invariants::hold_in(engine, &heyan.url()).await;
        let db = Db::open(&heyan.url(), Options::default()).await.unwrap();
        let (stored, answered) = visitors.check(&db).await;
        filings += stored;
        posts += answered;
        db.close().await;
    }
    println!("{engine:?}: {filings} requests and {posts} submissions were answered, and stand");
    assert!(filings > 5 && posts > 5);

    // whatever was in its hands when it died is sent when the lease has ended
    let db = Db::open(&heyan.url(), Options::default()).await.unwrap();
    let clock = Clock::still(Clock::system().now() + TimeDelta::minutes(5));
    let services = services(db.clone(), keys.clone(), clock, Random::os());
    while run_due(&services).await.unwrap().done > 0 {}
    let unsent = messages(&db, &keys)
        .await
        .into_iter()
        .filter(|sms| sms.state == "queued")
        .count();
    assert_eq!(unsent, 0);
    db.close().await;
    invariants::hold_in(engine, &heyan.url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    killed_again_and_again(Engine::Sqlite, Heyan::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgresql() {
    let server = pg::Database::new().await;
    killed_again_and_again(Engine::Postgres, Heyan::on(&server.url)).await;
}
