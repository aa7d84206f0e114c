//! What is told when something is wrong: `application/problem+json` (RFC 9457) with a stable `type`.
//! Nothing in it repeats a value that was sent.

use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{filing::FieldError, words::words},
    flow::FlowError,
};

words!(/// Which problem it is; these never change.
    ProblemType {
    /// The body cannot be read as JSON.
    BrokenJson = "urn:heyan:problem:broken-json",
    /// A query parameter or a header is unusable.
    InvalidParameter = "urn:heyan:problem:invalid-parameter",
    /// No API key, or none that is valid.
    Unauthorized = "urn:heyan:problem:unauthorized",
    /// No such request, or another provider's.
    RequestNotFound = "urn:heyan:problem:request-not-found",
    /// No such webhook delivery, or another provider's.
    DeliveryNotFound = "urn:heyan:problem:delivery-not-found",
    /// No such path.
    UnknownPath = "urn:heyan:problem:unknown-path",
    /// The path takes other methods.
    MethodNotAllowed = "urn:heyan:problem:method-not-allowed",
    /// The body did not arrive in time.
    BodyTooSlow = "urn:heyan:problem:body-too-slow",
    /// The request has ended: this cannot be done to it any more.
    RequestEnded = "urn:heyan:problem:request-ended",
    /// The webhook cannot be sent again.
    NotDeliverable = "urn:heyan:problem:not-deliverable",
    /// The first call with this idempotency key still runs.
    StillRunning = "urn:heyan:problem:still-running",
    /// The body is over 1 MiB.
    BodyTooLarge = "urn:heyan:problem:body-too-large",
    /// The body is not sent as JSON.
    UnsupportedMediaType = "urn:heyan:problem:unsupported-media-type",
    /// The host is not one that this server answers to.
    UnknownHost = "urn:heyan:problem:unknown-host",
    /// The filing has the wrong shape or breaks rules; `errors` says where.
    InvalidFiling = "urn:heyan:problem:invalid-filing",
    /// The idempotency key came with another body before.
    IdempotencyKeyReused = "urn:heyan:problem:idempotency-key-reused",
    /// More calls than allowed; `Retry-After` says when to go on.
    TooManyCalls = "urn:heyan:problem:too-many-calls",
    /// The system failed; it has been logged.
    InternalError = "urn:heyan:problem:internal-error",
    /// The system cannot serve now; try again.
    Unavailable = "urn:heyan:problem:unavailable",
});

impl ProblemType {
    /// The status that it comes with.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::BrokenJson | Self::InvalidParameter => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::RequestNotFound | Self::DeliveryNotFound | Self::UnknownPath => {
                StatusCode::NOT_FOUND
            }
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::RequestEnded | Self::NotDeliverable | Self::StillRunning => StatusCode::CONFLICT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::UnknownHost => StatusCode::MISDIRECTED_REQUEST,
            Self::InvalidFiling | Self::IdempotencyKeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooManyCalls => StatusCode::TOO_MANY_REQUESTS,
            Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// One line, the same each time.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::BrokenJson => "The body is not JSON",
            Self::InvalidParameter => "A query parameter or a header is unusable",
            Self::Unauthorized => "A valid API key is needed",
            Self::RequestNotFound => "There is no such filing request",
            Self::DeliveryNotFound => "There is no such webhook delivery",
            Self::UnknownPath => "There is no such path",
            Self::MethodNotAllowed => "The path does not take this method",
            Self::BodyTooSlow => "The body did not arrive in time",
            Self::RequestEnded => "The filing request has ended",
            Self::NotDeliverable => "The webhook cannot be sent again",
            Self::StillRunning => "The first call with this idempotency key is still running",
            Self::BodyTooLarge => "The body is too large",
            Self::UnsupportedMediaType => "The body must be sent as application/json",
            Self::UnknownHost => "The host is not one of this server's",
            Self::InvalidFiling => "The filing is not valid",
            Self::IdempotencyKeyReused => "The idempotency key was used with another body",
            Self::TooManyCalls => "Too many calls",
            Self::InternalError => "The system failed",
            Self::Unavailable => "The system cannot serve now",
        }
    }
}

