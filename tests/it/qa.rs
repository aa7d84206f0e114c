//! The sandbox as a QA engineer meets it: over HTTP alone, by what the interface says, on both engines.

mod calls;
mod clock;
mod desk;
mod walks;

use std::{net::TcpListener, sync::Arc};

use actix_web::dev::ServerHandle;
use heyan::{
    clock::Clock,
    flow::Services,
    store::Engine,
    web::{State, Visitors, serve},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::{App, Page},
    world::World,
};

/// One instance of a sandbox: its own clock, a database that others may share. No jobs run but those of the clock's turns.
pub struct Instance {
    pub base: String,
    pub services: Services,
    http: reqwest::Client,
    handle: ServerHandle,
}

/// An answer, its body as JSON (null where it is none).
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub kind: String,
    pub body: Value,
}

impl Instance {
    /// One more on the same database, started now: its clock is the system's until it is told otherwise.
    pub fn beside(services: &Services) -> Self {
        let services = Services {
            clock: Clock::system(),
            wake: Arc::default(),
            ..services.clone()
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let state = State {
            services: services.clone(),
            site: Arc::new(crate::app::site()),
            visitors: Visitors::default(),
        };
        let server = serve(listener, state).unwrap();
        let handle = server.handle();
        tokio::spawn(server);
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self {
            base,
            services,
            http,
            handle,
        }
    }

    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let page = Page::of(request).await;
        Answer {
            status: page.status,
            kind: page.header("content-type").to_owned(),
            body: serde_json::from_str(&page.body).unwrap_or(Value::Null),
        }
    }

    /// What must succeed.
    pub async fn done(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let answer = self.call(method.clone(), path, body).await;
        assert!(
            matches!(answer.status, 200 | 201),
            "{method} {path}: {answer:?}"
        );
        answer.body
    }

    pub async fn get(&self, path: &str) -> Value {
        self.done(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.done(Method::POST, path, Some(body)).await
    }

    /// Turns the clock; where it then stood.
    pub async fn turn(&self, body: Value) -> String {
        let answer = self
            .done(Method::PUT, "/sandbox/api/clock", Some(body))
            .await;
        answer["now"].as_str().unwrap().to_owned()
    }

    /// Runs what is due now, and nothing else.
    pub async fn settle(&self) {
        self.turn(json!({"advance": "PT0S"})).await;
    }

    /// Files a scenario and has its SMS accepted.
    pub async fn file(&self, name: &str) -> Value {
        let path = format!("/sandbox/api/scenarios/{name}");
        let filed = self.done(Method::POST, &path, None).await;
        self.settle().await;
        filed
    }

    pub async fn messages(&self, phone: &str) -> Vec<Value> {
        let path = format!("/sandbox/api/messages?phone={phone}");
        self.get(&path).await.as_array().unwrap().clone()
    }

    pub async fn stop(&self) {
        self.handle.stop(true).await;
    }
}

/// A fresh database, emptied at an instant through the sandbox's own API, and an instance on it.
pub async fn at(engine: Engine, now: &str) -> (World, Instance) {
    let world = World::new(engine, now).await;
    let one = Instance::beside(&world.services);
    one.post("/sandbox/api/reset", json!({"now": now})).await;
    (world, one)
}

/// The same behind `App`, for plain forms.
pub async fn app_at(engine: Engine, now: &str) -> App {
    let app = App::new(engine, now).await;
    let reset = app.post("/sandbox/reset", &[("now", &now[..16])]).await;
    assert_eq!(reset.status, 303, "{}", reset.body);
    app
}
