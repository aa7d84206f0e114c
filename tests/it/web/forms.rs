//! What is typed into forms: judged first, kept when asked again, and a captcha good for one submission.

use chrono::TimeDelta;
use heyan::store::Engine;
use reqwest::Method;

use super::{IN_2021, one};
use crate::{
    app::{App, FORM, Page},
    world::Who,
};

const VERIFY: &str = "/gansu/sms-verification";

async fn filed() -> (App, Who, String) {
    let app = App::new(Engine::Sqlite, IN_2021).await;
    let wang = Who::number(1);
    app.world.file(one(&wang)).await;
    let code = app.world.code(&wang.phone).await;
    (app, wang, code)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_are_judged_all_at_once_and_what_was_typed_is_kept() {
    let (app, wang, code) = filed().await;
    let id = app.get(VERIFY).await.captcha_id();
    let answer = app.answer(&id);
    let fields = |code: &str, phone: &str, tail: &str| {
        let pairs = [
            ("sms_code", code),
            ("phone", phone),
            ("id_tail", tail),
            ("captcha_id", &id),
            ("captcha_answer", &answer),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let post = async |typed: [(String, String); 5]| {
        let typed: Vec<_> = typed
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        app.post(VERIFY, &typed).await
    };
    let empty = post(fields("", " ", "")).await;
    assert_eq!(empty.status, 422);
    assert_eq!(empty.error("sms_code"), "短信验证码不能为空");
    assert_eq!(empty.error("phone"), "手机号不能为空");
    assert_eq!(empty.error("id_tail"), "证件号码后六位不能为空");
    assert!(empty.texts("title")[0].starts_with("错误："));
    assert_eq!(empty.header("cache-control"), "no-store");

    let malformed = post(fields("12345", "1380013800a", "12 45")).await;
    assert_eq!(malformed.status, 422);
    assert_eq!(malformed.error("sms_code"), "短信验证码为6位数字");
    assert_eq!(malformed.error("phone"), "请输入正确的手机号");
    assert_eq!(malformed.error("id_tail"), "请输入证件号码后六位");
    assert_eq!(malformed.typed("phone"), "1380013800a");
    assert_eq!(malformed.typed("sms_code"), "12345");
    let described = malformed
        .attribute("input#phone", "aria-describedby")
        .unwrap();
    assert!(
        described.split(' ').any(|id| id == "phone-error"),
        "{described}"
    );

    let nul = post(fields("123456", "138\u{0}00138000", "12345X")).await;
    assert_eq!(nul.status, 422);
    assert_eq!(nul.typed("phone"), "13800138000");
    assert!(!nul.body.contains('\u{0}'));
    assert!(!nul.error("phone").is_empty());

    // none of these has used the captcha up
    let done = post(fields(&code, &wang.phone, wang.tail())).await;
    assert_eq!(
        (done.status, done.outcome().as_str()),
        (200, "verified_all")
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_captcha_is_good_for_one_submission_and_the_same_post_reads_the_same() {
    let (app, wang, code) = filed().await;
    let id = app.get(VERIFY).await.captcha_id();
    let answer = app.answer(&id);
    let post = async |tail: &str, answer: &str| {
        app.post(
            VERIFY,
            &[
                ("sms_code", &code),
                ("phone", &wang.phone),
                ("id_tail", tail),
                ("captcha_id", &id),
                ("captcha_answer", answer),
            ],
        )
        .await
    };
    // an answer of nothing is none, and uses nothing up
    let none = post("ZZZZZZ", " - ").await;
    assert_eq!(
        (none.status, none.error("captcha_answer")),
        (422, "请完成图形验证".into())
    );
    let first = post("ZZZZZZ", &answer).await;
    assert!(first.body.contains("还可以再试4次"));
    // a double tap: the same answer, in whichever case, and nothing more is counted
    let again = post("ZZZZZZ", &answer.to_lowercase()).await;
    assert_eq!((again.status, again.outcome()), (200, "wrong".into()));
    assert!(again.body.contains("还可以再试4次"));
    // other fields: the captcha is gone
    let other = post(wang.tail(), &answer).await;
    assert_eq!(
        (other.status, other.error("captcha_answer")),
        (422, "图形验证已过期，请重新验证".into())
    );
    assert_ne!(other.captcha_id(), id);
    assert_eq!(other.typed("sms_code"), code);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn captchas_that_do_not_let_pass() {
    const EXPIRED: &str = "图形验证已过期，请重新验证";
    let (app, wang, code) = filed().await;
    let post = async |id: &str, answer: &str| {
        app.post(
            VERIFY,
            &[
                ("sms_code", &code),
                ("phone", &wang.phone),
                ("id_tail", wang.tail()),
                ("captcha_id", id),
                ("captcha_answer", answer),
            ],
        )
        .await
    };
    let fresh = async |path: &str| app.get(path).await.captcha_id();
    // unanswered
    let unanswered = post(&fresh(VERIFY).await, " ").await;
    assert_eq!(
        (unanswered.status, unanswered.error("captcha_answer")),
        (422, "请完成图形验证".into())
    );
    // wrong: used up with it
    let id = fresh(VERIFY).await;
    let wrong = post(&id, "00000").await;
    assert_eq!(
        (wrong.status, wrong.error("captcha_answer")),
        (422, "图形验证错误，请重新验证".into())
    );
    let right = post(&id, &app.answer(&id)).await;
    assert_eq!(
        (right.status, right.error("captcha_answer")),
        (422, EXPIRED.into())
    );
    // another form's, another bureau's, none of ours
    for path in [
        "/gansu/sms-resend",
        "/zhejiang/sms-verification",
        "/sms-verification",
        "/gansu/progress",
    ] {
        let id = fresh(path).await;
        let other = post(&id, &app.answer(&id)).await;
        assert_eq!(
            (other.status, other.error("captcha_answer")),
            (422, EXPIRED.into()),
            "{path}"
        );
    }
    assert_eq!(post("forged", "AAAAA").await.status, 422);
    // twenty minutes are too late
    let id = fresh(VERIFY).await;
    let answer = app.answer(&id);
    app.world.set(app.world.now() + TimeDelta::minutes(20));
    let late = post(&id, &answer).await;
    assert_eq!(
        (late.status, late.error("captcha_answer")),
        (422, EXPIRED.into())
    );
    let id = fresh(VERIFY).await;
    let answer = app.answer(&id);
    app.world
        .set(app.world.now() + TimeDelta::milliseconds(20 * 60 * 1000 - 1));
    assert_eq!(post(&id, &answer).await.outcome(), "verified_all");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_picture_with_and_without_a_script() {
    let (app, _, _) = filed().await;
    let page = app
        .post(
            VERIFY,
            &[
                ("sms_code", "12"),
                ("phone", "138"),
                ("refresh", "1"),
                ("captcha_id", "x"),
            ],
        )
        .await;
    assert_eq!(
        (page.status, page.typed("sms_code"), page.typed("phone")),
        (200, "12".into(), "138".into())
    );
    assert!(page.error("sms_code").is_empty());

    let renewed = app
        .post("/captcha", &[("form", "verification"), ("bureau", "gansu")])
        .await;
    assert_eq!(renewed.status, 200);
    let renewed: serde_json::Value = serde_json::from_str(&renewed.body).unwrap();
    let id = renewed["captcha_id"].as_str().unwrap();
    assert_eq!(renewed["expires_in"], 1200);
    let picture = app.get(renewed["image"].as_str().unwrap()).await;
    assert_eq!(
        (picture.status, picture.header("content-type")),
        (200, "image/png")
    );
    let sound = app.get(renewed["sound"].as_str().unwrap()).await;
    assert_eq!(
        (sound.status, sound.header("content-type")),
        (200, "audio/wav")
    );
    let part = async |range: &str| {
        let asked = app.request(Method::GET, renewed["sound"].as_str().unwrap());
        let asked = asked
            .header("range", range)
            .header("accept-encoding", "gzip");
        Page::of(asked).await
    };
    let length: u64 = sound.header("content-length").parse().unwrap();
    let first = part("bytes=0-1").await;
    assert_eq!((first.status, first.body.as_str()), (206, "RI"));
    assert_eq!(first.header("content-range"), format!("bytes 0-1/{length}"));
    let rest = part("bytes=44-").await;
    assert_eq!(
        rest.header("content-range"),
        format!("bytes 44-{}/{length}", length - 1)
    );
    assert_eq!(rest.header("content-length"), (length - 44).to_string());
    for whole in ["bytes=0-1,4-5", "lines=1-2", "bytes=9999999-"] {
        let told = part(whole).await;
        assert_eq!(
            (told.status, told.header("accept-ranges")),
            (200, "bytes"),
            "{whole}"
        );
    }
    assert_eq!(app.answer(id).len(), 7);
    assert_eq!(app.get("/captcha/forged.png").await.status, 404);
    assert_eq!(
        app.post("/captcha", &[("form", "nothing")]).await.status,
        400
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_are_no_forms() {
    let (app, _, _) = filed().await;
    let post = async |content_type: &str, body: Vec<u8>| {
        let request = app
            .request(Method::POST, VERIFY)
            .header("content-type", content_type);
        Page::of(request.body(body)).await
    };
    let large = post(FORM, vec![b'a'; 10 * 1024 * 1024]).await;
    assert_eq!(large.status, 413);
    assert!(large.body.contains("<html lang=\"zh-CN\">"));
    // no UTF-8: no digits either
    let latin = post(FORM, b"sms_code=%ff%fe&phone=\xff".to_vec()).await;
    assert!(matches!(latin.status, 400 | 422), "{}", latin.status);
    assert!(latin.body.contains("lang=\"zh-CN\""));
    let json = post("application/json", b"{}".to_vec()).await;
    assert_eq!(json.status, 415);
    let twice = post(FORM, b"phone=1&phone=2".to_vec()).await;
    assert_eq!(twice.status, 400);
    app.stop().await;
}
