//! The homes: the national one with the grid of bureaus, and each bureau's.

use actix_web::{HttpRequest, http::StatusCode, web::Data};

use super::{
    error::{self, Result},
    guard::{address, host},
    pages::home::HomePage,
    parts,
    site::State,
};
use crate::domain::province::Province;

/// `/`: the national home, or that of the bureau whose own host was asked for.
pub async fn here(request: HttpRequest, state: Data<State>) -> Result {
    show(&state, &request, host::bureau(&request))
}

/// `/{slug}`
pub async fn bureau(request: HttpRequest, state: Data<State>) -> Result {
    show(&state, &request, error::bureau(&request)?)
}

fn show(state: &State, request: &HttpRequest, bureau: Option<Province>) -> Result {
    state.visitors.count(bureau);
    let page = HomePage {
        frame: state.frame(bureau),
        rules: parts::policy(state, bureau).map(parts::rules),
        neighbours: state
            .site
            .neighbours
            .get(&bureau)
            .cloned()
            .unwrap_or_default(),
        // who cannot reach the console is not led there
        staff: state.site.staff_answers(address::client(state, request)),
    };
    parts::html(StatusCode::OK, &page)
}
