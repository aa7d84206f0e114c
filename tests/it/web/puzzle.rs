//! The puzzle that a script opens: tried once, proved once, for its own form alone; harder after failures.

use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::future::join_all;
use heyan::{
    captcha::Kind,
    flow::{Limits, Services, Settings},
    store::Engine,
};
use serde_json::Value;

use super::{IN_2021, one};
use crate::{
    app::{App, Page},
    world::{Who, on_engines},
};

const VERIFY: &str = "/gansu/sms-verification";
const EXPIRED: &str = "图形验证已过期，请重新验证";

async fn filed(engine: Engine) -> (App, Who, String) {
    let app = App::new(engine, IN_2021).await;
    let wang = Who::number(1);
    app.world.file(one(&wang)).await;
    let code = app.world.code(&wang.phone).await;
    (app, wang, code)
}

fn json(page: &Page) -> Value {
    serde_json::from_str(&page.body).unwrap()
}

/// What a script asks for.
async fn open(app: &App, form: &str, bureau: &str) -> Value {
    let page = app
        .post(
            "/captcha",
            &[("kind", "puzzle"), ("form", form), ("bureau", bureau)],
        )
        .await;
    assert_eq!(page.status, 200);
    json(&page)
}

/// Puts the piece there by a tap.
async fn put(app: &App, id: &str, position: u32) -> Page {
    let trail = format!("t1500,{position}");
    let fields = [
        ("captcha_id", id),
        ("position", &position.to_string()),
        ("trail", &trail),
    ];
    app.post("/captcha/puzzle", &fields).await
}

