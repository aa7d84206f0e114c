//! The calls of `/sandbox/api`: inbox, captcha, reset, providers, the bureau's review.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING},
    web::{Data, Path, Payload, Query},
};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    clock,
    problem::{SandboxProblem, Trouble},
};
use crate::{
    captcha::Kind,
    domain::{phone::Phone, time::rfc3339},
    flow::{FlowError, providers, review_phone as review, sandbox},
    web::{
        api::{FilingRequest, Problem, ProblemType, parse_body, read_body},
        site::State,
    },
};

/// Messages in one answer.
const MESSAGES: i64 = 200;

#[derive(Deserialize)]
pub struct Inbox {
    #[serde(default)]
    phone: String,
}

/// `?phone=`; without one, those of everybody.
pub async fn messages(
    state: Data<State>,
    query: Result<Query<Inbox>, actix_web::Error>,
) -> Result<HttpResponse, Trouble> {
    let wrong = |detail| Problem::new(ProblemType::InvalidParameter, detail);
    let Query(Inbox { phone }) = query.map_err(|_| wrong("the query cannot be read"))?;
    let services = &state.services;
    let messages = if phone.trim().is_empty() {
        sandbox::inbox(services, MESSAGES).await?
    } else {
        let phone =
            Phone::parse(&phone).map_err(|_| wrong("phone must be a mobile number, 11 digits"))?;
        sandbox::inbox_of_phone(services, &phone, MESSAGES).await?
    };
    let shown: Vec<Value> = messages.iter().map(show).collect();
    Ok(HttpResponse::Ok().json(shown))
}

fn show(sms: &sandbox::InboxMessage) -> Value {
    let message = &sms.message;
    json!({
        "phone": message.phone.as_str(),
        "sender": message.sender,
        "text": message.text,
        "code": message.code,
        "link": message.link,
        "sent_at": rfc3339(sms.sent_at),
        "state": sms.state,
    })
}

pub async fn captcha(state: Data<State>, id: Path<String>) -> Result<HttpResponse, Trouble> {
    let challenge = state.services.captchas.open(&id);
    let challenge = challenge.map_err(|_| SandboxProblem::UnknownCaptcha)?;
    if challenge.kind() == Kind::Puzzle {
        let proof = state.services.captchas.prove(&challenge);
        let answer = challenge.answer();
        return Ok(HttpResponse::Ok().json(json!({"answer": *answer, "proof": proof.as_str()})));
    }
    Ok(HttpResponse::Ok().json(json!({"answer": *challenge.answer()})))
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Reset {
    now: Option<String>,
}

/// Without a body: to the real time.
pub async fn reset(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Trouble> {
    let Reset { now } = if has_body(&request) {
        parse_body(&read_body(&request, payload).await?)?
    } else {
        Reset::default()
    };
    let now = now.map(|now| clock::time("/now", &now)).transpose()?;
    sandbox::reset(&state.services, now).await?;
    state.visitors.clear();
    Ok(clock::answer(now.unwrap_or(state.services.clock.now())))
}

fn has_body(request: &HttpRequest) -> bool {
    let headers = request.headers();
    let length = headers.get(CONTENT_LENGTH);
    headers.contains_key(CONTENT_TYPE)
        || headers.contains_key(TRANSFER_ENCODING)
        || length.is_some_and(|length| length != "0")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewProvider {
    name: String,
    webhook_url: Option<String>,
}

pub async fn add_provider(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Trouble> {
    let new: NewProvider = parse_body(&read_body(&request, payload).await?)?;
    let added = providers::add(&state.services, &new.name, new.webhook_url.as_deref()).await?;
    let secrets = added.ok_or(SandboxProblem::NameTaken)?;
    Ok(HttpResponse::Created().json(json!({
        "api_key": secrets.api_key.expose_secret(),
        "webhook_secret": secrets.webhook_secret.expose_secret(),
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Review {
    approve: bool,
    reason: Option<String>,
}

pub async fn review_phone(
    state: Data<State>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Trouble> {
    let Review { approve, reason } = parse_body(&read_body(&request, payload).await?)?;
    let id = id.parse().map_err(|_| FlowError::NotFound)?;
    let reviewed = review::review_phone(&state.services, id, approve, reason).await;
    let view = reviewed.map_err(|error| match error {
        FlowError::Ended(_) => SandboxProblem::NotUnderReview.into(),
        error => Trouble::from(error),
    })?;
    Ok(HttpResponse::Ok().json(FilingRequest::from(view)))
}
