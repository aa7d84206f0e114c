//! 常见问题, written from the policy in force, and 个人信息保护.

use actix_web::{HttpRequest, http::StatusCode, web::Data};

use super::{
    error::{self, Result},
    pages::help::{HelpPage, PrivacyPage, ReturnAdvice},
    parts,
    site::State,
};
use crate::domain::{outcome::return_advice, province::Province, words::FilingKind};

pub async fn national(state: Data<State>) -> Result {
    show(&state, None)
}

pub async fn bureau(request: HttpRequest, state: Data<State>) -> Result {
    show(&state, error::bureau(&request)?)
}

fn show(state: &State, bureau: Option<Province>) -> Result {
    let rules = parts::policy(state, bureau).map(parts::rules);
    let verified = |kind: &FilingKind| rules.as_ref().is_some_and(|rules| rules.verifies(*kind));
    // of the others none is returned for want of a verification
    let advice = FilingKind::ALL.iter().copied().filter(verified);
    let advice = advice.map(|kind| ReturnAdvice {
        kind,
        text: return_advice(kind).to_owned(),
    });
    let page = HelpPage {
        frame: state.frame(bureau),
        covered: parts::covered(state),
        return_advice: advice.collect(),
        rules,
    };
    parts::html(StatusCode::OK, &page)
}

pub async fn privacy(state: Data<State>) -> Result {
    let page = PrivacyPage {
        frame: state.frame(None),
        retention_days: state.site.retention_days,
    };
    parts::html(StatusCode::OK, &page)
}
