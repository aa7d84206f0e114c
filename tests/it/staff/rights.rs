//! Who gets where: the matrix of roles and routes, bureaus apart, networks, forms from elsewhere, cookies.

use heyan::{
    domain::{province::Province, staff::Role, words::FilingKind},
    flow::staff::log_in::LoggedIn,
    store::Engine,
};
use reqwest::Method;

use super::{Console, PASSWORD, account, stand};
use crate::{
    app::{App, FORM, Page, encoded},
    world::{Who, filing, on_engines},
};

const NOW: &str = "2021-03-01T10:00+08:00";

async fn app(engine: Engine) -> App {
    let app = App::new(engine, NOW).await;
    stand(&app.world, 0);
    app
}

/// Each route that takes a right: method, path, and who gets in (officer, auditor, admin). `FR` is a request under review.
const ROUTES: [(&str, &str, [bool; 3]); 22] = [
    ("GET", "/staff/reviews", [true, true, false]),
    ("GET", "/staff/contacts", [true, true, false]),
    ("GET", "/staff/search", [true, true, false]),
    ("POST", "/staff/search", [true, true, false]),
    ("GET", "/staff/requests/FR", [true, true, false]),
    ("POST", "/staff/requests/FR/accept", [true, false, false]),
    ("GET", "/staff/reviews/FR", [true, false, false]),
    ("POST", "/staff/reviews/FR", [true, false, false]),
    ("GET", "/staff/requests/FR/resend", [true, false, false]),
    ("POST", "/staff/requests/FR/resend", [true, false, false]),
    ("GET", "/staff/requests/FR/clear", [true, false, false]),
    ("POST", "/staff/requests/FR/clear", [true, false, false]),
    ("GET", "/staff/statistics", [true, true, true]),
    ("GET", "/staff/statistics/days.csv", [true, true, true]),
    ("GET", "/staff/export", [true, true, false]),
    ("POST", "/staff/export", [true, true, false]),
    ("GET", "/staff/log", [false, true, false]),
    ("GET", "/staff/accounts", [false, false, true]),
    ("GET", "/staff/accounts/ST", [false, false, true]),
    (
        "POST",
        "/staff/accounts/ST/sessions/end",
        [false, false, true],
    ),
    ("GET", "/staff/accounts/ST/remove", [false, false, true]),
    ("POST", "/staff/accounts/ST/remove", [false, false, true]),
];

