//! A database that is missing, locked, read-only, broken, too new or gone: a clear answer each time. Backup and restore.

use std::{path::Path, time::Duration};

use heyan::store::{Db, Options, StoreError, meta, restore, visitors};
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::Scratch;

const QUICK: Options = Options {
    pool: 2,
    patience: Duration::from_millis(200),
};

async fn open(url: &str) -> StoreError {
    let error = Db::open(url, QUICK).await.map(drop).unwrap_err();
    assert!(!error.to_string().contains('\n'));
    error
}

async fn plain(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(path)
        .connect()
        .await
        .unwrap()
}

async fn count(db: &Db, page: &str) -> i64 {
    let mut tx = db.write().await.unwrap();
    let count = visitors::add(&mut tx, page, 1).await.unwrap();
    tx.commit().await.unwrap();
    count
}

#[tokio::test]
async fn urls_that_are_none() {
    for url in [
        "",
        "heyan.db",
        "mysql://x",
        "sqlite:",
        "sqlite://",
        "sqlite::memory:",
        "sqlite://x?mode=ro",
        "postgres://[",
    ] {
        let error = open(url).await;
        assert!(matches!(error, StoreError::Url(_)), "{url}: {error}");
    }
}

#[tokio::test]
async fn files_that_cannot_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let error = open(&format!("sqlite://{}/no/where.db", folder.path().display())).await;
    assert!(
        matches!(&error, StoreError::CannotOpen(text) if text.contains("no folder")),
        "{error}"
    );
    let error = open(&format!("sqlite://{}", folder.path().display())).await;
    assert!(
        matches!(&error, StoreError::CannotOpen(text) if text.contains("is a folder")),
        "{error}"
    );
    let file = folder.path().join("letter.txt");
    std::fs::write(&file, "Dear Sir or Madam, ".repeat(1000)).unwrap();
    let error = open(&format!("sqlite://{}", file.display())).await;
    assert!(matches!(error, StoreError::Damaged(_)), "{error}");
}

#[tokio::test]
async fn a_new_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::sqlite().await;
    for entry in std::fs::read_dir(scratch.folder.as_ref().unwrap()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(
            entry.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{:?}",
            entry.path()
        );
    }
}

#[tokio::test]
async fn a_file_that_another_program_writes_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let url = format!("sqlite:{}", path.display());
    let db = Db::open(&url, QUICK).await.unwrap();
    let mut other = plain(&path).await;
    sqlx::raw_sql("BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .unwrap();
    let error = db.write().await.map(drop).unwrap_err();
    assert!(
        matches!(error, StoreError::Locked(_)) && error.is_unavailable(),
        "{error}"
    );
    assert!(matches!(open(&url).await, StoreError::Locked(_)));
    // readers go on
    meta::get(&mut db.read().await.unwrap(), "x").await.unwrap();
    sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
    assert_eq!(count(&db, "a").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_does_not_end() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(
        &format!("sqlite:{}", folder.path().join("test.db").display()),
        QUICK,
    )
    .await
    .unwrap();
    let long = db.write().await.unwrap();
    let error = db.write().await.map(drop).unwrap_err();
    assert!(matches!(error, StoreError::Locked(_)), "{error}");
    drop(long);
    assert_eq!(count(&db, "a").await, 1);
}

#[tokio::test]
async fn read_only() {
    let scratch = Scratch::sqlite().await;
    let mut tx = scratch.db.read().await.unwrap();
    let error = visitors::add(&mut tx, "a", 1).await.unwrap_err();
    assert!(
        matches!(error, StoreError::ReadOnly(_)) && error.is_unavailable(),
        "{error}"
    );
    let scratch = Scratch::postgres().await;
    let mut tx = scratch.db.read().await.unwrap();
    let error = visitors::add(&mut tx, "a", 1).await.unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly(_)), "{error}");
}

#[tokio::test]
async fn an_older_program_is_refused() {
    for scratch in [Scratch::sqlite().await, Scratch::postgres().await] {
        let mut tx = scratch.db.write().await.unwrap();
        meta::put(&mut tx, "oldest_version", "999.0.0")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let error = open(&scratch.url).await;
        assert!(matches!(error, StoreError::NewerSchema { .. }), "{error}");
        assert!(error.to_string().contains("999.0.0"));
    }
}

#[tokio::test]
async fn a_neighbour_went_further() {
    for scratch in [Scratch::sqlite().await, Scratch::postgres().await] {
        let mut tx = scratch.db.write().await.unwrap();
        let further = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
            SELECT version + 1000, 'later', success, checksum, 1 FROM _sqlx_migrations";
        match &mut tx {
            heyan::store::Tx::Sqlite(tx) => sqlx::raw_sql(further)
                .execute(&mut **tx)
                .await
                .map(drop)
                .unwrap(),
            heyan::store::Tx::Postgres(tx) => sqlx::raw_sql(further)
                .execute(&mut **tx)
                .await
                .map(drop)
                .unwrap(),
        }
        tx.commit().await.unwrap();
        assert!(
            Db::open(&scratch.url, QUICK)
                .await
                .unwrap()
                .is_up_to_date()
                .await
                .unwrap()
        );
    }
}

