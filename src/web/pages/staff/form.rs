//! The console's forms: fields with what was typed and what is wrong with them, and the summary above the h1.

use askama::Template;

/// A field (`staff/input.html`).
#[derive(Clone, Template)]
#[template(path = "staff/input.html")]
pub struct Input {
    /// Its name in the form and its element's id.
    pub id: &'static str,
    /// What it asks for.
    pub label: &'static str,
    /// What helps to answer.
    pub hint: Option<String>,
    /// How it is typed.
    pub kind: Kind,
    /// What was typed; never a password or a code.
    pub value: String,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// How a field is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// The account's name.
    User,
    /// The password in use.
    Password,
    /// A password to be.
    NewPassword,
    /// What an authenticator shows.
    Code,
    /// One of these: value and name.
    Choice(Vec<(String, String)>),
}

/// What was typed reaches no log.
impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input")
            .field("id", &self.id)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl Input {
    /// An empty field.
    pub const fn new(id: &'static str, label: &'static str, kind: Kind) -> Self {
        Self {
            id,
            label,
            hint: None,
            kind,
            value: String::new(),
            error: None,
        }
    }

    /// The code of an authenticator, asked for anew.
    pub fn code(label: &'static str) -> Self {
        Self::new("code", label, Kind::Code).with_hint("身份验证器上的6位数字，每个只能用一次")
    }

    /// With what helps to answer.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With what was typed.
    #[must_use]
    pub fn with_value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    /// With what is wrong.
    #[must_use]
    pub fn with_error(mut self, error: Option<impl Into<String>>) -> Self {
        self.error = error.map(Into::into);
        self
    }
}

/// What is wrong, above the h1: each field's sentence leads to it (`staff/problems.html`).
#[derive(Debug, Clone, Default, Template)]
#[template(path = "staff/problems.html")]
pub struct Problems {
    /// Field and sentence.
    pub of_fields: Vec<(&'static str, String)>,
    /// What is no field's fault, such as having to wait.
    pub whole: Option<String>,
}

impl Problems {
    /// Those of these fields.
    pub fn of(inputs: &[Input]) -> Self {
        let wrong = inputs
            .iter()
            .filter_map(|input| input.error.clone().map(|error| (input.id, error)));
        Self {
            of_fields: wrong.collect(),
            whole: None,
        }
    }

    /// One that is no field's fault.
    pub fn whole(sentence: impl Into<String>) -> Self {
        Self {
            of_fields: Vec::new(),
            whole: Some(sentence.into()),
        }
    }

    /// Whether anything is wrong.
    pub fn is_some(&self) -> bool {
        self.whole.is_some() || !self.of_fields.is_empty()
    }
}
