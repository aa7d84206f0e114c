//! A database that is locked, or gone, in the middle of a submission: each form, page and call is answered clearly, what
//! was undone is not counted, and nothing is lost.

use heyan::{
    captcha::Form,
    domain::{province::Province, words::FilingKind},
    store::{Engine, Tx},
};
use reqwest::Method;
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, SqliteConnection};

use crate::{
    pg,
    portal::{Page, Portal, page},
    world::{Who, World, filing, on_engines},
};

const NOW: &str = "2021-03-01T10:00+08:00";
const GANSU: Province = Province::Gansu;

/// A portal with one phone to verify, its code, and the path of its link.
async fn filed(engine: Engine) -> (Portal, Who, String, String) {
    let world = World::new(engine, NOW).await;
    let who = Who::number(1);
    let draft = filing(GANSU, FilingKind::NewSite, None, &[who.json()]);
    world.file(draft).await;
    let sms = world.messages().await.pop().unwrap();
    let link = sms.link.unwrap();
    let link = link[link.find("/v/").unwrap()..].to_owned();
    (Portal::new(world).await, who, sms.code, link)
}

/// By its short link.
async fn by_link(portal: &Portal, link: &str, code: &str, tail: &str) -> Page {
    let fields = [("sms_code", code), ("id_tail", tail)];
    page(portal.form(link, Form::ShortLink, Some(GANSU), &fields)).await
}

async fn query(portal: &Portal, phone: &str) -> Page {
    let fields = [("request_id", "ORDER-1"), ("phone", phone)];
    page(portal.form("/progress", Form::Progress, None, &fields)).await
}

fn told(page: &Page) -> (u16, Option<&str>) {
    (page.status, page.outcome())
}

/// Another program holds what submissions write to; dropped, it lets go.
enum Holder {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Holder {
    async fn of(world: &World) -> Self {
        let mut holder = match &world.services.db.engine() {
            Engine::Sqlite => {
                let path = world.scratch.url.trim_start_matches("sqlite://");
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
                Self::Sqlite(options.connect().await.unwrap())
            }
            Engine::Postgres => {
                Self::Postgres(PgConnection::connect(&world.scratch.url).await.unwrap())
            }
        };
        match &mut holder {
            Self::Sqlite(sqlite) => drop(sqlite.execute("BEGIN IMMEDIATE").await.unwrap()),
            Self::Postgres(_) => {
                holder
                    .locks("BEGIN; LOCK TABLE captcha_uses, limit_counters IN EXCLUSIVE MODE")
                    .await;
            }
        }
        holder
    }

    async fn locks(&mut self, sql: &'static str) {
        if let Self::Postgres(postgres) = self {
            postgres.execute(sqlx::raw_sql(sql)).await.unwrap();
        }
    }

