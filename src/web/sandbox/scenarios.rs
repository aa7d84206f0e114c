//! `GET /sandbox/api/scenarios`, and `POST …/{name}`, which files one.

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use serde_json::{Value, json};

use super::problem::{SandboxProblem, Trouble};
use crate::{
    domain::time::rfc3339,
    flow::sandbox::{self, Scenario},
    web::{api::FilingRequest, site::State},
};

pub async fn list() -> HttpResponse {
    let all: Vec<Value> = sandbox::SCENARIOS.iter().map(show).collect();
    HttpResponse::Ok().json(all)
}

fn show(scenario: &Scenario) -> Value {
    json!({
        "name": scenario.name,
        "title": scenario.title,
        "province": scenario.province,
        "era": scenario.era.title(),
        "from": rfc3339(scenario.era.from()),
    })
}

pub async fn file(state: Data<State>, name: Path<String>) -> Result<HttpResponse, Trouble> {
    let scenario = sandbox::by_name(&name).ok_or(SandboxProblem::UnknownScenario)?;
    let filed = sandbox::file(&state.services, scenario).await?;
    let persons: Vec<Value> = filed
        .persons
        .iter()
        .map(|person| {
            json!({
                "pointers": person.pointers,
                "name": person.name,
                "phone": person.phone,
                "id_tail": person.id_tail,
                "document": person.document,
            })
        })
        .collect();
    let request = FilingRequest::from(filed.view);
    Ok(HttpResponse::Created().json(json!({"request": request, "persons": persons})))
}
