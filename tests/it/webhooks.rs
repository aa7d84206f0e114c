//! Webhooks over real HTTP: signed, in order, again after an outage, never to an address that must not be called.

mod api;
mod client;
mod delivery;
mod endpoints;
mod looping;
pub mod verify;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, http::StatusCode, web};
use heyan::{
    domain::ids::{ProviderId, RequestId, WebhookId},
    flow::{
        providers::{self, NewSecrets},
        webhooks,
    },
    store::{
        Db,
        webhooks::{DeliveryFilter, DeliveryRow},
    },
    webhook::Webhooks,
};
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::jobs::desk::Desk;

pub const NINE: &str = "2018-09-10T09:00+08:00";

/// What arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    pub id: String,
    pub timestamp: String,
    pub signature: String,
    pub body: String,
    pub path: String,
}

impl Seen {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }
}

/// Answers to the attempts, by their number from 0; `Location` leads to `/elsewhere`.
type Script = dyn Fn(usize, &Seen) -> (u16, Duration) + Send + Sync;

/// Somebody who receives webhooks on a port of its own.
#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Receiver {
    /// Answers with a status.
    pub fn start(status: u16) -> Self {
        Self::scripted(move |_, _| (status, Duration::ZERO))
    }

    pub fn scripted(
        script: impl Fn(usize, &Seen) -> (u16, Duration) + Send + Sync + 'static,
    ) -> Self {
        let script: Arc<Script> = Arc::new(script);
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let kept = Arc::clone(&seen);
        let server = HttpServer::new(move || {
            let (script, kept) = (Arc::clone(&script), Arc::clone(&kept));
            let take = move |request: HttpRequest, body: String| {
                let header = |name| {
                    request
                        .headers()
                        .get(name)
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned()
                };
                let one = Seen {
                    id: header("webhook-id"),
                    timestamp: header("webhook-timestamp"),
                    signature: header("webhook-signature"),
                    path: request.path().to_owned(),
                    body,
                };
                let mut all = kept.lock().unwrap();
                let (status, wait) = script(all.len(), &one);
                all.push(one);
                async move {
                    tokio::time::sleep(wait).await;
                    HttpResponse::build(StatusCode::from_u16(status).unwrap())
                        .insert_header(("Location", "/elsewhere"))
                        .body("thank you")
                }
            };
            App::new().default_service(web::to(take))
        })
        .workers(2)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
        let url = format!("http://{}/hook", server.addrs()[0]);
        tokio::spawn(server.run());
        Self { url, seen }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The types of what arrived, in their order.
    pub fn kinds(&self) -> Vec<String> {
        self.seen().iter().map(Seen::kind).collect()
    }
}

/// A desk whose provider has webhooks.
pub struct Hooked {
    pub desk: Desk,
    pub name: String,
    pub secrets: NewSecrets,
}

impl Hooked {
    pub async fn new(db: &Db, url: &str) -> Self {
        Self::with(db, url, Webhooks::new(&[], true)).await
    }

    pub async fn with(db: &Db, url: &str, webhooks: Webhooks) -> Self {
        let mut desk = Desk::new(db, NINE).await;
        desk.services.webhooks = webhooks;
        let name = format!("hooked {}", desk.provider);
        let secrets = providers::add(&desk.services, &name, Some(url)).await;
        let row = providers::by_name(&desk.services, &name).await.unwrap();
        desk.provider = row.unwrap().id;
        Self {
            desk,
            name,
            secrets: secrets.unwrap().unwrap(),
        }
    }

    pub fn provider(&self) -> ProviderId {
        self.desk.provider
    }

    pub fn secret(&self) -> &str {
        self.secrets.webhook_secret.expose_secret()
    }

    /// A filing of one person, its SMS accepted and what is due sent.
    pub async fn file(&self) -> RequestId {
        let id = self.desk.file(&["13800138000"]).await;
        self.desk.settle().await;
        id
    }

    /// All deliveries, oldest first.
    pub async fn deliveries(&self) -> Vec<DeliveryRow> {
        let filter = DeliveryFilter::default();
        let mut rows = webhooks::list(&self.desk.services, self.provider(), filter, None, 1000)
            .await
            .unwrap();
        rows.reverse();
        rows
    }

    /// Their states, oldest first.
    pub async fn states(&self) -> Vec<&'static str> {
        let rows = self.deliveries().await;
        rows.iter().map(|row| row.state.as_str()).collect()
    }

    pub async fn redeliver(&self, id: WebhookId) -> heyan::flow::Result<DeliveryRow> {
        webhooks::redeliver(&self.desk.services, self.provider(), id).await
    }

    /// Turns the clock as the sandbox does, to so long after the start.
    pub async fn turn(&self, to: &str) {
        let services = &self.desk.services;
        let to = crate::jobs::desk::at(to);
        loop {
            self.desk.settle().await;
            let now = services.clock.now();
            let due = heyan::flow::run_due::next_after(services, now)
                .await
                .unwrap();
            match due {
                Some(due) if due < to => self.desk.turn(due),
                _ if now < to => self.desk.turn(to),
                _ => return,
            }
        }
    }
}
