//! Hosts are an exact list; any other is misdirected (421). /healthz answers to all: a load balancer asks by address; so does
//! the path of receipts: a gateway on the same network may, and knows its secret.

use actix_web::{
    Error, HttpMessage, HttpRequest,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header,
    middleware::Next,
    web::Data,
};

use crate::{
    domain::province::Province,
    web::{error::refuse, pages::error::ErrorKind, site::State, sms_receipts::is_push},
};

/// Whose pages the host opens at `/`.
struct Here(Option<Province>);

/// The bureau whose own host was asked for.
pub fn bureau(request: &HttpRequest) -> Option<Province> {
    request.extensions().get::<Here>().and_then(|here| here.0)
}

pub async fn known(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let here = match (request.app_data::<Data<State>>(), asked(request.request())) {
        (Some(state), Some(host)) => state.site.host(&host),
        _ => None,
    };
    match here {
        Some(bureau) => drop(request.extensions_mut().insert(Here(bureau))),
        None if request.path() == "/healthz" || is_push(request.path()) => {}
        None => return Ok(refuse(request, ErrorKind::Misdirected)),
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// The one host that was asked for; forwarded ones are not believed.
pub fn asked(request: &HttpRequest) -> Option<String> {
    if let Some(authority) = request.uri().authority() {
        return Some(authority.as_str().to_owned());
    }
    let mut hosts = request.headers().get_all(header::HOST);
    let host = hosts.next()?.to_str().ok()?;
    hosts.next().is_none().then(|| host.to_owned())
}
