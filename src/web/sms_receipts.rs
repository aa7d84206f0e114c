//! Where SMS gateways push their receipts: a path with a secret of each gateway's own. No page, no cookie, no session: whoever
//! knows the secret is the gateway.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{Bytes, Data, Path},
};

use super::{
    error::{Failure, Result},
    pages::error::ErrorKind,
    site::State,
};
use crate::{flow::receipts, sms::Push};

const PREFIX: &str = "/sms/receipts/";

/// The path is one of these: the guards of visitors' pages do not concern it.
pub fn is_push(path: &str) -> bool {
    path.starts_with(PREFIX)
}

/// Writes down what is pushed, by GET or POST, and answers as the gateway wants it. A wrong secret is a path that is not there.
pub async fn pushed(
    state: Data<State>,
    path: Path<(String, String)>,
    request: HttpRequest,
    body: Bytes,
) -> Result {
    let (gateway, secret) = path.into_inner();
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let push = Push {
        query: request.query_string(),
        content_type: content_type.and_then(|value| value.to_str().ok()),
        body: &body,
    };
    match receipts::push(&state.services, &gateway, &secret, &push).await? {
        Some(Ok((answer, content_type))) => {
            Ok(HttpResponse::Ok().content_type(content_type).body(answer))
        }
        Some(Err(bad)) => {
            tracing::warn!(gateway, "{bad}");
            Err(Failure::Page(ErrorKind::BadRequest))
        }
        None => Err(Failure::Page(ErrorKind::NotFound)),
    }
}
