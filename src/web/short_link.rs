//! The landing page of the short link in an SMS. Looking at it changes nothing: previews and scanners open it too.

use actix_web::{
    HttpRequest,
    http::StatusCode,
    web::{self, Data, Path},
};

use super::{
    error::{Failure, Result},
    form::Typed,
    pages::{
        error::ErrorKind,
        form::{CaptchaProblem, FieldName, Form, Purpose},
        link::LinkPage,
        panel::Panel,
    },
    parts::{self, Refused},
    site::State,
};
use crate::{
    domain::words::VerificationState,
    flow::{
        short_link::{Link, open},
        told::Answer,
        verify::verify,
    },
};

/// `GET /v/{token}`
pub async fn show(state: Data<State>, token: Path<String>) -> Result {
    let link = opened(&state, &token).await?;
    state.visitors.count(Some(link.province));
    page(&state, StatusCode::OK, &token, &link, None, None)
}

/// `POST /v/{token}`: code and tail; bureau and phone are the link's.
pub async fn submit(
    request: HttpRequest,
    state: Data<State>,
    token: Path<String>,
    web::Form(typed): web::Form<Typed>,
) -> Result {
    let link = opened(&state, &token).await?;
    let blank = || form(&state, &token, &link);
    if typed.wants_another_picture() {
        let mut form = typed.kept_in(blank());
        form.captcha.refreshed = true;
        return page(&state, StatusCode::OK, &token, &link, None, Some(form));
    }
    let (code, tail, captcha) = (typed.code(), typed.tail(), typed.captcha());
    let again = |form: Form, problem: Option<CaptchaProblem>| {
        let mut form = typed.kept_in(form);
        form.captcha.problem = problem;
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        page(&state, status, &token, &link, None, Some(form))
    };
    let (Ok(code), Ok(tail), Ok(captcha)) = (&code, &tail, &captcha) else {
        let form = blank()
            .with_problem(FieldName::SmsCode, code.as_ref().err().copied())
            .with_problem(FieldName::IdTail, tail.as_ref().err().copied());
        return again(form, captcha.err());
    };
    let attempt = parts::attempt(
        &state,
        &request,
        Purpose::Link,
        Some(link.province),
        captcha.clone(),
    );
    let told = verify(
        &state.services,
        attempt,
        code.clone(),
        link.phone.clone(),
        tail.clone(),
    );
    match parts::told(told.await?) {
        Ok(answer) => {
            // as it is after the submission; what it was before, should the database be out of reach now
            let link = opened(&state, &token).await.unwrap_or(link);
            page(&state, StatusCode::OK, &token, &link, Some(&answer), None)
        }
        // it ended while its form was open: there is no form left to show
        Err(Refused::Limited(retry_after)) if link.deadline.is_none() => {
            Err(Failure::Page(ErrorKind::TooManyRequests { retry_after }))
        }
        Err(refused) => {
            let (status, form) = refused.form(&typed, blank());
            page(&state, status, &token, &link, None, Some(form))
        }
    }
}

async fn opened(state: &State, token: &str) -> Result<Link> {
    let link = open(&state.services, token).await?;
    link.ok_or(Failure::Page(ErrorKind::LinkNotFound))
}

fn form(state: &State, token: &str, link: &Link) -> Form {
    let captcha = parts::captcha(state, Purpose::Link, Some(link.province));
    Form::new(Purpose::Link, format!("/v/{token}"), captcha)
}

/// With a form as long as the verification can be answered.
fn page(
    state: &State,
    status: StatusCode,
    token: &str,
    link: &Link,
    answer: Option<&Answer>,
    filled: Option<Form>,
) -> Result {
    let panel: Option<Panel> = answer.map(parts::panel);
    let form = link
        .deadline
        .map(|_| filled.unwrap_or_else(|| form(state, token, link)));
    let page = LinkPage {
        frame: state.frame(Some(link.province)),
        phone_masked: link.phone.masked(),
        deadline: parts::time(link.deadline),
        panel,
        form,
        is_done: matches!(
            link.state,
            VerificationState::Verified | VerificationState::Cancelled
        ),
        how_far: parts::how_far(&link.standing),
        rules: parts::rules(&link.policy),
    };
    parts::html_of_form(status, &page, page.form.as_ref())
}
