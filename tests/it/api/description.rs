//! The `OpenAPI` document: every route, every problem, and a small check of real answers against its schemas.

use std::{collections::BTreeSet, sync::LazyLock};

use heyan::web::api::{Description, ProblemType};
use reqwest::{Method, header::HeaderMap};
use serde_json::{Map, Value};
use utoipa::OpenApi;

use super::{Api, answer};
use crate::store::on_both;

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(Description::openapi()).unwrap());

on_both! {
    async fn the_description_is_served_to_everybody(db) {
        let api = Api::new(db, "2018-09-10T09:00+08:00").await;
        let served = answer(api.bare(Method::GET, "/api/v1/openapi.json")).await;
        assert_eq!(served.status, 200);
        assert_eq!(served.body, *DOCUMENT);
        let head = answer(api.bare(Method::HEAD, "/api/v1/openapi.json")).await;
        assert_eq!(head.status, 200);
    }

    async fn every_described_call_is_there(db) {
        let api = Api::new(db, "2018-09-10T09:00+08:00").await;
        for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                let method: Method = method.to_uppercase().parse().unwrap();
                let answer = answer(api.bare(method.clone(), path)).await;
                let expected = if path.ends_with("openapi.json") { 200 } else { 401 };
                assert_eq!(answer.status, expected, "{method} {path}");
            }
        }
    }
}

#[test]
fn it_is_openapi_3_1_with_every_route_and_every_problem() {
    assert!(DOCUMENT["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let calls: BTreeSet<_> = paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(move |method| format!("{method} {path}"))
        })
        .collect();
    let expected = [
        "get /api/v1/filing-requests",
        "get /api/v1/filing-requests/{id}",
        "get /api/v1/filing-requests/{id}/events",
        "get /api/v1/openapi.json",
        "get /api/v1/statistics",
        "get /api/v1/webhook-deliveries",
        "post /api/v1/filing-requests",
        "post /api/v1/filing-requests/{id}/withdraw",
        "post /api/v1/webhook-deliveries/{id}/redeliver",
    ];
    assert!(calls.iter().eq(expected.iter()), "{calls:#?}");

    let types = &DOCUMENT["components"]["schemas"]["ProblemType"]["enum"];
    let types: Vec<_> = types.as_array().unwrap().iter().collect();
    assert_eq!(types.len(), ProblemType::ALL.len());
    let responses = DOCUMENT["paths"].to_string();
    for kind in ProblemType::ALL {
        // an unknown path has no operation to stand under
        let described = responses.contains(kind.as_str()) || *kind == ProblemType::UnknownPath;
        assert!(described, "{kind}");
        assert!(types.contains(&&Value::from(kind.as_str())), "{kind}");
    }
    assert_eq!(
        DOCUMENT["components"]["securitySchemes"]["api_key"]["scheme"],
        "bearer"
    );
    assert_eq!(DOCUMENT["security"][0]["api_key"], Value::Array(Vec::new()));
}

#[test]
fn every_problem_stands_in_the_manual_with_its_status() {
    let manual = include_str!("../../../docs/api.md");
    for kind in ProblemType::ALL {
        let row = format!("| {} | `{kind}` | ", kind.status().as_u16());
        assert!(manual.contains(&row), "{row}");
    }
    let rows = manual.lines().filter(|line| line.contains("`urn:"));
    assert_eq!(rows.count(), ProblemType::ALL.len());
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(value: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    assert!(DOCUMENT.pointer(&reference[1..]).is_some(), "{reference}");
                }
                members.values().for_each(walk);
            }
            Value::Array(items) => items.iter().for_each(walk),
            _ => {}
        }
    }
    walk(&DOCUMENT);
}

#[test]
fn the_check_finds_what_is_not_described() {
    let schema = serde_json::json!({"$ref": "#/components/schemas/Event"});
    let event = serde_json::json!({"type": "filing_request.verifying", "at": "2018-09-10T09:00:00+08:00",
        "verification_id": null, "actor": "provider", "data": {}});
    assert_eq!(problem_with(&schema, &event, "",), None);
    for (member, value) in [
        ("type", Value::from("nothing")),
        ("at", Value::Null),
        ("verification_id", Value::from(5)),
        ("more", Value::from(5)),
    ] {
        let mut event = event.clone();
        event[member] = value;
        assert!(problem_with(&schema, &event, "").is_some(), "{member}");
    }
    let without = serde_json::json!({"type": "filing_request.verifying"});
    assert!(problem_with(&schema, &without, "").is_some());
}

