//! What every handler of the console does: asks for the right, draws the header, reads the page's number, sends on.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{Data, ReqData},
};
use serde::Deserialize;

use super::words;
use crate::{
    domain::{
        province::Province,
        staff::{Reason, Right},
        time::chinese_date_time,
    },
    flow::staff::{Client, confirm::Fresh, log, sessions::Session},
    store::staff::desk::DeskRow,
    web::{
        error::{Failure, Result},
        guard::address,
        page::Frame,
        pages::{
            error::ErrorKind,
            staff::{
                Desk, Filter, Pager, Place,
                form::{Input, Kind},
                lists::Row,
            },
        },
        site::State,
    },
};

/// The session, which the guard has found.
pub type Who = ReqData<Session>;

/// A list's address.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    /// A slug; empty: all.
    pub province: String,
    /// From 1.
    pub page: String,
    /// What has happened just now.
    pub notice: String,
}

impl Asked {
    pub fn province(&self) -> Option<Province> {
        Province::from_slug(&self.province)
    }

    /// Nobody leafs through thousands of pages.
    pub fn page(&self) -> u32 {
        self.page.parse().unwrap_or(1).clamp(1, 1000)
    }

    pub fn pager(&self, path: &str, more: bool) -> Pager {
        let address = match self.province() {
            Some(province) => format!("{path}?province={}", province.slug()),
            None => path.to_owned(),
        };
        Pager {
            page: self.page(),
            more,
            address,
        }
    }

    /// A national account chooses; a province's people see their own.
    pub fn filter(&self, who: &Session, path: &'static str) -> Option<Filter> {
        who.staff.province.is_none().then(|| Filter {
            path,
            province: self.province(),
        })
    }
}

/// Lets nobody on who has no right to it, and notes who tried.
pub async fn must(state: &State, request: &HttpRequest, who: &Session, right: Right) -> Result<()> {
    if who.staff.role.may(right) {
        return Ok(());
    }
    let route = request.match_pattern().unwrap_or_default();
    log::forbidden(&state.services, who, &route).await?;
    Err(Failure::Page(ErrorKind::Forbidden))
}

/// The frame and the header of a page.
pub fn at(state: &State, who: &Session, here: Place) -> (Frame, Desk) {
    let staff = &who.staff;
    let desk = Desk {
        name: staff.name.clone(),
        role: staff.role,
        province: staff.province,
        here,
    };
    (state.frame(staff.province), desk)
}

/// From where somebody works.
pub fn client(state: &Data<State>, request: &HttpRequest) -> Client {
    let browser = request.headers().get(header::USER_AGENT);
    let browser = browser.and_then(|value| value.to_str().ok()).unwrap_or("");
    Client::new(address::client(state, request), browser)
}

/// A code asked for anew.
pub fn fresh(state: &Data<State>, request: &HttpRequest, code: &str) -> Fresh {
    Fresh {
        code: code.to_owned(),
        address: address::client(state, request),
    }
}

/// On to another page.
pub fn to(address: impl AsRef<str>) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, address.as_ref()))
        .finish()
}

/// What a path names; anything else is not there.
pub fn named<T: std::str::FromStr>(request: &HttpRequest, name: &str) -> Result<T> {
    let text = request.match_info().get(name).unwrap_or_default();
    text.parse().map_err(|_| Failure::Page(ErrorKind::NotFound))
}

/// The word of a notice in an address.
pub fn noticed<T: Copy>(all: &[(&str, T)], word: &str) -> Option<T> {
    let found = all.iter().find(|(known, _)| *known == word);
    found.map(|(_, notice)| *notice)
}

/// Why somebody looks at persons in clear, or takes a list away.
pub fn reason_input(chosen: &str) -> Input {
    let mut options = vec![(String::new(), "请选择".to_owned())];
    let all = Reason::ALL.iter();
    options.extend(all.map(|reason| {
        let word = reason.as_str();
        (word.to_owned(), words::reason(word).to_owned())
    }));
    Input::new("reason", "事由", Kind::Choice(options)).with_value(chosen)
}

/// A request in a list.
pub fn row(row: &DeskRow, at: chrono::DateTime<chrono::Utc>) -> Row {
    Row {
        id: row.id.to_string(),
        province: row.province,
        kind: row.kind,
        provider: row.provider.clone(),
        reference: row.provider_reference.clone(),
        state: row.state,
        return_reason: row.return_reason,
        accepted: row.accepted_at.is_some(),
        at: chinese_date_time(at),
    }
}

/// 主体负责人, 网站负责人（第2个）, from JSON pointers.
pub fn roles(pointers: &[String]) -> String {
    let role = |pointer: &String| match pointer.split('/').nth(2).and_then(|at| at.parse().ok()) {
        None => "主体负责人".to_owned(),
        Some(0_usize) => "网站负责人".to_owned(),
        Some(index) => format!("网站负责人（第{}个）", index + 1),
    };
    pointers.iter().map(role).collect::<Vec<_>>().join("、")
}
