//! One's own account: sessions, password, authenticator.

use askama::Template;

use super::{
    Desk,
    form::{Input, Problems},
};
use crate::web::page::Frame;

/// 我的账号 (`staff/account.html`).
#[derive(Debug, Template)]
#[template(path = "staff/account.html")]
pub struct AccountPage {
    /// The frame.
    pub frame: Frame,
    /// Whose.
    pub desk: Desk,
    /// Where it is open.
    pub sessions: Vec<SessionLine>,
    /// What has happened just now.
    pub notice: Option<AccountNotice>,
}

/// What has happened just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountNotice {
    /// A session has been ended.
    SessionEnded,
    /// It had ended before.
    NoSession,
}

/// A session.
#[derive(Debug, Clone)]
pub struct SessionLine {
    /// `ss_01J…`
    pub id: String,
    /// The one that looks.
    pub current: bool,
    /// From where.
    pub address: String,
    /// What the browser calls itself.
    pub browser: String,
    /// When it began.
    pub created_at: String,
    /// When it was last used.
    pub seen_at: String,
    /// When it ends at the latest.
    pub ends_at: String,
}

/// A new password (`staff/password.html`).
#[derive(Debug, Template)]
#[template(path = "staff/password.html")]
pub struct PasswordPage {
    /// The frame.
    pub frame: Frame,
    /// Whose.
    pub desk: Desk,
    /// The old one, the new one twice, a fresh code.
    pub inputs: Vec<Input>,
    /// What is wrong.
    pub problems: Problems,
}

/// A new authenticator (`staff/totp.html`).
#[derive(Template)]
#[template(path = "staff/totp.html")]
pub struct TotpPage {
    /// The frame.
    pub frame: Frame,
    /// Whose.
    pub desk: Desk,
    /// The new secret as a QR code (SVG of ours).
    pub qr: String,
    /// For who types it, in groups of four.
    pub secret: String,
    /// The secret, sealed, for the form to bring back.
    pub token: String,
    /// Password, the old code, the new code.
    pub inputs: Vec<Input>,
    /// What is wrong.
    pub problems: Problems,
}