async fn prove(app: &App, form: &str, bureau: &str) -> String {
    let id = open(app, form, bureau).await["captcha_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let page = put(app, &id, app.answer(&id).parse().unwrap()).await;
    assert_eq!(page.status, 200, "{}", page.body);
    json(&page)["captcha_id"].as_str().unwrap().to_owned()
}

async fn verify(app: &App, who: &Who, code: &str, proof: &str) -> Page {
    let fields = [
        ("sms_code", code),
        ("phone", &who.phone),
        ("id_tail", who.tail()),
        ("captcha_id", proof),
        ("captcha_answer", ""),
    ];
    app.post(VERIFY, &fields).await
}

on_engines! {
    async fn solved_it_answers_its_form_once(engine) {
        let (app, wang, code) = filed(engine).await;
        let proof = prove(&app, "verification", "gansu").await;
        let wrong = verify(&app, &wang, &crate::world::other_than(std::slice::from_ref(&code)), &proof).await;
        assert_eq!((wrong.status, wrong.outcome()), (200, "wrong".into()));
        let replayed = verify(&app, &wang, &code, &proof).await;
        assert_eq!((replayed.status, replayed.error("captcha_answer")), (422, EXPIRED.into()));
        let proof = prove(&app, "verification", "gansu").await;
        let done = verify(&app, &wang, &code, &proof).await;
        assert_eq!((done.status, done.outcome()), (200, "verified_all".into()));
        // a double tap reads the same
        let again = verify(&app, &wang, &code, &proof).await;
        assert_eq!((again.status, again.outcome()), (200, "verified_all".into()));
        app.stop().await;
    }

    async fn a_position_is_tried_once(engine) {
        let (app, _, _) = filed(engine).await;
        let id = open(&app, "verification", "gansu").await["captcha_id"].as_str().unwrap().to_owned();
        let right: u32 = app.answer(&id).parse().unwrap();
        let wrong = put(&app, &id, right - 30).await;
        assert_eq!((wrong.status, json(&wrong)["problem"].as_str()), (422, Some("wrong")));
        let late = put(&app, &id, right).await;
        assert_eq!((late.status, json(&late)["problem"].as_str()), (422, Some("expired")));
        // nor does a right one give a second proof; and many at once give one
        let id = open(&app, "verification", "gansu").await["captcha_id"].as_str().unwrap().to_owned();
        let right: u32 = app.answer(&id).parse().unwrap();
        let tries = join_all((0..20).map(|n| put(&app, &id, right + n % 3))).await;
        assert_eq!(tries.iter().filter(|page| page.status == 200).count(), 1);
        app.stop().await;
    }

    async fn a_hundred_uses_of_one_proof_are_one(engine) {
        let (app, wang, code) = filed(engine).await;
        let proof = prove(&app, "verification", "gansu").await;
        let codes = (0..).map(|n| format!("{n:06}")).filter(|guess| *guess != code).take(100);
        let uses = codes.map(|guess| {
            let (app, wang, proof) = (&app, &wang, &proof);
            async move { verify(app, wang, &guess, proof).await }
        });
        let pages = join_all(uses).await;
        let judged = pages.iter().filter(|page| page.status == 200).count();
        assert_eq!(judged, 1);
        assert!(pages.iter().all(|page| page.status == 200 || page.error("captcha_answer") == EXPIRED));
        assert_eq!(app.world.number("SELECT CAST(SUM(wrong_tries) AS BIGINT) FROM verifications").await, 1);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proofs_and_puzzles_that_do_not_let_pass() {
    let (app, wang, code) = filed(Engine::Sqlite).await;
    let refused = async |proof: &str| {
        let page = verify(&app, &wang, &code, proof).await;
        assert_eq!(
            (page.status, page.error("captcha_answer")),
            (422, EXPIRED.into()),
            "{proof}"
        );
    };
    for (form, bureau) in [
        ("resend", "gansu"),
        ("verification", "zhejiang"),
        ("verification", ""),
        ("link", "gansu"),
    ] {
        refused(&prove(&app, form, bureau).await).await;
    }
    let proof = prove(&app, "verification", "gansu").await;
    let mut altered = proof.clone();
    altered.replace_range(10..11, if &proof[10..11] == "A" { "B" } else { "A" });
    refused(&altered).await;
    // the puzzle itself is no proof
    let id = open(&app, "verification", "gansu").await["captcha_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let missing = verify(&app, &wang, &code, &id).await;
    assert_eq!(missing.error("captcha_answer"), "请完成图形验证");
    refused(&format!("s{}", &id[1..])).await;
    // twenty minutes from the drawing, not from the solving
    app.world.set(app.world.now() + TimeDelta::minutes(20));
    let late = put(&app, &id, app.answer(&id).parse().unwrap()).await;
    assert_eq!(json(&late)["problem"], "expired");
    refused(&proof).await;
    // no trail, no number, another method, none of ours
    for fields in [
        [("captcha_id", &*id), ("position", "1"), ("trail", "")],
        [("captcha_id", &id), ("position", "-1"), ("trail", "t900,1")],
    ] {
        assert_eq!(app.post("/captcha/puzzle", &fields).await.status, 400);
    }
    assert_eq!(app.get("/captcha/puzzle").await.status, 405);
    assert_eq!(json(&put(&app, "forged", 100).await)["problem"], "expired");
    assert_eq!(app.get(&format!("/captcha/{id}.wav")).await.status, 404);
    assert_eq!(app.get(&format!("/captcha/{proof}.png")).await.status, 404);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_make_it_harder_and_never_a_dead_end() {
    let app = App::with(Engine::Sqlite, IN_2021, limited, |_| {}).await;
    let wang = Who::number(1);
    app.world.file(one(&wang)).await;
    let captchas = &app.world.services.captchas;
    let level = |page: &Page| captchas.open(&page.captcha_id()).unwrap().level();
    // for a phone: on the page that follows
    let junk = [
        ("sms_code", "000000"),
        ("phone", &wang.phone),
        ("id_tail", "QQQQQQ"),
    ];
    let mut levels = Vec::new();
    for _ in 0..6 {
        levels.push(level(&app.fill(VERIFY, &junk).await));
    }
    assert_eq!(levels, [0, 1, 1, 2, 2, 3]);
    // a puzzle in its place is no easier
    let hard = app.fill(VERIFY, &junk).await.captcha_id();
    let asked = [
        ("kind", "puzzle"),
        ("form", "verification"),
        ("bureau", "gansu"),
        ("captcha_id", &hard),
    ];
    let puzzle = json(&app.post("/captcha", &asked).await);
    let puzzle = captchas.open(puzzle["captcha_id"].as_str().unwrap());
    assert_eq!(puzzle.unwrap().level(), 3);
    assert_eq!(level(&app.get(VERIFY).await), 0);
    // for an address: wrong puzzles count too
    for _ in 0..5 {
        let id = open(&app, "verification", "gansu").await["captcha_id"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_eq!(put(&app, &id, 1).await.status, 422);
    }
    assert_eq!(level(&app.get(VERIFY).await), 1);
    // and the owner still verifies
    let code = app.world.code(&wang.phone).await;
    let done = app
        .fill(
            VERIFY,
            &[
                ("sms_code", &code),
                ("phone", &wang.phone),
                ("id_tail", wang.tail()),
            ],
        )
        .await;
    assert_eq!(done.outcome(), "verified_all");
    // past its limit an address tries no puzzles
    for _ in 0..60 {
        put(&app, "forged", 1).await;
    }
    let refused = put(&app, "forged", 1).await;
    assert_eq!(refused.status, 429);
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    app.stop().await;
}

fn limited(services: &mut Services) {
    services.settings = Arc::new(Settings {
        limits: Limits::default(),
        ..(*services.settings).clone()
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_province_may_have_the_image_alone() {
    let app = App::with(
        Engine::Sqlite,
        IN_2021,
        |_| {},
        |site| {
            site.captchas
                .but
                .insert(Some(heyan::domain::province::Province::Gansu), true);
        },
    )
    .await;
    assert!(!app.get(VERIFY).await.body.contains("<template>"));
    assert!(
        app.get("/zhejiang/sms-verification")
            .await
            .body
            .contains("点击获取拼图验证")
    );
    assert!(
        app.get("/zhejiang/sms-resend")
            .await
            .body
            .contains("点击完成拼图验证")
    );
    let asked = [
        ("kind", "puzzle"),
        ("form", "verification"),
        ("bureau", "gansu"),
    ];
    assert_eq!(app.post("/captcha", &asked).await.status, 400);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sandbox_tells_place_and_proof() {
    let (app, wang, code) = filed(Engine::Sqlite).await;
    let id = open(&app, "verification", "gansu").await["captcha_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let told = json(&app.get(&format!("/sandbox/api/captcha/{id}")).await);
    assert_eq!(told["answer"], app.answer(&id));
    let proof = told["proof"].as_str().unwrap();
    assert_eq!(
        app.world.services.captchas.open(proof).unwrap().kind(),
        Kind::Proof
    );
    assert_eq!(
        verify(&app, &wang, &code, proof).await.outcome(),
        "verified_all"
    );
    app.stop().await;
}
