//! 我的账号: sessions, 修改密码, 更换身份验证器.

use actix_web::{
    HttpRequest,
    http::{StatusCode, header},
    web::{Data, Form, Query},
};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{
    desk::{self, Asked, Who, noticed},
    login,
};
use crate::{
    domain::{ids::SessionId, time::chinese_date_time},
    flow::staff::{
        own::{self, Changed, Offer},
        password::PasswordProblem,
        sessions::{self, Session},
        totp,
    },
    web::{
        error::{Failure, Result},
        pages::{
            error::ErrorKind,
            staff::{
                Place,
                account::{AccountNotice, AccountPage, PasswordPage, SessionLine, TotpPage},
                form::{Input, Kind, Problems},
            },
        },
        parts,
        site::State,
    },
};

const NOTICES: [(&str, AccountNotice); 2] = [
    ("ended", AccountNotice::SessionEnded),
    ("no-session", AccountNotice::NoSession),
];

/// What was typed. Deliberately without `Debug`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Typed {
    id: String,
    password: String,
    new_password: String,
    new_password_again: String,
    code: String,
    new_code: String,
    token: String,
}

pub async fn show(state: Data<State>, who: Who, Query(asked): Query<Asked>) -> Result {
    let all = sessions::list(&state.services, &who, who.staff.id).await?;
    let (frame, desk) = desk::at(&state, &who, Place::Own);
    let page = AccountPage {
        frame,
        desk,
        sessions: all.iter().map(|one| line(one, &who)).collect(),
        notice: noticed(&NOTICES, &asked.notice),
    };
    parts::html(StatusCode::OK, &page)
}

/// A session as its owner or an administrator sees it.
pub fn line(one: &Session, who: &Session) -> SessionLine {
    let client = one.client.as_ref();
    SessionLine {
        id: one.id.to_string(),
        current: one.id == who.id,
        address: client.map_or_else(String::new, |client| client.address.to_string()),
        browser: client.map_or_else(String::new, |client| client.browser.clone()),
        created_at: chinese_date_time(one.created_at),
        seen_at: chinese_date_time(one.seen_at),
        ends_at: chinese_date_time(one.ends_at),
    }
}

pub async fn end_session(
    request: HttpRequest,
    state: Data<State>,
    who: Who,
    Form(typed): Form<Typed>,
) -> Result {
    let id: SessionId = typed
        .id
        .parse()
        .map_err(|_| Failure::Page(ErrorKind::BadRequest))?;
    let done = sessions::revoke(&state.services, &who, id).await?;
    if id == who.id {
        return Ok(login::ended(&state, &request, "out"));
    }
    let notice = if done { "ended" } else { "no-session" };
    Ok(desk::to(format!("/staff/account?notice={notice}")))
}

pub async fn password(state: Data<State>, who: Who) -> Result {
    let inputs = password_inputs(&state);
    password_page(&state, &who, StatusCode::OK, inputs, None)
}

pub async fn submit_password(
    request: HttpRequest,
    state: Data<State>,
    who: Who,
    Form(typed): Form<Typed>,
) -> Result {
    let mut inputs = password_inputs(&state);
    let unusable = StatusCode::UNPROCESSABLE_ENTITY;
    let differ = typed.new_password != typed.new_password_again;
    for (input, error) in inputs.iter_mut().zip([
        typed.password.is_empty().then_some("密码不能为空"),
        typed.new_password.is_empty().then_some("新密码不能为空"),
        differ.then_some("两次填写的新密码不一致"),
        typed.code.trim().is_empty().then_some("动态码不能为空"),
    ]) {
        input.error = error.map(str::to_owned);
    }
    if Problems::of(&inputs).is_some() {
        return password_page(&state, &who, unusable, inputs, None);
    }
    let fresh = desk::fresh(&state, &request, &typed.code);
    let (old, new) = (
        Zeroizing::new(typed.password),
        Zeroizing::new(typed.new_password),
    );
    let changed = own::change_password(&state.services, &who, old, new, fresh).await?;
    match changed {
        Changed::Yes => Ok(login::ended(&state, &request, "changed")),
        Changed::Unusable(problem) => {
            inputs[1].error = Some(unusable_sentence(problem));
            password_page(&state, &who, unusable, inputs, None)
        }
        Changed::Waits(seconds) => {
            let status = StatusCode::TOO_MANY_REQUESTS;
            password_page(&state, &who, status, inputs, Some(waits(seconds)))
                .map(|response| retry_after(response, seconds))
        }
        Changed::Refused | Changed::NotEnrolled => {
            let problems = Problems::whole("密码或动态码不正确，请重新填写");
            password_page(&state, &who, unusable, inputs, Some(problems))
        }
    }
}

