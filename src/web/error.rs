//! What goes wrong, as one enum; what that looks like is decided once, in `as_pages`: a page in Chinese for people, a problem
//! document for programs that have not been answered with one yet.

use std::panic::AssertUnwindSafe;

use actix_web::{
    Error, HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use askama::Template;
use futures_util::FutureExt;
use serde_json::json;

use super::{
    api::{Problem, ProblemType},
    guard, observe,
    pages::error::{ErrorKind, ErrorPage, MisdirectedPage},
    site::State,
};
use crate::{domain::province::Province, flow::FlowError};

/// Why a handler has no page to show.
#[derive(Debug)]
pub enum Failure {
    /// The visitor is told what is the matter.
    Page(ErrorKind),
    /// A flow failed: logged, and told as unavailable or internal.
    Flow(FlowError),
}

/// What a handler answers.
pub type Result<T = HttpResponse> = std::result::Result<T, Failure>;

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Page(kind) => write!(f, "{kind:?}"),
            Self::Flow(error) => write!(f, "{error}"),
        }
    }
}

impl From<FlowError> for Failure {
    fn from(error: FlowError) -> Self {
        match error {
            FlowError::NotFound => Self::Page(ErrorKind::NotFound),
            FlowError::Limited { retry_after } => {
                Self::Page(ErrorKind::TooManyRequests { retry_after })
            }
            error => Self::Flow(error),
        }
    }
}

impl From<crate::store::StoreError> for Failure {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Flow(error.into())
    }
}

impl From<askama::Error> for Failure {
    fn from(error: askama::Error) -> Self {
        Self::Flow(FlowError::Corrupt(format!("a page: {error}")))
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Page(kind) => status(kind),
            Self::Flow(error) if error.is_unavailable() => StatusCode::SERVICE_UNAVAILABLE,
            Self::Flow(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Without a body: `as_pages` writes it.
    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Page(kind) => bare(kind.clone()),
            Self::Flow(error) => {
                tracing::error!(%error, "a request failed");
                HttpResponseBuilder::new(self.status_code()).finish()
            }
        }
    }
}

fn status(kind: &ErrorKind) -> StatusCode {
    StatusCode::from_u16(kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Whoever comes while the database is away, or while too many pictures wait to be drawn, may come again after so many seconds.
const AGAIN: u64 = 5;

/// Says when to come again, where waiting helps.
fn put_off(response: &mut HttpResponse, kind: &ErrorKind) {
    let seconds = match kind {
        ErrorKind::TooManyRequests { retry_after } => *retry_after,
        ErrorKind::Unavailable => AGAIN,
        _ => return,
    };
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, seconds.into());
}

fn bare(kind: ErrorKind) -> HttpResponse {
    let mut response = HttpResponseBuilder::new(status(&kind)).finish();
    put_off(&mut response, &kind);
    response.extensions_mut().insert(kind);
    response
}

/// The national pages.
const PAGES: [&str; 5] = [
    "help",
    "privacy",
    "progress",
    "sms-verification",
    "sms-resend",
];

/// No such page; but one with a slash too many, as people type it, leads to that page.
pub(super) async fn nothing_here(request: HttpRequest) -> HttpResponse {
    let path = request.path();
    let page = path.trim_end_matches('/');
    // a name, so that it leads to no other host
    let is_page = PAGES.contains(&page.trim_start_matches('/')) || bureau_of(page).is_some();
    if page != path && page.starts_with('/') && !page.starts_with("//") && is_page {
        return HttpResponse::PermanentRedirect()
            .insert_header((header::LOCATION, page))
            .finish();
    }
    bare(ErrorKind::NotFound)
}

/// The path is there, the method is not.
pub(super) fn not_allowed(allow: &'static str) -> HttpResponse {
    let mut response = bare(ErrorKind::MethodNotAllowed);
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static(allow));
    response
}

/// A guard does not let a request pass.
pub(super) fn refuse(request: ServiceRequest, kind: ErrorKind) -> ServiceResponse<BoxBody> {
    request.into_response(bare(kind))
}

/// Where an error is told: what the page around it needs.
struct Place {
    state: Data<State>,
    path: String,
    request_id: String,
}

/// Writes the bodies of errors. A panic ends one request, and is told like any other error.
pub(super) async fn as_pages(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> std::result::Result<ServiceResponse<BoxBody>, Error> {
    let Some(state) = request.app_data::<Data<State>>().cloned() else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let place = Place {
        state,
        path: request.path().to_owned(),
        request_id: observe::id_of(request.request()),
    };
    let internal = || ErrorKind::Internal {
        request_id: place.request_id.clone(),
    };
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(Ok(response)) => Ok(place.told(response.map_into_boxed_body())),
        Ok(Err(error)) => {
            let kind = kind_of(error.as_response_error().status_code()).unwrap_or_else(internal);
            Err(place.thrown(&kind))
        }
        Err(_) => {
            tracing::error!("a handler panicked");
            Err(place.thrown(&internal()))
        }
    }
}

