//! What a visitor typed into a form: read, judged field by field, and kept for the page that asks again.

use serde::Deserialize;

use super::pages::form::{CaptchaProblem, FieldName, FieldProblem, Form};
use crate::captcha::is_answered;
use crate::domain::{id_document::IdTail, phone::Phone, sms_code::SmsCode, text::TypedError};

/// The fields of all forms, as they came. Deliberately without `Debug`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Typed {
    pub sms_code: String,
    pub phone: String,
    pub id_tail: String,
    pub request_id: String,
    pub captcha_id: String,
    pub captcha_answer: String,
    /// 换一张 was pressed, without JavaScript.
    pub refresh: String,
}

impl Typed {
    /// Only another picture is wanted.
    pub fn wants_another_picture(&self) -> bool {
        !self.refresh.is_empty()
    }

    /// Whether the captcha has been answered at all.
    pub fn captcha(&self) -> Result<(String, String), CaptchaProblem> {
        let (id, answer) = (self.captcha_id.trim(), self.captcha_answer.trim());
        if !is_answered(id, answer) {
            return Err(CaptchaProblem::Missing);
        }
        Ok((id.to_owned(), answer.to_owned()))
    }

    pub fn code(&self) -> Result<SmsCode, FieldProblem> {
        SmsCode::parse(&self.sms_code).map_err(problem)
    }

    pub fn phone(&self) -> Result<Phone, FieldProblem> {
        Phone::parse(&self.phone).map_err(problem)
    }

    pub fn tail(&self) -> Result<IdTail, FieldProblem> {
        IdTail::parse(&self.id_tail).map_err(problem)
    }

    /// Our number, or a provider's reference, which is taken as it is.
    pub fn request_id(&self) -> Result<String, FieldProblem> {
        const LONGEST: usize = 100;
        let typed = self.request_id.trim();
        if typed.is_empty() {
            return Err(FieldProblem::Empty);
        }
        if typed.chars().any(char::is_control) {
            return Err(FieldProblem::ControlCharacter);
        }
        if typed.chars().count() > LONGEST {
            return Err(FieldProblem::Malformed);
        }
        // an identifier of ours is the same in any case
        let ours = typed
            .get(..3)
            .is_some_and(|prefix| prefix.eq_ignore_ascii_case("fr_"));
        Ok(if ours {
            format!("fr_{}", typed[3..].to_ascii_uppercase())
        } else {
            typed.to_owned()
        })
    }

    /// The form again, with what was typed (`no-store` keeps it out of caches).
    pub fn kept_in(&self, form: Form) -> Form {
        let all = [
            (FieldName::SmsCode, &self.sms_code),
            (FieldName::Phone, &self.phone),
            (FieldName::IdTail, &self.id_tail),
            (FieldName::RequestId, &self.request_id),
        ];
        // what no page may carry, such as a NUL, goes
        let kept = |typed: &str| typed.replace(char::is_control, "");
        all.into_iter()
            .fold(form, |form, (name, typed)| form.with(name, kept(typed)))
    }
}

fn problem(error: TypedError) -> FieldProblem {
    match error {
        TypedError::Empty => FieldProblem::Empty,
        TypedError::Malformed => FieldProblem::Malformed,
        TypedError::ControlCharacter => FieldProblem::ControlCharacter,
    }
}
