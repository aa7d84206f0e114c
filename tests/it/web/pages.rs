//! Every page: that it is there, in its era, light enough, and counted.

use chrono::TimeDelta;
use heyan::{
    domain::province::Province,
    store::{self, Engine},
};
use reqwest::Method;

use super::IN_2021;
use crate::app::{App, Page};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_page_answers_get_and_head_and_nothing_else() {
    let app = App::new(Engine::Sqlite, IN_2021).await;
    let mut paths: Vec<String> = [
        "/",
        "/help",
        "/privacy",
        "/progress",
        "/sms-verification",
        "/sms-resend",
        "/healthz",
        "/readyz",
        "/metrics",
        "/robots.txt",
    ]
    .map(String::from)
    .into();
    for province in Province::ALL {
        for page in ["", "/help", "/progress", "/sms-verification", "/sms-resend"] {
            paths.push(format!("/{}{page}", province.slug()));
        }
    }
    for path in &paths {
        let got = app.get(path).await;
        assert_eq!(got.status, 200, "{path}: {}", got.body);
        let head = Page::of(app.request(Method::HEAD, path)).await;
        assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}");
        assert_eq!(
            head.header("content-type"),
            got.header("content-type"),
            "{path}"
        );
        let deleted = Page::of(app.request(Method::DELETE, path)).await;
        assert!(
            deleted.status == 405 && deleted.header("allow").contains("GET, HEAD"),
            "{path}"
        );
    }
    for path in [
        "/nowhere",
        "/nowhere/sms-verification",
        "/gansu/nothing",
        "/v/nothing",
        "/static/app.css",
        "/Gansu",
    ] {
        let missing = app.get(path).await;
        assert_eq!(missing.status, 404, "{path}");
        assert!(
            missing.body.contains("lang=\"zh-CN\"") && missing.body.contains("演示环境"),
            "{path}"
        );
    }
    for (typed, page) in [
        ("/help/", "/help"),
        ("/gansu/", "/gansu"),
        ("/gansu/progress//", "/gansu/progress"),
    ] {
        let told = app.get(typed).await;
        assert_eq!((told.status, told.header("location")), (308, page));
    }
    for elsewhere in [
        "//gansu/",
        "//help/",
        "/nothing/",
        "//example.com/gansu/",
        "/nowhere/",
        "/gansu/nothing",
    ] {
        assert_eq!(app.get(elsewhere).await.status, 404, "{elsewhere}");
    }
    assert_eq!(Page::of(app.request(Method::TRACE, "/")).await.status, 405);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bureau_that_is_not_covered_and_the_national_page_before_its_time() {
    let app = App::new(Engine::Sqlite, "2018-09-10T00:00+08:00").await;
    for tab in ["sms-verification", "sms-resend"] {
        let early = app.get(&format!("/guangdong/{tab}")).await;
        assert_eq!(early.status, 200);
        assert!(early.body.contains("本省尚未开通短信核验"));
        assert_eq!(early.attribute("form", "action"), None);
        let posted = app
            .post(&format!("/guangdong/{tab}"), &[("phone", "13800138000")])
            .await;
        assert!(posted.status == 200 && posted.body.contains("本省尚未开通短信核验"));
        let national = app.get(&format!("/{tab}")).await;
        assert_eq!(national.attribute("form", "action"), None);
        // pilots 1 and 2
        assert_eq!(national.texts("ul.tiles a").len(), 14);
        assert!(
            app.get(&format!("/zhejiang/{tab}"))
                .await
                .attribute("form", "action")
                .is_some()
        );
        assert!(
            app.get(&format!("/shandong/{tab}"))
                .await
                .attribute("form", "action")
                .is_none()
        );
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_view_is_light_on_the_wire() {
    let app = App::new(Engine::Sqlite, IN_2021).await;
    let weigh = async |path: &str| {
        let request = app
            .request(Method::GET, path)
            .header("accept-encoding", "gzip");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let head: usize = response
            .headers()
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
            .sum();
        let packed = path.contains(".png") || response.headers().contains_key("content-encoding");
        assert!(packed, "{path} is not compressed");
        head + response.bytes().await.unwrap().len()
    };
    for path in [
        "/",
        "/gansu/sms-verification",
        "/gansu/sms-resend",
        "/gansu/progress",
        "/help",
    ] {
        let page = app.get(path).await;
        let mut all = weigh(path).await;
        for (selector, attribute) in [
            ("link[rel=stylesheet]", "href"),
            ("script", "src"),
            ("img", "src"),
            ("link[rel=icon]", "href"),
        ] {
            if let Some(part) = page.attribute(selector, attribute) {
                all += weigh(&part).await;
            }
        }
        assert!(all < 30_000, "{path}: {all} bytes");
        println!("{path}: {all} bytes");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn visitors_are_counted_in_memory_and_written_down_in_batches() {
    let app = App::new(Engine::Sqlite, IN_2021).await;
    let db = &app.world.services.db;
    let shown = async |path: &str| app.get(path).await.texts(".visitors").concat();
    assert_eq!(shown("/gansu").await, "您是第1位访问者");
    assert_eq!(shown("/gansu/sms-verification").await, "您是第2位访问者");
    assert_eq!(shown("/").await, "您是第1位访问者");
    // a page view wrote nothing
    let mut tx = db.read().await.unwrap();
    assert!(store::visitors::all(&mut tx).await.unwrap().is_empty());
    drop(tx);
    app.visitors.flush(db).await.unwrap();
    app.visitors.flush(db).await.unwrap();
    let mut tx = db.read().await.unwrap();
    let mut stored = store::visitors::all(&mut tx).await.unwrap();
    stored.sort_unstable();
    assert_eq!(
        stored,
        [("gansu".to_owned(), 2), ("national".to_owned(), 1)]
    );
    assert_eq!(shown("/gansu").await, "您是第3位访问者");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_and_readiness() {
    let app = App::new(Engine::Sqlite, IN_2021).await;
    app.get("/v/abcdefghjk").await;
    let metrics = app.get("/metrics").await.body;
    assert!(
        metrics.contains("route=\"/v/{token}\",status=\"404\""),
        "{metrics}"
    );
    assert!(!metrics.contains("abcdefghjk"));
    let ready = app.get("/readyz").await;
    assert_eq!(ready.status, 200, "{}", ready.body);
    let (clock, real) = (
        &app.world.services.clock,
        app.world.services.clock.real_now(),
    );
    // in ten seconds all of this is over
    for (apart, status) in [(-75, 503), (-45, 200), (45, 200), (75, 503)] {
        clock.set_real(real + TimeDelta::seconds(apart));
        let told = app.get("/readyz").await;
        assert_eq!(told.status, status, "{apart} s apart: {}", told.body);
        assert!(
            told.body.contains(&format!("\"clock\":{}", status == 200)),
            "{}",
            told.body
        );
    }
    clock.set_real(real);
    app.world.services.db.close().await;
    let down = app.get("/readyz").await;
    assert_eq!(down.status, 503, "{}", down.body);
    assert!(down.body.contains("\"database\":false"), "{}", down.body);
    // a page says when to come again
    let page = app.get("/v/abcdefghjk").await;
    assert_eq!((page.status, page.header("retry-after")), (503, "5"));
    app.stop().await;
}
