//! The console's lists: requests (queue, reviews, what a search found), and contacts that passed.

use askama::Template;

use super::{
    Desk, Filter, Pager,
    form::{Input, Problems},
};
use crate::{
    domain::{
        province::Province,
        words::{FilingKind, RequestState, ReturnReason},
    },
    web::page::Frame,
};

/// A list of requests (`staff/list.html`).
#[derive(Debug, Template)]
#[template(path = "staff/list.html")]
pub struct ListPage {
    /// The frame.
    pub frame: Frame,
    /// Who looks.
    pub desk: Desk,
    /// Whose rows; a province's people have nothing to choose.
    pub filter: Option<Filter>,
    /// Which list.
    pub list: List,
    /// Its rows.
    pub rows: Vec<Row>,
    /// Its other pages.
    pub pager: Pager,
    /// What has happened just now.
    pub notice: Option<ListNotice>,
}

/// Which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// 待受理
    Queue,
    /// 号码变更审核
    Reviews,
}

/// What has happened just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListNotice {
    /// 已受理
    Accepted,
    /// Somebody else was faster.
    NotAccepted,
    /// The new number was agreed to.
    Approved,
    /// It was not.
    Rejected,
}

/// A request in a list.
#[derive(Debug, Clone)]
pub struct Row {
    /// `fr_01J…`
    pub id: String,
    /// For which bureau.
    pub province: Province,
    /// What is filed.
    pub kind: FilingKind,
    /// Who submitted it.
    pub provider: String,
    /// The provider's own name for it.
    pub reference: Option<String>,
    /// How far it is.
    pub state: RequestState,
    /// Why it went back.
    pub return_reason: Option<ReturnReason>,
    /// The bureau has taken it up.
    pub accepted: bool,
    /// When: handed over in the queue, else submitted; `2018年9月10日 09:00`.
    pub at: String,
}

impl Row {
    /// 待受理, 已受理, 核验中 …
    pub(super) const fn standing(&self) -> &'static str {
        standing(self.state, self.accepted)
    }
}

/// How far a request is, in the bureau's words.
pub const fn standing(state: RequestState, accepted: bool) -> &'static str {
    match state {
        RequestState::AwaitingPhoneReview => "待审核新号码",
        RequestState::Verifying => "核验中",
        RequestState::HandedOver if accepted => "已受理",
        RequestState::HandedOver => "待受理",
        RequestState::Returned => "已退回接入商",
        RequestState::Withdrawn => "接入商已撤回",
    }
}

/// 已通过联系人 (`staff/contacts.html`).
#[derive(Debug, Template)]
#[template(path = "staff/contacts.html")]
pub struct ContactsPage {
    /// The frame.
    pub frame: Frame,
    /// Who looks.
    pub desk: Desk,
    /// Whose rows.
    pub filter: Option<Filter>,
    /// Who passed.
    pub contacts: Vec<Contact>,
    /// The other pages.
    pub pager: Pager,
}

/// Somebody who passed, masked.
#[derive(Debug, Clone)]
pub struct Contact {
    /// `fr_01J…`
    pub request_id: String,
    /// For which bureau.
    pub province: Province,
    /// 王**
    pub name_masked: String,
    /// 138****8000
    pub phone_masked: String,
    /// 主体负责人, 网站负责人（第2个）
    pub roles: String,
    /// When, `2018年9月10日 09:00`.
    pub at: String,
}

/// 查询 (`staff/search.html`).
#[derive(Debug, Template)]
#[template(path = "staff/search.html")]
pub struct SearchPage {
    /// The frame.
    pub frame: Frame,
    /// Who looks.
    pub desk: Desk,
    /// The one field.
    pub inputs: Vec<Input>,
    /// What is wrong.
    pub problems: Problems,
    /// What was found; none: nothing has been looked for yet.
    pub found: Option<Vec<Row>>,
}

impl ListPage {
    /// What the last column says.
    const fn at(&self) -> &'static str {
        match self.list {
            List::Queue => "提交管局时间",
            List::Reviews => "提交时间",
        }
    }
}
