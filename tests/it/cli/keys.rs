//! Keys: which must be loaded, and what a rotation leaves.

use super::{Heyan, exists};
use crate::pg;

const OLD: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NEW: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

const REQUEST: &str = r#"{"province":"gansu","kind":"new_filing","provider_reference":"A","subject":{"name":"公司","principal":{"name":"王小明","phone":"13800138000","document":{"type":"resident_id","number":"11010519491231002X"}}}}"#;

fn with_old_key(heyan: &Heyan) {
    heyan.write(
        "heyan.toml",
        format!("[keys]\nactive = \"old\"\nold = \"{OLD}\"\n"),
    );
    heyan.run(&["provider", "add", "demo"]).done();
    heyan.write("one.ndjson", REQUEST);
    heyan.run(&["import", "one.ndjson"]).done();
    assert!(
        !exists(&heyan.path("heyan.keys")),
        "the configured ones are used"
    );
}

fn rotation(heyan: &Heyan) {
    with_old_key(heyan);
    // the new one seals; what is looked up stays under the old one until the configuration says otherwise
    let both = format!("[keys]\nactive = \"new\"\nold = \"{OLD}\"\nnew = \"{NEW}\"\n");
    heyan.write("heyan.toml", &both);
    let done = heyan.run(&["keys", "rotate"]).done();
    // the filing, the person, the message, the webhook secret
    assert!(
        done.starts_with(
            "4 value(s) sealed anew under new, 0 phone(s) and tail(s) hashed anew under old\n"
        ),
        "{done}"
    );
    assert!(done.contains("no other key is needed any more"), "{done}");

    heyan.write(
        "heyan.toml",
        both.replace("active", "index = \"new\"\nactive"),
    );
    let done = heyan.run(&["keys", "rotate"]).done();
    assert!(
        done.starts_with(
            "0 value(s) sealed anew under new, 1 phone(s) and tail(s) hashed anew under new\n"
        ),
        "{done}"
    );
    assert!(
        done.contains("still needed: old (codes, links, API keys"),
        "{done}"
    );
    let done = heyan.run(&["keys", "rotate"]).done();
    assert!(
        done.starts_with("0 value(s) sealed anew under new, 0 phone(s)"),
        "{done}"
    );

    heyan.write(
        "heyan.toml",
        format!("[keys]\nactive = \"new\"\nnew = \"{NEW}\"\n"),
    );
    let error = heyan.run(&["provider", "list"]).failed(2);
    assert!(
        error.contains("holds values under the key old, which is not loaded"),
        "{error}"
    );
}

#[test]
fn rotating_on_sqlite() {
    rotation(&Heyan::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn rotating_on_postgresql() {
    let server = pg::Database::new().await;
    rotation(&Heyan::on(&server.url));
}

#[test]
fn a_key_that_is_missing_or_another_under_its_name_is_told_at_the_start() {
    let heyan = Heyan::new();
    with_old_key(&heyan);
    heyan.write(
        "heyan.toml",
        format!("[keys]\nactive = \"old\"\nold = \"{NEW}\"\n"),
    );
    let error = heyan.run(&["provider", "list"]).failed(2);
    assert!(
        error.contains("key `old` is not the one that this database was written with"),
        "{error}"
    );
    std::fs::remove_file(heyan.path("heyan.toml")).unwrap();
    let error = heyan.run(&["provider", "list"]).failed(2);
    assert!(
        error.contains("holds values under the key old, which is not loaded"),
        "{error}"
    );
}

#[test]
fn the_sandbox_key_file_must_be_its_owner_s() {
    use std::os::unix::fs::PermissionsExt;
    let heyan = Heyan::new().with_provider();
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(heyan.path("heyan.keys"), open).unwrap();
    let error = heyan.run(&["provider", "list"]).failed(1);
    assert!(
        error.contains("heyan.keys: its mode is 0644, others may read it: chmod 600 it"),
        "{error}"
    );
}
