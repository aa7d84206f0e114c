//! The sandbox: the desk that people use (`/sandbox`), the API that programs do (`/sandbox/api`). Mounted in a sandbox alone.

mod clock;
mod desk;
mod handlers;
mod problem;
mod scenarios;

use actix_web::{
    Error, Resource, Route,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::CACHE_CONTROL,
    middleware::{DefaultHeaders, Next},
    web::{self, Data, ServiceConfig},
};

use self::problem::Trouble;
use super::{
    api::{Problem, ProblemType},
    at,
    error::Failure,
    read, resource,
    site::State,
};
use crate::flow::sandbox::clock::follow_clock;

/// One resource of the API: a method and its handler after another.
macro_rules! api {
    ($path:literal, $allow:literal $(, $route:expr => $handler:expr)*) => {
        web::resource($path)$(.route($route.to($handler)))*.default_service(only($allow))
    };
}

/// Whether a request's path is one that turns the clock, by call or by form, which takes as long as there is work to do.
pub fn turns_clock(path: &str) -> bool {
    path == "/sandbox/api/clock" || path == "/sandbox/clock"
}

/// Mounts `/sandbox`.
pub fn configure(config: &mut ServiceConfig) {
    let api = web::scope("/api")
        .wrap(DefaultHeaders::new().add((CACHE_CONTROL, "no-store")))
        .service(api!("/messages", "GET, HEAD", read() => handlers::messages))
        .service(api!("/clock", "GET, HEAD, PUT", read() => clock::show, web::put() => clock::turn))
        .service(api!("/captcha/{id}", "GET, HEAD", read() => handlers::captcha))
        .service(api!("/reset", "POST", web::post() => handlers::reset))
        .service(api!("/providers", "POST", web::post() => handlers::add_provider))
        .service(
            api!("/filing-requests/{id}/phone-review", "POST", web::post() => handlers::review_phone),
        )
        .service(api!("/scenarios", "GET, HEAD", read() => scenarios::list))
        .service(api!("/scenarios/{name}", "POST", web::post() => scenarios::file))
        .default_service(web::to(unknown_path));
    let desk = web::scope("/sandbox")
        .service(api)
        .service(at!("", desk::show))
        .service(form("/clock").route(web::post().to(desk::turn)))
        .service(form("/scenarios").route(web::post().to(desk::file)))
        .service(form("/phone-review").route(web::post().to(desk::review_phone)))
        .service(form("/reset").route(web::post().to(desk::reset)));
    config.service(desk);
}

/// What a form of the desk posts to.
fn form(path: &str) -> Resource {
    resource(path, "POST")
}

/// Whichever instance turned the clock last: every page and every call is told by the same time. In a sandbox alone.
pub(super) async fn follow(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    const TIMELESS: [&str; 5] = ["/static/", "/captcha/", "/healthz", "/readyz", "/metrics"];
    let state = request.app_data::<Data<State>>();
    let timeless = TIMELESS.iter().any(|path| request.path().starts_with(path));
    if let Some(state) = state.filter(|state| state.site.sandbox && !timeless) {
        match follow_clock(&state.services).await {
            // it goes on by the time that it has: a form must still be able to say 请您重新验证
            Err(error) if error.is_unavailable() => {
                tracing::warn!(%error, "the sandbox's clock cannot be followed");
            }
            followed => followed.map_err(Failure::from)?,
        }
    }
    next.call(request).await
}

/// Any other method of a path that exists.
fn only(allowed: &'static str) -> Route {
    web::to(move || async move { told(Problem::method_not_allowed(allowed)) })
}

async fn unknown_path() -> Result<&'static str, Trouble> {
    told(Problem::new(
        ProblemType::UnknownPath,
        "there is nothing at this path of the sandbox",
    ))
}

fn told(problem: Problem) -> Result<&'static str, Trouble> {
    Err(Trouble::from(problem))
}
