//! 短信核验 and 短信重发, on a bureau's page and on the national one.

use actix_web::{
    HttpRequest,
    http::StatusCode,
    web::{self, Data},
};

use super::{
    error::{self, Result},
    form::Typed,
    pages::{
        form::{CaptchaProblem, FieldName, Form, Purpose},
        panel::Panel,
        tabs::{Tab, TabBody, TabPage},
    },
    parts::{self, Refused},
    site::State,
};
use crate::{
    domain::{phone::Phone, policy::Policy, province::Province, words::Outcome},
    flow::{resend::resend as ask_again, told::Answer, verify::verify},
};

/// One tab of one bureau.
struct Place<'a> {
    state: &'a State,
    tab: Tab,
    bureau: Option<Province>,
    policy: Option<&'a Policy>,
    /// How hard its captcha is to be.
    level: u8,
}

/// The tab 短信核验.
pub async fn verification(request: HttpRequest, state: Data<State>) -> Result {
    let place = Place::new(&state, Tab::Verification, &request)?;
    state.visitors.count(place.bureau);
    place.measured(&request, None).await.empty()
}

/// The tab 短信重发.
pub async fn resend(request: HttpRequest, state: Data<State>) -> Result {
    let place = Place::new(&state, Tab::Resend, &request)?;
    state.visitors.count(place.bureau);
    place.measured(&request, None).await.empty()
}

/// Code, phone and tail.
pub async fn submit_verification(
    request: HttpRequest,
    state: Data<State>,
    web::Form(typed): web::Form<Typed>,
) -> Result {
    let place = Place::new(&state, Tab::Verification, &request)?;
    let Some(policy) = place.policy else {
        return place.empty();
    };
    if typed.wants_another_picture() {
        let place = place.measured(&request, None).await;
        return place.another_picture(policy, &typed);
    }
    let (code, phone, tail, captcha) = (typed.code(), typed.phone(), typed.tail(), typed.captcha());
    let form = |place: &Place<'_>| {
        place
            .form()
            .with_problem(FieldName::SmsCode, code.as_ref().err().copied())
            .with_problem(FieldName::Phone, phone.as_ref().err().copied())
            .with_problem(FieldName::IdTail, tail.as_ref().err().copied())
    };
    let (Ok(code), Ok(phone), Ok(tail), Ok(captcha)) = (&code, &phone, &tail, &captcha) else {
        let place = place.measured(&request, phone.as_ref().ok()).await;
        return place.again(policy, &typed, form(&place), captcha.err());
    };
    let attempt = parts::attempt(
        &state,
        &request,
        Purpose::Verification,
        place.bureau,
        captcha.clone(),
    );
    let told = verify(
        &state.services,
        attempt,
        code.clone(),
        phone.clone(),
        tail.clone(),
    )
    .await?;
    // after the submission, which may have counted
    let place = place.measured(&request, Some(phone)).await;
    match parts::told(told) {
        Ok(answer) => place.outcome(policy, &answer, phone.as_str()),
        Err(refused) => place.refused(policy, &typed, phone.as_str(), refused),
    }
}

/// Phone and tail.
pub async fn submit_resend(
    request: HttpRequest,
    state: Data<State>,
    web::Form(typed): web::Form<Typed>,
) -> Result {
    let place = Place::new(&state, Tab::Resend, &request)?;
    let Some(policy) = place.policy else {
        return place.empty();
    };
    if typed.wants_another_picture() {
        let place = place.measured(&request, None).await;
        return place.another_picture(policy, &typed);
    }
    let (phone, tail, captcha) = (typed.phone(), typed.tail(), typed.captcha());
    let form = |place: &Place<'_>| {
        place
            .form()
            .with_problem(FieldName::Phone, phone.as_ref().err().copied())
            .with_problem(FieldName::IdTail, tail.as_ref().err().copied())
    };
    let (Ok(phone), Ok(tail), Ok(captcha)) = (&phone, &tail, &captcha) else {
        let place = place.measured(&request, phone.as_ref().ok()).await;
        return place.again(policy, &typed, form(&place), captcha.err());
    };
    let attempt = parts::attempt(
        &state,
        &request,
        Purpose::Resend,
        place.bureau,
        captcha.clone(),
    );
    let told = ask_again(&state.services, attempt, phone.clone(), tail.clone()).await?;
    // after the submission, which may have counted
    let place = place.measured(&request, Some(phone)).await;
    match parts::told(told) {
        Ok(answer) => place.outcome(policy, &answer, phone.as_str()),
        Err(refused) => place.refused(policy, &typed, phone.as_str(), refused),
    }
}

