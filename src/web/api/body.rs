//! The body of a call: JSON in UTF-8, at most 1 MiB, here in time.

use actix_web::{
    HttpRequest,
    error::PayloadError,
    http::header::{CONTENT_ENCODING, CONTENT_TYPE},
    web::Payload,
};
use futures_util::StreamExt;
use mime::Mime;

use super::problem::{Problem, ProblemType};
use crate::web::guard::slow_body::is_late;

const MOST: usize = 1024 * 1024;
/// What is too large is read away up to here, so that the sender gets to read the answer.
const READ_AWAY: usize = 16 * MOST;

/// Reads a body that is sent as JSON.
///
/// # Errors
/// 408, 413 or 415.
pub async fn read(request: &HttpRequest, mut payload: Payload) -> Result<Vec<u8>, Problem> {
    is_json(request)?;
    let mut body = Vec::new();
    let mut length = 0;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| broken_off(&error))?;
        length += chunk.len();
        if length <= MOST {
            body.extend_from_slice(&chunk);
        } else if length > READ_AWAY {
            break;
        }
    }
    if length <= MOST {
        Ok(body)
    } else {
        Err(Problem::new(
            ProblemType::BodyTooLarge,
            "a body has at most 1 MiB (1048576 bytes)",
        ))
    }
}

fn broken_off(error: &PayloadError) -> Problem {
    if is_late(error) {
        let detail = "the whole body did not arrive in time; send it again";
        return Problem::new(ProblemType::BodyTooSlow, detail);
    }
    let detail = "the body broke off before its end; send it again";
    Problem::new(ProblemType::BrokenJson, detail)
}

fn is_json(request: &HttpRequest) -> Result<(), Problem> {
    let unsupported = |detail| Err(Problem::new(ProblemType::UnsupportedMediaType, detail));
    let headers = request.headers();
    let encoding = headers.get(CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return unsupported("send the body without Content-Encoding");
    }
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let Some(kind) = kind.and_then(|kind| kind.parse::<Mime>().ok()) else {
        return unsupported("send the header: Content-Type: application/json");
    };
    if kind.essence_str() != mime::APPLICATION_JSON.essence_str() {
        return unsupported("send the header: Content-Type: application/json");
    }
    match kind.get_param(mime::CHARSET) {
        None => Ok(()),
        Some(charset) if charset == mime::UTF_8 => Ok(()),
        Some(_) => unsupported("JSON is sent in UTF-8, with no other charset"),
    }
}
