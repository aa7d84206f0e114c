//! 待受理, 号码变更审核, 已通过联系人, 查询.

use actix_web::{
    HttpRequest,
    http::StatusCode,
    web::{Data, Form, Query},
};
use serde::Deserialize;

use super::desk::{self, Asked, Who, must, noticed, row};
use crate::{
    domain::{
        ids::RequestId, phone::Phone, staff::Right, text::is_invisible, time::chinese_date_time,
    },
    flow::staff::desk::{self as lists, Wanted},
    store::staff::desk::DeskRow,
    web::{
        error::Result,
        pages::staff::{
            Place,
            form::{Input, Kind, Problems},
            lists::{Contact, ContactsPage, List, ListNotice, ListPage, SearchPage},
        },
        parts,
        site::State,
    },
};

/// The longest reference that a provider may give.
const LONGEST: usize = 200;

const NOTICES: [(&str, ListNotice); 4] = [
    ("accepted", ListNotice::Accepted),
    ("not-accepted", ListNotice::NotAccepted),
    ("approved", ListNotice::Approved),
    ("rejected", ListNotice::Rejected),
];

/// The first page after the login: the queue; whose role sees no filings goes to what it does see.
pub async fn queue(
    request: HttpRequest,
    state: Data<State>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result {
    if who.staff.role.may(Right::Accounts) {
        return Ok(desk::to("/staff/accounts"));
    }
    must(&state, &request, &who, Right::Read).await?;
    let page = lists::queue(&state.services, &who, asked.province(), asked.page()).await?;
    let handed_over = |one: &DeskRow| row(one, one.handed_over_at.unwrap_or(one.submitted_at));
    let (frame, desk) = desk::at(&state, &who, Place::Queue);
    let page = ListPage {
        frame,
        desk,
        filter: asked.filter(&who, "/staff"),
        list: List::Queue,
        rows: page.rows.iter().map(handed_over).collect(),
        pager: asked.pager("/staff", page.more),
        notice: noticed(&NOTICES, &asked.notice),
    };
    parts::html(StatusCode::OK, &page)
}

pub async fn reviews(
    request: HttpRequest,
    state: Data<State>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result {
    must(&state, &request, &who, Right::Read).await?;
    let page = lists::reviews(&state.services, &who, asked.province(), asked.page()).await?;
    let (frame, desk) = desk::at(&state, &who, Place::Reviews);
    let page = ListPage {
        frame,
        desk,
        filter: asked.filter(&who, "/staff/reviews"),
        list: List::Reviews,
        rows: page
            .rows
            .iter()
            .map(|one| row(one, one.submitted_at))
            .collect(),
        pager: asked.pager("/staff/reviews", page.more),
        notice: noticed(&NOTICES, &asked.notice),
    };
    parts::html(StatusCode::OK, &page)
}

pub async fn contacts(
    request: HttpRequest,
    state: Data<State>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result {
    must(&state, &request, &who, Right::Read).await?;
    let page = lists::contacts(&state.services, &who, asked.province(), asked.page()).await?;
    let contact = |one: lists::Contact| Contact {
        request_id: one.request_id.to_string(),
        province: one.province,
        name_masked: one.name_masked,
        phone_masked: one.phone_masked,
        roles: desk::roles(&one.principals),
        at: chinese_date_time(one.verified_at),
    };
    let (frame, desk) = desk::at(&state, &who, Place::Contacts);
    let page = ContactsPage {
        frame,
        desk,
        filter: asked.filter(&who, "/staff/contacts"),
        pager: asked.pager("/staff/contacts", page.more),
        contacts: page.rows.into_iter().map(contact).collect(),
    };
    parts::html(StatusCode::OK, &page)
}

/// What was typed. Deliberately without `Debug`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Typed {
    wanted: String,
}

pub async fn search(request: HttpRequest, state: Data<State>, who: Who) -> Result {
    must(&state, &request, &who, Right::Read).await?;
    found(&state, &who, StatusCode::OK, input(), None)
}

/// By POST: a phone has no place in an address.
pub async fn submit_search(
    request: HttpRequest,
    state: Data<State>,
    who: Who,
    Form(typed): Form<Typed>,
) -> Result {
    must(&state, &request, &who, Right::Read).await?;
    let text = typed.wanted.trim();
    let wrong = if text.is_empty() {
        Some("请填写编号或手机号码")
    } else if text.chars().count() > LONGEST
        || text.chars().any(|c| c.is_control() || is_invisible(c))
    {
        Some("请填写正确的编号或手机号码")
    } else {
        None
    };
    if wrong.is_some() {
        let input = input().with_value(text).with_error(wrong);
        return found(&state, &who, StatusCode::UNPROCESSABLE_ENTITY, input, None);
    }
    let mut rows = Vec::new();
    for wanted in meant(text) {
        rows.extend(lists::search(&state.services, &who, wanted).await?);
    }
    found(&state, &who, StatusCode::OK, input(), Some(rows))
}

/// A number of ours is nothing else; eleven digits may be a phone and a provider's reference.
fn meant(text: &str) -> Vec<Wanted> {
    if let Ok(id) = text.parse::<RequestId>() {
        return vec![Wanted::Id(id)];
    }
    let mut meant = Vec::new();
    meant.extend(Phone::parse(text).ok().map(Wanted::Phone));
    meant.push(Wanted::Reference(text.to_owned()));
    meant
}

fn input() -> Input {
    Input::new("wanted", "编号或手机号码", Kind::Text)
        .with_hint("fr_开头的备案请求编号、接入商的订单编号，或负责人的手机号码")
}

fn found(
    state: &State,
    who: &Who,
    status: StatusCode,
    input: Input,
    rows: Option<Vec<DeskRow>>,
) -> Result {
    let inputs = vec![input];
    let (frame, desk) = desk::at(state, who, Place::Search);
    let page = SearchPage {
        frame,
        desk,
        problems: Problems::of(&inputs),
        inputs,
        found: rows.map(|rows| rows.iter().map(|one| row(one, one.submitted_at)).collect()),
    };
    parts::html(status, &page)
}
