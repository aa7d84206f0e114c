//! What officers do: take a request off the queue, answer to a changed number, send another SMS, see persons in clear; and
//! what the timeline, the contacts and the log show of it.

use chrono::TimeDelta;
use heyan::{
    domain::{
        province::Province,
        staff::Role,
        words::{FilingKind, RequestState},
    },
    flow::review_phone::review_phone,
    store::Engine,
};

use super::{Console, Person, account, stand};
use crate::{
    app::App,
    world::{Who, filing, on_engines, outcome},
};

const GANSU: Option<Province> = Some(Province::Gansu);

async fn app(engine: Engine) -> (App, Person, Person) {
    let app = App::new(engine, "2021-03-01T10:00+08:00").await;
    stand(&app.world, 0);
    let zhang = account(&app.world, "zhang", Role::Officer, GANSU).await;
    let wu = account(&app.world, "wu", Role::Auditor, GANSU).await;
    (app, zhang, wu)
}

on_engines! {
    async fn an_official_marks_one_accepted(engine) {
        let (app, zhang, wu) = app(engine).await;
        let (world, who) = (&app.world, Who::number(1));
        let id = world.file(filing(Province::Gansu, FilingKind::NewSite, None, &[who.json()])).await.row.id;
        let (officer, auditor) = (Console::open(&app, &zhang).await, Console::open(&app, &wu).await);
        let path = format!("/staff/requests/{id}");
        assert!(officer.get("/staff").await.body.contains("没有待受理的备案请求"));
        // not before it has been handed over
        assert_eq!(officer.post(&format!("{path}/accept"), &[]).await.header("location"), "/staff?notice=not-accepted");
        let code = world.code(&who.phone).await;
        outcome(world.verify(GANSU, &code, &who.phone, who.tail()).await);
        let queue = officer.get("/staff").await;
        assert_eq!(queue.texts("tbody tr").len(), 1);
        assert!(queue.body.contains(&id.to_string()));
        // the contact that passed, masked
        let contacts = officer.get("/staff/contacts").await;
        let row = contacts.texts("tbody tr").concat();
        assert!(row.contains("王**") && row.contains("138****0001") && row.contains("网站负责人"), "{row}");
        assert!(!contacts.body.contains(&who.phone));
        // an auditor sees it and may not
        let seen = auditor.get(&path).await;
        assert_eq!(seen.texts("h1"), ["备案请求"]);
        assert!(!seen.body.contains("/accept") && !seen.body.contains("/clear"));
        assert_eq!(officer.post(&format!("{path}/accept"), &[]).await.header("location"), "/staff?notice=accepted");
        assert_eq!(officer.post(&format!("{path}/accept"), &[]).await.header("location"), "/staff?notice=not-accepted");
        assert!(officer.get("/staff").await.body.contains("没有待受理的备案请求"));
        assert_eq!(world.view(id).await.row.state, RequestState::HandedOver);
        let page = officer.get(&path).await;
        let timeline = page.texts(".timeline li");
        for (part, who) in [
            ("接入商提交", "接入商"), ("首次短信已发出", "系统"), ("核验通过：王**", "核验人"), ("提交管局审核", "核验人"),
            ("管局受理", "管局（zhang）"),
        ] {
            assert!(timeline.iter().any(|one| one.contains(part) && one.contains(who)), "{part}: {timeline:?}");
        }
        assert_eq!(timeline.iter().filter(|one| one.contains("管局受理")).count(), 1);
        assert!(page.texts("h2")[0].contains("已受理"));
        // the provider sees that it was, and not by whom
        let told = crate::staff::console::events(world, id).await;
        assert!(told.contains("filing_request.accepted") && !told.contains("zhang"), "{told}");
        app.stop().await;
    }

    async fn a_changed_number_is_reviewed(engine) {
        let (app, zhang, _) = app(engine).await;
        let world = &app.world;
        let officer = Console::open(&app, &zhang).await;
        let mut ids = Vec::new();
        for n in 1..=2 {
            let moved = Who::number(n).moved_from("13900001111");
            let draft = filing(Province::Gansu, FilingKind::ChangePhone, Some(moved), &[]);
            ids.push(world.submit(draft).await.row.id);
        }
        assert_eq!(officer.get("/staff/reviews").await.texts("tbody tr").len(), 2);
        let path = |n: usize| format!("/staff/reviews/{}", ids[n]);
        let asked = officer.get(&path(0)).await;
        assert!(asked.body.contains("139****1111") && asked.body.contains("138****0001"));
        assert!(!asked.body.contains("13900001111") && !asked.body.contains(&Who::number(1).phone));
        let reject = officer.post(&path(0), &[("step", "reject"), ("reason", " ")]).await;
        assert_eq!((reject.status, &*reject.error("reason")), (422, "拒绝时须写明理由，接入商会看到"));
        let long = "长".repeat(201);
        let reject = officer.post(&path(0), &[("step", "reject"), ("reason", &long)]).await;
        assert_eq!((reject.status, reject.typed("reason")), (422, long));
        assert_eq!(officer.post(&path(0), &[("step", "dance")]).await.status, 400);
        let reject = officer.post(&path(0), &[("step", "reject"), ("reason", "号码与登记不符")]).await;
        assert_eq!(reject.header("location"), "/staff/reviews?notice=rejected");
        let approve = officer.post(&path(1), &[("step", "approve"), ("reason", "")]).await;
        assert_eq!(approve.header("location"), "/staff/reviews?notice=approved");
        // too late for either
        let again = officer.post(&path(1), &[("step", "reject"), ("reason", "x")]).await;
        assert_eq!(again.header("location"), format!("/staff/requests/{}", ids[1]));
        let returned = officer.get(&format!("/staff/requests/{}", ids[0])).await;
        for part in ["手机号码变更未通过管局审核", "号码与登记不符", "请核对新的手机号码", "管局（zhang）"] {
            assert!(returned.body.contains(part), "{part}");
        }
        assert_eq!(world.view(ids[1]).await.row.state, RequestState::Verifying);
        let timeline = officer.get(&format!("/staff/requests/{}", ids[1])).await.texts(".timeline li");
        assert!(timeline.iter().any(|one| one.contains("管局同意新号码") && one.contains("管局（zhang）")), "{timeline:?}");
        app.stop().await;
    }

    async fn another_sms_for_who_called_counts_as_a_manual_one(engine) {
        let (app, zhang, _) = app(engine).await;
        let (world, who) = (&app.world, Who::number(1));
        let officer = Console::open(&app, &zhang).await;
        let view = world.submit(filing(Province::Gansu, FilingKind::NewSite, None, &[who.json()])).await;
        let (id, verification) = (view.row.id, view.verifications[0].row.id.to_string());
        let path = format!("/staff/requests/{id}/resend");
        let resend = async || {
            let answer = officer.post(&path, &[("verification", &verification)]).await;
            answer.header("location").rsplit('=').next().unwrap().to_owned()
        };
        assert_eq!(resend().await, "on-its-way");
        world.settle().await;
        let asked = officer.get(&format!("{path}?verification={verification}")).await;
        assert!(asked.body.contains("0次，共可重发2次"), "{}", asked.body);
        assert_eq!(resend().await, "resent");
        world.settle().await;
        assert_eq!(world.messages().await.len(), 2);
        // its owner's own counts too: the third has no effect
        assert_eq!(outcome(world.resend(GANSU, &who.phone, who.tail()).await).as_str(), "resent");
        assert_eq!(resend().await, "limit");
        assert_eq!(world.view(id).await.verifications[0].row.manual_resends, 2);
        let page = officer.get(&format!("/staff/requests/{id}")).await;
        assert!(!page.body.contains("代为重发短信"), "none is left");
        let timeline = page.texts(".timeline li");
        for by in ["管局（zhang）", "核验人"] {
            assert!(timeline.iter().any(|one| one.contains("短信重发") && one.contains(by)), "{by}: {timeline:?}");
        }
        let code = world.code(&who.phone).await;
        outcome(world.verify(GANSU, &code, &who.phone, who.tail()).await);
        assert_eq!(resend().await, "ended");
        app.stop().await;
    }

    async fn persons_in_clear_take_a_reason_and_a_fresh_code(engine) {
        let (app, zhang, wu) = app(engine).await;
        let (world, who) = (&app.world, Who::number(1));
        let id = world.file(filing(Province::Gansu, FilingKind::NewFiling, Some(who.json()), &[])).await.row.id;
        let officer = Console::open(&app, &zhang).await;
        let path = format!("/staff/requests/{id}/clear");
        let used = zhang.code(world);
        let page = officer.post(&path, &[("reason", ""), ("code", "")]).await;
        assert_eq!((page.status, &*page.error("reason"), &*page.error("code")), (422, "请选择事由", "动态码不能为空"));
        // the code of the login has been used
        let page = officer.post(&path, &[("reason", "call"), ("code", &used)]).await;
        assert_eq!(page.status, 422);
        assert!(!page.body.contains(&who.phone) && !page.body.contains(&who.document));
        stand(world, 30);
        let code = zhang.code(world);
        let page = officer.post(&path, &[("reason", "call"), ("code", &code)]).await;
        assert_eq!(page.status, 200);
        for part in [&*who.phone, &*who.name, &*who.document, "护照", "主体负责人", "某某公司"] {
            assert!(page.body.contains(part), "{part}");
        }
        assert_eq!(page.header("cache-control"), "no-store");
        // once
        assert_eq!(officer.post(&path, &[("reason", "call"), ("code", &code)]).await.status, 422);
        let auditor = Console::open(&app, &wu).await;
        let log = auditor.get("/staff/log").await.texts("tbody tr");
        let seen: Vec<_> = log.iter().filter(|line| line.contains("查看明文")).collect();
        assert_eq!(seen.len(), 1, "{log:?}");
        assert!(seen[0].contains("zhang") && seen[0].contains(&id.to_string()) && seen[0].contains("负责人来电核实"));
        assert_eq!(log.iter().filter(|line| line.contains("动态码不正确或已用过")).count(), 2, "{log:?}");
        assert!(!log.concat().contains(&who.phone));
        app.stop().await;
    }

    async fn found_by_number_reference_and_phone(engine) {
        let (app, zhang, _) = app(engine).await;
        let (world, who) = (&app.world, Who::number(1));
        let mut draft = filing(Province::Gansu, FilingKind::NewSite, None, &[who.json()]);
        draft.provider_reference = Some("ORDER-88".into());
        let id = world.file(draft).await.row.id.to_string();
        world.file(filing(Province::Gansu, FilingKind::NewSite, None, &[Who::number(2).json()])).await;
        let officer = Console::open(&app, &zhang).await;
        let spaced = format!("+86 {} {}", &who.phone[..3], &who.phone[3..]);
        for wanted in [&*id, " ORDER-88 ", &who.phone, &spaced] {
            let page = officer.post("/staff/search", &[("wanted", wanted)]).await;
            let rows = page.texts("tbody tr");
            assert_eq!((page.status, rows.len()), (200, 1), "{wanted}");
            assert!(rows[0].contains(&id));
            assert!(!page.body.contains(&who.phone), "what was typed is forgotten");
        }
        // also whom nobody verifies, or not yet: the number is under review, or has been refused
        let moved = Who::number(3);
        let draft = filing(Province::Gansu, FilingKind::ChangePhone, Some(moved.moved_from("13900001111")), &[]);
        let reviewed = world.submit(draft).await.row.id;
        for approve in [None, Some(false)] {
            if let Some(approve) = approve {
                let reason = Some("号码与登记不符".to_owned());
                review_phone(&world.services, reviewed, approve, reason).await.unwrap();
            }
            let page = officer.post("/staff/search", &[("wanted", &*moved.phone)]).await;
            assert!(page.texts("tbody tr").concat().contains(&reviewed.to_string()), "{}", page.body);
        }
        let elsewhere = Who::number(4).moved_from("13900001111");
        world.submit(filing(Province::Zhejiang, FilingKind::ChangePhone, Some(elsewhere), &[])).await;
        let page = officer.post("/staff/search", &[("wanted", &*Who::number(4).phone)]).await;
        assert!(page.body.contains("没有找到备案请求"), "another bureau's");
        for wanted in ["13899999999", "ORDER-99", "fr_01ARZ3NDEKTSV4RRFFQ69G5FAV"] {
            let page = officer.post("/staff/search", &[("wanted", wanted)]).await;
            assert!(page.body.contains("没有找到备案请求"), "{wanted}");
        }
        for wanted in ["", " ", "a\u{0}b", "a\u{202e}b"] {
            assert_eq!(officer.post("/staff/search", &[("wanted", wanted)]).await.status, 422, "{wanted:?}");
        }
        app.stop().await;
    }

    async fn a_purged_request_shows_its_states_alone(engine) {
        let (app, zhang, _) = app(engine).await;
        let (world, who) = (&app.world, Who::number(1));
        let id = world.file(filing(Province::Gansu, FilingKind::NewSite, None, &[who.json()])).await.row.id;
        world.turn(world.now() + TimeDelta::days(190)).await;
        let officer = Console::open(&app, &zhang).await;
        let page = officer.get(&format!("/staff/requests/{id}")).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains("个人信息已按期删除") && !page.body.contains("王*"), "{}", page.body);
        assert!(page.texts(".timeline li").len() > 3);
        stand(world, 30);
        let fields = [("reason", "call"), ("code", &*zhang.code(world))];
        assert_eq!(officer.post(&format!("/staff/requests/{id}/clear"), &fields).await.status, 404);
        app.stop().await;
    }
}