on_engines! {
    async fn the_matrix(engine) {
        let app = app(engine).await;
        let world = &app.world;
        let moved = Who::number(1).moved_from("13900000000");
        let draft = filing(Province::Gansu, FilingKind::ChangePhone, Some(moved), &[]);
        let id = world.submit(draft).await.row.id.to_string();
        let victim = account(world, "victim", Role::Officer, Some(Province::Gansu)).await.session(world).await;
        let victim = victim.staff.id.to_string();
        for (place, role) in [Role::Officer, Role::Auditor, Role::Admin].into_iter().enumerate() {
            let name = role.as_str();
            let person = account(world, name, role, Some(Province::Gansu)).await;
            let console = Console::open(&app, &person).await;
            for (method, path, allowed) in ROUTES {
                let path = path.replace("FR", &id).replace("ST", &victim);
                let answer = match method {
                    "GET" => console.get(&path).await,
                    _ => console.post(&path, &[]).await,
                };
                assert!(answer.status < 500, "{name} {method} {path}: {}", answer.status);
                assert_eq!(answer.status == 403, !allowed[place], "{name} {method} {path}: {}", answer.status);
                assert_eq!(answer.header("cache-control"), "no-store");
            }
            // what is everybody's own
            for path in ["/staff/account", "/staff/account/password", "/staff/account/totp"] {
                assert_eq!(console.get(path).await.status, 200, "{name} {path}");
            }
            // whose role sees no filings is led to what it does see
            let first = console.get("/staff").await;
            assert_eq!(first.status, if role == Role::Admin { 303 } else { 200 });
        }
        app.stop().await;
    }

    async fn another_bureau_s_requests_are_not_there(engine) {
        let app = app(engine).await;
        let world = &app.world;
        let who = Who::number(1);
        let view = world.file(filing(Province::Hunan, FilingKind::NewSite, None, &[who.json()])).await;
        let id = view.row.id.to_string();
        let verification = view.verifications[0].row.id.to_string();
        let gansu = account(world, "gansu", Role::Officer, Some(Province::Gansu)).await;
        let national = account(world, "all", Role::Officer, None).await;
        let (gansu, national) = (Console::open(&app, &gansu).await, Console::open(&app, &national).await);
        let resend = format!("/staff/requests/{id}/resend?verification={verification}");
        for path in [format!("/staff/requests/{id}"), format!("/staff/requests/{id}/clear"), resend] {
            assert_eq!(gansu.get(&path).await.status, 404, "{path}");
            assert_eq!(national.get(&path).await.status, 200, "{path}");
        }
        for (step, fields) in [
            ("accept", &[][..]), ("resend", &[("verification", &*verification)]), ("clear", &[("reason", "call"), ("code", "1")]),
        ] {
            let path = format!("/staff/requests/{id}/{step}");
            assert_eq!(gansu.post(&path, fields).await.status, 404, "{path}");
        }
        for wanted in [&*id, &who.phone] {
            let found = gansu.post("/staff/search", &[("wanted", wanted)]).await;
            assert!(found.body.contains("没有找到备案请求"), "{wanted}");
            let found = national.post("/staff/search", &[("wanted", wanted)]).await;
            assert_eq!(found.texts("tbody tr").len(), 1, "{wanted}");
        }
        // by asking for another province either
        assert!(!gansu.get("/staff/contacts?province=hunan").await.body.contains(&id));
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_without_a_session() {
    let app = app(Engine::Sqlite).await;
    for (method, path, _) in ROUTES {
        let method: Method = method.parse().unwrap();
        let request = app.request(method.clone(), path);
        let answer = Page::of(request.header("sec-fetch-site", "same-origin")).await;
        assert_eq!(answer.status, 303, "{path}");
        assert!(
            answer.header("location").starts_with("/staff/login?"),
            "{path}"
        );
    }
    let asked = app.get("/staff/contacts?page=2").await;
    assert_eq!(
        asked.header("location"),
        "/staff/login?next=%2Fstaff%2Fcontacts%3Fpage%3D2"
    );
    let made_up = app
        .request(Method::GET, "/staff")
        .header("cookie", "__Host-heyan_staff=AAAA");
    assert!(
        Page::of(made_up)
            .await
            .header("location")
            .contains("notice=ended")
    );
    // there is nothing beside it
    let nothing = app.request(Method::GET, "/staff/nothing");
    assert_eq!(Page::of(nothing).await.status, 303);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_answers_in_its_networks_alone() {
    let app = App::with(
        Engine::Sqlite,
        NOW,
        |_| {},
        |site| site.staff_networks = vec!["10.0.0.0/8".parse().unwrap()],
    )
    .await;
    let get = async |path: &str, address: &str| {
        let request = app
            .request(Method::GET, path)
            .header("x-forwarded-for", address);
        Page::of(request).await
    };
    for path in ["/staff", "/staff/login", "/staff/nothing"] {
        assert_eq!(get(path, "192.0.2.1").await.status, 404, "{path}");
        assert_ne!(get(path, "10.1.2.3").await.status, 404, "{path}");
    }
    // and nobody else is led there
    assert!(get("/", "10.1.2.3").await.body.contains("管理用户"));
    assert!(!get("/", "192.0.2.1").await.body.contains("管理用户"));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_say_whence_they_come() {
    let app = app(Engine::Sqlite).await;
    let post = async |headers: &[(&str, &str)]| {
        let mut request = app
            .request(Method::POST, "/staff/login")
            .header("content-type", FORM);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Page::of(request.body(encoded(&[("user", "zhang")])))
            .await
            .status
    };
    for (headers, status) in [
        (&[("sec-fetch-site", "same-origin")][..], 422),
        (&[("origin", "https://beian.example.cn")], 422),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("origin", "https://evil.example")], 403),
        (&[], 403),
    ] {
        assert_eq!(post(headers).await, status, "{headers:?}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cookie_is_for_this_host_over_https_alone() {
    let app = App::with(Engine::Sqlite, NOW, |_| {}, |site| site.https = true).await;
    stand(&app.world, 0);
    let zhang = account(&app.world, "zhang", Role::Officer, None).await;
    let login = async |fields: &[(&str, &str)]| {
        let request = app
            .request(Method::POST, "/staff/login")
            .header("content-type", FORM);
        let request = request.header("sec-fetch-site", "same-origin");
        Page::of(request.body(encoded(fields))).await
    };
    let (name, code) = (zhang.name.clone(), zhang.code(&app.world));
    let right = [("user", &*name), ("password", PASSWORD), ("code", &*code)];
    let wrong = login(&[("user", "zhang"), ("password", "x"), ("code", &code)]).await;
    assert_eq!(
        (wrong.status, wrong.headers.contains_key("set-cookie")),
        (422, false)
    );
    assert!(!wrong.body.contains(&code) && wrong.body.contains("value=\"zhang\""));
    let answer = login(&[&right[..], &[("next", "/staff/contacts?page=2")]].concat()).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, "/staff/contacts?page=2")
    );
    let cookie = answer.header("set-cookie").to_owned();
    let (value, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Strict");
    let token = value.strip_prefix("__Host-heyan_staff=").unwrap();
    assert_eq!(token.len(), 43, "256 bits");
    let page = app.request(Method::GET, "/staff").header("cookie", value);
    assert_eq!(Page::of(page).await.status, 200);
    // logged in anew: the session before has ended
    stand(&app.world, 30);
    let code = zhang.code(&app.world);
    let again = app
        .request(Method::POST, "/staff/login")
        .header("content-type", FORM);
    let again = again
        .header("sec-fetch-site", "same-origin")
        .header("cookie", value);
    let fields = [
        ("user", "zhang"),
        ("password", PASSWORD),
        ("code", &code),
        ("next", "//evil.example"),
    ];
    let again = Page::of(again.body(encoded(&fields))).await;
    assert_eq!(again.header("location"), "/staff");
    let page = app.request(Method::GET, "/staff").header("cookie", value);
    assert_eq!(Page::of(page).await.status, 303);
    // out: the cookie is taken back
    let own = again
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let out = app
        .request(Method::POST, "/staff/logout")
        .header("cookie", &own);
    let out = Page::of(out.header("sec-fetch-site", "same-origin")).await;
    assert_eq!(out.header("location"), "/staff/login?notice=out");
    assert!(
        out.header("set-cookie")
            .starts_with("__Host-heyan_staff=; Max-Age=0; Path=/; Secure")
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sandbox_opened_to_others_without_https_has_a_plain_cookie() {
    let app = app(Engine::Sqlite).await;
    let zhang = account(&app.world, "zhang", Role::Officer, None).await;
    let login = async |host: &str| {
        let request = app
            .request(Method::POST, "/staff/login")
            .header("content-type", FORM);
        let request = request
            .header("sec-fetch-site", "same-origin")
            .header("host", host);
        let code = zhang.code(&app.world);
        let fields = [("user", "zhang"), ("password", PASSWORD), ("code", &*code)];
        let page = Page::of(request.body(encoded(&fields))).await;
        page.header("set-cookie").to_owned()
    };
    let plain = login("beian.example.cn").await;
    assert!(
        plain.starts_with("heyan_staff=") && !plain.contains("Secure"),
        "{plain}"
    );
    stand(&app.world, 30);
    let loopback = login("localhost:8080").await;
    assert!(
        loopback.starts_with("__Host-heyan_staff=") && loopback.contains("Secure"),
        "{loopback}"
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_to_wait_says_how_long() {
    let app = app(Engine::Sqlite).await;
    let zhang = account(&app.world, "zhang", Role::Officer, None).await;
    for _ in 0..5 {
        let no = zhang.try_login(&app.world, "wrong", "1", 9).await;
        assert!(matches!(no, LoggedIn::No));
    }
    let request = app
        .request(Method::POST, "/staff/login")
        .header("content-type", FORM);
    let request = request
        .header("sec-fetch-site", "same-origin")
        .header("x-forwarded-for", "10.0.0.9");
    let code = zhang.code(&app.world);
    let fields = [("user", "zhang"), ("password", PASSWORD), ("code", &code)];
    let page = Page::of(request.body(encoded(&fields))).await;
    assert_eq!((page.status, page.header("retry-after")), (429, "900"));
    app.stop().await;
}
