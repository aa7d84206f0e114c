//! `kind = "http"`

use reqwest::{
    Method,
    header::{HeaderName, HeaderValue},
};
use url::Url;

use super::gateways::{Section, is_here, push_secret};
use crate::{
    config::reader::{Reader, text},
    sms::{
        Pace,
        http::{Answers, HttpSettings, Reports, Rule},
    },
};

/// None: what cannot be left out is.
pub(super) fn http(section: &mut Section<'_>) -> Option<HttpSettings> {
    let given = section.own.has("url");
    let tls = section.own.flag("tls").unwrap_or(true);
    let url = section.own.read("url", |node| url(text(node)?, tls));
    let url = section.needed("url", given, url, "\"https://sms.example.cn/send\"");
    let pace = section.pace(Pace::default());
    let own = &mut section.own;
    let method = own.read("method", |node| match text(node)? {
        "GET" => Ok(Method::GET),
        "POST" => Ok(Method::POST),
        _ => Err("must be GET or POST".into()),
    });
    let query = own.texts("query").unwrap_or_default();
    let headers_at = own.origin("headers");
    let headers = own.texts("headers").unwrap_or_default();
    for (name, value) in &headers {
        let name_sound = name.parse::<HeaderName>().is_ok();
        if !name_sound || HeaderValue::from_str(&value.replace(['{', '}'], "")).is_err() {
            let key = format!("headers.{name}");
            own.wrong(
                &headers_at,
                &key,
                "is no header: see its name, and its value for line breaks",
            );
        }
    }
    let body = own.text("body").unwrap_or_default();
    let content_type = own.read("content_type", |node| {
        let text = text(node)?;
        HeaderValue::from_str(text)
            .map(|_| text.to_owned())
            .map_err(|_| "must be a type, such as application/json".into())
    });
    let answers = answers(own);
    let reference = own.read("reference", |node| pointer(text(node)?));
    let reports = reports(own);
    Some(HttpSettings {
        url: url?,
        method: method.unwrap_or(if body.is_empty() {
            Method::GET
        } else {
            Method::POST
        }),
        query,
        headers,
        body,
        content_type: content_type.unwrap_or_else(|| "application/json; charset=utf-8".into()),
        answers,
        reference,
        pace,
        reports,
    })
}

/// Never told with its text, which may hold a password.
fn url(text: &str, tls: bool) -> Result<String, String> {
    // what stands in for a value is one
    let sample = text.replace(['{', '}'], "");
    match Url::parse(&sample) {
        Ok(url) if url.scheme() == "https" => Ok(text.to_owned()),
        Ok(url) if url.scheme() == "http" && (is_here(&url) || !tls) => Ok(text.to_owned()),
        Ok(url) if url.scheme() == "http" => Err(
            "phone and text would go over the network for all to read: https://, or tls = false"
                .into(),
        ),
        _ => Err("must be an address, such as https://sms.example.cn/send".into()),
    }
}

fn answers(own: &mut Reader<'_>) -> Answers {
    let rule = |text: &str| {
        text.parse::<Rule>()
            .map_err(|error| format!("`{text}` is wrong, {error}"))
    };
    let mut rules = |key: &'static str, usual: &[&str]| {
        let given = own.list(key, rule);
        given.unwrap_or_else(|| usual.iter().filter_map(|rule| rule.parse().ok()).collect())
    };
    Answers {
        foreign: rules("foreign", &[]),
        refused: rules("refused", Answers::REFUSED),
        next: rules("next", &[]),
        again: rules("again", Answers::AGAIN),
        stop: rules("stop", Answers::STOP),
        accepted: rules("accepted", Answers::ACCEPTED),
    }
}

fn pointer(text: &str) -> Result<String, String> {
    if text.starts_with('/') {
        return Ok(text.to_owned());
    }
    Err("must be a path into JSON, such as /data/id".into())
}

fn reports(own: &mut Reader<'_>) -> Option<Reports> {
    let given = own.has("reports");
    let origin = own.origin("reports");
    let mut section = own.section("reports");
    let has_secret = section.has("secret");
    let secret = section.read("secret", push_secret);
    let list = section.read("list", |node| pointer(text(node)?));
    let id = section.text("id");
    let reference = section.text("reference");
    let state = section.text("state");
    let mut values = |key| section.list(key, |value| Ok(value.to_owned()));
    let (delivered, undeliverable) = (values("delivered"), values("undeliverable"));
    let foreign = values("foreign");
    let error = section.text("error");
    let answer = section.text("answer");
    if !given {
        return None;
    }
    let missing = |key, such_as: &str| {
        section.wrong(&origin, key, format!("must be given, such as {such_as}"));
    };
    if !has_secret {
        missing("secret", "the output of: openssl rand -hex 20");
    }
    if id.is_none() && reference.is_none() {
        missing(
            "id",
            "the field that {id} comes back in (or reference, the gateway's own)",
        );
    }
    if state.is_none() {
        missing("state", "\"status\"");
    }
    if delivered.is_none() {
        missing("delivered", "[\"DELIVRD\"]");
    }
    Some(Reports {
        secret: secret?,
        list,
        id,
        reference,
        state: state?,
        delivered: delivered?,
        undeliverable: undeliverable.unwrap_or_default(),
        error,
        foreign: foreign.unwrap_or_default(),
        answer: answer.unwrap_or_else(|| "ok".into()),
    })
}