/// The events that the provider is shown, as JSON.
async fn events(world: &crate::world::World, id: heyan::domain::ids::RequestId) -> String {
    let events = world.events(id).await;
    let shown: Vec<_> = events
        .iter()
        .map(|event| format!("{} {} {}", event.r#type, event.actor, event.data.0))
        .collect();
    shown.join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_has_pages() {
    let (app, zhang, _) = app(Engine::Sqlite).await;
    let world = &app.world;
    for n in 0..21 {
        let mut draft = filing(Province::Gansu, FilingKind::Change, None, &[]);
        draft.provider_reference = Some(format!("ORDER-{n}"));
        world.set(world.now() + TimeDelta::seconds(1));
        world.submit(draft).await;
    }
    let officer = Console::open(&app, &zhang).await;
    let first = officer.get("/staff").await;
    assert_eq!(first.texts("tbody tr").len(), 20);
    assert_eq!(
        first.attribute("a[rel=next]", "href").unwrap(),
        "/staff?page=2"
    );
    assert_eq!(first.attribute("a[rel=prev]", "href"), None);
    let second = officer.get("/staff?page=2").await;
    assert_eq!(second.texts("tbody tr").len(), 1);
    assert!(
        second.texts("tbody tr")[0].contains("ORDER-20"),
        "the newest is the last"
    );
    assert_eq!(
        second.attribute("a[rel=prev]", "href").unwrap(),
        "/staff?page=1"
    );
    for page in ["0", "-1", "x", "99999999999999999999"] {
        assert_eq!(
            officer.get(&format!("/staff?page={page}")).await.status,
            200,
            "{page}"
        );
    }
    app.stop().await;
}
