//! 登录: without a captcha, as three fields and one answer.

use askama::Template;

use super::form::{Input, Problems};
use crate::web::page::Frame;

/// The login (`staff/login.html`).
#[derive(Debug, Template)]
#[template(path = "staff/login.html")]
pub struct LoginPage {
    /// The frame.
    pub frame: Frame,
    /// Where it leads afterwards.
    pub next: String,
    /// Name, password, code.
    pub inputs: Vec<Input>,
    /// What is wrong.
    pub problems: Problems,
    /// What has happened just now.
    pub notice: Option<LoginNotice>,
}

/// What has happened just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginNotice {
    /// Logged out.
    LoggedOut,
    /// Password or authenticator changed: all sessions have ended.
    Changed,
    /// There is no session, or it has ended.
    Ended,
}
