//! The captcha's picture and sound, another one without a reload, and the puzzle that a script opens in its place.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method, StatusCode,
        header::{self, ByteRangeSpec, ContentEncoding, ContentRange, ContentRangeSpec, Header},
    },
    web::{Data, Form, Path},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    error::{Failure, Result},
    guard::address,
    pages::{error::ErrorKind, form::Purpose},
    parts,
    site::State,
};
use crate::{
    captcha::{Challenge, FRAME, Frame, Kind, LIFE, Trail},
    domain::province::Province,
    flow::{
        attempt::{
            network,
            puzzle::{Try, solve},
        },
        told::{CaptchaTrouble, Told},
    },
};

/// The same id is always the same bytes; it is of no use after its twenty minutes.
const CACHED: &str = "private, max-age=1200, immutable";

/// An image's picture, or a puzzle's.
pub async fn png(request: HttpRequest, state: Data<State>, id: Path<String>) -> Result {
    let challenge = opened(&state, &id, &[Kind::Image, Kind::Puzzle])?;
    let client = network(address::client(&state, &request));
    let picture = state.services.captchas.picture(challenge, &client).await;
    let picture = picture.ok_or(Failure::Page(ErrorKind::Unavailable))?;
    Ok(HttpResponse::Ok()
        .content_type("image/png")
        .insert_header((header::CACHE_CONTROL, CACHED))
        .body(picture.to_vec()))
}

/// An image's sound, or a part of it: Apple's browsers play nothing that cannot be asked for in parts.
pub async fn wav(request: HttpRequest, state: Data<State>, id: Path<String>) -> Result {
    let challenge = opened(&state, &id, &[Kind::Image])?;
    let language = state.site.captchas.language(challenge.bureau());
    let client = network(address::client(&state, &request));
    let captchas = &state.services.captchas;
    let sound = captchas.sound(challenge, language, &client).await;
    let sound = sound.ok_or(Failure::Page(ErrorKind::Unavailable))?;
    let mut response = HttpResponse::Ok();
    response
        .content_type("audio/wav")
        // a part is of these bytes, not of packed ones
        .insert_header(ContentEncoding::Identity)
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CACHE_CONTROL, CACHED));
    let length = sound.len() as u64;
    let part = range(&request).and_then(|part| part.to_satisfiable_range(length));
    let bytes = part.and_then(|(from, to)| {
        let (from, to) = (usize::try_from(from).ok()?, usize::try_from(to).ok()?);
        sound.get(from..=to)
    });
    let Some(bytes) = bytes else {
        return Ok(response.body(sound.to_vec()));
    };
    response
        .status(StatusCode::PARTIAL_CONTENT)
        .insert_header(ContentRange(ContentRangeSpec::Bytes {
            range: part,
            instance_length: Some(length),
        }));
    Ok(response.body(bytes.to_vec()))
}

fn opened(state: &State, id: &str, kinds: &[Kind]) -> Result<Arc<Challenge>> {
    let challenge = state.services.captchas.open(id).ok();
    let challenge = challenge.filter(|challenge| kinds.contains(&challenge.kind()));
    let not_ours = Failure::Page(ErrorKind::NotFound);
    challenge.map(Arc::new).ok_or(not_ours)
}

/// The one part that is asked for; of several, or of what cannot be read, the whole is sent.
fn range(request: &HttpRequest) -> Option<ByteRangeSpec> {
    if request.method() != Method::GET {
        return None;
    }
    match header::Range::parse(request).ok()? {
        header::Range::Bytes(parts) if parts.len() == 1 => parts.into_iter().next(),
        _ => None,
    }
}

/// For which form another captcha is wanted.
#[derive(Deserialize)]
pub struct Wanted {
    form: String,
    #[serde(default)]
    bureau: String,
    /// `puzzle`, or else an image.
    #[serde(default)]
    kind: String,
    /// The one that it takes the place of: the new one is no easier.
    #[serde(default)]
    captcha_id: String,
}

/// `{captcha_id, image, sound, expires_in}`, or of a puzzle `{captcha_id, image, width, height, cell, rows, length,
/// expires_in}`.
pub async fn renew(request: HttpRequest, state: Data<State>, Form(wanted): Form<Wanted>) -> Result {
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
    let old = state.services.captchas.open(&wanted.captcha_id);
    let level = parts::captcha_level(&state, &request, None).await;
    let level = old.map_or(level, |old| old.level().max(level));
    match wanted.kind.as_str() {
        "puzzle" if state.site.captchas.has_puzzle(bureau) => {
            Ok(puzzle(&state, purpose, bureau, level))
        }
        "" | "image" => {
            let captcha = parts::captcha(&state, purpose, bureau, level);
            Ok(HttpResponse::Ok().json(json!({
                "captcha_id": captcha.id,
                "image": format!("/captcha/{}.png", captcha.id),
                "sound": format!("/captcha/{}.wav", captcha.id),
                "expires_in": captcha.expires_in,
            })))
        }
        _ => Err(bad()),
    }
}

fn puzzle(state: &State, purpose: Purpose, bureau: Option<Province>, level: u8) -> HttpResponse {
    let (captchas, now) = (&state.services.captchas, state.services.clock.now());
    let id = captchas.issue(Kind::Puzzle, level, parts::form_of(purpose), bureau, now);
    let Frame {
        width,
        height,
        cell,
        rows,
        length,
    } = FRAME;
    HttpResponse::Ok().json(json!({
        "captcha_id": id.as_str(),
        "image": format!("/captcha/{id}.png"),
        "width": width,
        "height": height,
        "cell": cell,
        "rows": rows,
        "length": length,
        "expires_in": LIFE.num_seconds(),
    }))
}

/// A puzzle as it comes back.
#[derive(Deserialize)]
pub struct Tried {
    captcha_id: String,
    /// Where the piece was left, in pixels along its line.
    position: u32,
    /// How it came there, as [`Trail`] reads it.
    trail: String,
}

/// `{captcha_id, expires_in}`: what the form is posted with. Else 422 and `{problem}`, `wrong` or `expired`.
pub async fn try_puzzle(
    request: HttpRequest,
    state: Data<State>,
    Form(tried): Form<Tried>,
) -> Result {
    let trail = Trail::parse(&tried.trail).ok_or(Failure::Page(ErrorKind::BadRequest))?;
    let tried = Try {
        address: address::client(&state, &request),
        id: tried.captcha_id,
        position: tried.position,
        trail,
    };
    let problem = match solve(&state.services, &tried).await? {
        Told::Answer(proof) => {
            let left = proof.expires_at - state.services.clock.now();
            return Ok(HttpResponse::Ok().json(json!({
                "captcha_id": proof.id.as_str(),
                "expires_in": left.num_seconds(),
            })));
        }
        Told::Limited { retry_after } => {
            return Err(Failure::Page(ErrorKind::TooManyRequests { retry_after }));
        }
        Told::Captcha(CaptchaTrouble::Wrong) => "wrong",
        Told::Captcha(CaptchaTrouble::Expired) => "expired",
    };
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(HttpResponse::build(status).json(json!({"problem": problem})))
}
