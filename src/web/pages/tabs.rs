//! 备案短信核验 and 短信重发: the two tabs, on a bureau's page and on the national one.

use askama::Template;

use super::form::Form;
use super::panel::Panel;
use super::rules::Rules;
use crate::domain::province::Province;
use crate::web::page::Frame;

/// Which of the two is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// 短信核验
    Verification,
    /// 短信重发
    Resend,
}

/// The page with the tabs (`pages/tabs.html`). After `resent` it shows the verification tab, its form filled in with
/// the phone.
#[derive(Debug, Template)]
#[template(path = "pages/tabs.html")]
pub struct TabPage {
    /// The frame.
    pub frame: Frame,
    /// Which tab is open.
    pub tab: Tab,
    /// The outcome of a POST.
    pub panel: Option<Panel>,
    /// What stands on the card.
    pub body: TabBody,
}

/// What stands on the card.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one for each page view, built and rendered at once"
)]
pub enum TabBody {
    /// A form, also after `wrong`, `not_found`, `try_again` and, for the verification tab, `resent`.
    Form {
        /// The form.
        form: Form,
        /// The numbers for 没有收到短信？.
        rules: Rules,
    },
    /// Nothing to submit again: the panel says it all.
    Done,
    /// A bureau that is not covered yet: 本省尚未开通短信核验.
    NotCovered,
    /// The national page before it offers the form: the covered bureaus to choose from.
    Choose(Vec<Province>),
}

impl TabPage {
    /// The form on the card.
    pub fn form(&self) -> Option<&Form> {
        match &self.body {
            TabBody::Form { form, .. } => Some(form),
            _ => None,
        }
    }
}
