//! 常见问题, written from the policy in force, and 个人信息保护.

use askama::Template;

use super::rules::Rules;
use crate::domain::province::Province;
use crate::domain::words::FilingKind;
use crate::web::page::Frame;

/// The help page (`pages/help.html`).
#[derive(Debug, Template)]
#[template(path = "pages/help.html")]
pub struct HelpPage {
    /// The frame.
    pub frame: Frame,
    /// What is in force; none: a bureau that is not covered, or the national page before there are nationwide rules.
    pub rules: Option<Rules>,
    /// The covered bureaus, shown on the national page without rules.
    pub covered: Vec<Province>,
    /// What to do after a return, kind by kind.
    pub return_advice: Vec<ReturnAdvice>,
}

/// What to do after a return.
#[derive(Debug, Clone)]
pub struct ReturnAdvice {
    /// What was filed.
    pub kind: FilingKind,
    /// The advice.
    pub text: String,
}

/// The privacy page (`pages/privacy.html`).
#[derive(Debug, Template)]
#[template(path = "pages/privacy.html")]
pub struct PrivacyPage {
    /// The frame.
    pub frame: Frame,
    /// Days after a request's end until its personal data are erased.
    pub retention_days: u32,
}
