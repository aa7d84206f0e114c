//! The HTTP server: the order of the middleware, and its limits in time and size.

use std::{io, net::TcpListener, time::Duration};

use actix_web::{
    App, Error, HttpServer,
    body::MessageBody,
    dev::{Server, ServiceRequest, ServiceResponse},
    middleware::{Compress, Next, from_fn},
    web::{self, Data},
};

use super::{
    at, error,
    guard::{headers, host, origin, password, slow_body},
    health, observe, read, resource, routes, sandbox,
    site::State,
};

/// A client has so long for a request's head.
const CLIENT: Duration = Duration::from_secs(15);
/// A handler, the reading of the body included ([`super::site::BODY_WITHIN`]), has so long.
const HANDLER: Duration = Duration::from_secs(30);
/// Running requests have so long after a stop, seconds.
const STOP: u64 = 20;

/// The limits, the same for both.
macro_rules! configured {
    ($server:expr) => {
        $server
            .client_request_timeout(CLIENT)
            .keep_alive(Duration::from_secs(30))
            .shutdown_timeout(STOP)
            .disable_signals()
    };
}

/// Serves the portal, the API and, in a sandbox, the desk. Stopped by its handle: running requests end first.
///
/// # Errors
/// The listener cannot be used.
pub fn serve(listener: TcpListener, state: State) -> io::Result<Server> {
    let services = Data::new(state.services.clone());
    let site = state.site.clone();
    let data = Data::new(state);
    let server = HttpServer::new(move || {
        // the last one named is the first that a request meets
        App::new()
            .app_data(data.clone())
            .app_data(services.clone())
            .wrap(from_fn(sandbox::follow))
            .wrap(from_fn(slow_body::cut_off))
            .wrap(from_fn(in_time))
            .wrap(from_fn(origin::same))
            .wrap(from_fn(password::asked))
            .wrap(from_fn(host::known))
            .wrap(from_fn(error::as_pages))
            .wrap(Compress::default())
            .wrap(from_fn(headers::set))
            .wrap(from_fn(observe::observe))
            .configure(|config| routes(config, &site))
    });
    configured!(server).listen(listener).map(HttpServer::run)
}

/// Serves `/metrics` alone, and that it is alive.
///
/// # Errors
/// The listener cannot be used.
pub fn serve_metrics(listener: TcpListener, state: State) -> io::Result<Server> {
    let data = Data::new(state);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .service(at!("/metrics", health::metrics))
            .service(at!("/healthz", health::healthz))
            .default_service(web::to(error::nothing_here))
    });
    configured!(server)
        .workers(1)
        .listen(listener)
        .map(HttpServer::run)
}

/// A database that does not answer: the visitor is told. (A flow that writes goes on.) A test clock takes what it takes: it
/// stands at every instant at which something is due.
async fn in_time(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if sandbox::turns_clock(request.path()) {
        return next.call(request).await;
    }
    match tokio::time::timeout(HANDLER, next.call(request)).await {
        Ok(answered) => answered,
        Err(_) => Err(actix_web::error::ErrorServiceUnavailable("out of time")),
    }
}
