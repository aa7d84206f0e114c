//! One request at the console: its facts, persons and timeline, and a page of its own for each step that cannot be undone.

use askama::Template;

use super::{
    Desk,
    form::{Input, Problems},
    lists::Row,
};
use crate::{
    domain::words::{RequestState, VerificationState},
    web::page::Frame,
};

/// A request (`staff/request.html`).
#[derive(Debug, Template)]
#[template(path = "staff/request.html")]
pub struct RequestPage {
    /// The frame.
    pub frame: Frame,
    /// Who looks.
    pub desk: Desk,
    /// As a list shows it.
    pub row: Row,
    /// Names and values: 提交时间 and the like.
    pub facts: Vec<(&'static str, String)>,
    /// After a return, what to do.
    pub advice: Option<String>,
    /// Who has to verify, masked.
    pub people: Vec<Person>,
    /// The persons' data has been erased.
    pub purged: bool,
    /// What happened, oldest first.
    pub timeline: Vec<Happened>,
    /// What the reader may do with it now.
    pub may: May,
    /// What has happened just now.
    pub notice: Option<RequestNotice>,
}

/// What the reader may do with a request now.
#[derive(Debug, Clone, Copy, Default)]
pub struct May {
    /// 受理
    pub accept: bool,
    /// Answer to the changed number.
    pub review: bool,
    /// See its persons in clear.
    pub see_clear: bool,
}

/// What has happened just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestNotice {
    /// Another SMS is on its way.
    Resent,
    /// The first one still is.
    FirstOnItsWay,
    /// No resends are left.
    Limit,
    /// The verification has ended.
    Ended,
}

impl RequestNotice {
    fn failed(self) -> bool {
        self != Self::Resent
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::Resent => "已重发短信。之前收到、未过期的验证码仍然有效。",
            Self::FirstOnItsWay => "没有重发：首次短信还在发送中。",
            Self::Limit => "没有重发：重发次数已到上限。",
            Self::Ended => "没有重发：该核验已结束。",
        }
    }
}

/// Somebody who has to verify, masked.
#[derive(Debug, Clone)]
pub struct Person {
    /// `vf_01J…`
    pub id: String,
    /// 王**
    pub name_masked: String,
    /// 138****8000
    pub phone_masked: String,
    /// 主体负责人
    pub roles: String,
    /// How far they are.
    pub state: VerificationState,
    /// Until when, or when they passed.
    pub at: String,
    /// Wrong tries and resends, of how many.
    pub counts: String,
    /// Another SMS can be sent for them.
    pub resend: bool,
}

impl Person {
    const fn state_name(&self) -> &'static str {
        state_name(self.state)
    }
}

/// An event of the timeline.
#[derive(Debug, Clone)]
pub struct Happened {
    /// When, `2018年9月10日 09:00`.
    pub at: String,
    /// What, in words.
    pub what: String,
    /// Who or what caused it.
    pub who: String,
}

/// 待核验, 已通过 …
pub const fn state_name(state: VerificationState) -> &'static str {
    match state {
        VerificationState::Pending => "待核验",
        VerificationState::Verified => "已通过",
        VerificationState::Failed => "未通过",
        VerificationState::Expired => "已超时",
        VerificationState::Cancelled => "无需核验",
    }
}

/// Asks before a step that cannot be undone (`staff/step.html`).
#[derive(Debug, Template)]
#[template(path = "staff/step.html")]
pub struct StepPage {
    /// The frame.
    pub frame: Frame,
    /// Who asks for it.
    pub desk: Desk,
    /// The page's h1.
    pub title: &'static str,
    /// What it does, a sentence each.
    pub sentences: Vec<String>,
    /// Names and values: what it is done to.
    pub facts: Vec<(&'static str, String)>,
    /// Where it posts to.
    pub action: String,
    /// What it has to bring along: name and value.
    pub hidden: Vec<(&'static str, String)>,
    /// What has to be filled in.
    pub inputs: Vec<Input>,
    /// What is wrong.
    pub problems: Problems,
    /// The buttons: name and value (none: the only one), their text, whether it is the one that destroys.
    pub buttons: Vec<Button>,
    /// Where it leads back to.
    pub back: String,
}

/// A button of a step.
#[derive(Debug, Clone)]
pub struct Button {
    /// Its value, of the name `step`.
    pub value: &'static str,
    /// What it says.
    pub text: &'static str,
    /// It destroys or refuses something.
    pub danger: bool,
}

/// The persons of a request in clear, once (`staff/clear.html`).
#[derive(Template)]
#[template(path = "staff/clear.html")]
pub struct ClearPage {
    /// The frame.
    pub frame: Frame,
    /// Who looks.
    pub desk: Desk,
    /// `fr_01J…`
    pub request_id: String,
    /// Who answers for what.
    pub people: Vec<ClearPerson>,
}

/// A principal in clear.
pub struct ClearPerson {
    /// 主体负责人
    pub role: String,
    /// Of what: the organiser's or the site's name.
    pub of: String,
    /// The name.
    pub name: String,
    /// The phone.
    pub phone: String,
    /// The phone before.
    pub previous_phone: Option<String>,
    /// Kind and number.
    pub document: String,
}