    async fn lets_go(self) {
        match self {
            Self::Sqlite(mut sqlite) => drop(sqlite.execute("ROLLBACK").await.unwrap()),
            Self::Postgres(mut postgres) => drop(postgres.execute("ROLLBACK").await.unwrap()),
        }
    }
}

on_engines! {
    async fn locked(engine) {
        let (portal, who, code, link) = filed(engine).await;
        let holder = Holder::of(&portal.world).await;
        let (verified, resent, linked, queried, filed) = tokio::join!(
            portal.verify(GANSU, &code, &who.phone, who.tail()),
            portal.resend(GANSU, &who.phone, who.tail()),
            by_link(&portal, &link, &code, who.tail()),
            query(&portal, &who.phone),
            portal.api(Method::GET, "/filing-requests", ""),
        );
        for form in [&verified, &resent, &linked] {
            assert_eq!(told(form), (200, Some("try_again")), "{}", form.text);
            assert!(form.text.contains("您的短信核验失败，请您重新验证。"));
        }
        assert_eq!(queried.status, 503);
        assert!(queried.text.contains("系统暂时无法处理"), "{}", queried.text);
        assert_eq!(filed.status, 503);
        assert!(filed.text.contains("urn:heyan:problem:unavailable"), "{}", filed.text);
        assert_eq!(portal.get("/gansu/sms-verification").await.status, 200);
        holder.lets_go().await;
        let metrics = portal.get("/metrics").await.text;
        for counted in [
            r#"heyan_submissions_total{form="verification",outcome="try_again"} 1"#,
            r#"heyan_submissions_total{form="link",outcome="try_again"} 1"#,
            r#"heyan_submissions_total{form="resend",outcome="try_again"} 1"#,
            r#"heyan_submissions_total{form="progress",outcome="try_again"} 1"#,
        ] {
            assert!(metrics.contains(counted), "{counted}\n{metrics}");
        }
        // nothing of it was counted, and nothing is lost
        let verified = portal.verify(GANSU, &code, &who.phone, who.tail()).await;
        assert_eq!(told(&verified), (200, Some("verified_all")));
        let metrics = portal.get("/metrics").await.text;
        assert!(metrics.contains(r#"heyan_events_total{event="filing_request.handed_over"} 1"#), "{metrics}");
        assert!(metrics.contains(r#"{form="verification",outcome="verified_all"} 1"#), "{metrics}");
        assert!(!metrics.contains("verification.resent"), "{metrics}");
    }

    async fn gone(engine) {
        let (portal, who, code, link) = filed(engine).await;
        match engine {
            Engine::Sqlite => {
                let folder = portal.world.scratch.folder.as_ref().unwrap();
                std::fs::remove_dir_all(folder.path()).unwrap();
            }
            Engine::Postgres => {
                let (server, name) = portal.world.scratch.url.rsplit_once('/').unwrap();
                let mut admin = PgConnection::connect(&format!("{server}/postgres")).await.unwrap();
                let drop = format!("DROP DATABASE {name} WITH (FORCE)");
                admin.execute(sqlx::AssertSqlSafe(drop)).await.unwrap();
            }
        }
        for form in [
            portal.verify(GANSU, &code, &who.phone, who.tail()).await,
            portal.resend(GANSU, &who.phone, who.tail()).await,
        ] {
            assert_eq!(told(&form), (200, Some("try_again")), "{}", form.text);
        }
        assert_eq!(query(&portal, &who.phone).await.status, 503);
        let filed = portal.api(Method::GET, "/filing-requests", "").await;
        assert_eq!(filed.status, 503);
        assert!(filed.text.contains("urn:heyan:problem:unavailable"), "{}", filed.text);
        // what SQLite has open it can still read, once that has come back to the pool from the call before
        let expected = if engine == Engine::Sqlite { 200 } else { 503 };
        let mut page = portal.get(&link).await;
        for _ in 0..100 {
            if page.status == expected {
                break;
            }
            tokio::task::yield_now().await;
            page = portal.get(&link).await;
        }
        assert_eq!(page.status, expected, "{}", page.text);
    }
}

/// It was there when the link was opened, and is not when the answer is shown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locked_after_the_link_was_opened() {
    let (portal, who, code, link) = filed(Engine::Postgres).await;
    let mut holder = Holder::of(&portal.world).await;
    let (linked, ()) = tokio::join!(by_link(&portal, &link, &code, who.tail()), async {
        pg::somebody_waits_for_a_lock(&portal.world.scratch.url).await;
        holder
            .locks("LOCK TABLE verifications IN ACCESS EXCLUSIVE MODE")
            .await;
    });
    assert_eq!(told(&linked), (200, Some("try_again")), "{}", linked.text);
    assert!(linked.text.contains("138****0001"));
    holder.lets_go().await;
    let verified = by_link(&portal, &link, &code, who.tail()).await;
    assert_eq!(told(&verified), (200, Some("verified_all")));
}

/// Events of an attempt that collided are not counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_undone_is_not_counted() {
    let world = World::new(Engine::Postgres, NOW).await;
    let who = Who::number(1);
    world
        .file(filing(GANSU, FilingKind::NewSite, None, &[who.json()]))
        .await;
    let posts = (0..12).map(|_| world.verify(Some(GANSU), "000000", &who.phone, who.tail()));
    futures_util::future::join_all(posts).await;
    let metrics = world.services.metrics.render();
    let counted = metrics.lines().find_map(|line| {
        line.strip_prefix("heyan_events_total{event=\"verification.wrong_try\"} ")
    });
    let mut tx = world.services.db.read().await.unwrap();
    let Tx::Postgres(server) = &mut tx else {
        panic!()
    };
    let (logged,): (i64,) =
        sqlx::query_as("SELECT COUNT(*) FROM events WHERE type = 'verification.wrong_try'")
            .fetch_one(&mut **server)
            .await
            .unwrap();
    assert_eq!(counted.map(str::parse), Some(Ok(logged)), "{metrics}");
}
