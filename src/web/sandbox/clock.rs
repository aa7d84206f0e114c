//! `GET` and `PUT /sandbox/api/clock`.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Payload},
};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;

use super::problem::{SandboxProblem, Trouble};
use crate::{
    domain::time::{parse_time, rfc3339},
    flow::sandbox::clock::{Advance, Target, Turned, turn_clock},
    web::{
        api::{parse_body, read_body},
        site::State,
    },
};

/// `{"now": …}` or `{"advance": "PT24H"}`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    now: Option<String>,
    advance: Option<String>,
}

pub async fn show(state: Data<State>) -> HttpResponse {
    answer(state.services.clock.now())
}

pub async fn turn(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Trouble> {
    let body = read_body(&request, payload).await?;
    let target = match parse_body(&body)? {
        Turn {
            now: Some(now),
            advance: None,
        } => Target::At(time("/now", &now)?),
        Turn {
            now: None,
            advance: Some(advance),
        } => Target::By(Advance::parse(&advance).ok_or_else(|| {
            Trouble::member(
                "/advance",
                "must be a duration of ISO 8601, such as PT24H or P1D",
            )
        })?),
        _ => return Err(Trouble::member("", "must hold either now or advance")),
    };
    match turn_clock(&state.services, target).await? {
        Turned::To(now) => Ok(answer(now)),
        Turned::Backwards => Err(SandboxProblem::ClockBackwards.into()),
    }
}

/// An instant in a body.
pub fn time(pointer: &str, text: &str) -> Result<DateTime<Utc>, Trouble> {
    let wrong = "must be a time of RFC 3339, such as 2018-09-10T08:00+08:00";
    parse_time(text.trim()).map_err(|_| Trouble::member(pointer, wrong))
}

pub fn answer(now: DateTime<Utc>) -> HttpResponse {
    HttpResponse::Ok().json(json!({"now": rfc3339(now)}))
}
