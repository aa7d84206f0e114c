//! A panic in a handler, and when to come again.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use actix_web::{
    App,
    body::to_bytes,
    middleware::from_fn,
    test::{TestRequest, init_service, try_call_service},
    web,
};

use super::*;
use crate::{
    captcha::Captchas,
    clock::Clock,
    domain::{carrier::Carriers, policy::Timeline},
    flow::{Limits, Services, Settings, SmsSettings},
    keys::{KeyBytes, Keys},
    random::Random,
    sms::Gateways,
    store::{Db, Options},
    web::{BODY_WITHIN, CaptchaKinds, Site, Visitors},
};

async fn state(folder: &std::path::Path) -> State {
    let key = KeyBytes::default();
    let keys = Keys::new("k", "k", BTreeMap::from([("k".to_owned(), key)])).unwrap();
    let url = format!("sqlite:{}", folder.join("test.db").display());
    let random = Random::seeded(1);
    let services = Services {
        db: Db::open(&url, Options::default()).await.unwrap(),
        captchas: Captchas::new(keys.clone(), random.clone()),
        keys,
        clock: Clock::system(),
        random,
        timeline: Arc::new(Timeline::built_in().unwrap()),
        carriers: Arc::new(Carriers::built_in().unwrap()),
        gateways: Gateways::sandbox(),
        webhooks: crate::webhook::Webhooks::new(&[], true),
        settings: Arc::new(Settings {
            sandbox: true,
            public_url: String::new(),
            signature: String::new(),
            limits: Limits::default(),
            sms: SmsSettings::default(),
            retention: chrono::TimeDelta::days(1),
            staff: crate::flow::staff::Rules::default(),
        }),
        metrics: crate::metrics::Metrics::new(),
        wake: Arc::default(),
    };
    let site = Site {
        sandbox: true,
        password: None,
        https: true,
        hosts: BTreeMap::new(),
        trusted_proxies: Vec::new(),
        body_within: BODY_WITHIN,
        operator: None,
        neighbours: HashMap::new(),
        public_metrics: true,
        captchas: CaptchaKinds::default(),
        retention_days: 1,
        staff_networks: Vec::new(),
    };
    State {
        services,
        site: Arc::new(site),
        visitors: Visitors::default(),
    }
}

async fn panics() -> HttpResponse {
    panic!("13800138000")
}

#[tokio::test]
async fn a_panic_ends_one_request_and_is_told_like_any_error() {
    let folder = tempfile::tempdir().unwrap();
    let state = state(folder.path()).await;
    let app = App::new()
        .app_data(Data::new(state.clone()))
        .wrap(from_fn(as_pages))
        .wrap(from_fn(guard::headers::set))
        .wrap(from_fn(observe::observe))
        .route("/panics", web::get().to(panics))
        .route("/api/panics", web::get().to(panics));
    let app = init_service(app).await;
    for (path, kind) in [
        ("/panics", "text/html; charset=utf-8"),
        ("/api/panics", "application/problem+json"),
    ] {
        let request = TestRequest::get().uri(path).to_request();
        let error = try_call_service(&app, request).await.err().unwrap();
        let response = error.error_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let header = |name| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        assert_eq!(header("content-type"), Some(kind));
        assert_eq!(header("cache-control"), Some("no-store"));
        assert_eq!(header("x-content-type-options"), Some("nosniff"));
        assert!(header("content-security-policy").is_some());
        assert!(header("strict-transport-security").is_some());
        let body = to_bytes(response.into_body()).await.unwrap();
        let body = String::from_utf8_lossy(&body);
        assert!(!body.contains("13800138000"), "{body}");
    }
    let metrics = state.services.metrics.render();
    assert!(metrics.contains("status=\"500\"} 2"), "{metrics}");
}

#[test]
fn who_comes_too_early_is_told_when_to_come_again() {
    let after = |kind| bare(kind).headers().get(header::RETRY_AFTER).cloned();
    assert_eq!(
        after(ErrorKind::TooManyRequests { retry_after: 7 }).unwrap(),
        "7"
    );
    assert_eq!(after(ErrorKind::Unavailable).unwrap(), "5");
    assert!(after(ErrorKind::NotFound).is_none());
}
