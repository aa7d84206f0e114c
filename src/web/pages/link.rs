//! 备案短信核验 by short link: a phone's landing page, without tabs and menu.

use askama::Template;

use super::form::Form;
use super::panel::{HowFar, Panel};
use super::rules::Rules;
use crate::web::page::Frame;

/// The short link's page (`pages/link.html`); its frame has the link's bureau.
#[derive(Debug, Template)]
#[template(path = "pages/link.html")]
pub struct LinkPage {
    /// The frame.
    pub frame: Frame,
    /// 138****8000
    pub phone_masked: String,
    /// Until when, `9月11日 09:00`; none before the first SMS was accepted or once it is over.
    pub deadline: Option<String>,
    /// The outcome of a POST.
    pub panel: Option<Panel>,
    /// The form; none once the verification has ended.
    pub form: Option<Form>,
    /// Nobody waits for this phone any more: it is verified, or need not be.
    pub is_done: bool,
    /// How far the request is; the panel's own takes its place.
    pub how_far: HowFar,
    /// The numbers for 没有收到短信？.
    pub rules: Rules,
}

impl LinkPage {
    fn panel_tells_how_far(&self) -> bool {
        self.panel
            .as_ref()
            .is_some_and(|panel| panel.how_far.is_some())
    }
}
