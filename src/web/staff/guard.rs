//! What stands in front of the console: it answers in its networks alone (elsewhere there is nothing), takes forms from its
//! own pages alone, and asks whoever has no session to log in.

use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, header},
    middleware::Next,
    web::Data,
};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    flow::staff::sessions,
    web::{
        error::{Failure, refuse},
        guard::{address, cookie, host},
        pages::error::ErrorKind,
        site::{Site, State, is_loopback},
    },
};

/// Where one logs in.
pub const LOGIN: &str = "/staff/login";

pub async fn inside(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(state) = request.app_data::<Data<State>>().cloned() else {
        return Ok(refuse(request, ErrorKind::NotFound));
    };
    if !state
        .site
        .staff_answers(address::client(&state, request.request()))
    {
        return Ok(refuse(request, ErrorKind::NotFound));
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let says_whence = ["sec-fetch-site", "origin"]
        .iter()
        .any(|name| request.headers().contains_key(*name));
    if !reads && !says_whence {
        return Ok(refuse(request, ErrorKind::Forbidden));
    }
    if request.match_pattern().as_deref() != Some(LOGIN) {
        let session = match held(&state.site, request.request()) {
            Some(held) => sessions::resume(&state.services, &held)
                .await
                .map_err(Failure::from)?,
            None => None,
        };
        let Some(session) = session else {
            let login = to_login(request.request(), reads);
            return Ok(request.into_response(login));
        };
        request.extensions_mut().insert(session);
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// To the login, and from there on to the page that was asked for; what a form held is not sent again by itself.
fn to_login(request: &HttpRequest, reads: bool) -> HttpResponse {
    let wanted = request
        .uri()
        .path_and_query()
        .map_or("", |wanted| wanted.as_str());
    let mut address = format!("{LOGIN}?");
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if request.headers().contains_key(header::COOKIE) || !reads {
        query.append_pair("notice", "ended");
    }
    if reads {
        query.append_pair("next", wanted);
    }
    address.push_str(&query.finish());
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, address))
        .finish()
}

/// What our cookie holds.
pub fn held(site: &Site, request: &HttpRequest) -> Option<String> {
    let name = Name::of(site, request).0;
    let mut values = cookie::values(request.headers(), name);
    values.next().map(str::to_owned)
}

/// The cookie of a new session: for this host alone, over https alone, out of reach of scripts and of other sites.
pub fn given(site: &Site, request: &HttpRequest, value: &SecretString) -> String {
    let Name(name, attributes) = Name::of(site, request);
    format!("{name}={}; {attributes}", value.expose_secret())
}

/// Takes it back.
pub fn taken_back(site: &Site, request: &HttpRequest) -> String {
    let Name(name, attributes) = Name::of(site, request);
    format!("{name}=; Max-Age=0; {attributes}")
}

/// Name and attributes.
struct Name(&'static str, &'static str);

impl Name {
    /// Browsers take `__Host-` and `Secure` over https, and (Chromium, Firefox; tried) over http on loopback. A sandbox that
    /// is opened to others without https has to do without.
    fn of(site: &Site, request: &HttpRequest) -> Self {
        let loopback = host::asked(request).is_some_and(|host| is_loopback(&host));
        if site.https || loopback {
            Self(
                "__Host-heyan_staff",
                "Path=/; Secure; HttpOnly; SameSite=Strict",
            )
        } else {
            Self("heyan_staff", "Path=/; HttpOnly; SameSite=Strict")
        }
    }
}
