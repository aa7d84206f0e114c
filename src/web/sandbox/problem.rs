//! What goes wrong with a call of the sandbox: the provider API's problems, and some of its own.

use std::fmt;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde_json::json;

use crate::{domain::filing::FieldError, flow::FlowError, web::api::Problem};

/// Problems that only a sandbox has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SandboxProblem {
    /// The body has the wrong shape, or a value that cannot be used; `errors` says where.
    InvalidBody,
    /// The clock goes forward only.
    ClockBackwards,
    /// There is a provider of that name.
    NameTaken,
    /// No such scenario.
    UnknownScenario,
    /// Not a captcha of this system.
    UnknownCaptcha,
    /// No phone of the request is being reviewed.
    NotUnderReview,
}

impl SandboxProblem {
    /// Type (these never change), status, title and detail.
    const fn parts(self) -> (&'static str, StatusCode, &'static str, &'static str) {
        match self {
            Self::InvalidBody => (
                "urn:heyan:problem:invalid-body",
                StatusCode::UNPROCESSABLE_ENTITY,
                "The body is not usable",
                "see errors",
            ),
            Self::ClockBackwards => (
                "urn:heyan:problem:clock-backwards",
                StatusCode::CONFLICT,
                "The clock goes forward only",
                "to go back, empty the sandbox: POST /sandbox/api/reset {\"now\": …}",
            ),
            Self::NameTaken => (
                "urn:heyan:problem:name-taken",
                StatusCode::CONFLICT,
                "The name is taken",
                "there is a provider of this name: choose another",
            ),
            Self::UnknownScenario => (
                "urn:heyan:problem:unknown-scenario",
                StatusCode::NOT_FOUND,
                "There is no such scenario",
                "GET /sandbox/api/scenarios lists them",
            ),
            Self::UnknownCaptcha => (
                "urn:heyan:problem:unknown-captcha",
                StatusCode::NOT_FOUND,
                "There is no such captcha",
                "the id is the form's hidden field captcha_id, as it stands there",
            ),
            Self::NotUnderReview => (
                "urn:heyan:problem:not-under-review",
                StatusCode::CONFLICT,
                "The request is not under phone review",
                "a review is given once, while the request is awaiting_phone_review",
            ),
        }
    }
}

/// A problem on its way out.
#[derive(Debug)]
pub enum Trouble {
    /// One that the provider API has too.
    Api(Problem),
    /// One of the sandbox's own, with what is wrong where.
    Own(SandboxProblem, Vec<FieldError>),
}

impl Trouble {
    /// A member of the body cannot be used.
    pub fn member(pointer: &str, detail: &str) -> Self {
        let error = FieldError {
            pointer: pointer.into(),
            detail: detail.into(),
        };
        Self::Own(SandboxProblem::InvalidBody, vec![error])
    }
}

impl From<SandboxProblem> for Trouble {
    fn from(kind: SandboxProblem) -> Self {
        Self::Own(kind, Vec::new())
    }
}

impl From<Problem> for Trouble {
    /// What is wrong with a body is not called a filing here.
    fn from(problem: Problem) -> Self {
        match problem.members() {
            [] => Self::Api(problem),
            errors => Self::Own(SandboxProblem::InvalidBody, errors.to_vec()),
        }
    }
}

impl From<FlowError> for Trouble {
    fn from(error: FlowError) -> Self {
        Problem::from(error).into()
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api(problem) => problem.fmt(f),
            Self::Own(kind, _) => f.write_str(kind.parts().0),
        }
    }
}

impl ResponseError for Trouble {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Api(problem) => problem.status_code(),
            Self::Own(kind, _) => kind.parts().1,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let (kind, errors) = match self {
            Self::Api(problem) => return problem.error_response(),
            Self::Own(kind, errors) => (kind, errors),
        };
        let (urn, status, title, detail) = kind.parts();
        let mut body =
            json!({"type": urn, "title": title, "status": status.as_u16(), "detail": detail});
        if !errors.is_empty() {
            body["errors"] = json!(errors);
        }
        HttpResponse::build(status)
            .content_type("application/problem+json")
            .body(body.to_string())
    }
}
