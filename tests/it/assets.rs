//! Static files: named by their content, kept for a year, compressed for who takes it.

use actix_web::HttpResponse;
use actix_web::body::to_bytes;
use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use heyan::web::assets::{href, serve};

fn get(path: &str, headers: &[(&str, &str)]) -> Option<HttpResponse> {
    let request = headers
        .iter()
        .fold(TestRequest::with_uri(path), |request, &header| {
            request.insert_header(header)
        });
    serve(&request.to_http_request())
}

fn header<'a>(response: &'a HttpResponse, name: &str) -> Option<&'a str> {
    response
        .headers()
        .get(name)
        .map(|value| value.to_str().unwrap())
}

#[actix_web::test]
async fn served_for_a_year_with_type_and_tag() {
    let path = href("app.css");
    assert!(
        path.starts_with("/static/app.") && path.len() == "/static/app.0123456789abcdef.css".len()
    );
    let response = get(path, &[]).unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        header(&response, "cache-control"),
        Some("public, max-age=31536000, immutable")
    );
    assert_eq!(
        header(&response, "content-type"),
        Some("text/css; charset=utf-8")
    );
    assert_eq!(header(&response, "x-content-type-options"), Some("nosniff"));
    assert_eq!(header(&response, "content-encoding"), None);
    let tag = header(&response, "etag").unwrap().to_owned();
    for seen in [
        tag.clone(),
        format!("W/{tag}"),
        format!("\"x\", {tag}"),
        "*".into(),
    ] {
        assert_eq!(
            get(path, &[("if-none-match", &seen)]).unwrap().status(),
            StatusCode::NOT_MODIFIED,
            "{seen}"
        );
    }
    assert_eq!(
        get(path, &[("if-none-match", "\"x\"")]).unwrap().status(),
        StatusCode::OK
    );
}

#[actix_web::test]
async fn compressed_for_who_takes_it() {
    let path = href("app.css");
    let packed = get(path, &[("accept-encoding", "br, gzip;q=0.8")]).unwrap();
    assert_eq!(header(&packed, "content-encoding"), Some("gzip"));
    assert_eq!(header(&packed, "vary"), Some("Accept-Encoding"));
    let refused = get(path, &[("accept-encoding", "gzip;q=0, br")]).unwrap();
    assert_eq!(header(&refused, "content-encoding"), None);
    let (packed, plain) = (
        to_bytes(packed.into_body()).await.unwrap(),
        to_bytes(refused.into_body()).await.unwrap(),
    );
    assert!(
        packed.len() < plain.len() / 2,
        "{} of {}",
        packed.len(),
        plain.len()
    );
}

#[actix_web::test]
async fn other_names_are_not_served() {
    for path in [
        "/static/app.css",
        "/static/app.0000000000000000.css",
        "/static/../Cargo.toml",
        "/static/missing",
    ] {
        assert!(get(path, &[]).is_none(), "{path}");
    }
    assert_eq!(
        header(&get(href("captcha.js"), &[]).unwrap(), "content-type"),
        Some("text/javascript; charset=utf-8")
    );
    assert_eq!(
        header(&get(href("favicon.svg"), &[]).unwrap(), "content-type"),
        Some("image/svg+xml")
    );
}
