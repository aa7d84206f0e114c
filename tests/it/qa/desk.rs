//! `/sandbox` by plain forms, as a browser without JavaScript sends them: what is on the page is enough for the main job.

use crate::{
    app::{App, Page},
    world::on_engines,
};

use super::app_at;

/// Posts a form of the desk and follows to the page that comes of it.
async fn press(app: &App, path: &str, fields: &[(&str, &str)]) -> Page {
    let posted = app.post(path, fields).await;
    if posted.status != 303 {
        return posted;
    }
    let to = posted.header("location").to_owned();
    assert!(to.starts_with("/sandbox"), "{to}");
    let page = app.get(&to).await;
    assert_eq!(page.status, 200);
    page
}

/// What the panel says.
fn notice(page: &Page) -> String {
    page.texts("#notice").concat()
}

/// Name, phone, tail, state of each row.
fn people(page: &Page) -> Vec<Vec<String>> {
    let cells = page.texts("article.filed td");
    cells.chunks(4).map(<[String]>::to_vec).collect()
}

fn codes(page: &Page) -> Vec<String> {
    page.texts(".inbox .code")
}

on_engines! {
    async fn the_main_job_by_what_is_on_the_desk(engine) {
        let app = app_at(engine, "2020-09-01T10:00:00+08:00").await;
        let empty = app.get("/sandbox").await;
        assert!(people(&empty).is_empty() && codes(&empty).is_empty());
        assert!(empty.texts(".clock strong")[0].starts_with("2020-09-01 10:00:"));
        // every scenario of the API is on the list, under its era
        let options = empty.texts("select#name option");
        assert!(options.len() >= 24 && empty.texts("optgroup").len() >= 3);

        let filed = press(&app, "/sandbox/scenarios", &[("name", "new-filing-2017")]).await;
        assert_eq!(notice(&filed), "已提交备案请求");
        assert_eq!(people(&filed).len(), 2);
        // the clock by so little runs what is due
        let filed = press(&app, "/sandbox/clock", &[("advance", "PT1H")]).await;
        assert!(notice(&filed).starts_with("时钟已拨到 2020-09-01 11:00:"), "{}", notice(&filed));
        assert_eq!(codes(&filed).len(), 2);
        let link = filed.attribute("article.filed .links a", "href").unwrap();
        for person in people(&filed) {
            let [_, phone, tail, state] = &person[..] else { panic!("{person:?}") };
            assert_eq!(state, "待核验");
            let code = app.world.code(phone).await;
            assert!(codes(&filed).contains(&code));
            let done = app.fill(&link, &[("sms_code", &code), ("phone", phone), ("id_tail", tail)]).await;
            assert!(done.outcome().starts_with("verified_"), "{}", done.body);
        }
        let end = app.get("/sandbox").await;
        assert!(people(&end).iter().all(|person| person[3] == "已核验"));
        assert!(end.texts("article.filed h3")[0].ends_with("已提交管局审核"));
        app.stop().await;
    }

    async fn the_clock_by_its_forms(engine) {
        let app = app_at(engine, "2018-09-10T09:00:00+08:00").await;
        for (fields, said) in [
            (("advance", "PT24H"), "时钟已拨到 2018-09-11 09:00:"),
            (("advance", "noon"), "时钟已拨到 2018-09-12 12:00:"),
            (("now", "2018-09-24T00:00"), "时钟已拨到 2018-09-24 00:00:"),
            (("now", "2018-09-25 08:30"), "时钟已拨到 2018-09-25 08:30:"),
            (("now", "2018-09-26T08:30:15+08:00"), "时钟已拨到 2018-09-26 08:30:1"),
            (("now", "2018-09-01T00:00"), "时钟只能向前拨"),
            (("now", "明天"), "时间无法识别"),
            (("now", ""), "时间无法识别"),
            (("advance", "soon"), "时间无法识别"),
        ] {
            let page = press(&app, "/sandbox/clock", &[fields]).await;
            assert!(notice(&page).starts_with(said), "{fields:?}: {}", notice(&page));
        }
        let nothing = press(&app, "/sandbox/clock", &[]).await;
        assert!(notice(&nothing).starts_with("时间无法识别"));
        app.stop().await;
    }

    async fn review_reset_and_what_is_not_there(engine) {
        let app = app_at(engine, "2020-09-01T10:00:00+08:00").await;
        let page = press(&app, "/sandbox/scenarios", &[("name", "change-phone-2020")]).await;
        assert_eq!(page.texts("article.filed form button"), ["管局通过", "管局不通过"]);
        let id = page.attribute("article.filed input[name=id]", "value").unwrap();
        let page = press(&app, "/sandbox/phone-review", &[("id", &id), ("approve", "true")]).await;
        assert_eq!(notice(&page), "管局的审核结果已记录");
        assert!(page.texts("article.filed form").is_empty());
        for fields in [
            &[("id", id.as_str()), ("approve", "false")][..],
            &[("id", "fr_x"), ("approve", "true")],
            &[("approve", "true")],
        ] {
            let page = press(&app, "/sandbox/phone-review", fields).await;
            assert_eq!(notice(&page), "没有等待审核的这个备案请求", "{fields:?}");
        }
        let page = press(&app, "/sandbox/scenarios", &[("name", "no-such-case")]).await;
        assert!(notice(&page).starts_with("没有提交"));
        let page = press(&app, "/sandbox/reset", &[("now", "2017-12-18T09:00")]).await;
        assert!(notice(&page).starts_with("已清空，时钟为 2017-12-18 09:00:"), "{}", notice(&page));
        assert!(people(&page).is_empty() && codes(&page).is_empty());
        let page = press(&app, "/sandbox/reset", &[("now", "2017-11-18T09:00")]).await;
        assert!(notice(&page).starts_with("时间无法识别"), "{}", notice(&page));
        let page = press(&app, "/sandbox/reset", &[("now", "")]).await;
        assert!(notice(&page).starts_with("已清空，时钟为 20"), "{}", notice(&page));
        assert_eq!(app.request(reqwest::Method::DELETE, "/sandbox").send().await.unwrap().status().as_u16(), 405);
        app.stop().await;
    }
}
