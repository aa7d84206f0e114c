//! The provider API over real HTTP. Each answer that comes back is held against the API's own description.

mod description;
mod filing;
mod idempotency;
mod keys;
mod life;
mod lists;
mod problems;
mod statistics;

use actix_web::{App, HttpServer, web::Data};
use heyan::{
    flow::{Limits, Services, Settings, providers},
    store::Db,
    web::api,
};
use reqwest::{Method, RequestBuilder, Response, header::HeaderMap};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::sync::Arc;

use crate::jobs::desk::Desk;

/// A server, and a provider that calls it.
pub struct Api {
    pub desk: Desk,
    pub base: String,
    pub key: String,
    http: reqwest::Client,
}

/// What came back, its body as JSON.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Api {
    pub async fn new(db: &Db, now: &str) -> Self {
        Self::with_limit(db, now, Limits::default().api_per_minute).await
    }

    /// With another limit of calls in a minute.
    pub async fn with_limit(db: &Db, now: &str, api_per_minute: u32) -> Self {
        let mut desk = Desk::new(db, now).await;
        let settings = (*desk.services.settings).clone();
        desk.services.settings = Arc::new(Settings {
            limits: Limits {
                api_per_minute,
                ..settings.limits
            },
            ..settings
        });
        // its own name, so that two servers can share a database
        let name = format!("api of {}", desk.provider);
        let secrets = providers::add(&desk.services, &name, None).await;
        let key = secrets.unwrap().unwrap().api_key;
        Self {
            base: serve(desk.services.clone()),
            desk,
            key: key.expose_secret().to_owned(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    /// A second provider's key.
    pub async fn other_key(&self) -> String {
        let secrets = providers::add(&self.desk.services, "another", None).await;
        let key = secrets.unwrap().unwrap().api_key;
        key.expose_secret().to_owned()
    }

    /// A call without a key.
    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// A call with a key of one's own.
    pub async fn call_as(&self, key: &str, method: Method, path: &str) -> Answer {
        answer(self.bare(method, path).bearer_auth(key)).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call_as(&self.key, Method::GET, path).await
    }

    pub async fn post(&self, path: &str) -> Answer {
        self.call_as(&self.key, Method::POST, path).await
    }

    /// `POST /filing-requests`, about to be sent.
    pub fn submission(&self, body: impl Into<reqwest::Body>) -> RequestBuilder {
        self.bare(Method::POST, "/api/v1/filing-requests")
            .bearer_auth(&self.key)
            .header("Content-Type", "application/json")
            .body(body)
    }

    pub async fn submit(&self, filing: &Value) -> Answer {
        answer(self.submission(filing.to_string())).await
    }

    /// Submits, and must succeed; the request.
    pub async fn submitted(&self, filing: &Value) -> Value {
        let answer = self.submit(filing).await;
        assert_eq!(answer.status, 201, "{:#}", answer.body);
        answer.body
    }
}

/// Sends, and checks what holds for every answer.
pub async fn answer(request: RequestBuilder) -> Answer {
    let (client, request) = request.build_split();
    let request = request.unwrap();
    let (method, path) = (request.method().clone(), request.url().path().to_owned());
    let response: Response = client.execute(request).await.unwrap();
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    assert_eq!(headers["cache-control"], "no-store");
    for absent in ["set-cookie", "access-control-allow-origin"] {
        assert!(!headers.contains_key(absent), "{absent}");
    }
    let kind = headers["content-type"].to_str().unwrap().to_owned();
    let text = response.text().await.unwrap();
    let body = if method == Method::HEAD {
        assert_eq!(text, "");
        Value::Null
    } else {
        serde_json::from_str(&text).unwrap()
    };
    if status >= 400 {
        assert_eq!(kind, "application/problem+json");
        if method != Method::HEAD {
            assert_eq!(body["status"], status);
        }
    } else {
        assert_eq!(kind, "application/json");
    }
    description::check(&method, &path, status, &headers, &body);
    Answer {
        status,
        headers,
        body,
    }
}

impl Answer {
    /// It is this problem: the last part of its type.
    #[track_caller]
    pub fn is(&self, status: u16, problem: &str) -> &Self {
        let kind = format!("urn:heyan:problem:{problem}");
        let told = (self.status, self.body["type"].as_str().unwrap_or_default());
        assert_eq!(told, (status, &*kind), "{:#}", self.body);
        self
    }

    /// The pointers of its errors.
    pub fn pointers(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().unwrap();
        errors
            .iter()
            .map(|error| error["pointer"].as_str().unwrap())
            .collect()
    }
}

/// Serves on a port of its own, for as long as the test lives.
pub fn serve(services: Services) -> String {
    let services = Data::new(services);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(services.clone())
            .configure(api::configure)
    })
    .workers(2)
    .disable_signals()
    .bind(("127.0.0.1", 0))
    .unwrap();
    let base = format!("http://{}", server.addrs()[0]);
    tokio::spawn(server.run());
    base
}

/// The interface's own example.
pub fn example() -> Value {
    json!({
        "province": "gansu",
        "kind": "new_filing",
        "provider_reference": "ORDER-2018-0001",
        "resubmits": null,
        "subject": {
            "name": "兰州某某科技有限公司",
            "principal": {"name": "王小明", "phone": "13800138000",
                "document": {"type": "resident_id", "number": "11010519491231002X"}}
        },
        "sites": [
            {"name": "某某网", "domains": ["example.cn"], "service_type": "website",
             "principal": {"name": "李雷", "phone": "13900139000",
                "document": {"type": "passport", "number": "E12345678"}}}
        ]
    })
}

/// Only remarks changed: nobody is verified, it is handed over at once.
pub fn remarks() -> Value {
    json!({"province": "gansu", "kind": "change"})
}

/// The bureau reviews it first.
pub fn changed_phone() -> Value {
    json!({
        "province": "zhejiang",
        "kind": "change_phone",
        "subject": {"name": "杭州某某公司", "principal": {"name": "韩梅梅", "phone": "13700137000",
            "previous_phone": "13600136000", "document": {"type": "passport", "number": "E87654321"}}}
    })
}

/// An example with something else at a pointer.
pub fn with(mut filing: Value, pointer: &str, value: Value) -> Value {
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    filing.pointer_mut(parent).unwrap()[member] = value;
    filing
}