#[tokio::test]
async fn servers_that_do_not_answer() {
    let error = open("postgres://nobody@127.0.0.1:1/x").await;
    assert!(
        matches!(&error, StoreError::Unavailable(text) if text.contains("refused")),
        "{error}"
    );
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let error = open(&format!(
        "postgres://nobody@{}/x",
        silent.local_addr().unwrap()
    ))
    .await;
    assert!(
        matches!(&error, StoreError::Unavailable(text) if text.contains("not answer")),
        "{error}"
    );
    let scratch = Scratch::postgres().await;
    let missing = format!("{}_missing", scratch.url);
    let error = open(&missing).await;
    assert!(matches!(error, StoreError::CannotOpen(_)), "{error}");
}

#[tokio::test]
async fn a_server_that_drops_its_connections() {
    let scratch = Scratch::postgres().await;
    let other = Db::open(&scratch.url, QUICK).await.unwrap();
    assert_eq!(count(&scratch.db, "a").await, 1);
    let mut tx = other.write().await.unwrap();
    let heyan::store::Tx::Postgres(killer) = &mut tx else {
        panic!()
    };
    sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        .execute(&mut **killer)
        .await
        .unwrap();
    drop(tx);
    // the pool notices and connects anew
    assert_eq!(count(&scratch.db, "a").await, 2);
}

#[tokio::test]
async fn backed_up_and_restored() {
    let scratch = Scratch::sqlite().await;
    let folder = scratch.folder.as_ref().unwrap().path();
    assert_eq!(count(&scratch.db, "a").await, 1);
    let file = folder.join("backup");
    scratch.db.backup(&file).await.unwrap();
    let error = scratch.db.backup(&file).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::CannotOpen(text) if text.contains("exists")),
        "{error}"
    );
    assert_eq!(count(&scratch.db, "a").await, 2);

    let error = restore(&scratch.url, &file).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Locked(text) if text.contains("in use")),
        "{error}"
    );
    assert_eq!(count(&scratch.db, "a").await, 3);
    let Scratch {
        db,
        url,
        folder: _folder,
        ..
    } = scratch;
    db.close().await;
    drop(db);
    // the writer's thread closes its file a moment later
    let mut restored = restore(&url, &file).await;
    for _ in 0..100 {
        if !matches!(restored, Err(StoreError::Locked(_))) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        restored = restore(&url, &file).await;
    }
    restored.unwrap();
    let db = Db::open(&url, QUICK).await.unwrap();
    assert_eq!(count(&db, "a").await, 2);

    // over a broken one, of which a log is left
    db.close().await;
    drop(db);
    let broken = folder_of(&url).join("broken.db");
    std::fs::write(&broken, "junk".repeat(2000)).unwrap();
    std::fs::write(folder_of(&url).join("broken.db-wal"), "junk").unwrap();
    let broken = format!("sqlite:{}", broken.display());
    restore(&broken, &file).await.unwrap();
    assert_eq!(
        count(&Db::open(&broken, QUICK).await.unwrap(), "a").await,
        2
    );

    // into a new place; never from what is no backup
    let fresh = format!("sqlite:{}", folder_of(&url).join("fresh.db").display());
    restore(&fresh, &file).await.unwrap();
    assert_eq!(count(&Db::open(&fresh, QUICK).await.unwrap(), "a").await, 2);
    let junk = folder_of(&url).join("junk");
    std::fs::write(&junk, "junk".repeat(2000)).unwrap();
    assert!(matches!(
        restore(&fresh, &junk).await.unwrap_err(),
        StoreError::Damaged(_)
    ));
    let other = folder_of(&url).join("other.db");
    let mut stranger = SqliteConnectOptions::new()
        .filename(&other)
        .create_if_missing(true)
        .connect()
        .await
        .unwrap();
    sqlx::raw_sql("CREATE TABLE x (y)")
        .execute(&mut stranger)
        .await
        .unwrap();
    stranger.close().await.unwrap();
    assert!(matches!(
        restore(&fresh, &other).await.unwrap_err(),
        StoreError::Damaged(_)
    ));
    let error = restore(&fresh, Path::new("/no/where")).await.unwrap_err();
    assert!(matches!(error, StoreError::CannotOpen(_)), "{error}");
}

fn folder_of(url: &str) -> &Path {
    Path::new(url.trim_start_matches("sqlite://"))
        .parent()
        .unwrap()
}

#[tokio::test]
async fn a_server_has_its_own_tools() {
    let scratch = Scratch::postgres().await;
    assert!(matches!(
        scratch.db.backup(Path::new("/tmp/x")).await.unwrap_err(),
        StoreError::Unsupported(_)
    ));
    assert!(matches!(
        restore(&scratch.url, Path::new("/tmp/x"))
            .await
            .unwrap_err(),
        StoreError::Unsupported(_)
    ));
    assert!(scratch.db.checkpoint().await.unwrap());
}

#[tokio::test]
async fn what_is_erased_is_gone_from_the_files() {
    let scratch = Scratch::sqlite().await;
    let folder = scratch.folder.as_ref().unwrap().path().to_owned();
    let planted = "PLANTED-13800138000";
    let found = || {
        let files = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        files
            .filter(|bytes| {
                bytes
                    .windows(planted.len())
                    .any(|window| window == planted.as_bytes())
            })
            .count()
    };
    count(&scratch.db, planted).await;
    assert_eq!(found(), 1, "in the log");
    assert!(scratch.db.checkpoint().await.unwrap());
    assert_eq!(found(), 1, "in the file");
    let mut tx = scratch.db.write().await.unwrap();
    heyan::store::purge::reset(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    assert!(scratch.db.checkpoint().await.unwrap());
    assert_eq!(found(), 0);
}
