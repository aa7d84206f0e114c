//! For operators' machines: alive, ready, counted.

use std::time::Duration;

use actix_web::{HttpResponse, web::Data};
use chrono::TimeDelta;
use serde_json::json;
use tokio::time::timeout;

use super::site::State;
use crate::store::StoreError;

/// So far may this machine's clock be off the database's.
const CLOCKS_APART: TimeDelta = TimeDelta::seconds(60);

/// Who asks gives up soon, too.
const PATIENCE: Duration = Duration::from_secs(2);

/// The program runs.
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body("ok\n")
}

/// The database can be reached and is migrated, and its clock agrees with this machine's (not with a sandbox's).
pub async fn readyz(state: Data<State>) -> HttpResponse {
    let db = &state.services.db;
    let asked = async { (db.is_up_to_date().await, db.database_now().await) };
    let (migrated, now) = timeout(PATIENCE, asked).await.unwrap_or_else(|_| {
        let silent = StoreError::Unavailable("no answer in time".into());
        (Err(silent.clone()), Err(silent))
    });
    let apart = now.map(|now| (now - state.services.clock.real_now()).abs());
    let checks = [
        ("database", apart.is_ok() && migrated.is_ok()),
        ("migrations", migrated.unwrap_or(false)),
        ("clock", apart.is_ok_and(|apart| apart <= CLOCKS_APART)),
    ];
    let ready = checks.iter().all(|(_, holds)| *holds);
    let body = json!({"ready": ready, "checks": checks.into_iter().collect::<std::collections::BTreeMap<_, _>>()});
    let mut response = if ready {
        HttpResponse::Ok()
    } else {
        HttpResponse::ServiceUnavailable()
    };
    response.json(body)
}

/// What has been counted, for Prometheus.
pub async fn metrics(state: Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(state.services.metrics.render())
}
