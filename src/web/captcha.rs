//! The captcha's picture and sound, and another one without a reload.

use actix_web::{
    HttpResponse,
    http::header,
    web::{self, Data, Form, Path},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    error::{Failure, Result},
    pages::{error::ErrorKind, form::Purpose},
    parts,
    site::State,
};
use crate::{captcha::Challenge, domain::province::Province};

/// The same id is always the same bytes; it is of no use after its twenty minutes.
const CACHED: &str = "private, max-age=1200, immutable";

pub async fn png(state: Data<State>, id: Path<String>) -> Result {
    drawn(&state, &id, "image/png", Challenge::png).await
}

pub async fn wav(state: Data<State>, id: Path<String>) -> Result {
    drawn(&state, &id, "audio/wav", Challenge::wav).await
}

/// A millisecond or two of drawing: away from the threads that answer.
async fn drawn(
    state: &State,
    id: &str,
    content_type: &'static str,
    draw: fn(&Challenge) -> Vec<u8>,
) -> Result {
    let not_ours = |_| Failure::Page(ErrorKind::NotFound);
    let challenge = state.services.captchas.open(id).map_err(not_ours)?;
    let bytes = web::block(move || draw(&challenge)).await;
    let bytes = bytes.map_err(|_| Failure::Page(ErrorKind::Unavailable))?;
    Ok(HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((header::CACHE_CONTROL, CACHED))
        .body(bytes))
}

/// For which form another captcha is wanted.
#[derive(Deserialize)]
pub struct Wanted {
    form: String,
    #[serde(default)]
    bureau: String,
}

/// `{captcha_id, image, sound, expires_in}`
pub async fn renew(state: Data<State>, Form(wanted): Form<Wanted>) -> Result {
    let bad = || Failure::Page(ErrorKind::BadRequest);
    let all = [
        Purpose::Verification,
        Purpose::Resend,
        Purpose::Link,
        Purpose::Progress,
    ];
    let purpose = all
        .into_iter()
        .find(|purpose| purpose.as_str() == wanted.form)
        .ok_or_else(bad)?;
    let bureau = match wanted.bureau.as_str() {
        "" => None,
        slug => Some(Province::from_slug(slug).ok_or_else(bad)?),
    };
    let captcha = parts::captcha(&state, purpose, bureau);
    Ok(HttpResponse::Ok().json(json!({
        "captcha_id": captcha.id,
        "image": format!("/captcha/{}.png", captcha.id),
        "sound": format!("/captcha/{}.wav", captcha.id),
        "expires_in": captcha.expires_in,
    })))
}
