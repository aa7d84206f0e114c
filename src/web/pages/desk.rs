//! 演示工作台, the sandbox's desk, and the page that asks for a sandbox's password. Everything on it posts plain forms:
//! `/sandbox/clock` (`advance=PT1H`, `PT24H` or `noon`; or `now=2018-09-10T09:00`), `/sandbox/scenarios` (`name`),
//! `/sandbox/phone-review` (`id`, `approve=true|false`), `/sandbox/reset` (`now`, may be empty), `/sandbox/password`
//! (`password`, `next`).

use askama::Template;

use crate::domain::message::SmsState;
use crate::domain::province::Province;
use crate::domain::words::{FilingKind, RequestState, VerificationState};
use crate::web::page::{Frame, path};

/// The desk (`sandbox/desk.html`).
#[derive(Debug, Template)]
#[template(path = "sandbox/desk.html")]
pub struct DeskPage {
    /// The frame.
    pub frame: Frame,
    /// What the last POST did.
    pub notice: Option<DeskNotice>,
    /// The test clock, `2018-09-10 09:00:00`.
    pub now: String,
    /// The ready cases by era.
    pub eras: Vec<Era>,
    /// What was filed here, newest first.
    pub filed: Vec<Filed>,
    /// The SMS sent, newest first.
    pub messages: Vec<Message>,
}

/// What the last POST did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeskNotice {
    /// The clock stands where it was asked to, and what was due has run.
    ClockMoved,
    /// The clock goes forward only.
    ClockBackwards,
    /// Not a time.
    ClockMalformed,
    /// A request was filed.
    Filed,
    /// The scenario needs another era, or does not exist.
    NotFiled,
    /// The bureau's answer is recorded.
    Reviewed,
    /// There was no such review to answer.
    NotReviewed,
    /// Everything is gone.
    Reset,
}

/// Scenarios of one era.
#[derive(Debug, Clone)]
pub struct Era {
    /// Such as 2017 第一批试点.
    pub title: String,
    /// Its scenarios.
    pub scenarios: Vec<Scenario>,
}

/// A ready case.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its name in the API.
    pub name: String,
    /// What it shows, in a few words.
    pub title: String,
}

/// A request filed from a scenario.
#[derive(Debug, Clone)]
pub struct Filed {
    /// `fr_01J…`
    pub request_id: String,
    /// For which bureau.
    pub province: Province,
    /// What is filed.
    pub kind: FilingKind,
    /// Where it stands; under review it gets two buttons.
    pub state: RequestState,
    /// Who has to verify.
    pub people: Vec<FiledPerson>,
}

/// One who has to verify, in clear: a scenario's people are made up.
#[derive(Debug, Clone)]
pub struct FiledPerson {
    /// 王小明
    pub name: String,
    /// 13800138000
    pub phone: String,
    /// What to type as 证件号码后六位.
    pub id_tail: String,
    /// How far they are; none before the SMS.
    pub state: Option<VerificationState>,
}

/// An SMS of the inbox.
#[derive(Debug, Clone)]
pub struct Message {
    /// To whom.
    pub phone: String,
    /// The number it came from.
    pub sender: String,
    /// The whole text.
    pub text: String,
    /// The code in it.
    pub code: String,
    /// The short link in it.
    pub link: Option<String>,
    /// When, `2018-09-10 09:00:01`.
    pub sent_at: String,
    /// How far it is.
    pub state: SmsState,
}

impl Filed {
    /// A page of its bureau.
    fn path(&self, page: &str) -> String {
        path(Some(self.province), page)
    }
}

impl DeskNotice {
    /// Whether it went wrong.
    fn failed(self) -> bool {
        matches!(
            self,
            Self::ClockBackwards | Self::ClockMalformed | Self::NotFiled | Self::NotReviewed
        )
    }
}

/// Asks for the sandbox's password (`sandbox/password.html`).
#[derive(Debug, Template)]
#[template(path = "sandbox/password.html")]
pub struct PasswordPage {
    /// The frame.
    pub frame: Frame,
    /// The path to go to afterwards.
    pub next: String,
    /// Whether the password was wrong (422).
    pub wrong: bool,
}
