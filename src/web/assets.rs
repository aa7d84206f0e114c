//! The static files: built into the binary, named by their content's hash, compressed once at the first use.
//! What has another content has another address, so browsers may keep them for a year.

use std::io::Write as _;
use std::sync::LazyLock;

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;

/// `static/` itself.
#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// One file, ready to serve.
struct Asset {
    /// `app.css`
    name: String,
    /// `/static/app.1f0c….css`
    href: String,
    /// The hash, quoted.
    etag: String,
    content_type: &'static str,
    plain: web::Bytes,
    /// Where it is smaller.
    gzip: Option<web::Bytes>,
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    Files::iter()
        .filter_map(|name| Files::get(&name).map(|file| Asset::new(&name, &file)))
        .collect()
});

impl Asset {
    fn new(name: &str, file: &rust_embed::EmbeddedFile) -> Self {
        let sum = file.metadata.sha256_hash();
        let hash = format!(
            "{:016x}",
            sum.iter()
                .take(8)
                .fold(0_u64, |hash, &byte| hash << 8 | u64::from(byte))
        );
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "bin"));
        let plain = web::Bytes::copy_from_slice(&file.data);
        let gzip = gzip(&plain).filter(|packed| packed.len() < plain.len());
        Self {
            name: name.to_owned(),
            href: format!("/static/{stem}.{hash}.{extension}"),
            etag: format!("\"{hash}\""),
            content_type: content_type(extension),
            plain,
            gzip,
        }
    }
}

/// Nothing where compression fails: the plain bytes do.
fn gzip(plain: &[u8]) -> Option<web::Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok().map(web::Bytes::from)
}

fn content_type(extension: &str) -> &'static str {
    match extension {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        _ => "application/octet-stream",
    }
}

/// Where a file of `static/` is served: `/static/app.1f0c….css`. An unknown name is a mistake in a template,
/// which a test finds; it gives an address that answers 404.
pub fn href(name: &str) -> &'static str {
    ASSETS
        .iter()
        .find(|asset| asset.name == name)
        .map_or("/static/missing", |asset| &asset.href)
}

/// Answers `GET /static/{file}`; nothing where there is no such file (the caller's 404 page).
pub fn serve(request: &HttpRequest) -> Option<HttpResponse> {
    let asset = ASSETS.iter().find(|asset| asset.href == request.path())?;
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::ETAG, asset.etag.as_str()))
        .insert_header((header::VARY, "Accept-Encoding"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    let known = request
        .headers()
        .get(header::IF_NONE_MATCH)
        .is_some_and(|seen| names(seen, &asset.etag));
    if known {
        response.status(actix_web::http::StatusCode::NOT_MODIFIED);
        return Some(response.finish());
    }
    response.content_type(asset.content_type);
    let body = match &asset.gzip {
        Some(packed) if accepts_gzip(request) => {
            response.insert_header((header::CONTENT_ENCODING, "gzip"));
            packed
        }
        _ => &asset.plain,
    };
    Some(response.body(body.clone()))
}

/// Whether an `If-None-Match` names this tag; a proxy may have weakened it.
fn names(seen: &HeaderValue, etag: &str) -> bool {
    let tag = |part: &str| part.trim().trim_start_matches("W/") == etag;
    seen.to_str()
        .is_ok_and(|seen| seen == "*" || seen.split(',').any(tag))
}

fn accepts_gzip(request: &HttpRequest) -> bool {
    let codings = request
        .headers()
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    codings.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let gzip = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let refused = |part: &str| {
            part.strip_prefix("q=")
                .is_some_and(|q| q.parse() == Ok(0.0_f32))
        };
        gzip && !parts.any(refused)
    })
}
