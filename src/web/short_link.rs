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
        form::{FieldName, Form, Purpose},
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
pub async fn show(request: HttpRequest, state: Data<State>, token: Path<String>) -> Result {
    let link = opened(&state, &token).await?;
    state.visitors.count(Some(link.province));
    let place = Place::new(&state, &request, &token, &link).await;
    place.page(StatusCode::OK, None, None)
}

/// `POST /v/{token}`: code and tail; bureau and phone are the link's.
pub async fn submit(
    request: HttpRequest,
    state: Data<State>,
    token: Path<String>,
    web::Form(typed): web::Form<Typed>,
) -> Result {
    let link = opened(&state, &token).await?;
    if typed.wants_another_picture() {
        let place = Place::new(&state, &request, &token, &link).await;
        let mut form = typed.kept_in(place.form());
        form.captcha.refreshed = true;
        return place.page(StatusCode::OK, None, Some(form));
    }
    let (code, tail, captcha) = (typed.code(), typed.tail(), typed.captcha());
    let (Ok(code), Ok(tail), Ok(captcha)) = (&code, &tail, &captcha) else {
        let place = Place::new(&state, &request, &token, &link).await;
        let mut form = typed
            .kept_in(place.form())
            .with_problem(FieldName::SmsCode, code.as_ref().err().copied())
            .with_problem(FieldName::IdTail, tail.as_ref().err().copied());
        form.captcha.problem = captcha.err();
        return place.page(StatusCode::UNPROCESSABLE_ENTITY, None, Some(form));
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
            let place = Place::new(&state, &request, &token, &link).await;
            place.page(StatusCode::OK, Some(&answer), None)
        }
        // it ended while its form was open: there is no form left to show
        Err(Refused::Limited(retry_after)) if link.deadline.is_none() => {
            Err(Failure::Page(ErrorKind::TooManyRequests { retry_after }))
        }
        Err(refused) => {
            let place = Place::new(&state, &request, &token, &link).await;
            let (status, form) = refused.form(&typed, place.form());
            place.page(status, None, Some(form))
        }
    }
}

async fn opened(state: &State, token: &str) -> Result<Link> {
    let link = open(&state.services, token).await?;
    link.ok_or(Failure::Page(ErrorKind::LinkNotFound))
}

/// One page of one link.
struct Place<'a> {
    state: &'a State,
    token: &'a str,
    link: &'a Link,
    /// How hard its captcha is to be.
    level: u8,
}

impl<'a> Place<'a> {
    async fn new(state: &'a State, request: &HttpRequest, token: &'a str, link: &'a Link) -> Self {
        let level = parts::captcha_level(state, request, Some(&link.phone)).await;
        Self {
            state,
            token,
            link,
            level,
        }
    }

    fn form(&self) -> Form {
        let bureau = Some(self.link.province);
        let captcha = parts::captcha(self.state, Purpose::Link, bureau, self.level);
        Form::new(Purpose::Link, format!("/v/{}", self.token), captcha)
    }

    /// With a form as long as the verification can be answered.
    fn page(&self, status: StatusCode, answer: Option<&Answer>, filled: Option<Form>) -> Result {
        let link = self.link;
        let panel: Option<Panel> = answer.map(parts::panel);
        let form = link.deadline.map(|_| filled.unwrap_or_else(|| self.form()));
        let page = LinkPage {
            frame: self.state.frame(Some(link.province)),
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
}
