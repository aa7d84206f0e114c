//! 公共查询: how far a request is.

use actix_web::{
    HttpRequest,
    http::StatusCode,
    web::{self, Data},
};

use super::{
    error::{self, Result},
    form::Typed,
    pages::{
        form::{FieldName, Form, Purpose},
        progress::{Answer, Found, Person, ProgressPage},
    },
    parts,
    site::State,
};
use crate::{
    domain::{phone::Phone, province::Province, time::chinese_date_time},
    flow::progress::{self, ProgressAnswer, progress},
};

/// The form.
pub async fn show(request: HttpRequest, state: Data<State>) -> Result {
    let bureau = error::bureau(&request)?;
    state.visitors.count(bureau);
    let form = form(&state, &request, bureau, None).await;
    page(&state, StatusCode::OK, bureau, None, form)
}

/// Number and phone.
pub async fn submit(
    request: HttpRequest,
    state: Data<State>,
    web::Form(typed): web::Form<Typed>,
) -> Result {
    let bureau = error::bureau(&request)?;
    if typed.wants_another_picture() {
        let mut form = typed.kept_in(form(&state, &request, bureau, None).await);
        form.captcha.refreshed = true;
        return page(&state, StatusCode::OK, bureau, None, form);
    }
    let (id, phone, captcha) = (typed.request_id(), typed.phone(), typed.captcha());
    let again = StatusCode::UNPROCESSABLE_ENTITY;
    let (Ok(id), Ok(phone), Ok(captcha)) = (&id, &phone, &captcha) else {
        let form = form(&state, &request, bureau, phone.as_ref().ok()).await;
        let mut form = typed
            .kept_in(form)
            .with_problem(FieldName::RequestId, id.as_ref().err().copied())
            .with_problem(FieldName::Phone, phone.as_ref().err().copied());
        form.captcha.problem = captcha.err();
        return page(&state, again, bureau, None, form);
    };
    let attempt = parts::attempt(&state, &request, Purpose::Progress, bureau, captcha.clone());
    let told = progress(&state.services, attempt, id.clone(), phone.clone()).await?;
    // after the submission, which may have counted
    let blank = form(&state, &request, bureau, Some(phone)).await;
    let blank = blank.with(FieldName::Phone, phone.as_str());
    match parts::told(told) {
        Ok(answer) => page(&state, StatusCode::OK, bureau, Some(told_as(answer)), blank),
        Err(refused) => {
            let (status, form) = refused.form(&typed, blank);
            page(&state, status, bureau, None, form)
        }
    }
}

async fn form(
    state: &State,
    request: &HttpRequest,
    bureau: Option<Province>,
    phone: Option<&Phone>,
) -> Form {
    let level = parts::captcha_level(state, request, phone).await;
    let captcha = parts::captcha(state, Purpose::Progress, bureau, level);
    Form::new(
        Purpose::Progress,
        state.frame(bureau).path("progress"),
        captcha,
    )
}

fn told_as(answer: ProgressAnswer) -> Answer {
    match answer {
        ProgressAnswer::NotFound => Answer::NotFound,
        ProgressAnswer::Found(found) => Answer::Found(Box::new(as_found(*found))),
    }
}

fn as_found(found: progress::Found) -> Found {
    let people = found.people.into_iter().map(|person| Person {
        name_masked: person.name_masked,
        phone_masked: person.phone_masked,
        state: person.state,
        sms: person.sms,
    });
    Found {
        request_id: found.request_id.to_string(),
        province: found.province,
        kind: found.standing.kind,
        submitted_at: chinese_date_time(found.submitted_at),
        deadline: parts::time(found.deadline),
        how_far: parts::how_far(&found.standing),
        people: people.collect(),
    }
}

fn page(
    state: &State,
    status: StatusCode,
    bureau: Option<Province>,
    answer: Option<Answer>,
    form: Form,
) -> Result {
    let page = ProgressPage {
        frame: state.frame(bureau),
        answer,
        form,
    };
    parts::html_of_form(status, &page, Some(&page.form))
}
