//! The bureau's console (管局工作台) under `/staff`: forms and pages that work by keyboard and without script. In front of all
//! of it stand the networks it answers to and the session ([`guard`]); what a role may do is asked in each handler ([`desk`]).

mod account;
mod accounts;
mod clear;
mod desk;
mod export;
mod guard;
mod lists;
mod log;
mod login;
mod request;
mod spreadsheet;
mod statistics;
mod steps;
mod words;

use actix_web::{
    Resource,
    middleware::from_fn,
    web::{self, ServiceConfig},
};

use super::{at, error, read, resource};

/// Mounts `/staff`.
pub fn configure(config: &mut ServiceConfig) {
    let console = web::scope("/staff")
        .wrap(from_fn(guard::inside))
        .service(at!("", lists::queue))
        .service(at!("/login", login::show, login::submit))
        .service(form("/logout").route(web::post().to(login::log_out)))
        .service(at!("/reviews", lists::reviews))
        .service(at!("/reviews/{id}", steps::review, steps::submit_review))
        .service(at!("/contacts", lists::contacts))
        .service(at!("/search", lists::search, lists::submit_search))
        .service(at!("/requests/{id}", request::show))
        .service(form("/requests/{id}/accept").route(web::post().to(request::accept)))
        .service(at!(
            "/requests/{id}/resend",
            steps::resend,
            steps::submit_resend
        ))
        .service(at!("/requests/{id}/clear", clear::show, clear::submit))
        .service(at!("/statistics", statistics::show))
        .service(at!("/statistics/{table}.csv", statistics::file))
        .service(at!("/export", export::show, export::submit))
        .service(at!("/log", log::show))
        .service(at!("/account", account::show))
        .service(at!(
            "/account/password",
            account::password,
            account::submit_password
        ))
        .service(at!("/account/totp", account::totp, account::submit_totp))
        .service(form("/sessions/end").route(web::post().to(account::end_session)))
        .service(at!("/accounts", accounts::list))
        .service(at!("/accounts/{id}", accounts::show))
        .service(form("/accounts/{id}/sessions/end").route(web::post().to(accounts::end_sessions)))
        .service(at!(
            "/accounts/{id}/remove",
            accounts::remove,
            accounts::submit_remove
        ))
        .default_service(web::to(error::nothing_here));
    config.service(console);
}

/// What a form alone posts to.
fn form(path: &str) -> Resource {
    resource(path, "POST")
}
