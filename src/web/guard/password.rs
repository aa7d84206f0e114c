//! The password of a sandbox that answers beyond loopback: asked for once, then a signed cookie of twelve hours. Programs
//! send it with each call: `X-Sandbox-Password`, or Basic with any user name. /healthz answers without; so do the files
//! of /static, which the page that asks needs.

use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderMap},
    middleware::Next,
    web::{Data, Form},
};
use askama::Template;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use serde::Deserialize;
use subtle::ConstantTimeEq;

use crate::{
    keys::Purpose,
    web::{
        error::Result, guard::cookie, pages::desk::PasswordPage, site::State, sms_receipts::is_push,
    },
};

const COOKIE: &str = "heyan_sandbox";
const HOURS: i64 = 12;
/// Where the page that asks posts to.
pub const PATH: &str = "/sandbox/password";

pub async fn asked(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> std::result::Result<ServiceResponse<BoxBody>, Error> {
    let path = request.path();
    let open = path == "/healthz" || path == PATH || path.starts_with("/static/") || is_push(path);
    let Some(state) = request.app_data::<Data<State>>().filter(|_| !open).cloned() else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let passes = state.site.password.is_none()
        || cookie::values(request.headers(), COOKIE).any(|cookie| is_ours(&state, cookie))
        || sent(request.headers()).is_some_and(|given| is_right(&state, &given));
    if passes {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let wanted = request.path().to_owned();
    let response = if wanted.starts_with("/api") || wanted.starts_with("/sandbox/api") {
        // the problem document is written by `error::as_pages`
        HttpResponse::Unauthorized()
            .insert_header((header::WWW_AUTHENTICATE, "Basic realm=\"sandbox\""))
            .finish()
    } else {
        page(&state, wanted, false)?
    };
    Ok(request.into_response(response))
}

#[derive(Deserialize)]
pub struct Given {
    password: String,
    #[serde(default)]
    next: String,
}

/// The page's form.
pub async fn submit(state: Data<State>, Form(given): Form<Given>) -> Result {
    if !is_right(&state, &given.password) {
        tracing::warn!("a wrong sandbox password");
        return page(&state, given.next, true);
    }
    let until = state.services.clock.real_now() + chrono::TimeDelta::hours(HOURS);
    let cookie = format!(
        "{COOKIE}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{}",
        token(&state, until),
        HOURS * 60 * 60,
        if state.site.https { "; Secure" } else { "" },
    );
    // a path of ours, never another site
    let next = Some(given.next)
        .filter(|next| next.starts_with('/') && !next.starts_with("//") && !next.contains('\\'));
    Ok(HttpResponse::SeeOther()
        .insert_header((header::SET_COOKIE, cookie))
        .insert_header((header::LOCATION, next.unwrap_or_else(|| "/".into())))
        .finish())
}

fn page(state: &State, next: String, wrong: bool) -> Result {
    let page = PasswordPage {
        frame: state.frame(None),
        next,
        wrong,
    };
    Ok(HttpResponse::Unauthorized()
        .content_type("text/html; charset=utf-8")
        .body(page.render()?))
}

fn is_right(state: &State, given: &str) -> bool {
    let password = state.site.password.as_ref();
    password.is_some_and(|right| {
        right
            .expose_secret()
            .as_bytes()
            .ct_eq(given.as_bytes())
            .into()
    })
}

/// What a program sends.
fn sent(headers: &HeaderMap) -> Option<String> {
    if let Some(given) = headers.get("x-sandbox-password") {
        return given.to_str().ok().map(str::to_owned);
    }
    let basic = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Basic ")?;
    let decoded = String::from_utf8(STANDARD.decode(basic).ok()?).ok()?;
    Some(decoded.split_once(':')?.1.to_owned())
}

/// `MILLIS.MAC`; another password makes all cookies void.
fn token(state: &State, until: DateTime<Utc>) -> String {
    let until = until.timestamp_millis().to_string();
    let password = state
        .site
        .password
        .as_ref()
        .map_or("", |password| password.expose_secret());
    let parts: &[&[u8]] = &[b"sandbox", until.as_bytes(), password.as_bytes()];
    let mac = state.services.keys.hash(Purpose::Session, parts);
    format!("{until}.{}", URL_SAFE_NO_PAD.encode(mac.value))
}

fn is_ours(state: &State, cookie: &str) -> bool {
    let until = cookie
        .split('.')
        .next()
        .and_then(|until| until.parse().ok());
    let Some(until) = until.and_then(DateTime::from_timestamp_millis) else {
        return false;
    };
    let right: bool = token(state, until)
        .as_bytes()
        .ct_eq(cookie.as_bytes())
        .into();
    right && state.services.clock.real_now() < until
}
