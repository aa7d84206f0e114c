//! `/api/docs`: all that the description says, on a page without scripts.

use heyan::web::api::Description;
use reqwest::Method;
use utoipa::OpenApi;

use crate::{
    portal::Portal,
    world::{World, on_engines},
};

on_engines! {
    async fn the_page_shows_every_call_every_answer_and_every_member(engine) {
        let portal = Portal::new(World::new(engine, "2026-03-02T09:00+08:00").await).await;
        let page = portal.get("/api/docs").await;
        assert_eq!(page.status, 200);
        let described = serde_json::to_value(Description::openapi()).unwrap();
        let mut calls = 0;
        for (path, item) in described["paths"].as_object().unwrap() {
            for operation in item.as_object().unwrap().values() {
                let id = operation["operationId"].as_str().unwrap();
                let (_, section) = page.text.split_once(&format!("<h3 id=\"{id}\">")).unwrap();
                let (section, _) = section.split_once("</section>").unwrap();
                assert!(section.contains(&format!("<code>{path}</code>")), "{path}");
                for status in operation["responses"].as_object().unwrap().keys() {
                    assert!(section.contains(&format!("<dt><code>{status}</code></dt>")), "{id} {status}");
                }
                for parameter in operation["parameters"].as_array().into_iter().flatten() {
                    let name = parameter["name"].as_str().unwrap();
                    assert!(section.contains(&format!("<code>{name}</code>")), "{id} {name}");
                }
                calls += 1;
            }
        }
        assert!(calls > 7);
        for (name, schema) in described["components"]["schemas"].as_object().unwrap() {
            let (_, section) = page.text.split_once(&format!("<h3 id=\"{name}\">")).unwrap();
            let (section, _) = section.split_once("</section>").unwrap();
            for member in schema["properties"].as_object().into_iter().flat_map(|all| all.keys()) {
                assert!(section.contains(&format!("<code>{member}</code>")), "{name} {member}");
            }
        }
        // each link within the page leads somewhere
        for link in page.text.split("href=\"#").skip(1) {
            let (id, _) = link.split_once('"').unwrap();
            assert!(page.text.contains(&format!("id=\"{id}\"")), "{id}");
        }
        for never in ["<script", "style=", " onclick"] {
            assert!(!page.text.contains(never), "{never}");
        }
        let other = portal.call(Method::POST, "/api/docs").send().await.unwrap();
        assert_eq!(other.status(), 405);
        assert_eq!(other.headers()["content-type"], "application/problem+json");
    }
}
