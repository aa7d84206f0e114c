//! 查看明文: persons in clear, for a reason and a fresh code.

use actix_web::{
    HttpRequest,
    http::{StatusCode, header},
    web::{Data, Form},
};
use serde::Deserialize;

use super::desk::{self, Who, must, named};
use crate::{
    domain::{
        filing::Filing,
        id_document::Document,
        ids::RequestId,
        staff::{Reason, Right},
    },
    flow::staff::{
        confirm::Confirmed,
        request::{self, Clear},
    },
    web::{
        error::Result,
        pages::staff::{
            Place,
            form::{Input, Problems},
            request::{Button, ClearPage, ClearPerson, StepPage},
        },
        parts,
        site::State,
    },
};

/// What was typed. Deliberately without `Debug`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Typed {
    reason: String,
    code: String,
}

/// Asks for a reason and a fresh code before persons are shown in clear.
pub async fn show(request: HttpRequest, state: Data<State>, who: Who) -> Result {
    must(&state, &request, &who, Right::SeeClear).await?;
    let id: RequestId = named(&request, "id")?;
    request::load(&state.services, &who, id).await?;
    let inputs = vec![desk::reason_input(""), Input::code("动态码")];
    form(&state, &who, id, StatusCode::OK, inputs, None)
}

pub async fn submit(
    request: HttpRequest,
    state: Data<State>,
    who: Who,
    Form(typed): Form<Typed>,
) -> Result {
    must(&state, &request, &who, Right::SeeClear).await?;
    let id: RequestId = named(&request, "id")?;
    let reason = Reason::from_word(&typed.reason);
    let mut inputs = vec![desk::reason_input(&typed.reason), Input::code("动态码")];
    let unusable = StatusCode::UNPROCESSABLE_ENTITY;
    let code_missing = typed.code.trim().is_empty();
    let (Some(reason), false) = (reason, code_missing) else {
        inputs[0].error = reason.is_none().then(|| "请选择事由".into());
        inputs[1].error = code_missing.then(|| "动态码不能为空".into());
        return form(&state, &who, id, unusable, inputs, None);
    };
    let fresh = desk::fresh(&state, &request, &typed.code);
    match request::clear(&state.services, &who, id, reason, fresh).await? {
        Clear::Shown(filing) => {
            let (frame, desk) = desk::at(&state, &who, Place::Search);
            let page = ClearPage {
                frame,
                desk,
                request_id: id.to_string(),
                people: people(&filing),
            };
            parts::html(StatusCode::OK, &page)
        }
        Clear::Refused(Confirmed::Waits(seconds)) => {
            let limited = StatusCode::TOO_MANY_REQUESTS;
            form(&state, &who, id, limited, inputs, Some(seconds))
        }
        Clear::Refused(_) => {
            inputs[1].error = Some("动态码不正确或已用过，请用新的动态码".into());
            form(&state, &who, id, unusable, inputs, None)
        }
    }
}

fn form(
    state: &State,
    who: &Who,
    id: RequestId,
    status: StatusCode,
    inputs: Vec<Input>,
    waits: Option<u64>,
) -> Result {
    let problems = match waits {
        Some(seconds) => Problems::whole(format!("操作过于频繁，请在{seconds}秒后再试")),
        None => Problems::of(&inputs),
    };
    let (frame, desk) = desk::at(state, who, Place::Search);
    let page = StepPage {
        frame,
        desk,
        title: "查看明文",
        sentences: vec![
            "显示该请求负责人的姓名、手机号码和证件号码。每次查看都会记入操作日志。".into(),
        ],
        facts: vec![("备案请求", id.to_string())],
        action: format!("/staff/requests/{id}/clear"),
        hidden: Vec::new(),
        inputs,
        problems,
        buttons: vec![Button {
            value: "",
            text: "查看",
            danger: false,
        }],
        back: format!("/staff/requests/{id}"),
    };
    let mut response = parts::html(status, &page)?;
    if let Some(seconds) = waits {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, seconds.into());
    }
    Ok(response)
}

fn people(filing: &Filing) -> Vec<ClearPerson> {
    let of = |pointer: &str| {
        let index = pointer
            .split('/')
            .nth(2)
            .and_then(|at| at.parse::<usize>().ok());
        let site = index
            .and_then(|index| filing.sites.get(index))
            .map(|site| &site.name);
        let subject = filing.subject.as_ref().map(|subject| &subject.name);
        site.or(subject).cloned().unwrap_or_default()
    };
    let people = filing.principals().map(|(pointer, principal)| ClearPerson {
        of: of(&pointer),
        role: desk::roles(&[pointer]),
        name: principal.name.clone(),
        phone: principal.phone.as_str().to_owned(),
        previous_phone: principal
            .previous_phone
            .as_ref()
            .map(|phone| phone.as_str().to_owned()),
        document: document(&principal.document),
    });
    people.collect()
}

/// With the number on a permit's back, where there is one: in some provinces it is that number's end that is asked for.
fn document(of: &Document) -> String {
    let (kind, number) = (of.kind.name(), &of.number);
    match &of.card_number {
        Some(card) => format!("{kind} {number}（背面的香港或澳门身份证件号码 {card}）"),
        None => format!("{kind} {number}"),
    }
}