impl<'a> Place<'a> {
    fn new(state: &'a State, tab: Tab, request: &HttpRequest) -> Result<Self> {
        let bureau = error::bureau(request)?;
        Ok(Self {
            state,
            tab,
            bureau,
            policy: parts::policy(state, bureau),
            level: 0,
        })
    }

    /// The same with a captcha as hard as the failures so far ask for.
    async fn measured(self, request: &HttpRequest, phone: Option<&Phone>) -> Self {
        let level = parts::captcha_level(self.state, request, phone).await;
        Self { level, ..self }
    }

    const fn purpose(&self) -> Purpose {
        match self.tab {
            Tab::Verification => Purpose::Verification,
            Tab::Resend => Purpose::Resend,
        }
    }

    fn form(&self) -> Form {
        self.form_for(self.purpose())
    }

    fn form_for(&self, purpose: Purpose) -> Form {
        let page = match purpose {
            Purpose::Resend => "sms-resend",
            _ => "sms-verification",
        };
        let action = self.state.frame(self.bureau).path(page);
        Form::new(
            purpose,
            action,
            parts::captcha(self.state, purpose, self.bureau, self.level),
        )
    }

    /// The page as it is first seen.
    fn empty(&self) -> Result {
        let body = match self.policy {
            Some(policy) => TabBody::Form {
                form: self.form(),
                rules: parts::rules(policy),
            },
            None if self.bureau.is_some() => TabBody::NotCovered,
            None => TabBody::Choose(parts::covered(self.state)),
        };
        self.page(StatusCode::OK, self.tab, None, body)
    }

    fn another_picture(&self, policy: &Policy, typed: &Typed) -> Result {
        let mut form = typed.kept_in(self.form());
        form.captcha.refreshed = true;
        let rules = parts::rules(policy);
        self.page(
            StatusCode::OK,
            self.tab,
            None,
            TabBody::Form { form, rules },
        )
    }

    /// The form again, with what is wrong and what was typed.
    fn again(
        &self,
        policy: &Policy,
        typed: &Typed,
        form: Form,
        problem: Option<CaptchaProblem>,
    ) -> Result {
        let mut form = typed.kept_in(form);
        form.captcha.problem = problem;
        let rules = parts::rules(policy);
        let body = TabBody::Form { form, rules };
        self.page(StatusCode::UNPROCESSABLE_ENTITY, self.tab, None, body)
    }

    /// The form again, because of its captcha or of a limit.
    fn refused(&self, policy: &Policy, typed: &Typed, phone: &str, refused: Refused) -> Result {
        let blank = self.form().with(FieldName::Phone, phone);
        let (status, form) = refused.form(typed, blank);
        let rules = parts::rules(policy);
        self.page(status, self.tab, None, TabBody::Form { form, rules })
    }

    /// What came of it; where there is something left to do, with the form for it.
    fn outcome(&self, policy: &Policy, answer: &Answer, phone: &str) -> Result {
        let form = match answer.outcome {
            Outcome::VerifiedAll
            | Outcome::VerifiedWaiting
            | Outcome::AlreadyVerified
            | Outcome::AskProvider => None,
            // the codes that came before are good still
            Outcome::Resent | Outcome::ResendLimit => Some(Purpose::Verification),
            Outcome::NothingPending if answer.ended_known => None,
            Outcome::Wrong | Outcome::NotFound | Outcome::TryAgain | Outcome::NothingPending => {
                Some(self.purpose())
            }
        };
        let tab = match form {
            Some(Purpose::Verification) => Tab::Verification,
            Some(_) => Tab::Resend,
            None => self.tab,
        };
        let body = form.map_or(TabBody::Done, |purpose| TabBody::Form {
            form: self.form_for(purpose).with(FieldName::Phone, phone),
            rules: parts::rules(policy),
        });
        self.page(StatusCode::OK, tab, Some(parts::panel(answer)), body)
    }

    fn page(&self, status: StatusCode, tab: Tab, panel: Option<Panel>, body: TabBody) -> Result {
        let page = TabPage {
            frame: self.state.frame(self.bureau),
            tab,
            panel,
            body,
        };
        parts::html_of_form(status, &page, page.form())
    }
}
