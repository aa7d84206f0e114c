//! The desk (`GET /sandbox`) and its plain forms. Done: 303, so that a reload does it no second time; not done: the desk
//! again, and why.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    web::{Data, Form, Query},
};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::{
    domain::{
        ids::RequestId,
        time::{SHANGHAI, noon_after, parse_time},
    },
    flow::{
        FlowError, review_phone as review,
        sandbox::{
            self, Filed, InboxMessage,
            clock::{Advance, Target, Turned, turn_clock},
        },
    },
    web::{
        error::Result,
        pages::desk::{self as page, DeskNotice, DeskPage},
        parts,
        site::State,
    },
};

/// Requests and messages on the desk.
const FILED: i64 = 10;
const MESSAGES: i64 = 20;

/// What has been done, as the address says it.
const DONE: [(&str, DeskNotice); 4] = [
    ("clock-moved", DeskNotice::ClockMoved),
    ("filed", DeskNotice::Filed),
    ("reviewed", DeskNotice::Reviewed),
    ("reset", DeskNotice::Reset),
];

#[derive(Deserialize)]
pub struct Shown {
    #[serde(default)]
    notice: String,
}

pub async fn show(state: Data<State>, Query(shown): Query<Shown>) -> Result {
    let notice = DONE.iter().find(|(word, _)| *word == shown.notice);
    desk(&state, StatusCode::OK, notice.map(|(_, notice)| *notice)).await
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Fields {
    now: String,
    advance: String,
    name: String,
    id: String,
    approve: String,
}

pub async fn turn(state: Data<State>, Form(fields): Form<Fields>) -> Result {
    let malformed = DeskNotice::ClockMalformed;
    let target = match fields.advance.as_str() {
        "" => time(&fields.now).map(Target::At),
        "noon" => Some(Target::At(noon_after(state.services.clock.now()))),
        advance => Advance::parse(advance).map(Target::By),
    };
    let turned = match target {
        Some(target) => turn_clock(&state.services, target).await,
        None => return not_done(&state, malformed).await,
    };
    match turned {
        Ok(Turned::To(_)) => Ok(done(DeskNotice::ClockMoved)),
        Ok(Turned::Backwards) => not_done(&state, DeskNotice::ClockBackwards).await,
        Err(FlowError::Invalid(_)) => not_done(&state, malformed).await,
        Err(error) => Err(error.into()),
    }
}

pub async fn file(state: Data<State>, Form(fields): Form<Fields>) -> Result {
    let Some(scenario) = sandbox::by_name(&fields.name) else {
        return not_done(&state, DeskNotice::NotFiled).await;
    };
    match sandbox::file(&state.services, scenario).await {
        Ok(_) => Ok(done(DeskNotice::Filed)),
        Err(error) => Err(error.into()),
    }
}

pub async fn review_phone(state: Data<State>, Form(fields): Form<Fields>) -> Result {
    let approve = match fields.approve.as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    };
    let (Some(approve), Ok(id)) = (approve, fields.id.trim().parse::<RequestId>()) else {
        return not_done(&state, DeskNotice::NotReviewed).await;
    };
    match review::review_phone(&state.services, id, approve, None).await {
        Ok(_) => Ok(done(DeskNotice::Reviewed)),
        Err(FlowError::NotFound | FlowError::Ended(_)) => {
            not_done(&state, DeskNotice::NotReviewed).await
        }
        Err(error) => Err(error.into()),
    }
}

pub async fn reset(state: Data<State>, Form(fields): Form<Fields>) -> Result {
    let malformed = DeskNotice::ClockMalformed;
    let now = match fields.now.trim() {
        "" => None,
        typed => match time(typed) {
            Some(now) => Some(now),
            None => return not_done(&state, malformed).await,
        },
    };
    match sandbox::reset(&state.services, now).await {
        Ok(()) => {
            state.visitors.clear();
            Ok(done(DeskNotice::Reset))
        }
        Err(FlowError::Invalid(_)) => not_done(&state, malformed).await,
        Err(error) => Err(error.into()),
    }
}

/// As typed: a time of Beijing unless it says another offset, a date alone for its midnight.
fn time(typed: &str) -> Option<DateTime<Utc>> {
    let typed = typed.trim().replace(' ', "T");
    let forms = [
        typed.clone(),
        format!("{typed}+08:00"),
        format!("{typed}T00:00+08:00"),
    ];
    forms.iter().find_map(|form| parse_time(form).ok())
}

fn done(notice: DeskNotice) -> HttpResponse {
    let word = DONE.iter().find(|(_, done)| *done == notice);
    let word = word.map_or("", |(word, _)| word);
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, format!("/sandbox?notice={word}")))
        .finish()
}

async fn not_done(state: &State, notice: DeskNotice) -> Result {
    let status = match notice {
        DeskNotice::ClockMalformed => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::CONFLICT,
    };
    desk(state, status, Some(notice)).await
}

async fn desk(state: &State, status: StatusCode, notice: Option<DeskNotice>) -> Result {
    let services = &state.services;
    let filed = sandbox::newest(services, FILED).await?;
    let messages = sandbox::inbox(services, MESSAGES).await?;
    let page = DeskPage {
        frame: state.frame(None),
        notice,
        now: clock_face(services.clock.now()),
        eras: eras(services.clock.now()),
        filed: filed.iter().map(filed_on_page).collect(),
        messages: messages.into_iter().map(message_on_page).collect(),
    };
    parts::html(status, &page)
}

/// The one whose rules are in force first; cases of the others say that they follow these rules too.
fn eras(now: DateTime<Utc>) -> Vec<page::Era> {
    let begun = |era: &sandbox::Era| era.from() <= now;
    let current = sandbox::Era::ALL.into_iter().rfind(begun);
    let mut eras = sandbox::Era::ALL;
    eras.sort_by_key(|era| Some(*era) != current);
    eras.into_iter().map(|one| era(one, current)).collect()
}

fn era(era: sandbox::Era, current: Option<sandbox::Era>) -> page::Era {
    let scenarios = sandbox::SCENARIOS.iter().filter(|one| one.era == era);
    let scenarios = scenarios.map(|one| page::Scenario {
        name: one.name.into(),
        title: format!("{} · {}", one.province.short_name(), one.title),
    });
    page::Era {
        title: if Some(era) == current {
            era.title().into()
        } else {
            format!("{}（现在提交的，按现在的规则）", era.title())
        },
        scenarios: scenarios.collect(),
    }
}

fn filed_on_page(filed: &Filed) -> page::Filed {
    let row = &filed.view.row;
    let people = filed.persons.iter().map(|person| page::FiledPerson {
        name: person.name.clone(),
        phone: person.phone.clone(),
        id_tail: person.id_tail.clone(),
        state: filed.state_of(person),
    });
    page::Filed {
        request_id: row.id.to_string(),
        province: row.province,
        kind: row.kind,
        state: row.state,
        people: people.collect(),
    }
}

fn message_on_page(sms: InboxMessage) -> page::Message {
    let message = sms.message;
    page::Message {
        phone: message.phone.as_str().to_owned(),
        sender: message.sender,
        text: message.text,
        code: message.code,
        link: message.link,
        sent_at: clock_face(sms.sent_at),
        state: sms.state,
    }
}

/// `2018-09-10 09:00:00`, in Beijing.
fn clock_face(at: DateTime<Utc>) -> String {
    let at = at.with_timezone(&SHANGHAI);
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}
