//! `/api/docs`, made from the same description that programs read at `/api/v1/openapi.json`.

use std::sync::LazyLock;

use actix_web::{http::StatusCode, web::Data};
use serde_json::{Map, Value};
use utoipa::OpenApi;

use super::{
    api::Description,
    error::Result,
    pages::docs::{Call, Described, DocsPage, Group, Kind, Member, Prose, Response, Schema},
    parts,
    site::State,
};

static DESCRIBED: LazyLock<Described> = LazyLock::new(|| {
    serde_json::to_value(Description::openapi())
        .map_or_else(|_| Described::default(), |all| read(&all))
});

pub async fn show(state: Data<State>) -> Result {
    let page = DocsPage {
        frame: state.frame(None),
        url: state.services.settings.public_url.clone(),
        description: &DESCRIBED,
    };
    parts::html(StatusCode::OK, &page)
}

fn read(all: &Value) -> Described {
    let mut groups: Vec<Group> = Vec::new();
    for (path, item) in members(&all["paths"]) {
        for (method, operation) in members(item) {
            let call = call(path, method, operation);
            let tag = text(&operation["tags"][0]);
            match groups.iter_mut().find(|group| group.name == tag) {
                Some(group) => group.calls.push(call),
                None => groups.push(Group {
                    name: tag,
                    calls: vec![call],
                }),
            }
        }
    }
    let schemas = members(&all["components"]["schemas"]);
    Described {
        groups,
        schemas: schemas
            .map(|(name, schema)| component(name, schema))
            .collect(),
    }
}

fn call(path: &str, method: &str, operation: &Value) -> Call {
    let parameters = items(&operation["parameters"]).map(|parameter| Member {
        name: text(&parameter["name"]),
        place: text(&parameter["in"]),
        kind: kind(&parameter["schema"]),
        required: parameter["required"] == true,
        told: Prose::parse(&text(&parameter["description"])),
    });
    let responses = members(&operation["responses"]).map(|(status, response)| Response {
        status: status.clone(),
        told: Prose::parse(&text(&response["description"])),
        body: body(response),
        headers: members(&response["headers"])
            .map(|(name, _)| name.clone())
            .collect(),
    });
    Call {
        id: text(&operation["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        with_key: operation["security"].as_array().is_none_or(|needed| {
            needed
                .iter()
                .any(|one| one.as_object().is_some_and(|one| !one.is_empty()))
        }),
        parameters: parameters.collect(),
        body: body(&operation["requestBody"]),
        responses: responses.collect(),
    }
}

/// What a body is, whatever it is sent as.
fn body(of: &Value) -> Option<Kind> {
    members(&of["content"])
        .next()
        .map(|(_, content)| kind(&content["schema"]))
}

fn component(name: &str, schema: &Value) -> Schema {
    let required = &schema["required"];
    let of_object = members(&schema["properties"]).map(|(name, property)| Member {
        name: name.clone(),
        place: String::new(),
        kind: kind(property),
        required: items(required).any(|one| one == name),
        told: Prose::parse(&text(&property["description"])),
    });
    Schema {
        name: name.to_owned(),
        told: Prose::parse(&text(&schema["description"])),
        words: items(&schema["enum"]).map(text).collect(),
        members: of_object.collect(),
    }
}

fn kind(schema: &Value) -> Kind {
    let alternatives = items(&schema["oneOf"]).chain(items(&schema["anyOf"]));
    let (nothing, something): (Vec<_>, Vec<_>) =
        alternatives.partition(|one| one["type"] == "null");
    if let [only] = something[..] {
        let mut kind = kind(only);
        if !nothing.is_empty() {
            kind.after.push_str(" or null");
        }
        return kind;
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next();
        return Kind {
            before: "see".to_owned(),
            schema: name.map(str::to_owned),
            ..Kind::default()
        };
    }
    let names: Vec<_> = match &schema["type"] {
        Value::Array(names) => names.iter().map(text).collect(),
        one => vec![text(one)],
    };
    let nullable = names.iter().any(|name| name == "null");
    let mut others = names
        .iter()
        .filter(|name| !["null", ""].contains(&name.as_str()));
    let mut kind = match others.next().map(String::as_str) {
        Some("array") => {
            let inner = self::kind(&schema["items"]);
            Kind {
                before: format!("array: {}", inner.before),
                ..inner
            }
        }
        Some("string") if schema["format"] == "date-time" => words("time"),
        Some(name) => words(name),
        None => words("anything"),
    };
    kind.after.push_str(&bounds(schema));
    if nullable {
        kind.after.push_str(" or null");
    }
    kind
}

fn words(words: &str) -> Kind {
    Kind {
        before: words.to_owned(),
        ..Kind::default()
    }
}

/// ` 1 to 100`, ` up to 100 characters`
fn bounds(schema: &Value) -> String {
    let range = |least: &str, most: &str, unit: &str| match (&schema[least], &schema[most]) {
        (Value::Null, Value::Null) => String::new(),
        (least, Value::Null) => format!(", {least} or more{unit}"),
        (Value::Null, most) => format!(", up to {most}{unit}"),
        (least, most) => format!(", {least} to {most}{unit}"),
    };
    range("minimum", "maximum", "") + &range("minLength", "maxLength", " characters")
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
