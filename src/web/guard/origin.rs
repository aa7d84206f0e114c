//! A form is taken from our own pages alone: `Sec-Fetch-Site: same-origin`, else an `Origin` among the configured hosts.
//! Neither header (an old browser, a program): passes where there is no cookie to abuse; the staff's console takes none such.

use actix_web::{
    Error,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap},
    },
    middleware::Next,
    web::Data,
};

use crate::web::{
    error::refuse,
    pages::error::ErrorKind,
    site::{Site, State},
    sms_receipts::is_push,
};

pub async fn same(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    // a provider's key is in a header that no foreign page can make a browser send
    let by_key = request.path().starts_with("/api/") || is_push(request.path());
    let allowed = reads
        || by_key
        || request
            .app_data::<Data<State>>()
            .is_some_and(|state| is_same(&state.site, request.headers()));
    if !allowed {
        return Ok(refuse(request, ErrorKind::Forbidden));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

fn is_same(site: &Site, headers: &HeaderMap) -> bool {
    if let Some(fetched_from) = headers.get("sec-fetch-site") {
        return fetched_from == "same-origin";
    }
    match headers.get(header::ORIGIN) {
        Some(origin) => {
            let origin = origin
                .to_str()
                .ok()
                .and_then(|origin| url::Url::parse(origin).ok());
            let host = origin.as_ref().and_then(|origin| origin.host_str());
            host.is_some_and(|host| site.host(host).is_some())
        }
        None => !headers.contains_key(header::COOKIE),
    }
}
