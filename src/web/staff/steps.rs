//! Steps with a page of their own: the answer to a changed number, another SMS.

use actix_web::{
    HttpRequest,
    http::StatusCode,
    web::{Data, Form, Query},
};
use serde::Deserialize;

use super::{
    desk::{self, Who, must, named},
    request::word_of,
};
use crate::{
    domain::{
        filing::Filing,
        ids::{RequestId, VerificationId},
        staff::Right,
        text::mask_name,
        words::RequestState,
    },
    flow::{
        FlowError,
        staff::request::{self, ResentFor, Whole},
    },
    web::{
        error::{Failure, Result},
        pages::{
            error::ErrorKind,
            staff::{
                Place,
                form::{Input, Kind, Problems},
                request::{Button, RequestNotice, StepPage},
            },
        },
        parts,
        site::State,
    },
};

/// What was typed. Deliberately without `Debug`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Typed {
    step: String,
    reason: String,
    verification: String,
}

/// The answer to a changed number.
pub async fn review(request: HttpRequest, state: Data<State>, who: Who) -> Result {
    must(&state, &request, &who, Right::Decide).await?;
    let id: RequestId = named(&request, "id")?;
    let whole = request::load(&state.services, &who, id).await?;
    review_page(&state, &who, &whole, StatusCode::OK, opinion(""))
}

pub async fn submit_review(
    request: HttpRequest,
    state: Data<State>,
    who: Who,
    Form(typed): Form<Typed>,
) -> Result {
    must(&state, &request, &who, Right::Decide).await?;
    let id: RequestId = named(&request, "id")?;
    let approve = match typed.step.as_str() {
        "approve" => true,
        "reject" => false,
        _ => return Err(Failure::Page(ErrorKind::BadRequest)),
    };
    let reason = Some(typed.reason.trim().to_owned()).filter(|reason| !reason.is_empty());
    if !approve && reason.is_none() {
        let input = opinion("").with_error(Some("拒绝时须写明理由，接入商会看到"));
        return refused_review(&state, &who, id, input).await;
    }
    // an agreement needs no reason, and keeps none
    let kept = reason.clone().filter(|_| !approve);
    match request::review(&state.services, &who, id, approve, kept).await {
        Ok(()) => {
            let notice = if approve { "approved" } else { "rejected" };
            Ok(desk::to(format!("/staff/reviews?notice={notice}")))
        }
        // somebody else was faster: the page shows how it stands
        Err(FlowError::Ended(_)) => Ok(desk::to(format!("/staff/requests/{id}"))),
        Err(FlowError::Invalid(_)) => {
            let input = opinion(&reason.unwrap_or_default())
                .with_error(Some("理由不能超过200字，也不能含有看不见的字符"));
            refused_review(&state, &who, id, input).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn refused_review(state: &State, who: &Who, id: RequestId, input: Input) -> Result {
    let whole = request::load(&state.services, who, id).await?;
    review_page(state, who, &whole, StatusCode::UNPROCESSABLE_ENTITY, input)
}

fn opinion(value: &str) -> Input {
    Input::new("reason", "拒绝的理由", Kind::Text)
        .with_hint("同意时不用填写；拒绝时必填，会转告接入商，请勿写入个人信息")
        .with_value(value)
}

fn review_page(
    state: &State,
    who: &Who,
    whole: &Whole,
    status: StatusCode,
    input: Input,
) -> Result {
    let id = &whole.row.id;
    if whole.row.state != RequestState::AwaitingPhoneReview {
        return Ok(desk::to(format!("/staff/requests/{id}")));
    }
    let mut facts = vec![
        ("编号", id.to_string()),
        ("接入商", whole.row.provider.clone()),
    ];
    for (_, principal) in whole.filing.iter().flat_map(Filing::principals) {
        facts.push(("负责人", mask_name(&principal.name)));
        let previous = principal.previous_phone.as_ref();
        facts.extend(previous.map(|phone| ("原手机号码", phone.masked())));
        facts.push(("新手机号码", principal.phone.masked()));
    }
    let inputs = vec![input];
    let (frame, desk) = desk::at(state, who, Place::Reviews);
    let page = StepPage {
        frame,
        desk,
        title: "审核新号码",
        sentences: vec![
            "同意：向新号码发送核验短信，由负责人本人完成核验。拒绝：请求退回接入商。两者都不能撤销。".into(),
        ],
        facts,
        action: format!("/staff/reviews/{id}"),
        hidden: Vec::new(),
        problems: Problems::of(&inputs),
        inputs,
        // Enter in the reason's field presses the first one: whoever has typed a reason refuses
        buttons: vec![
            Button { value: "reject", text: "拒绝并退回", danger: true },
            Button { value: "approve", text: "同意新号码", danger: false },
        ],
        back: format!("/staff/requests/{id}"),
    };
    parts::html(status, &page)
}

/// Another SMS on behalf of a principal who called.
pub async fn resend(
    request: HttpRequest,
    state: Data<State>,
    who: Who,
    Query(typed): Query<Typed>,
) -> Result {
    must(&state, &request, &who, Right::Resend).await?;
    let id: RequestId = named(&request, "id")?;
    let whole = request::load(&state.services, &who, id).await?;
    let verification = verification(&typed)?;
    let mut all = whole.view.verifications.iter();
    let one = all.find(|one| one.row.id == verification);
    let one = one.ok_or(Failure::Page(ErrorKind::NotFound))?;
    let mut facts = vec![("备案请求", id.to_string())];
    if let Some(person) = &one.person {
        facts.push(("核验人", mask_name(&person.name)));
        facts.push(("手机号码", person.phone.masked()));
    }
    let most = whole
        .view
        .policy
        .as_ref()
        .map_or(0, |policy| policy.max_manual_resends);
    facts.push((
        "已重发",
        format!("{}次，共可重发{most}次", one.row.manual_resends),
    ));
    let (frame, desk) = desk::at(&state, &who, Place::Search);
    let page = StepPage {
        frame,
        desk,
        title: "代为重发短信",
        sentences: vec![
            "负责人来电说没有收到短信时使用。向其手机发送带有新验证码的短信，与本人在网页上重发一样计入次数，不延长截止时间。"
                .into(),
            "请先核实来电人身份；验证码只发到其手机，工作台不显示。".into(),
        ],
        facts,
        action: format!("/staff/requests/{id}/resend"),
        hidden: vec![("verification", verification.to_string())],
        inputs: Vec::new(),
        problems: Problems::default(),
        buttons: vec![Button { value: "", text: "重发短信", danger: false }],
        back: format!("/staff/requests/{id}"),
    };
    parts::html(StatusCode::OK, &page)
}

pub async fn submit_resend(
    request: HttpRequest,
    state: Data<State>,
    who: Who,
    Form(typed): Form<Typed>,
) -> Result {
    must(&state, &request, &who, Right::Resend).await?;
    let id: RequestId = named(&request, "id")?;
    let resent = request::resend(&state.services, &who, id, verification(&typed)?).await?;
    let notice = match resent {
        ResentFor::Yes => RequestNotice::Resent,
        ResentFor::FirstOnItsWay => RequestNotice::FirstOnItsWay,
        ResentFor::Limit => RequestNotice::Limit,
        ResentFor::Ended => RequestNotice::Ended,
    };
    Ok(desk::to(format!(
        "/staff/requests/{id}?notice={}",
        word_of(notice)
    )))
}

fn verification(typed: &Typed) -> Result<VerificationId> {
    let parsed = typed.verification.parse();
    parsed.map_err(|_| Failure::Page(ErrorKind::NotFound))
}
