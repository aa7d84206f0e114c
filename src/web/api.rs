//! The provider API under `/api/v1`: JSON in and out, problems as RFC 9457 writes them, no cookies and no CORS.
//! Each path answers each method, and all that is not found here is a problem too, never a page.

mod body;
mod caller;
mod cursor;
mod deliveries;
mod handlers;
mod openapi;
mod problem;
mod query;
mod shape_error;
mod shapes;
mod statistics;

use actix_web::{
    Responder, Route, guard,
    http::header::CACHE_CONTROL,
    middleware::DefaultHeaders,
    web::{self, ServiceConfig},
};

pub(super) use body::read as read_body;
pub use deliveries::{WebhookDelivery, WebhookDeliveryPage};
pub use openapi::Description;
pub use problem::{Problem, ProblemType};
pub(super) use shape_error::parse as parse_body;
pub use shapes::{EventPage, FilingRequestPage, LoggedEvent};

pub use crate::flow::shape::{FilingRequest, VerificationOfRequest};

const READ: &str = "GET, HEAD";
const READ_AND_POST: &str = "GET, HEAD, POST";
const POST: &str = "POST";

/// Mounts `/api`. It needs `web::Data<flow::Services>`.
pub fn configure(config: &mut ServiceConfig) {
    let filing_requests = web::resource("/v1/filing-requests")
        .route(reading().to(handlers::list))
        .route(web::post().to(handlers::submit))
        .default_service(only(READ_AND_POST));
    let one = web::resource("/v1/filing-requests/{id}")
        .route(reading().to(handlers::show))
        .default_service(only(READ));
    let withdraw = web::resource("/v1/filing-requests/{id}/withdraw")
        .route(web::post().to(handlers::withdraw))
        .default_service(only(POST));
    let events = web::resource("/v1/filing-requests/{id}/events")
        .route(reading().to(handlers::events))
        .default_service(only(READ));
    let deliveries = web::resource("/v1/webhook-deliveries")
        .route(reading().to(deliveries::list))
        .default_service(only(READ));
    let redeliver = web::resource("/v1/webhook-deliveries/{id}/redeliver")
        .route(web::post().to(deliveries::redeliver))
        .default_service(only(POST));
    let statistics = web::resource("/v1/statistics")
        .route(reading().to(statistics::show))
        .default_service(only(READ));
    let document = web::resource("/v1/openapi.json")
        .route(reading().to(openapi::show))
        .default_service(only(READ));
    let api = web::scope("/api")
        .wrap(DefaultHeaders::new().add((CACHE_CONTROL, "no-store")))
        .service(filing_requests)
        .service(one)
        .service(withdraw)
        .service(events)
        .service(deliveries)
        .service(redeliver)
        .service(statistics)
        .service(document)
        .default_service(web::to(unknown_path));
    config.service(api);
}

/// Each GET answers HEAD.
fn reading() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// Any other method of a path that exists.
fn only(allowed: &'static str) -> Route {
    web::to(move || async move { answer(Problem::method_not_allowed(allowed)) })
}

async fn unknown_path() -> impl Responder {
    answer(Problem::new(
        ProblemType::UnknownPath,
        "there is nothing at this path; /api/v1/openapi.json lists what there is",
    ))
}

fn answer(problem: Problem) -> Result<&'static str, Problem> {
    Err(problem)
}
