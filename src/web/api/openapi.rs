//! The API's description, `OpenAPI` 3.1, made from the code: paths from the handlers, problems from `ProblemType`.

use std::{collections::BTreeMap, sync::LazyLock};

use actix_web::HttpResponse;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Content, HeaderBuilder, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Schema,
        path::Operation,
        schema::Type,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::{
    deliveries, handlers,
    problem::{Problem, ProblemBody, ProblemType},
    statistics,
};

/// The description of the API.
#[derive(OpenApi)]
#[openapi(
    info(title = "Heyan provider API", description = "备案短信核验: filing requests of access providers. \
        Times are RFC 3339 in +08:00; absent is null; errors are application/problem+json (RFC 9457)."),
    servers((url = "/")),
    paths(
        handlers::submit,
        handlers::list,
        handlers::show,
        handlers::withdraw,
        handlers::events,
        deliveries::list,
        deliveries::redeliver,
        statistics::show,
        describe,
    ),
    components(schemas(ProblemBody)),
    security(("api_key" = [])),
    modifiers(&ApiKey, &Problems),
)]
pub struct Description;

/// This description.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    operation_id = "describe",
    tag = "description",
    security(()),
    responses((status = 200, description = "OpenAPI 3.1", body = Object)),
)]
fn describe() -> Result<String, serde_json::Error> {
    Description::openapi().to_json()
}

/// Shows the description; no key is needed to read it.
pub async fn show() -> Result<HttpResponse, Problem> {
    static DOCUMENT: LazyLock<Option<String>> = LazyLock::new(|| describe().ok());
    let document = DOCUMENT.as_deref().ok_or_else(|| {
        Problem::new(
            ProblemType::InternalError,
            "the description cannot be written",
        )
    })?;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .body(document))
}

/// `Authorization: Bearer hk_…`
struct ApiKey;

impl Modify for ApiKey {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The provider's API key, hk_ and 43 characters"))
            .build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("api_key", SecurityScheme::Http(bearer));
    }
}

/// Says which problems each call can answer with.
struct Problems;

impl Modify for Problems {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        for item in openapi.paths.paths.values_mut() {
            let operations = [&mut item.get, &mut item.post].into_iter().flatten();
            for operation in operations {
                describe_problems(operation);
            }
        }
    }
}

fn describe_problems(operation: &mut Operation) {
    let mut by_status: BTreeMap<u16, Vec<ProblemType>> = BTreeMap::new();
    for kind in problems(operation.operation_id.as_deref().unwrap_or_default()) {
        by_status
            .entry(kind.status().as_u16())
            .or_default()
            .push(kind);
    }
    for (status, kinds) in by_status {
        let response = RefOr::T(response(status, &kinds));
        operation
            .responses
            .responses
            .insert(status.to_string(), response);
    }
}

/// What a call can answer besides success.
fn problems(operation: &str) -> Vec<ProblemType> {
    use ProblemType as P;
    let of_host = [P::MethodNotAllowed, P::UnknownHost, P::InternalError];
    let with_key = [P::Unauthorized, P::TooManyCalls, P::Unavailable];
    let own: &[ProblemType] = match operation {
        "submit_filing_request" => &[
            P::BrokenJson,
            P::InvalidParameter,
            P::BodyTooSlow,
            P::StillRunning,
            P::BodyTooLarge,
            P::UnsupportedMediaType,
            P::InvalidFiling,
            P::IdempotencyKeyReused,
        ],
        "list_filing_requests" | "list_webhook_deliveries" | "get_statistics" => {
            &[P::InvalidParameter]
        }
        "list_filing_request_events" => &[P::InvalidParameter, P::RequestNotFound],
        "withdraw_filing_request" => &[P::RequestNotFound, P::RequestEnded],
        "get_filing_request" => &[P::RequestNotFound],
        "redeliver_webhook" => &[P::DeliveryNotFound, P::NotDeliverable],
        _ => return of_host.to_vec(),
    };
    [&of_host, &with_key, own].concat()
}

fn response(status: u16, kinds: &[ProblemType]) -> Response {
    let lines = kinds
        .iter()
        .map(|kind| format!("`{kind}`: {}", kind.title()));
    let problem = Content::new(Some(Ref::from_schema_name("Problem")));
    let mut response = ResponseBuilder::new()
        .description(lines.collect::<Vec<_>>().join("; "))
        .content("application/problem+json", problem);
    let headers: &[(&str, Type)] = match status {
        401 => &[("WWW-Authenticate", Type::String)],
        405 => &[("Allow", Type::String)],
        429 | 503 => &[("Retry-After", Type::Integer)],
        _ => &[],
    };
    for (name, kind) in headers {
        let schema = Schema::Object(ObjectBuilder::new().schema_type(kind.clone()).build());
        response = response.header(*name, HeaderBuilder::new().schema(Some(schema)).build());
    }
    response.build()
}