/// An answer is one that the description gives, its headers and its body too. What has no operation is a problem.
pub fn check(method: &Method, path: &str, status: u16, headers: &HeaderMap, body: &Value) {
    let method = match *method {
        Method::HEAD => "get".to_owned(),
        ref other => other.as_str().to_lowercase(),
    };
    let item = DOCUMENT["paths"].as_object().unwrap().iter();
    let item = item
        .filter(|(template, _)| matches(template, path))
        .min_by_key(|(template, _)| template.contains('{'));
    let operation = item.and_then(|(_, item)| item.get(&method));
    let Some(operation) = operation else {
        assert!([404, 405].contains(&status), "{method} {path}: {status}");
        let problem = serde_json::json!({"$ref": "#/components/schemas/Problem"});
        if !body.is_null() {
            assert_eq!(problem_with(&problem, body, ""), None);
        }
        return;
    };
    let response = &operation["responses"][status.to_string()];
    assert!(
        response.is_object(),
        "{method} {path}: {status} is not described"
    );
    for name in response["headers"]
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
    {
        assert!(
            headers.contains_key(name),
            "{method} {path}: {status} without {name}"
        );
    }
    let kind = headers["content-type"].to_str().unwrap();
    let schema = &response["content"][kind]["schema"];
    assert!(schema.is_object(), "{method} {path}: {status} {kind}");
    if !body.is_null() {
        assert_eq!(problem_with(schema, body, ""), None, "{body:#}");
    }
}

fn matches(template: &str, path: &str) -> bool {
    let (mut template, mut path) = (template.split('/'), path.split('/'));
    loop {
        match (template.next(), path.next()) {
            (None, None) => return true,
            (Some(t), Some(p)) if t == p || t.starts_with('{') => {}
            _ => return false,
        }
    }
}

/// As much of JSON Schema as the description uses; members that it does not name are problems too.
fn problem_with(schema: &Value, value: &Value, at: &str) -> Option<String> {
    if let Some(Value::String(reference)) = schema.get("$ref") {
        return problem_with(DOCUMENT.pointer(&reference[1..]).unwrap(), value, at);
    }
    if let Some(Value::Array(any)) = schema.get("oneOf").or(schema.get("anyOf")) {
        let problems: Option<Vec<_>> = any.iter().map(|one| problem_with(one, value, at)).collect();
        return problems.map(|problems| problems.join(" or "));
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = match &schema["type"] {
        Value::String(wanted) => wanted == kind,
        Value::Array(wanted) => wanted.contains(&kind.into()),
        _ => true,
    };
    if !fits {
        return Some(format!("{at} is {kind}, not {}", schema["type"]));
    }
    if let Some(Value::Array(words)) = schema.get("enum")
        && !words.contains(value)
    {
        return Some(format!("{at} is none of the words"));
    }
    match value {
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(n, item)| problem_with(&schema["items"], item, &format!("{at}/{n}")))
        }
        Value::Object(members) => problem_with_object(schema, members, at),
        _ => None,
    }
}

fn problem_with_object(schema: &Value, members: &Map<String, Value>, at: &str) -> Option<String> {
    let required = schema["required"].as_array().into_iter().flatten();
    let mut missing = required.filter(|name| !members.contains_key(name.as_str().unwrap()));
    if let Some(name) = missing.next() {
        return Some(format!("{at} lacks {name}"));
    }
    members.iter().find_map(|(name, member)| {
        let at = format!("{at}/{name}");
        match (&schema["properties"][name], &schema["additionalProperties"]) {
            (Value::Null, Value::Null) if schema.get("properties").is_none() => None,
            (Value::Null, Value::Null) => Some(format!("{at} is not described")),
            (Value::Null, additional) => problem_with(additional, member, &at),
            (property, _) => problem_with(property, member, &at),
        }
    })
}