impl Place {
    /// Gives an error without a body its page.
    fn told(&self, response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        let status = response.status();
        if !(status.is_client_error() || status.is_server_error()) || is_told(response.headers()) {
            return response;
        }
        let known = response.response().extensions().get::<ErrorKind>().cloned();
        let kind = known
            .or_else(|| kind_of(status))
            .unwrap_or_else(|| ErrorKind::Internal {
                request_id: self.request_id.clone(),
            });
        let mut page = self.page(&kind, status);
        for name in [header::ALLOW, header::RETRY_AFTER, header::WWW_AUTHENTICATE] {
            if let Some(value) = response.headers().get(&name) {
                page.headers_mut().insert(name, value.clone());
            }
        }
        response.into_response(page)
    }

    /// For what no response stands behind any more.
    fn thrown(&self, kind: &ErrorKind) -> Error {
        let mut page = self.page(kind, status(kind));
        guard::headers::secure(&self.state.site, &self.path, page.headers_mut());
        if let Ok(id) = HeaderValue::from_str(&self.request_id) {
            page.headers_mut().insert(observe::REQUEST_ID, id);
        }
        InternalError::from_response("told", page).into()
    }

    fn page(&self, kind: &ErrorKind, status: StatusCode) -> HttpResponse {
        let mut page = self.body(kind, status);
        put_off(&mut page, kind);
        page
    }

    fn body(&self, kind: &ErrorKind, status: StatusCode) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(status);
        if is_for_programs(&self.path) {
            if let Some(problem) = problem_of(status) {
                return problem.error_response();
            }
            let title = status.canonical_reason().unwrap_or_default();
            let problem = json!({"type": "about:blank", "title": title, "status": status.as_u16()});
            return response
                .content_type("application/problem+json")
                .body(problem.to_string());
        }
        let page = if *kind == ErrorKind::Misdirected {
            let sandbox = self.state.site.sandbox;
            MisdirectedPage { sandbox }.render()
        } else {
            let frame = self.state.frame(bureau_of(&self.path));
            let kind = kind.clone();
            ErrorPage { frame, kind }.render()
        };
        match page {
            Ok(html) => response.content_type("text/html; charset=utf-8").body(html),
            Err(_) => response.finish(),
        }
    }
}

/// Somebody has written a body for it.
fn is_told(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    content_type.is_some_and(|kind| {
        ["text/html", "application/problem+json", "application/json"]
            .iter()
            .any(|known| kind.starts_with(known))
    })
}

/// The API's own problem, where it has one for what a guard or the server itself says.
fn problem_of(status: StatusCode) -> Option<Problem> {
    let (kind, detail) = match status {
        StatusCode::UNAUTHORIZED => (
            ProblemType::Unauthorized,
            "this sandbox wants its password too: send X-Sandbox-Password",
        ),
        StatusCode::MISDIRECTED_REQUEST => (
            ProblemType::UnknownHost,
            "call the address that the operator gave",
        ),
        StatusCode::INTERNAL_SERVER_ERROR => (ProblemType::InternalError, "it has been logged"),
        StatusCode::SERVICE_UNAVAILABLE => (ProblemType::Unavailable, "try again in a moment"),
        _ => return None,
    };
    Some(Problem::new(kind, detail))
}

/// Programs get problem documents there.
fn is_for_programs(path: &str) -> bool {
    ["/api", "/sandbox/api"].iter().any(|root| {
        path.strip_prefix(root)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

fn bureau_of(path: &str) -> Option<Province> {
    Province::from_slug(path.split('/').nth(1)?)
}

/// What the framework's own errors mean.
fn kind_of(status: StatusCode) -> Option<ErrorKind> {
    Some(match status {
        StatusCode::FORBIDDEN => ErrorKind::Forbidden,
        StatusCode::NOT_FOUND => ErrorKind::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => ErrorKind::MethodNotAllowed,
        StatusCode::REQUEST_TIMEOUT => ErrorKind::TooSlow,
        StatusCode::PAYLOAD_TOO_LARGE => ErrorKind::TooLarge,
        StatusCode::MISDIRECTED_REQUEST => ErrorKind::Misdirected,
        StatusCode::SERVICE_UNAVAILABLE => ErrorKind::Unavailable,
        status if status.is_client_error() => ErrorKind::BadRequest,
        _ => return None,
    })
}

/// The request that a handler was given says which bureau it is about.
pub(super) fn bureau(request: &HttpRequest) -> Result<Option<Province>> {
    match request.match_info().get("slug") {
        None => Ok(None),
        Some(slug) => Province::from_slug(slug)
            .map(Some)
            .ok_or(Failure::Page(ErrorKind::NotFound)),
    }
}

#[cfg(test)]
mod tests;