fn password_inputs(state: &State) -> Vec<Input> {
    let shortest = state.services.settings.staff.shortest_password;
    let hint =
        format!("至少{shortest}个字符，可以是一句话；不限字符种类，不能是常见密码或包含账号名");
    vec![
        Input::new("password", "现在的密码", Kind::Password),
        Input::new("new_password", "新密码", Kind::NewPassword).with_hint(hint),
        Input::new("new_password_again", "再填一次新密码", Kind::NewPassword),
        Input::code("动态码"),
    ]
}

fn unusable_sentence(problem: PasswordProblem) -> String {
    match problem {
        PasswordProblem::TooShort(least) => format!("新密码至少{least}个字符"),
        PasswordProblem::TooLong => "新密码过长".into(),
        PasswordProblem::Common => "这是常见密码，请换一个".into(),
        PasswordProblem::HasName => "新密码不能包含账号名".into(),
    }
}

fn password_page(
    state: &State,
    who: &Who,
    status: StatusCode,
    inputs: Vec<Input>,
    problems: Option<Problems>,
) -> Result {
    let (frame, desk) = desk::at(state, who, Place::Own);
    let page = PasswordPage {
        frame,
        desk,
        problems: problems.unwrap_or_else(|| Problems::of(&inputs)),
        inputs,
    };
    parts::html(status, &page)
}

pub async fn totp(state: Data<State>, who: Who) -> Result {
    let offer = own::offer(&state.services, &who)?;
    totp_page(&state, &who, StatusCode::OK, &offer, totp_inputs(), None)
}

pub async fn submit_totp(
    request: HttpRequest,
    state: Data<State>,
    who: Who,
    Form(typed): Form<Typed>,
) -> Result {
    let mut inputs = totp_inputs();
    let unusable = StatusCode::UNPROCESSABLE_ENTITY;
    let Some(offer) = own::offer_again(&state.services, &who, &typed.token)? else {
        let offer = own::offer(&state.services, &who)?;
        let problems = Problems::whole("密钥已过期，请扫描新的二维码");
        return totp_page(&state, &who, unusable, &offer, inputs, Some(problems));
    };
    for (input, error) in inputs.iter_mut().zip([
        typed.password.is_empty().then_some("密码不能为空"),
        typed.code.trim().is_empty().then_some("动态码不能为空"),
        typed
            .new_code
            .trim()
            .is_empty()
            .then_some("新的动态码不能为空"),
    ]) {
        input.error = error.map(str::to_owned);
    }
    if Problems::of(&inputs).is_some() {
        return totp_page(&state, &who, unusable, &offer, inputs, None);
    }
    let fresh = desk::fresh(&state, &request, &typed.code);
    let new = (typed.token.as_str(), typed.new_code.as_str());
    let password = Zeroizing::new(typed.password);
    match own::change_totp(&state.services, &who, password, fresh, new).await? {
        Changed::Yes => Ok(login::ended(&state, &request, "changed")),
        Changed::NotEnrolled => {
            inputs[2].error = Some("新的动态码不正确，请核对新的身份验证器".into());
            totp_page(&state, &who, unusable, &offer, inputs, None)
        }
        Changed::Waits(seconds) => {
            let status = StatusCode::TOO_MANY_REQUESTS;
            totp_page(&state, &who, status, &offer, inputs, Some(waits(seconds)))
                .map(|response| retry_after(response, seconds))
        }
        Changed::Refused | Changed::Unusable(_) => {
            let problems = Problems::whole("密码或动态码不正确，请重新填写");
            totp_page(&state, &who, unusable, &offer, inputs, Some(problems))
        }
    }
}

fn totp_inputs() -> Vec<Input> {
    vec![
        Input::new("password", "密码", Kind::Password),
        Input::code("原来的动态码"),
        Input::new("new_code", "新的动态码", Kind::Code).with_hint("新的身份验证器上的6位数字"),
    ]
}

fn totp_page(
    state: &State,
    who: &Who,
    status: StatusCode,
    offer: &Offer,
    inputs: Vec<Input>,
    problems: Option<Problems>,
) -> Result {
    let letters: Vec<_> = offer.secret.chars().collect();
    let groups = letters
        .chunks(4)
        .map(|group| group.iter().collect::<String>());
    let (frame, desk) = desk::at(state, who, Place::Own);
    let page = TotpPage {
        frame,
        desk,
        qr: totp::qr_svg(&offer.uri)?,
        secret: groups.collect::<Vec<_>>().join(" "),
        token: offer.token.to_string(),
        problems: problems.unwrap_or_else(|| Problems::of(&inputs)),
        inputs,
    };
    parts::html(status, &page)
}

fn waits(seconds: u64) -> Problems {
    Problems::whole(format!("操作过于频繁，请在{seconds}秒后再试"))
}

fn retry_after(mut response: actix_web::HttpResponse, seconds: u64) -> actix_web::HttpResponse {
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, seconds.into());
    response
}
