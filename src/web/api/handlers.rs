//! The calls of the API: read what came, run a flow, show what it answers.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::LOCATION,
    web::{Data, Json, Payload},
};

use super::{
    body,
    caller::Caller,
    cursor,
    problem::{Problem, ProblemType},
    query::{self, ListQuery},
    shape_error,
    shapes::{EventPage, FilingRequestPage, LoggedEvent},
};
use crate::{
    domain::{
        filing::FilingDraft,
        ids::RequestId,
        province::Province,
        words::{FilingKind, RequestState},
    },
    flow::{
        FlowError, Services, look_up,
        shape::FilingRequest,
        submit::{IdempotencyKey, submit as submit_filing},
        withdraw::withdraw as withdraw_filing,
    },
};

/// Submits a filing request. What each kind carries is told in `errors` where it is missing.
#[utoipa::path(
    post,
    path = "/api/v1/filing-requests",
    operation_id = "submit_filing_request",
    tag = "filing requests",
    request_body = FilingDraft,
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
        description = "1 to 255 visible ASCII characters, kept for 30 days: the same key and body again answer the same request, as it is now")),
    responses((status = 201, description = "The request", body = FilingRequest,
        headers(("Location" = String, description = "Its path")))),
)]
pub async fn submit(
    services: Data<Services>,
    caller: Caller,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let key = query::idempotency_key(&request)?;
    let body = body::read(&request, payload).await?;
    let draft: FilingDraft = shape_error::parse(&body)?;
    let key = key.map(|key| IdempotencyKey { key, body });
    let services = services.get_ref().clone();
    // on a task of its own: a caller that goes away must not leave the key taken and nothing filed
    let db = services.db.clone();
    let filing = db.spawn(async move { submit_filing(&services, caller.0, draft, key).await });
    let view = filing.await.unwrap_or(Err(FlowError::Busy))?;
    let shown = FilingRequest::from(view);
    let path = format!("/api/v1/filing-requests/{}", shown.id);
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, path))
        .json(shown))
}

/// Lists the provider's requests, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/filing-requests",
    operation_id = "list_filing_requests",
    tag = "filing requests",
    params(
        ("state" = Option<RequestState>, Query, description = "Only those in this state"),
        ("kind" = Option<FilingKind>, Query, description = "Only those of this kind"),
        ("province" = Option<Province>, Query, description = "Only those of this province"),
        ("provider_reference" = Option<String>, Query, max_length = 100, description = "Only those that you call so, exactly"),
        ("submitted_from" = Option<String>, Query, format = DateTime, description = "Only those submitted then or later; RFC 3339, with or without seconds"),
        ("submitted_to" = Option<String>, Query, format = DateTime, description = "Only those submitted before then"),
        ("cursor" = Option<String>, Query, description = "The next_cursor of the page before, with the same filters"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "How many on a page; 20 if left out"),
    ),
    responses((status = 200, description = "A page of requests", body = FilingRequestPage)),
)]
pub async fn list(
    services: Data<Services>,
    caller: Caller,
    request: HttpRequest,
) -> Result<Json<FilingRequestPage>, Problem> {
    let query = ListQuery::parse(request.query_string())?;
    let filter = query.filter();
    let place = cursor::of_requests(caller.0, filter);
    let before = match &query.cursor {
        None => None,
        Some(cursor) => {
            Some(cursor::open(&services, &place, cursor).ok_or_else(query::bad_cursor)?)
        }
    };
    let fetch = query::one_more(query.limit);
    let mut views = look_up::list(&services, caller.0, filter, before, fetch).await?;
    let last = query::cut(&mut views, query.limit).map(|view| view.row.id);
    Ok(Json(FilingRequestPage {
        data: views.into_iter().map(FilingRequest::from).collect(),
        next_cursor: last.map(|last| cursor::seal(&services, &place, last)),
    }))
}

/// Shows a request as it is now.
#[utoipa::path(
    get,
    path = "/api/v1/filing-requests/{id}",
    operation_id = "get_filing_request",
    tag = "filing requests",
    params(("id" = String, Path, description = "The request's id, fr_…")),
    responses((status = 200, description = "The request", body = FilingRequest)),
)]
pub async fn show(
    services: Data<Services>,
    caller: Caller,
    request: HttpRequest,
) -> Result<Json<FilingRequest>, Problem> {
    let view = look_up::request(&services, caller.0, id(&request)?).await?;
    Ok(Json(view.into()))
}

/// Takes a request back, while it is under review or verifying.
#[utoipa::path(
    post,
    path = "/api/v1/filing-requests/{id}/withdraw",
    operation_id = "withdraw_filing_request",
    tag = "filing requests",
    params(("id" = String, Path, description = "The request's id, fr_…")),
    responses((status = 200, description = "The request, withdrawn", body = FilingRequest)),
)]
pub async fn withdraw(
    services: Data<Services>,
    caller: Caller,
    request: HttpRequest,
) -> Result<Json<FilingRequest>, Problem> {
    let view = withdraw_filing(&services, caller.0, id(&request)?).await?;
    Ok(Json(view.into()))
}

/// Tells what happened to a request, the oldest first.
#[utoipa::path(
    get,
    path = "/api/v1/filing-requests/{id}/events",
    operation_id = "list_filing_request_events",
    tag = "filing requests",
    params(("id" = String, Path, description = "The request's id, fr_…")),
    responses((status = 200, description = "All of its events", body = EventPage)),
)]
pub async fn events(
    services: Data<Services>,
    caller: Caller,
    request: HttpRequest,
) -> Result<Json<EventPage>, Problem> {
    query::none(request.query_string())?;
    let rows = look_up::events(&services, caller.0, id(&request)?).await?;
    Ok(Json(EventPage {
        data: rows.into_iter().map(LoggedEvent::from).collect(),
        next_cursor: None,
    }))
}

/// The id in the path; what is none is as little there as another provider's.
fn id(request: &HttpRequest) -> Result<RequestId, Problem> {
    let id = request.match_info().get("id").map(str::parse);
    let not_found = || Problem::new(ProblemType::RequestNotFound, "there is no such request");
    id.and_then(Result::ok).ok_or_else(not_found)
}
