//! The API held against its own description by schemathesis (of the Python index; `tests/run` installs it): whatever is sent,
//! no server error, no answer outside the description, no call that passes without a key.

use std::process::Command;

use heyan::{flow::providers, store::Engine};

use crate::{
    portal::Portal,
    webhooks::verify::python,
    world::{World, long_or},
};

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
    response_headers_conformance,ignored_auth";

async fn finds_nothing(engine: Engine) {
    let portal = Portal::new(World::new(engine, "2018-09-10T09:00+08:00").await).await;
    // so that there are deliveries to ask for; nobody calls it in this test
    let services = &portal.world.services;
    let receiver = Some("https://provider.example/");
    providers::set_webhook(services, "portal", receiver)
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut python = Command::new(python());
    python
        .args(["-m", "schemathesis.cli", "run"])
        .arg(format!("{}/api/v1/openapi.json", portal.base))
        .args(["--header", &format!("Authorization: Bearer {}", portal.key)])
        .args(["--checks", CHECKS, "--phases", "coverage,fuzzing,stateful"])
        .args(["--max-examples", &long_or(3, 300).to_string()])
        .args(["--seed", "20180910", "--generation-database", "none"])
        .args(["--no-color", "--warnings", "off"])
        .current_dir(folder.path())
        .env("NO_PROXY", "127.0.0.1");
    let ran = tokio::task::spawn_blocking(move || python.output()).await;
    let ran = ran.unwrap().unwrap();
    let told = String::from_utf8_lossy(&ran.stdout);
    println!("{told}");
    let failed = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{told}\n{failed}");
    assert!(told.contains(" passed"), "{told}");
}

/// The stricter engine, which takes no NUL in a text; in the long form the other too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemathesis() {
    for engine in [Engine::Postgres, Engine::Sqlite]
        .into_iter()
        .take(long_or(1, 2))
    {
        finds_nothing(engine).await;
    }
}
