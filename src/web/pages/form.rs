//! The visitor's forms: fields with what was typed and what is wrong with it, and the captcha.

use askama::Template;

use crate::{captcha, domain::province::Province};

/// What a form is for; the captcha is bound to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// 短信核验, on a bureau's page or the national one.
    Verification,
    /// 短信重发
    Resend,
    /// 短信核验 by short link.
    Link,
    /// 公共查询
    Progress,
}

impl Purpose {
    /// Its name in `data-form` and in `POST /captcha`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verification => "verification",
            Self::Resend => "resend",
            Self::Link => "link",
            Self::Progress => "progress",
        }
    }

    /// The fields, in the order of the page.
    const fn fields(self) -> &'static [FieldName] {
        match self {
            Self::Verification => &[FieldName::SmsCode, FieldName::Phone, FieldName::IdTail],
            Self::Resend => &[FieldName::Phone, FieldName::IdTail],
            Self::Link => &[FieldName::SmsCode, FieldName::IdTail],
            Self::Progress => &[FieldName::RequestId, FieldName::Phone],
        }
    }
}

/// A field a visitor types into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldName {
    /// 短信验证码
    SmsCode,
    /// 手机号码
    Phone,
    /// 证件号码后六位
    IdTail,
    /// 备案请求编号
    RequestId,
}

impl FieldName {
    /// Its name in the form and its element's id.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SmsCode => "sms_code",
            Self::Phone => "phone",
            Self::IdTail => "id_tail",
            Self::RequestId => "request_id",
        }
    }
}

/// What is wrong with a field; the sentences stand in `parts/problem.html`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldProblem {
    /// Nothing was typed.
    Empty,
    /// Not of the field's shape.
    Malformed,
    /// Control characters or NUL.
    ControlCharacter,
}

/// What is wrong with the captcha; the sentences stand in `parts/captcha_problem.html`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptchaProblem {
    /// No answer.
    Missing,
    /// Not what the picture shows, or used before.
    Wrong,
    /// Older than its 20 minutes.
    Expired,
}

/// A form as served (`parts/form.html`).
#[derive(Debug, Clone, Template)]
#[template(path = "parts/form.html")]
pub struct Form {
    /// What it is for.
    pub purpose: Purpose,
    /// Where it posts to.
    pub action: String,
    /// The fields in order.
    pub fields: Vec<Field>,
    /// A fresh captcha, always: one is good for one submission.
    pub captcha: Captcha,
    /// 操作过于频繁: seconds to wait, the page is a 429 then. The form stays: a full success is told at any time.
    pub limited: Option<u64>,
}

impl Form {
    /// An empty form.
    pub fn new(purpose: Purpose, action: impl Into<String>, captcha: Captcha) -> Self {
        let fields = purpose.fields().iter().map(|&name| Field {
            name,
            value: String::new(),
            problem: None,
        });
        Self {
            purpose,
            action: action.into(),
            fields: fields.collect(),
            captcha,
            limited: None,
        }
    }

    /// The same with what was typed into a field (a field that the form does not have is ignored).
    #[must_use]
    pub fn with(mut self, name: FieldName, value: impl Into<String>) -> Self {
        if let Some(field) = self.fields.iter_mut().find(|field| field.name == name) {
            field.value = value.into();
        }
        self
    }

    /// The same with what is wrong with a field.
    #[must_use]
    pub fn with_problem(mut self, name: FieldName, problem: Option<FieldProblem>) -> Self {
        if let Some(field) = self.fields.iter_mut().find(|field| field.name == name) {
            field.problem = problem;
        }
        self
    }

    /// Whether anything is wrong: the page is a 422 or a 429 then, and begins with [`Form::summary`].
    pub fn has_problems(&self) -> bool {
        self.limited.is_some()
            || self.captcha.problem.is_some()
            || self.fields.iter().any(|field| field.problem.is_some())
    }

    /// With what the page's title begins.
    pub fn lead(&self) -> &'static str {
        if self.limited.is_some() {
            "操作过于频繁 - "
        } else if self.has_problems() {
            "错误："
        } else {
            ""
        }
    }

    /// 填写有误: every problem again, with a link to its field.
    pub fn summary(&self) -> Summary<'_> {
        Summary { form: self }
    }
}

/// One field (`parts/field.html`).
#[derive(Clone, Template)]
#[template(path = "parts/field.html")]
pub struct Field {
    /// Which one.
    pub name: FieldName,
    /// What was typed, kept on a 422 page; on an outcome page the phone alone.
    pub value: String,
    /// What is wrong with it.
    pub problem: Option<FieldProblem>,
}

/// What a visitor typed reaches no log.
impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Field")
            .field("name", &self.name)
            .field("problem", &self.problem)
            .finish_non_exhaustive()
    }
}

/// The image captcha (`parts/captcha.html`); `static/captcha.js` renews it without touching the other fields.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/captcha.html")]
pub struct Captcha {
    /// The sealed token: `/captcha/{id}.png`, `/captcha/{id}.wav`.
    pub id: String,
    /// The form it is bound to.
    pub purpose: Purpose,
    /// The bureau it is bound to.
    pub bureau: Option<Province>,
    /// A script may open a puzzle in its place.
    pub has_puzzle: bool,
    /// Seconds until it runs out.
    pub expires_in: i64,
    /// What was wrong with the one before.
    pub problem: Option<CaptchaProblem>,
    /// The visitor has just asked for another picture (`refresh=1`): the answer's field takes the focus.
    pub refreshed: bool,
}

impl Captcha {
    /// Width and height of the picture as shown, in CSS pixels.
    pub const SIZE: (u32, u32) = captcha::SIZE;
}

/// The error summary above the h1 (`parts/summary.html`).
#[derive(Debug, Template)]
#[template(path = "parts/summary.html")]
pub struct Summary<'a> {
    form: &'a Form,
}

#[derive(Template)]
#[template(path = "parts/problem.html")]
struct FieldSentence {
    name: FieldName,
    problem: FieldProblem,
}

#[derive(Template)]
#[template(path = "parts/captcha_problem.html")]
struct CaptchaSentence {
    problem: CaptchaProblem,
}

impl Field {
    /// What is wrong, in words.
    fn sentence(&self) -> Option<FieldSentence> {
        self.problem.map(|problem| FieldSentence {
            name: self.name,
            problem,
        })
    }
}

impl Captcha {
    /// What is wrong, in words.
    fn sentence(&self) -> Option<CaptchaSentence> {
        self.problem.map(|problem| CaptchaSentence { problem })
    }
}
