//! The desk in a browser without JavaScript: plain forms and nothing else.

use crate::{app::App, world::on_engines};

const IN_2018: &str = "2018-09-10T10:00+08:00";

/// Posts a form of the desk; the notice of the page that follows.
async fn done(app: &App, path: &str, fields: &[(&str, &str)]) -> String {
    let answer = app.post(path, fields).await;
    assert_eq!(answer.status, 303, "{path} {fields:?}");
    let page = app.get(answer.header("location")).await;
    assert_eq!(page.status, 200);
    page.texts("#notice").concat()
}

/// The same for what cannot be done.
async fn refused(app: &App, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
    let page = app.post(path, fields).await;
    (page.status, page.texts("#notice").concat())
}

on_engines! {
    async fn files_reads_reviews_turns_and_resets(engine) {
        let app = App::new(engine, IN_2018).await;
        let page = app.get("/sandbox").await;
        assert_eq!(page.status, 200);
        assert_eq!(page.texts("optgroup").len(), 4);
        assert_eq!(page.texts(".clock strong"), ["2018-09-10 10:00:00"]);
        assert!(page.texts("article.filed").is_empty());

        let filed = done(&app, "/sandbox/scenarios", &[("name", "new-filing-2018")]).await;
        assert_eq!(filed, "已提交备案请求");
        app.world.settle().await;
        let page = app.get("/sandbox").await;
        assert_eq!(page.texts("article.filed").len(), 1);
        assert_eq!(page.texts("article.filed tbody tr").len(), 2);
        assert_eq!(page.texts("ol.inbox > li").len(), 2);
        assert!(page.texts("article.filed h3").concat().contains("短信核验中"));

        // a person reads it there, and verifies
        let phone = page.texts("td[data-label=手机号码]").remove(0);
        let id_tail = page.texts("td[data-label=证件号码后六位]").remove(0);
        let code = app.world.code(&phone).await;
        let fields = [("sms_code", &*code), ("phone", &*phone), ("id_tail", &*id_tail)];
        let answer = app.fill("/sichuan/sms-verification", &fields).await;
        assert_eq!(answer.outcome(), "verified_waiting");
        let states = app.get("/sandbox").await.texts("td[data-label=状态]");
        assert_eq!(states, ["已核验", "待核验"]);

        done(&app, "/sandbox/scenarios", &[("name", "change-phone-2018")]).await;
        let id = app.get("/sandbox").await.attribute("article.filed input[name=id]", "value").unwrap();
        let review = [("id", &*id), ("approve", "true")];
        assert_eq!(done(&app, "/sandbox/phone-review", &review).await, "管局的审核结果已记录");
        let again = refused(&app, "/sandbox/phone-review", &review).await;
        assert_eq!(again, (409, "没有等待审核的这个备案请求".into()));

        let moved = done(&app, "/sandbox/clock", &[("advance", "PT1H")]).await;
        assert!(moved.starts_with("时钟已拨到 2018-09-10 11:00:"), "{moved}");
        let moved = done(&app, "/sandbox/clock", &[("advance", "noon")]).await;
        assert!(moved.starts_with("时钟已拨到 2018-09-11 12:00:"), "{moved}");
        let moved = done(&app, "/sandbox/clock", &[("now", "2018-09-24T00:00")]).await;
        assert!(moved.starts_with("时钟已拨到 2018-09-24 00:00:"), "{moved}");
        let back = refused(&app, "/sandbox/clock", &[("now", "2018-09-23 23:00")]).await;
        assert_eq!(back, (409, "时钟只能向前拨；要回到过去，请用重置".into()));
        let malformed = refused(&app, "/sandbox/clock", &[("now", "明天")]).await;
        assert_eq!(malformed.0, 422);
        let unknown = refused(&app, "/sandbox/scenarios", &[("name", "none")]).await;
        assert_eq!(unknown.0, 409);

        let reset = done(&app, "/sandbox/reset", &[("now", "2017-12-18T09:00")]).await;
        assert!(reset.starts_with("已清空，时钟为 2017-12-18 09:00:"), "{reset}");
        assert!(app.get("/sandbox").await.texts("article.filed").is_empty());
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_of_elsewhere_is_refused() {
    let app = App::new(heyan::store::Engine::Sqlite, IN_2018).await;
    let request = app
        .request(reqwest::Method::POST, "/sandbox/reset")
        .header("content-type", crate::app::FORM)
        .header("sec-fetch-site", "cross-site");
    assert_eq!(crate::app::Page::of(request).await.status, 403);
    assert_eq!(app.get("/sandbox/clock").await.status, 405);
    app.stop().await;
}
