//! 账号管理: the accounts that an administrator looks after.

use askama::Template;

use super::{Desk, account::SessionLine};
use crate::{domain::province::Province, web::page::Frame};

/// The accounts (`staff/accounts.html`).
#[derive(Debug, Template)]
#[template(path = "staff/accounts.html")]
pub struct AccountsPage {
    /// The frame.
    pub frame: Frame,
    /// Who looks.
    pub desk: Desk,
    /// All of them.
    pub accounts: Vec<Account>,
    /// What has happened just now.
    pub notice: Option<PeopleNotice>,
}

/// What has happened just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeopleNotice {
    /// All sessions of an account have been ended.
    SessionsEnded,
    /// An account has been taken away.
    Removed,
}

/// An account.
#[derive(Debug, Clone)]
pub struct Account {
    /// `st_01J…`
    pub id: String,
    /// Its name.
    pub name: String,
    /// 审核人员
    pub role: &'static str,
    /// Its bureau; none: national.
    pub province: Option<Province>,
    /// The last login.
    pub last_login_at: Option<String>,
    /// Closed after too many failures.
    pub closed: bool,
    /// The one who looks: nobody takes their own away.
    pub own: bool,
}

/// One account and its sessions (`staff/person.html`).
#[derive(Debug, Template)]
#[template(path = "staff/person.html")]
pub struct PersonPage {
    /// The frame.
    pub frame: Frame,
    /// Who looks.
    pub desk: Desk,
    /// Whose it is.
    pub account: Account,
    /// Where it is open.
    pub sessions: Vec<SessionLine>,
}