/// The members of a problem, as JSON.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemBody {
    /// Which problem it is.
    #[serde(rename = "type")]
    kind: ProblemType,
    /// The same for every problem of the type.
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 422)]
    status: u16,
    /// What is wrong this time, and how to mend it.
    detail: String,
    /// Where it is wrong: one error of shape, or all broken rules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
}

/// A problem on its way out.
#[derive(Debug, Clone)]
pub struct Problem {
    body: ProblemBody,
    allow: Option<&'static str>,
    retry_after: Option<u64>,
    /// `WWW-Authenticate` of a 401.
    challenge: Option<&'static str>,
}

impl Problem {
    /// A problem of a type; `detail` is English, and repeats nothing that was sent.
    #[must_use]
    pub fn new(kind: ProblemType, detail: impl Into<String>) -> Self {
        Self {
            body: ProblemBody {
                kind,
                title: kind.title(),
                status: kind.status().as_u16(),
                detail: detail.into(),
                errors: Vec::new(),
            },
            allow: None,
            retry_after: None,
            challenge: None,
        }
    }

    /// 405 with `Allow`.
    #[must_use]
    pub fn method_not_allowed(allowed: &'static str) -> Self {
        Self {
            allow: Some(allowed),
            ..Self::new(
                ProblemType::MethodNotAllowed,
                format!("this path takes {allowed}"),
            )
        }
    }

    /// 401 with `WWW-Authenticate`.
    #[must_use]
    pub fn unauthorized(detail: &str, challenge: &'static str) -> Self {
        Self {
            challenge: Some(challenge),
            ..Self::new(ProblemType::Unauthorized, detail)
        }
    }

    /// 422 with what is wrong where.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.len() {
            1 => "one member is wrong: see errors".to_owned(),
            many => format!("{many} members are wrong: see errors"),
        };
        let mut problem = Self::new(ProblemType::InvalidFiling, detail);
        problem.body.errors = errors;
        problem
    }

    /// Which members of the body are wrong, if that is the problem.
    #[must_use]
    pub fn members(&self) -> &[FieldError] {
        &self.body.errors
    }

    /// With `Retry-After`, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.body.kind, self.body.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.body.kind.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.content_type("application/problem+json");
        if let Some(allowed) = self.allow {
            response.insert_header((ALLOW, allowed));
        }
        if let Some(seconds) = self.retry_after {
            response.insert_header((RETRY_AFTER, seconds));
        }
        if let Some(challenge) = self.challenge {
            response.insert_header((WWW_AUTHENTICATE, challenge));
        }
        response.json(&self.body)
    }
}

impl From<FlowError> for Problem {
    fn from(error: FlowError) -> Self {
        let kind = match &error {
            FlowError::Invalid(errors) => return Self::invalid(errors.clone()),
            FlowError::Limited { retry_after } => {
                return Self::new(ProblemType::TooManyCalls, error.to_string())
                    .retry_after(*retry_after);
            }
            FlowError::StillRunning => {
                return Self::new(ProblemType::StillRunning, error.to_string()).retry_after(1);
            }
            FlowError::NotFound => ProblemType::RequestNotFound,
            FlowError::Ended(_) => ProblemType::RequestEnded,
            FlowError::NotDeliverable(_) => ProblemType::NotDeliverable,
            FlowError::OtherBody => ProblemType::IdempotencyKeyReused,
            _ if error.is_unavailable() => {
                tracing::warn!(%error, "a call of the provider API could not be served");
                return Self::new(ProblemType::Unavailable, "try again in a moment").retry_after(5);
            }
            _ => {
                tracing::error!(%error, "a call of the provider API failed");
                return Self::new(ProblemType::InternalError, "it has been logged");
            }
        };
        Self::new(kind, error.to_string())
    }
}
