//! The two schemas are the same: tables, columns, keys and indexes.

use std::collections::BTreeSet;

use heyan::store::{Db, Options, Tx};
use sqlx::AssertSqlSafe;

use super::{Scratch, on_both};

/// Rows of texts, from a statement of each engine's own.
async fn texts(tx: &mut Tx, sqlite: &'static str, postgres: &'static str) -> BTreeSet<Vec<String>> {
    use sqlx::Row;
    let split = |line: String| line.split('|').map(str::to_owned).collect();
    match tx {
        Tx::Sqlite(tx) => sqlx::raw_sql(sqlite)
            .fetch_all(&mut **tx)
            .await
            .unwrap()
            .into_iter()
            .map(|row| split(row.get(0)))
            .collect(),
        Tx::Postgres(tx) => sqlx::raw_sql(postgres)
            .fetch_all(&mut **tx)
            .await
            .unwrap()
            .into_iter()
            .map(|row| split(row.get(0)))
            .collect(),
    }
}

/// The names of all tables of ours.
pub async fn tables(tx: &mut Tx) -> Vec<String> {
    let tables = texts(
        tx,
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('sqlite_sequence', '_sqlx_migrations')",
        "SELECT table_name::text FROM information_schema.tables \
         WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'",
    )
    .await;
    tables.into_iter().flatten().collect()
}

/// How many rows a table has.
pub async fn rows(tx: &mut Tx, table: &str) -> i64 {
    let count = AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
    match tx {
        Tx::Sqlite(tx) => sqlx::query_scalar(count)
            .fetch_one(&mut **tx)
            .await
            .unwrap(),
        Tx::Postgres(tx) => sqlx::query_scalar(count)
            .fetch_one(&mut **tx)
            .await
            .unwrap(),
    }
}

/// `table|column|type as SQLite has it|may be null`.
async fn columns(tx: &mut Tx) -> BTreeSet<Vec<String>> {
    texts(
        tx,
        "SELECT t.name || '|' || c.name || '|' || c.type || '|' || iif(c.\"notnull\" OR c.type = 'INTEGER' AND c.pk, 'NO', 'YES') \
         FROM sqlite_master t, pragma_table_info(t.name) c \
         WHERE t.type = 'table' AND t.name NOT IN ('sqlite_sequence', '_sqlx_migrations')",
        "SELECT table_name || '|' || column_name || '|' || CASE data_type WHEN 'text' THEN 'TEXT' \
         WHEN 'timestamp with time zone' THEN 'TEXT' WHEN 'bytea' THEN 'BLOB' WHEN 'uuid' THEN 'BLOB' \
         WHEN 'bigint' THEN 'INTEGER' WHEN 'boolean' THEN 'INTEGER' ELSE data_type END || '|' || is_nullable \
         FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'",
    )
    .await
}

/// `table|name where we gave one|unique|columns|condition of a partial one`.
async fn indexes(tx: &mut Tx) -> BTreeSet<Vec<String>> {
    let mut found = texts(
        tx,
        "SELECT t.name || '|' || iif(i.origin = 'c', i.name, '') || '|' || i.\"unique\" || '|' || \
         (SELECT group_concat(name, ',') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)) || '|' || \
         iif(i.partial, (SELECT substr(sql, instr(sql, ' WHERE ') + 7) FROM sqlite_master WHERE name = i.name), '') \
         FROM sqlite_master t, pragma_index_list(t.name) i WHERE t.type = 'table' AND t.name <> '_sqlx_migrations'",
        "SELECT t.relname || '|' || CASE WHEN k.oid IS NULL THEN i.relname ELSE '' END || '|' || x.indisunique::int || '|' || \
         (SELECT string_agg(a.attname, ',' ORDER BY n.place) FROM unnest(x.indkey::int[]) WITH ORDINALITY n(number, place) \
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = n.number) || '|' || \
         coalesce(translate(replace(pg_get_expr(x.indpred, t.oid), '::text', ''), '()', ''), '') \
         FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid \
         JOIN pg_namespace s ON s.oid = t.relnamespace LEFT JOIN pg_constraint k ON k.conindid = i.oid AND k.contype IN ('p', 'u') \
         WHERE s.nspname = 'public' AND t.relname <> '_sqlx_migrations'",
    )
    .await;
    // SQLite's INTEGER PRIMARY KEY is the row's own number and has no index
    for (table, column) in [
        ("events", "id"),
        ("event_chain", "position"),
        ("unchained_events", "event_id"),
    ] {
        found.insert([table, "", "1", column, ""].map(str::to_owned).into());
    }
    found
}

/// `table|column|table referred to`.
async fn references(tx: &mut Tx) -> BTreeSet<Vec<String>> {
    texts(
        tx,
        "SELECT t.name || '|' || f.\"from\" || '|' || f.\"table\" \
         FROM sqlite_master t, pragma_foreign_key_list(t.name) f WHERE t.type = 'table'",
        "SELECT t.relname || '|' || a.attname || '|' || r.relname FROM pg_constraint k \
         JOIN pg_class t ON t.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid \
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.conkey[1] WHERE k.contype = 'f'",
    )
    .await
}

#[tokio::test]
async fn twins() {
    let (sqlite, postgres) = (Scratch::sqlite().await, Scratch::postgres().await);
    let (mut one, mut other) = (
        sqlite.db.read().await.unwrap(),
        postgres.db.read().await.unwrap(),
    );
    let tables = tables(&mut one).await;
    assert!(tables.len() > 12);
    assert_eq!(tables, super::schema::tables(&mut other).await);
    assert_eq!(columns(&mut one).await, columns(&mut other).await);
    assert_eq!(indexes(&mut one).await, indexes(&mut other).await);
    assert_eq!(references(&mut one).await, references(&mut other).await);
}

on_both! {
    async fn a_fresh_database_is_up_to_date(db) {
        assert!(db.is_up_to_date().await.unwrap());
        db.ping().await.unwrap();
        let off = db.database_now().await.unwrap() - heyan::clock::Clock::system().now();
        assert!(off.num_seconds().abs() < 5);
    }
}

/// Several programs may start at the same time.
async fn open_at_once(url: &str) {
    let opening: Vec<_> = (0..4)
        .map(|_| {
            let url = url.to_owned();
            tokio::spawn(async move { Db::open(&url, Options::default()).await.map(drop) })
        })
        .collect();
    for open in opening {
        open.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn four_open_a_new_file_at_once() {
    let folder = tempfile::tempdir().unwrap();
    open_at_once(&format!(
        "sqlite:{}",
        folder.path().join("new.db").display()
    ))
    .await;
}

#[tokio::test]
async fn four_open_a_new_server_database_at_once() {
    let server = crate::pg::Database::new().await;
    open_at_once(&server.url).await;
}
