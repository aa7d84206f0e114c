//! Commands and the database: made, moved, kept and brought back; and one that cannot be had.

use std::os::unix::fs::PermissionsExt;

use super::{Heyan, exists};
use crate::pg;

#[test]
fn migrate_makes_the_database_and_only_for_this_user() {
    let heyan = Heyan::new();
    assert_eq!(
        heyan.run(&["migrate"]).done(),
        "sqlite://heyan.db is up to date\n"
    );
    assert_eq!(
        heyan.run(&["migrate"]).done(),
        "sqlite://heyan.db is up to date\n"
    );
    let mode = std::fs::metadata(heyan.path("heyan.db"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    heyan.run(&["provider", "list"]).done();
    let mode = std::fs::metadata(heyan.path("heyan.keys"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_database_named_by_mistake_is_not_made() {
    let heyan = Heyan::new();
    for command in [
        &["backup", "kept.db"][..],
        &["provider", "list"],
        &["purge"],
        &["keys", "rotate"],
    ] {
        let told = heyan.run(command).failed(1);
        assert!(
            told.contains("there is no file heyan.db; name the database"),
            "{told}"
        );
        assert!(!exists(&heyan.path("heyan.db")) && !exists(&heyan.path("heyan.keys")));
    }
}

#[test]
fn a_database_that_cannot_be_had_is_told_in_a_line() {
    let heyan = Heyan::new();
    for (url, status, expected) in [
        (
            "sqlite://no/such/folder.db",
            1,
            "there is no folder no/such",
        ),
        ("sqlite://.", 1, "is a folder"),
        ("sqlite://text.db", 1, "is damaged or no database"),
        (
            "sqlite://",
            2,
            "database_url is not understood: SQLite needs a file",
        ),
        (
            "mysql://x",
            2,
            "argument --database-url: database_url: must be sqlite://FILE or postgres://",
        ),
        (
            "postgres://127.0.0.1:1/x",
            1,
            "the database cannot be reached",
        ),
    ] {
        heyan.write(
            "text.db",
            "no database at all, but long enough to be read as a page of one".repeat(99),
        );
        let error = heyan
            .run(&["migrate", "--database-url", url])
            .failed(status);
        assert!(
            error.starts_with("error: ") && error.contains(expected),
            "{url}: {error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn a_newer_database_refuses_an_older_program() {
    let heyan = Heyan::new();
    heyan.run(&["migrate"]).done();
    sql(
        &heyan,
        "UPDATE meta SET value = '99.0.0' WHERE key = 'oldest_version'",
    );
    for command in [&["migrate"][..], &["provider", "list"], &["purge"]] {
        let error = heyan.run(command).failed(1);
        assert!(
            error.contains("this database needs heyan 99.0.0 or newer"),
            "{error}"
        );
    }
}

#[test]
fn a_locked_database_is_told() {
    let heyan = Heyan::new();
    heyan.run(&["migrate"]).done();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _held = runtime.block_on(async {
        use sqlx::Connection;
        let mut held = sqlx::SqliteConnection::connect(&heyan.url()).await.unwrap();
        sqlx::raw_sql("BEGIN EXCLUSIVE")
            .execute(&mut held)
            .await
            .unwrap();
        held
    });
    let error = heyan.run(&["provider", "list"]).failed(1);
    assert!(
        error.starts_with("error: the database is locked"),
        "{error}"
    );
}

#[test]
fn a_database_stays_in_the_mode_that_it_was_made_in() {
    let heyan = Heyan::new();
    heyan.run(&["migrate"]).done();
    sql(
        &heyan,
        "UPDATE meta SET value = 'production' WHERE key = 'mode'",
    );
    let error = heyan.run(&["provider", "list"]).failed(2);
    assert!(
        error.contains("was made in mode production and the configuration says sandbox"),
        "{error}"
    );
}

#[test]
fn a_backup_comes_back_as_it_was() {
    let heyan = Heyan::new().with_provider();
    let listed = heyan.run(&["provider", "list"]).done();
    assert!(
        heyan
            .run(&["backup", "kept.db"])
            .done()
            .starts_with("copied to kept.db")
    );
    let error = heyan.run(&["backup", "kept.db"]).failed(1);
    assert!(error.contains("kept.db exists already"), "{error}");
    std::os::unix::fs::symlink("nowhere.db", heyan.path("link.db")).unwrap();
    let error = heyan.run(&["backup", "link.db"]).failed(1);
    assert!(error.contains("link.db exists already"), "{error}");

    heyan.run(&["provider", "revoke", "demo"]).done();
    assert_ne!(heyan.run(&["provider", "list"]).done(), listed);
    assert_eq!(
        heyan.run(&["restore", "kept.db"]).done(),
        "restored from kept.db; 0 request(s) past their retention purged\n"
    );
    assert_eq!(heyan.run(&["provider", "list"]).done(), listed);

    let error = heyan.run(&["restore", "none.db"]).failed(1);
    assert!(error.contains("there is no file none.db"), "{error}");
    heyan.write("text.db", "no backup".repeat(999));
    let error = heyan.run(&["restore", "text.db"]).failed(1);
    assert!(
        error.contains("damaged or no database: text.db: "),
        "{error}"
    );
    assert_eq!(heyan.run(&["provider", "list"]).done(), listed);
    assert!(exists(&heyan.path("kept.db")));
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_is_left_to_its_own_tools() {
    let server = pg::Database::new().await;
    let heyan = Heyan::on(&server.url);
    heyan.run(&["migrate"]).done();
    for command in ["backup", "restore"] {
        let error = heyan.run(&[command, "kept.db"]).failed(1);
        assert!(error.contains("pg_dump"), "{error}");
    }
    heyan.run(&["provider", "add", "x"]).done();
    assert!(
        exists(&heyan.path("heyan.keys")),
        "in the working directory"
    );
}

/// Changes the database behind the program's back.
pub fn sql(heyan: &Heyan, statement: &'static str) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        use sqlx::Connection;
        let mut database = sqlx::SqliteConnection::connect(&heyan.url()).await.unwrap();
        sqlx::raw_sql(statement)
            .execute(&mut database)
            .await
            .unwrap();
        database.close().await.unwrap();
    });
}

#[test]
fn a_backup_of_other_keys_takes_nobody_s_place() {
    let (heyan, other) = (Heyan::new().with_provider(), Heyan::new().with_provider());
    other.run(&["backup", "kept.db"]).done();
    std::fs::copy(other.path("kept.db"), heyan.path("foreign.db")).unwrap();
    let listed = heyan.run(&["provider", "list"]).done();
    let error = heyan.run(&["restore", "foreign.db"]).failed(2);
    assert!(error.contains("nothing was restored"), "{error}");
    assert_eq!(heyan.run(&["provider", "list"]).done(), listed);
}

#[test]
fn lost_keys_are_missed_and_not_made_anew() {
    let heyan = Heyan::new().with_provider();
    heyan.run(&["backup", "kept.db"]).done();
    let keys = heyan.path("heyan.keys");
    std::fs::rename(&keys, heyan.path("away")).unwrap();
    for command in [&["provider", "list"][..], &["restore", "kept.db"]] {
        let error = heyan.run(command).failed(2);
        assert!(error.contains("there is no key file"), "{error}");
        assert!(!exists(&keys));
    }
    std::fs::rename(heyan.path("away"), &keys).unwrap();
    heyan.run(&["provider", "list"]).done();
}

#[test]
fn a_restore_erases_what_had_been_erased_since() {
    let heyan = Heyan::new().with_provider();
    // nobody is verified for this kind: handed over, so ended, at once
    let request = r#"{"province":"gansu","kind":"cancel_access","sites":[{"name":"某某网","domains":["example.cn"],"principal":{"name":"王小明","phone":"13800138000","document":{"type":"passport","number":"E12345678"}}}]}"#;
    heyan.write("one.ndjson", request);
    heyan.run(&["import", "one.ndjson"]).done();
    heyan.run(&["backup", "kept.db"]).done();
    sql(
        &heyan,
        "UPDATE filing_requests SET ended_at = '2020-01-01T00:00:00+00:00'",
    );
    heyan.run(&["backup", "old.db"]).done();
    assert!(
        heyan
            .run(&["purge"])
            .done()
            .starts_with("1 request(s) purged")
    );
    assert!(
        heyan
            .run(&["purge"])
            .done()
            .starts_with("0 request(s) purged")
    );
    let restored = heyan.run(&["restore", "old.db"]).done();
    assert!(
        restored.ends_with("1 request(s) past their retention purged\n"),
        "{restored}"
    );
    let young = heyan.run(&["restore", "kept.db"]).done();
    assert!(
        young.ends_with("0 request(s) past their retention purged\n"),
        "{young}"
    );
}
