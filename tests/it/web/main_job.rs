//! The main job as people do it: SMS, form, captcha, sentence; by the bureau's page, the national one and the link.

use heyan::{
    domain::{
        province::Province,
        words::{FilingKind, RequestState},
    },
    store::Engine,
};

use super::{IN_2021, one, two};
use crate::{
    app::App,
    world::{Who, filing, on_engines},
};

on_engines! {
    async fn two_people_verify_and_the_request_is_handed_over(engine) {
        let app = App::new(engine, IN_2021).await;
        let (wang, li) = (Who::number(1), Who::number(2));
        let id = app.world.file(two(&wang, &li)).await.row.id;
        let code = app.world.code(&wang.phone).await;
        let first = app.fill("/gansu/sms-verification", &[
            ("sms_code", &code), ("phone", &wang.phone), ("id_tail", wang.tail()),
        ]).await;
        assert_eq!((first.status, first.outcome().as_str()), (200, "verified_waiting"));
        assert!(first.body.contains("尊敬的ICP用户：您的短信核验完成，请等待其他核验人进行短信核验。"));
        assert!(first.body.contains("共2人需要核验，已完成1人"));
        // full-width digits, a lower-case letter, spaces and a country code are read as they are meant
        let code = app.world.code(&li.phone).await;
        let wide: String = code.chars().map(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap()).collect();
        let second = app.fill("/sms-verification", &[
            ("sms_code", &wide),
            ("phone", &format!("+86 {} {}", &li.phone[..3], &li.phone[3..])),
            ("id_tail", &li.tail().to_lowercase()),
        ]).await;
        assert_eq!((second.status, second.outcome().as_str()), (200, "verified_all"));
        assert!(second.texts("title")[0].starts_with("核验完成 - "));
        assert_eq!(app.world.view(id).await.row.state, RequestState::HandedOver);
        app.stop().await;
    }

    async fn the_link_fills_in_bureau_and_phone(engine) {
        let app = App::new(engine, IN_2021).await;
        let wang = Who::number(1);
        let draft = filing(Province::Zhejiang, FilingKind::NewSite, None, &[wang.json()]);
        let id = app.world.file(draft).await.row.id;
        let message = app.world.messages().await.remove(0);
        let link = message.link.unwrap();
        let path = link.strip_prefix("http://127.0.0.1:8080").unwrap();
        let page = app.get(path).await;
        assert_eq!(page.status, 200);
        for told in ["浙江省通信管理局", "138****0001", "短信核验"] {
            assert!(page.body.contains(told), "{told}");
        }
        assert!(!page.body.contains(&wang.phone));
        assert!(page.texts("nav.tabs").is_empty());
        let done = app.fill(path, &[("sms_code", &message.code), ("id_tail", wang.tail())]).await;
        assert_eq!((done.status, done.outcome().as_str()), (200, "verified_all"));
        assert_eq!(app.world.view(id).await.row.state, RequestState::HandedOver);
        // it still opens, without a form, and it changed nothing
        let after = app.get(path).await;
        assert_eq!((after.status, after.attribute("form", "action")), (200, None));
        // purged: gone
        app.world.turn(app.world.now() + chrono::TimeDelta::days(181)).await;
        let gone = app.get(path).await;
        assert_eq!(gone.status, 404);
        assert!(gone.body.contains("链接无效"));
        app.stop().await;
    }

    async fn another_sms_and_the_form_for_its_code(engine) {
        let app = App::new(engine, IN_2021).await;
        let wang = Who::number(1);
        app.world.file(one(&wang)).await;
        let first = app.world.code(&wang.phone).await;
        let resent = app.fill("/gansu/sms-resend", &[("phone", &wang.phone), ("id_tail", wang.tail())]).await;
        assert_eq!((resent.status, resent.outcome().as_str()), (200, "resent"));
        assert!(resent.body.contains("已重发1次，共可重发2次"));
        assert_eq!(resent.attribute("main form", "action").unwrap(), "/gansu/sms-verification");
        // the phone is filled in already, nothing else is
        assert_eq!((resent.typed("phone"), resent.typed("sms_code")), (wang.phone.clone(), String::new()));
        app.world.settle().await;
        let second = app.world.code(&wang.phone).await;
        assert_ne!(first, second);
        // the first one is good still
        let done = app.fill("/gansu/sms-verification", &[
            ("sms_code", &first), ("phone", &wang.phone), ("id_tail", wang.tail()),
        ]).await;
        assert_eq!(done.outcome(), "verified_all");
        app.stop().await;
    }

    async fn how_far_a_request_is(engine) {
        let app = App::new(engine, IN_2021).await;
        let (wang, li) = (Who::number(1), Who::number(2));
        let id = app.world.file(two(&wang, &li)).await.row.id.to_string();
        for path in ["/progress", "/gansu/progress"] {
            let found = app.fill(path, &[("request_id", &id.to_lowercase()), ("phone", &li.phone)]).await;
            assert_eq!(found.status, 200);
            assert!(found.body.contains("138****0001") && found.body.contains("138****0002"), "{path}");
            assert!(!found.texts("main").concat().contains(&wang.phone));
            assert!(found.body.contains("<dd>2021年3月1日 10:00</dd>"), "{path}");
        }
        // any mismatch is the same
        for (path, id, phone) in [
            ("/progress", id.as_str(), "13900000000"),
            ("/zhejiang/progress", id.as_str(), li.phone.as_str()),
            ("/progress", "fr_01J00000000000000000000000", li.phone.as_str()),
            ("/progress", "ORDER-1", li.phone.as_str()),
        ] {
            let missing = app.fill(path, &[("request_id", id), ("phone", phone)]).await;
            assert_eq!((missing.status, missing.outcome().as_str()), (200, "not_found"), "{path} {id}");
        }
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_try_says_how_many_are_left_and_keeps_the_phone_alone() {
    let app = App::new(Engine::Sqlite, IN_2021).await;
    let wang = Who::number(1);
    app.world.file(one(&wang)).await;
    let code = app.world.code(&wang.phone).await;
    let wrong = app
        .fill(
            "/gansu/sms-verification",
            &[
                ("sms_code", code.as_str()),
                ("phone", &wang.phone),
                ("id_tail", "ZZZZZZ"),
            ],
        )
        .await;
    assert_eq!((wrong.status, wrong.outcome().as_str()), (200, "wrong"));
    assert!(wrong.body.contains("还可以再试4次"));
    assert_eq!(wrong.typed("phone"), wang.phone);
    assert_eq!(
        (wrong.typed("sms_code"), wrong.typed("id_tail")),
        (String::new(), String::new())
    );
    assert!(!wrong.body.contains(&code) && !wrong.body.contains("ZZZZZZ"));
    app.stop().await;
}
