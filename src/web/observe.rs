//! One line of log and one count for each request: method, route pattern, status, time, id. Never a path, a query, a header
//! or a body: they may hold what a visitor typed, or a short link.

use std::time::Instant;

use actix_web::{
    Error, HttpMessage, HttpRequest,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{HeaderName, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use tracing::Instrument;

use super::site::State;

/// The answer's header with the id that the log has.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

struct RequestId(String);

/// The id of a request; empty before it has one.
pub(super) fn id_of(request: &HttpRequest) -> String {
    let extensions = request.extensions();
    extensions
        .get::<RequestId>()
        .map_or_else(String::new, |id| id.0.clone())
}

pub(super) async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let state = request.app_data::<Data<State>>().cloned();
    let random = state
        .as_ref()
        .map_or(0, |state| u64::from_le_bytes(state.services.random.bytes()));
    let id = format!("{random:016x}");
    let method = name(request.method());
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = tracing::info_span!("request", id);
    let started = Instant::now();
    let mut answered = next.call(request).instrument(span.clone()).await;
    let took = started.elapsed();
    let (route, status) = match &answered {
        Ok(response) => (
            response.request().match_pattern(),
            response.status().as_u16(),
        ),
        Err(error) => (None, error.as_response_error().status_code().as_u16()),
    };
    let route = route.as_deref().unwrap_or("none");
    let _entered = span.enter();
    // what a probe asks every few seconds is no news
    if matches!(route, "/healthz" | "/readyz" | "/metrics") && status < 400 {
        tracing::debug!(method, route, status, ms = took.as_millis(), "answered");
    } else {
        tracing::info!(method, route, status, ms = took.as_millis(), "answered");
    }
    if let Some(state) = state {
        state.services.metrics.request(method, route, status, took);
    }
    if let (Ok(response), Ok(id)) = (&mut answered, HeaderValue::from_str(&id)) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    answered
}

/// A closed set: a method is free text otherwise.
fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
