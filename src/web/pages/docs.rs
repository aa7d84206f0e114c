//! `/api/docs`: the API's description as a page to read. In English, as the API is.

use askama::Template;

use crate::web::page::Frame;

/// The page (`pages/docs.html`).
#[derive(Debug, Template)]
#[template(path = "pages/docs.html")]
pub struct DocsPage {
    /// The frame.
    pub frame: Frame,
    /// Where the API stands, such as `https://beian.example.cn`.
    pub url: String,
    /// What it says.
    pub description: &'static Described,
}

/// A description in `OpenAPI`'s terms, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Described {
    /// By tag.
    pub groups: Vec<Group>,
    /// What bodies are made of.
    pub schemas: Vec<Schema>,
}

/// The calls of one tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The tag.
    pub name: String,
    /// Its calls.
    pub calls: Vec<Call>,
}

/// A method of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The operation's id, for links.
    pub id: String,
    /// `GET`
    pub method: String,
    /// `/api/v1/…`
    pub path: String,
    /// What it does.
    pub summary: String,
    /// It needs an API key.
    pub with_key: bool,
    /// What it takes besides a body.
    pub parameters: Vec<Member>,
    /// What its body is.
    pub body: Option<Kind>,
    /// What it answers.
    pub responses: Vec<Response>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: String,
    /// When.
    pub told: Prose,
    /// Its body.
    pub body: Option<Kind>,
    /// Headers that come with it.
    pub headers: Vec<String>,
}

/// A component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// Its name, for links.
    pub name: String,
    /// What it is.
    pub told: Prose,
    /// The values that it can have, where it is one of a few words.
    pub words: Vec<String>,
    /// Its members, where it is an object.
    pub members: Vec<Member>,
}

/// A member of an object, or a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// `path`, `query`, `header`; empty: in the body.
    pub place: String,
    /// What it is.
    pub kind: Kind,
    /// It must be there.
    pub required: bool,
    /// What it means.
    pub told: Prose,
}

/// What a value is: in words, with the component it refers to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kind {
    /// `array of`
    pub before: String,
    /// The component.
    pub schema: Option<String>,
    /// `or null`, `1 to 100`
    pub after: String,
}

/// A text, each second part of which is code (`` ` `` in the source).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prose(pub Vec<(bool, String)>);

impl Prose {
    /// Reads it.
    pub fn parse(text: &str) -> Self {
        let parts = text.split('`').enumerate();
        let parts = parts.map(|(at, part)| (at % 2 == 1, part.replace('\n', " ")));
        Self(parts.filter(|(_, part)| !part.is_empty()).collect())
    }
}
