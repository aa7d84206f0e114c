//! Past a limit: 429 with Retry-After, and nobody locked out.

use heyan::{
    flow::{Limits, Services, Settings},
    store::Engine,
};
use reqwest::Method;
use std::sync::Arc;

use super::{IN_2021, one};
use crate::{
    app::{App, FORM, Page, encoded},
    world::Who,
};

const VERIFY: &str = "/gansu/sms-verification";

fn limited(services: &mut Services) {
    services.settings = Arc::new(Settings {
        limits: Limits::default(),
        ..(*services.settings).clone()
    });
}

/// Posts a form from an address, as a trusted proxy reports it.
async fn from(app: &App, address: &str, code: &str, phone: &str, tail: &str) -> Page {
    let id = app.get(VERIFY).await.captcha_id();
    let answer = app.answer(&id);
    let fields = [
        ("sms_code", code),
        ("phone", phone),
        ("id_tail", tail),
        ("captcha_id", &id),
        ("captcha_answer", &answer),
    ];
    let request = app
        .request(Method::POST, VERIFY)
        .header("content-type", FORM);
    Page::of(
        request
            .header("x-forwarded-for", address)
            .body(encoded(&fields)),
    )
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn junk_from_many_addresses_learns_nothing_and_the_owner_still_verifies() {
    let app = App::with(Engine::Sqlite, IN_2021, limited, |_| {}).await;
    let wang = Who::number(1);
    app.world.file(one(&wang)).await;
    for n in 0..30 {
        let junk = from(
            &app,
            &format!("198.51.100.{n}"),
            &format!("{n:06}"),
            &wang.phone,
            "ZZZZZZ",
        )
        .await;
        if n < 10 {
            assert_eq!(
                (junk.status, junk.outcome().as_str()),
                (200, "not_found"),
                "{n}"
            );
        } else {
            assert_eq!(junk.status, 429, "{n}");
            assert!(junk.body.contains("操作过于频繁"));
            let seconds: u64 = junk.header("retry-after").parse().unwrap();
            assert!((1..=3600).contains(&seconds));
            // the form stays, with the phone alone
            assert!(junk.texts("title")[0].starts_with("操作过于频繁 - "));
            assert_eq!(junk.typed("phone"), wang.phone);
            assert_eq!(
                (junk.typed("sms_code"), junk.typed("id_tail")),
                Default::default()
            );
            assert!(app.answer(&junk.captcha_id()).len() >= 5);
            assert_eq!(junk.outcome(), "");
        }
    }
    let code = app.world.code(&wang.phone).await;
    let owner = from(&app, "203.0.113.1", &code, &wang.phone, wang.tail()).await;
    assert_eq!(
        (owner.status, owner.outcome().as_str()),
        (200, "verified_all")
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_form_says_how_long_to_wait_and_stays() {
    let one_an_address = |services: &mut Services| {
        services.settings = Arc::new(Settings {
            limits: Limits {
                per_address_per_10_minutes: 1,
                ..Limits::default()
            },
            ..(*services.settings).clone()
        });
    };
    let app = App::with(Engine::Sqlite, IN_2021, one_an_address, |_| {}).await;
    let wang = Who::number(1);
    app.world.file(one(&wang)).await;
    let link = app.world.messages().await.remove(0).link.unwrap();
    let link = link.strip_prefix("http://127.0.0.1:8080").unwrap();
    let phone = ("phone", "13900000000");
    let (code, tail) = (("sms_code", "000000"), ("id_tail", "ZZZZZZ"));
    app.fill("/progress", &[("request_id", "ORDER-1"), phone])
        .await;
    for (path, fields) in [
        (VERIFY, &[code, phone, tail][..]),
        ("/sms-verification", &[code, phone, tail]),
        ("/gansu/sms-resend", &[phone, tail]),
        ("/progress", &[("request_id", "ORDER-1"), phone]),
        (link, &[code, tail]),
    ] {
        let refused = app.fill(path, fields).await;
        assert_eq!(refused.status, 429, "{path}");
        let seconds: u64 = refused.header("retry-after").parse().unwrap();
        assert!(
            refused
                .body
                .contains(&format!("请在{seconds}秒后再试。不影响核验截止时间。")),
            "{path}"
        );
        assert_eq!(refused.attribute("main form", "action").unwrap(), path);
        assert!(app.answer(&refused.captcha_id()).len() >= 5, "{path}");
        assert!(!refused.body.contains("ZZZZZZ") && !refused.body.contains("ORDER-1"));
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_past_its_limit_is_refused_outright() {
    let app = App::with(Engine::Sqlite, IN_2021, limited, |_| {}).await;
    for n in 0..60 {
        let junk = from(
            &app,
            "2001:db8:1:2::1",
            "123456",
            &format!("139{n:08}"),
            "ZZZZZZ",
        )
        .await;
        assert_eq!(junk.status, 200, "{n}");
    }
    // of the same /64
    let refused = from(
        &app,
        "2001:db8:1:2:ffff::9",
        "123456",
        "13900000099",
        "ZZZZZZ",
    )
    .await;
    assert_eq!(refused.status, 429);
    assert!(!refused.header("retry-after").is_empty());
    // what the client itself put in front is not believed
    let forged = from(
        &app,
        "203.0.113.9, 2001:db8:1:2::1",
        "123456",
        "13900000099",
        "ZZZZZZ",
    )
    .await;
    assert_eq!(forged.status, 429);
    // looking is free
    assert_eq!(app.get(VERIFY).await.status, 200);
    let neighbour = from(&app, "2001:db8:1:3::1", "123456", "13900000099", "ZZZZZZ").await;
    assert_eq!(neighbour.status, 200);
    app.stop().await;
}
