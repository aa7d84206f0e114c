//! Files that belong to no page in particular.

use actix_web::{HttpRequest, HttpResponse, http::header, web::Data};

use super::{
    assets,
    error::{Failure, Result},
    pages::error::ErrorKind,
    site::State,
};

/// `/static/…`, with the content's hash in the name.
pub async fn file(request: HttpRequest) -> Result {
    assets::serve(&request).ok_or(Failure::Page(ErrorKind::NotFound))
}

/// A sandbox is not to be found; of a real one, the pages of single persons are not.
pub async fn robots(state: Data<State>) -> HttpResponse {
    let rules = if state.site.sandbox {
        "User-agent: *\nDisallow: /\n"
    } else {
        "User-agent: *\nDisallow: /v/\nDisallow: /captcha/\nDisallow: /api/\n"
    };
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body(rules)
}

/// Browsers ask for it whatever a page says.
pub async fn favicon() -> HttpResponse {
    HttpResponse::PermanentRedirect()
        .insert_header((header::LOCATION, assets::href("favicon.svg")))
        .finish()
}
