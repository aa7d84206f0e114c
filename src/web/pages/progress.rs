//! 公共查询: how far a request is.

use askama::Template;

use super::form::Form;
use super::panel::HowFar;
use crate::domain::message::SmsState;
use crate::domain::province::Province;
use crate::domain::words::{FilingKind, RequestState, VerificationState};
use crate::web::page::Frame;

/// The progress query (`pages/progress.html`).
#[derive(Debug, Template)]
#[template(path = "pages/progress.html")]
pub struct ProgressPage {
    /// The frame.
    pub frame: Frame,
    /// The answer to a POST.
    pub answer: Option<Answer>,
    /// The form, for another query too.
    pub form: Form,
}

/// What a query came to.
#[derive(Debug)]
pub enum Answer {
    /// A request.
    Found(Box<Found>),
    /// Anything that does not match.
    NotFound,
}

/// A request, masked.
#[derive(Debug, Clone)]
pub struct Found {
    /// `fr_01J…`
    pub request_id: String,
    /// Whose bureau it is for.
    pub province: Province,
    /// What is filed.
    pub kind: FilingKind,
    /// When, `2018年9月10日 09:00`.
    pub submitted_at: String,
    /// Until when everybody has to verify, `9月11日 09:00`; none before the first SMS and once it is over.
    pub deadline: Option<String>,
    /// How far it is.
    pub how_far: HowFar,
    /// Who has to verify; empty: nobody.
    pub people: Vec<Person>,
}

/// One who has to verify.
#[derive(Debug, Clone)]
pub struct Person {
    /// 王**
    pub name_masked: String,
    /// 138****8000
    pub phone_masked: String,
    /// How far they are.
    pub state: VerificationState,
    /// How far their newest SMS is.
    pub sms: Option<SmsState>,
}
