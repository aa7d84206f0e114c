//! 登录, 退出.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{Data, Form, Query},
};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{
    desk::{self, Who, noticed},
    guard::{self, LOGIN},
};
use crate::{
    flow::staff::{
        log_in::{Given, LoggedIn, log_in},
        sessions,
    },
    web::{
        error::Result,
        pages::staff::{
            form::{Input, Kind, Problems},
            login::{LoginNotice, LoginPage},
        },
        parts,
        site::State,
    },
};

const NOTICES: [(&str, LoginNotice); 3] = [
    ("out", LoginNotice::LoggedOut),
    ("changed", LoginNotice::Changed),
    ("ended", LoginNotice::Ended),
];

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    next: String,
    notice: String,
}

/// What was typed. Deliberately without `Debug`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Typed {
    next: String,
    user: String,
    password: String,
    code: String,
}

pub async fn show(state: Data<State>, Query(asked): Query<Asked>) -> Result {
    let page = LoginPage {
        frame: state.frame(None),
        next: asked.next,
        inputs: inputs(""),
        problems: Problems::default(),
        notice: noticed(&NOTICES, &asked.notice),
    };
    parts::html(StatusCode::OK, &page)
}

pub async fn submit(request: HttpRequest, state: Data<State>, Form(typed): Form<Typed>) -> Result {
    let mut fields = inputs(&typed.user);
    let empty = [
        (typed.user.trim().is_empty(), "账号不能为空"),
        (typed.password.is_empty(), "密码不能为空"),
        (typed.code.trim().is_empty(), "动态码不能为空"),
    ];
    for (field, (empty, sentence)) in fields.iter_mut().zip(empty) {
        field.error = empty.then(|| sentence.to_owned());
    }
    let problems = Problems::of(&fields);
    if problems.is_some() {
        return again(
            &state,
            StatusCode::UNPROCESSABLE_ENTITY,
            typed.next,
            fields,
            problems,
        );
    }
    let given = Given {
        name: typed.user.clone(),
        password: Zeroizing::new(typed.password),
        code: typed.code,
        client: desk::client(&state, &request),
        before: guard::held(&state.site, &request),
    };
    match log_in(&state.services, given).await? {
        LoggedIn::Yes(new) => {
            let mut response = desk::to(ours(&typed.next));
            let cookie = guard::given(&state.site, &request, &new.cookie);
            if let Ok(cookie) = cookie.parse() {
                response.headers_mut().insert(header::SET_COOKIE, cookie);
            }
            Ok(response)
        }
        LoggedIn::No => {
            let problems = Problems::whole("账号、密码或动态码不正确，请重新填写");
            again(
                &state,
                StatusCode::UNPROCESSABLE_ENTITY,
                typed.next,
                fields,
                problems,
            )
        }
        LoggedIn::Waits(seconds) => {
            let problems = Problems::whole(format!("操作过于频繁，请在{seconds}秒后再试"));
            let status = StatusCode::TOO_MANY_REQUESTS;
            let mut response = again(&state, status, typed.next, fields, problems)?;
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds.into());
            Ok(response)
        }
    }
}

/// Logs out, and leaves nothing of it in the browser.
pub async fn log_out(request: HttpRequest, state: Data<State>, who: Who) -> Result {
    sessions::log_out(&state.services, &who).await?;
    Ok(ended(&state, &request, "out"))
}

/// To the login, without the cookie.
pub fn ended(state: &State, request: &HttpRequest, notice: &str) -> HttpResponse {
    let mut response = desk::to(format!("{LOGIN}?notice={notice}"));
    let headers = response.headers_mut();
    if let Ok(cookie) = guard::taken_back(&state.site, request).parse() {
        headers.insert(header::SET_COOKIE, cookie);
    }
    headers.insert(
        header::HeaderName::from_static("clear-site-data"),
        header::HeaderValue::from_static("\"cache\", \"storage\""),
    );
    response
}

/// A page of the console, never another site.
fn ours(next: &str) -> &str {
    let sound = next
        .strip_prefix("/staff")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    if sound && !next.contains('\\') && !next.starts_with(LOGIN) && next.is_ascii() {
        next
    } else {
        "/staff"
    }
}

fn inputs(user: &str) -> Vec<Input> {
    vec![
        Input::new("user", "账号", Kind::User).with_value(user),
        Input::new("password", "密码", Kind::Password),
        Input::code("动态码"),
    ]
}

fn again(
    state: &State,
    status: StatusCode,
    next: String,
    inputs: Vec<Input>,
    problems: Problems,
) -> Result {
    let page = LoginPage {
        frame: state.frame(None),
        next,
        inputs,
        problems,
        notice: None,
    };
    parts::html(status, &page)
}
