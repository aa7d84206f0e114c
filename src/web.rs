//! What browsers and providers see: the whole URL map. The order of the middleware stands in `server`.

pub mod api;
pub mod assets;
mod captcha;
mod docs;
mod error;
mod form;
mod guard;
mod health;
mod help;
mod home;
mod observe;
pub mod page;
pub mod pages;
mod parts;
mod progress;
mod sandbox;
mod server;
mod short_link;
mod site;
mod sms_receipts;
mod staff;
mod static_files;
mod tabs;
mod visitors;

use actix_web::{
    Resource, Route, guard as only,
    web::{self, FormConfig, ServiceConfig},
};

pub use self::{
    server::{serve, serve_metrics},
    site::{BODY_WITHIN, CaptchaKinds, Site, State},
    visitors::Visitors,
};

/// A visitor's form is a few hundred bytes.
const LARGEST_FORM: usize = 16 * 1024;

/// One resource of the map: what reads it, and what a form posts to it.
macro_rules! at {
    ($path:literal, $get:expr) => {
        resource($path, "GET, HEAD").route(read().to($get))
    };
    ($path:literal, $get:expr, $post:expr) => {
        resource($path, "GET, HEAD, POST")
            .route(read().to($get))
            .route(web::post().to($post))
    };
}
use at;

/// The URL map.
fn routes(config: &mut ServiceConfig, site: &Site) {
    config
        .app_data(
            FormConfig::default()
                .limit(LARGEST_FORM)
                .error_handler(guard::slow_body::form_error),
        )
        .service(at!("/healthz", health::healthz))
        .service(at!("/readyz", health::readyz));
    if site.public_metrics {
        config.service(at!("/metrics", health::metrics));
    }
    if site.password.is_some() {
        config.service(
            resource(guard::password::PATH, "POST").route(web::post().to(guard::password::submit)),
        );
    }
    if site.sandbox {
        config.configure(sandbox::configure);
    }
    config
        .service(at!("/static/{file}", static_files::file))
        .service(at!("/robots.txt", static_files::robots))
        .service(at!("/favicon.ico", static_files::favicon))
        .service(resource("/captcha", "POST").route(web::post().to(captcha::renew)))
        .service(resource("/captcha/puzzle", "POST").route(web::post().to(captcha::try_puzzle)))
        .service(at!("/api/docs", docs::show))
        .configure(api::configure)
        .configure(staff::configure)
        .service(at!("/captcha/{id}.png", captcha::png))
        .service(at!("/captcha/{id}.wav", captcha::wav))
        // where gateways push their receipts
        .service(at!(
            "/sms/receipts/{gateway}/{secret}",
            sms_receipts::pushed,
            sms_receipts::pushed
        ))
        // the short link of an SMS
        .service(at!("/v/{token}", short_link::show, short_link::submit))
        // the national pages (on a bureau's own host, / is that bureau's)
        .service(at!("/", home::here))
        .service(at!("/privacy", help::privacy))
        .service(at!("/help", help::national))
        .service(at!(
            "/sms-verification",
            tabs::verification,
            tabs::submit_verification
        ))
        .service(at!("/sms-resend", tabs::resend, tabs::submit_resend))
        .service(at!("/progress", progress::show, progress::submit))
        // a bureau's pages
        .service(at!("/{slug}", home::bureau))
        .service(at!("/{slug}/help", help::bureau))
        .service(at!(
            "/{slug}/sms-verification",
            tabs::verification,
            tabs::submit_verification
        ))
        .service(at!("/{slug}/sms-resend", tabs::resend, tabs::submit_resend))
        .service(at!("/{slug}/progress", progress::show, progress::submit))
        .default_service(web::to(error::nothing_here));
}

/// Each GET answers HEAD.
fn read() -> Route {
    web::route().guard(only::Any(only::Get()).or(only::Head()))
}

/// A path that answers 405, and what it does allow, to everything that it has no route for.
fn resource(path: &str, allow: &'static str) -> Resource {
    web::resource(path).default_service(web::to(move || async move { error::not_allowed(allow) }))
}
