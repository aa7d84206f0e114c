//! Who is let in, and the headers with which every answer leaves.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use chrono::{DateTime, Utc};
use heyan::{clock::Pace, store::Engine};
use reqwest::Method;

use super::IN_2021;
use crate::app::{App, FORM, Page, encoded};

async fn app() -> App {
    App::new(Engine::Sqlite, IN_2021).await
}

/// What a raw request is answered, up to and with a text in it.
fn answered(base: &str, request: &str, until: &str) -> String {
    let mut stream = TcpStream::connect(base.trim_start_matches("http://")).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let (mut answer, mut part) = (String::new(), [0; 16 * 1024]);
    while !answer.contains(until) {
        match stream.read(&mut part).unwrap() {
            0 => break,
            read => answer.push_str(&String::from_utf8_lossy(&part[..read])),
        }
    }
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_does_not_arrive_is_told_so() {
    let within = Duration::from_millis(200);
    let app = App::with(
        Engine::Sqlite,
        IN_2021,
        |_| {},
        |site| site.body_within = within,
    )
    .await;
    for (path, kind, told) in [
        ("/gansu/sms-verification", FORM, "提交超时"),
        (
            "/sandbox/api/providers",
            "application/json",
            "body-too-slow",
        ),
    ] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\ncontent-length: 9\r\n\r\n{{"
        );
        let base = app.base.clone();
        let answer = tokio::task::spawn_blocking(move || answered(&base, &head, told));
        let answer = answer.await.unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 408 ") && answer.contains(told),
            "{answer}"
        );
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_are_an_exact_list() {
    let app = app().await;
    let get = async |path: &str, host: &str| {
        Page::of(app.request(Method::GET, path).header("host", host)).await
    };
    for host in [
        "beian.example.cn",
        "BEIAN.example.cn:443",
        "localhost",
        "127.0.0.1:9",
        "[::1]:8080",
    ] {
        assert_eq!(get("/", host).await.status, 200, "{host}");
    }
    for host in [
        "evil.example",
        "beian.example.cn.evil.example",
        "xbeian.example.cn",
        "192.0.2.1",
    ] {
        let refused = get("/", host).await;
        assert_eq!(refused.status, 421, "{host}");
        assert!(!refused.body.contains(host));
        assert_eq!(get("/healthz", host).await.status, 200);
    }
    // a bureau's own host opens that bureau
    let own = get("/", "gscainfo.example.cn").await;
    assert!(own.texts("title")[0].contains("甘肃省通信管理局"));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn production_answers_to_no_loopback_name_and_has_no_ribbon() {
    let app = App::with(
        Engine::Sqlite,
        IN_2021,
        |_| {},
        |site| {
            site.sandbox = false;
            site.https = true;
            site.public_metrics = false;
        },
    )
    .await;
    assert_eq!(app.get("/").await.status, 421);
    let get = async |path: &str| {
        Page::of(
            app.request(Method::GET, path)
                .header("host", "beian.example.cn"),
        )
        .await
    };
    let home = get("/").await;
    assert_eq!(home.status, 200);
    assert!(!home.body.contains("演示"));
    assert_eq!(home.header("strict-transport-security"), "max-age=31536000");
    assert_eq!(home.header("x-robots-tag"), "");
    for path in [
        "/sandbox",
        "/sandbox/api/clock",
        "/sandbox/api/messages",
        "/metrics",
    ] {
        assert_eq!(get(path).await.status, 404, "{path}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_are_taken_from_our_own_pages() {
    let app = app().await;
    let post = async |headers: &[(&str, &str)]| {
        let mut request = app
            .request(Method::POST, "/gansu/sms-verification")
            .header("content-type", FORM);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Page::of(request.body(encoded(&[("phone", "1")])))
            .await
            .status
    };
    for (headers, status) in [
        (&[("sec-fetch-site", "same-origin")][..], 422),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("sec-fetch-site", "same-site")], 403),
        (&[("sec-fetch-site", "none")], 403),
        (&[("origin", "https://beian.example.cn")], 422),
        (&[("origin", "https://evil.example")], 403),
        (&[("origin", "null")], 403),
        (
            &[("sec-fetch-site", "same-origin"), ("origin", "null")],
            422,
        ),
        (&[], 422),
        (&[("cookie", "a=b")], 403),
    ] {
        assert_eq!(post(headers).await, status, "{headers:?}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_with_its_key_may_come_from_anywhere() {
    let app = app().await;
    let post = async |path: &str| {
        let request = app.request(Method::POST, path);
        Page::of(request.header("origin", "https://evil.example"))
            .await
            .status
    };
    assert_eq!(post("/api/v1/filing-requests").await, 401);
    // the sandbox's own calls need no key
    assert_eq!(post("/sandbox/api/reset").await, 403);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_leaves_with_its_headers() {
    let app = app().await;
    for path in [
        "/",
        "/gansu",
        "/gansu/sms-verification",
        "/help",
        "/privacy",
        "/nothing",
        "/v/nothing",
        "/healthz",
        "/api/v1/nothing",
    ] {
        let page = app.get(path).await;
        let policy = page.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"));
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(page.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(
            page.header("cross-origin-opener-policy"),
            "same-origin",
            "{path}"
        );
        assert_eq!(page.header("x-robots-tag"), "noindex, nofollow", "{path}");
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
        assert_eq!(page.header("x-request-id").len(), 16, "{path}");
        assert!(!page.headers.contains_key("set-cookie"), "{path}");
        assert!(
            !page.headers.contains_key("server")
                && !page.headers.contains_key("access-control-allow-origin")
        );
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_ends_one_request_and_is_told_as_a_page() {
    let app = app().await;
    // no captcha can be given an end after the end of time
    let end = Pace::Still(DateTime::<Utc>::MAX_UTC);
    app.world.services.clock.set(end);
    let broken = app.get("/gansu/sms-verification").await;
    assert_eq!(broken.status, 500);
    let id = broken.header("x-request-id");
    assert_eq!(id.len(), 16);
    assert!(broken.body.contains("系统暂时无法处理") && broken.body.contains(id));
    assert!(broken.texts("header")[0].contains("甘肃省通信管理局"));
    assert_eq!(broken.header("cache-control"), "no-store");
    assert!(!broken.header("content-security-policy").is_empty());
    assert_eq!(app.get("/gansu").await.status, 200);
    let metrics = app.get("/metrics").await.body;
    assert!(metrics.contains("status=\"500\"} 1"), "{metrics}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sandbox_beyond_loopback_asks_for_its_password() {
    let app = App::with(
        Engine::Sqlite,
        IN_2021,
        |_| {},
        |site| {
            site.password = Some("nine lives of a cat".into());
        },
    )
    .await;
    for path in [
        "/",
        "/gansu/sms-verification",
        "/readyz",
        "/metrics",
        "/sandbox",
        "/captcha/x.png",
    ] {
        let asked = app.get(path).await;
        assert_eq!(asked.status, 401, "{path}");
        assert_eq!(
            asked.attribute("form", "action").unwrap(),
            "/sandbox/password"
        );
    }
    let api = app.get("/api/v1/filing-requests").await;
    assert_eq!(
        (api.status, api.header("content-type")),
        (401, "application/problem+json")
    );
    assert_eq!(app.get("/healthz").await.status, 200);
    let wrong = app
        .post(
            "/sandbox/password",
            &[("password", "cat"), ("next", "/gansu")],
        )
        .await;
    assert_eq!(
        (wrong.status, wrong.headers.contains_key("set-cookie")),
        (401, false)
    );
    let right = app
        .post(
            "/sandbox/password",
            &[("password", "nine lives of a cat"), ("next", "/gansu")],
        )
        .await;
    assert_eq!((right.status, right.header("location")), (303, "/gansu"));
    let cookie = right.header("set-cookie").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"));
    let value = cookie.split(';').next().unwrap().to_owned();
    let with = async |cookie: &str| {
        Page::of(app.request(Method::GET, "/gansu").header("cookie", cookie))
            .await
            .status
    };
    assert_eq!(with(&value).await, 200);
    assert_eq!(with(&format!("{value}x")).await, 401);
    assert_eq!(with("heyan_sandbox=99999999999999.AAAA").await, 401);
    let elsewhere = app
        .post(
            "/sandbox/password",
            &[
                ("password", "nine lives of a cat"),
                ("next", "//evil.example"),
            ],
        )
        .await;
    assert_eq!(elsewhere.header("location"), "/");
    let program = app
        .request(Method::GET, "/gansu")
        .header("x-sandbox-password", "nine lives of a cat");
    assert_eq!(Page::of(program).await.status, 200);
    app.stop().await;
}
