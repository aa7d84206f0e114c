//! From what flows answer to the parts that pages are made of.

use actix_web::{
    HttpRequest, HttpResponseBuilder,
    http::{StatusCode, header},
};
use askama::Template;
use chrono::{DateTime, Utc};

use super::{
    error::Result,
    form::Typed,
    guard::address,
    pages::{
        form::{Captcha, CaptchaProblem, Form, Purpose},
        panel::{HowFar, Panel},
        rules::{Rules, Senders},
    },
    site::State,
};
use crate::{
    captcha::{Form as CaptchaForm, Kind},
    domain::{
        outcome::return_advice,
        phone::Phone,
        policy::{HkMacauTail, Policy},
        province::Province,
        time::chinese_time,
        words::RequestState,
    },
    flow::{
        attempt::{self, Attempt},
        told::{Answer, CaptchaTrouble, Standing, Told},
    },
};

/// A page as it is sent. A view of it is counted where a visitor asked for one.
pub fn html(status: StatusCode, page: &impl Template) -> Result {
    Ok(HttpResponseBuilder::new(status)
        .content_type("text/html; charset=utf-8")
        .body(page.render()?))
}

/// A page with a form, which may be one that a limit has refused: then with `Retry-After`.
pub fn html_of_form(status: StatusCode, page: &impl Template, form: Option<&Form>) -> Result {
    let mut response = html(status, page)?;
    if let Some(seconds) = form.and_then(|form| form.limited) {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    Ok(response)
}

/// The policy that a bureau's page shows: its own, or on the national page the nationwide one.
pub fn policy(state: &State, bureau: Option<Province>) -> Option<&Policy> {
    let (timeline, now) = (&state.services.timeline, state.services.clock.now());
    let found = match bureau {
        Some(bureau) => timeline.at(bureau, now),
        None => timeline
            .national_at(now)
            .filter(|policy| policy.national_entry),
    };
    found.map(|policy| &**policy)
}

/// The bureaus that verify now.
pub fn covered(state: &State) -> Vec<Province> {
    let now = state.services.clock.now();
    let covered = |province: &Province| state.services.timeline.at(*province, now).is_some();
    Province::ALL.into_iter().filter(covered).collect()
}

/// The numbers of a policy.
pub fn rules(policy: &Policy) -> Rules {
    let senders = policy.senders.clone();
    Rules {
        validity_hours: policy.validity_hours,
        max_wrong_tries: policy.max_wrong_tries,
        max_manual_resends: policy.max_manual_resends,
        noon_resend: policy.noon_resend,
        senders: Senders {
            default: senders.default,
            telecom: senders.telecom,
            unicom: senders.unicom,
            mobile: senders.mobile,
            broadnet: senders.broadnet,
        },
        short_link: policy.short_link,
        national_entry: policy.national_entry,
        verified_kinds: policy.verified_kinds.clone(),
        verify_unchanged_phone: policy.verify_unchanged_phone,
        phone_change_review: policy.phone_change_review,
        permit_tail_on_back: policy.hk_macau_tail == HkMacauTail::IdentityCard,
    }
}

/// How hard a captcha is to be, for the client's address and, once it is known, for a phone.
pub async fn captcha_level(state: &State, request: &HttpRequest, phone: Option<&Phone>) -> u8 {
    attempt::captcha_level(&state.services, address::client(state, request), phone).await
}

/// A fresh captcha for a form.
pub fn captcha(state: &State, purpose: Purpose, bureau: Option<Province>, level: u8) -> Captcha {
    let now = state.services.clock.now();
    let captchas = &state.services.captchas;
    let id = captchas.issue(Kind::Image, level, form_of(purpose), bureau, now);
    let expires_in = captchas
        .open(id.as_str())
        .map_or(0, |challenge| (challenge.expires_at() - now).num_seconds());
    Captcha {
        id: id.as_str().to_owned(),
        purpose,
        bureau,
        has_puzzle: state.site.captchas.has_puzzle(bureau),
        expires_in,
        problem: None,
        refreshed: false,
    }
}

pub const fn form_of(purpose: Purpose) -> CaptchaForm {
    match purpose {
        Purpose::Verification => CaptchaForm::Verification,
        Purpose::Resend => CaptchaForm::Resend,
        Purpose::Link => CaptchaForm::ShortLink,
        Purpose::Progress => CaptchaForm::Progress,
    }
}

/// A form as the flows take it.
pub fn attempt(
    state: &State,
    request: &HttpRequest,
    purpose: Purpose,
    bureau: Option<Province>,
    (captcha_id, captcha_answer): (String, String),
) -> Attempt {
    Attempt {
        form: form_of(purpose),
        bureau,
        address: address::client(state, request),
        captcha_id,
        captcha_answer,
    }
}

/// Why a form is shown again instead of an outcome.
pub enum Refused {
    /// 422, with what was typed.
    Captcha(CaptchaProblem),
    /// 429 for so many seconds, with the phone alone.
    Limited(u64),
}

/// The answer to a form: its outcome, or why there is none.
pub fn told<A>(told: Told<A>) -> std::result::Result<A, Refused> {
    match told {
        Told::Answer(answer) => Ok(answer),
        Told::Captcha(CaptchaTrouble::Wrong) => Err(Refused::Captcha(CaptchaProblem::Wrong)),
        Told::Captcha(CaptchaTrouble::Expired) => Err(Refused::Captcha(CaptchaProblem::Expired)),
        Told::Limited { retry_after } => Err(Refused::Limited(retry_after)),
    }
}

impl Refused {
    /// The page's status and form; `blank` has what is kept however it ended.
    pub fn form(self, typed: &Typed, blank: Form) -> (StatusCode, Form) {
        match self {
            Self::Captcha(problem) => {
                let mut form = typed.kept_in(blank);
                form.captcha.problem = Some(problem);
                (StatusCode::UNPROCESSABLE_ENTITY, form)
            }
            Self::Limited(seconds) => {
                let limited = Some(seconds);
                (StatusCode::TOO_MANY_REQUESTS, Form { limited, ..blank })
            }
        }
    }
}

/// The panel of an outcome.
pub fn panel(answer: &Answer) -> Panel {
    Panel {
        outcome: answer.outcome,
        heading: answer.heading(),
        sentence: answer.sentence(),
        next: answer.next.clone(),
        how_far: answer.standing.as_ref().map(how_far),
    }
}

/// How far a request is.
pub fn how_far(standing: &Standing) -> HowFar {
    let returned = standing.state == RequestState::Returned;
    HowFar {
        kind: standing.kind,
        state: standing.state,
        return_reason: standing.return_reason,
        return_advice: returned.then(|| return_advice(standing.kind).to_owned()),
        reviewed: standing.reviewed,
        people: standing.people,
        verified: standing.verified,
    }
}

/// `9月11日 09:00`
pub fn time(at: Option<DateTime<Utc>>) -> Option<String> {
    at.map(chinese_time)
}
