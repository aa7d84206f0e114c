//! Transactions: group commit, one that rolls back, a commit that fails, flows cut off at any point.

use std::time::Duration;

use heyan::store::{Db, StoreError, Tx, limits, visitors};

use super::{Scratch, at, on_both};
use crate::pg;

async fn raw(tx: &mut Tx, sql: &'static str) -> Result<(), sqlx::Error> {
    match tx {
        Tx::Sqlite(tx) => sqlx::raw_sql(sql).execute(&mut **tx).await.map(drop),
        Tx::Postgres(tx) => sqlx::raw_sql(sql).execute(&mut **tx).await.map(drop),
    }
}

async fn pages(db: &Db) -> Vec<String> {
    let mut tx = db.read().await.unwrap();
    let mut pages: Vec<_> = visitors::all(&mut tx)
        .await
        .unwrap()
        .into_iter()
        .map(|(page, _)| page)
        .collect();
    pages.sort();
    pages
}

/// On one thread, a task just spawned comes to its first wait, the writer's line, before its turn comes round again.
async fn until_it_queues() {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

on_both! {
    async fn sixty_four_writers_and_one_that_gives_up(db) {
        let writer = |n: usize| {
            let db = db.clone();
            tokio::spawn(async move {
                let page = format!("{n:02}");
                let mut tx = db.write().await.unwrap();
                visitors::add(&mut tx, &page, 1).await.unwrap();
                limits::count(&mut tx, &[u8::try_from(n).unwrap()], at(9)).await.unwrap();
                if n % 8 == 5 {
                    drop(tx);
                } else {
                    tx.commit().await.unwrap();
                    // told only once it is there for everybody
                    let mut tx = db.read().await.unwrap();
                    assert!(visitors::all(&mut tx).await.unwrap().contains(&(page, 1)));
                }
            })
        };
        for writer in (0..64).map(writer).collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        let expected: Vec<_> = (0..64).filter(|n| n % 8 != 5).map(|n| format!("{n:02}")).collect();
        assert_eq!(pages(db).await, expected);
    }

    async fn nothing_is_seen_before_the_commit(db) {
        let mut tx = db.write().await.unwrap();
        visitors::add(&mut tx, "a", 1).await.unwrap();
        assert!(pages(db).await.is_empty());
        tx.commit().await.unwrap();
        assert_eq!(pages(db).await, ["a"]);
    }

    /// A web server's threads each have a runtime of their own, which ends with its thread: a connection that was opened
    /// there would break under whoever has it then.
    async fn a_connection_outlives_the_thread_that_asked_first(db) {
        let (opened, seen) = tokio::sync::oneshot::channel();
        let (end, ending) = tokio::sync::oneshot::channel::<()>();
        let asker = db.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                asker.ping().await.unwrap();
                assert!(asker.is_up_to_date().await.unwrap());
                asker.read().await.unwrap().commit().await.unwrap();
                opened.send(()).unwrap();
                ending.await.unwrap();
            });
        });
        seen.await.unwrap();
        let mut tx = db.read().await.unwrap();
        end.send(()).unwrap();
        thread.join().unwrap();
        assert_eq!(visitors::all(&mut tx).await.unwrap(), []);
    }

    async fn a_reader_keeps_its_snapshot(db) {
        let mut reader = db.read().await.unwrap();
        assert!(visitors::all(&mut reader).await.unwrap().is_empty());
        let mut tx = db.write().await.unwrap();
        visitors::add(&mut tx, "a", 1).await.unwrap();
        tx.commit().await.unwrap();
        assert!(visitors::all(&mut reader).await.unwrap().is_empty());
        assert!(visitors::add(&mut reader, "b", 1).await.is_err());
        reader.commit().await.unwrap_or(());
        assert_eq!(pages(db).await, ["a"]);
    }

    async fn a_statement_that_fails_spoils_its_own_flow_only(db) {
        let mut before = db.write().await.unwrap();
        visitors::add(&mut before, "before", 1).await.unwrap();
        let before = tokio::spawn(before.commit());
        let mut tx = db.write().await.unwrap();
        visitors::add(&mut tx, "lost", 1).await.unwrap();
        raw(&mut tx, "INSERT INTO visitors (page, count) VALUES ('lost', 2)").await.unwrap_err();
        drop(tx);
        let mut after = db.write().await.unwrap();
        visitors::add(&mut after, "after", 1).await.unwrap();
        after.commit().await.unwrap();
        before.await.unwrap().unwrap();
        assert_eq!(pages(db).await, ["after", "before"]);
    }

    async fn flows_cut_off_at_random_leave_the_database_usable(db) {
        let flow = |n: u64| {
            let db = db.clone();
            async move {
                let mut tx = db.write().await?;
                visitors::add(&mut tx, &format!("a{n}"), 1).await?;
                visitors::add(&mut tx, &format!("b{n}"), 1).await?;
                tx.commit().await
            }
        };
        let cut: Vec<_> = (0..300)
            .map(|n| {
                let wait = Duration::from_micros((n * 7919) % 30_000);
                tokio::spawn(tokio::time::timeout(wait, flow(n)))
            })
            .collect();
        for flow in cut {
            let _ = flow.await.unwrap();
        }
        flow(999).await.unwrap();
        // each is there whole or not at all
        let pages = pages(db).await;
        let (a, b): (Vec<_>, Vec<_>) = pages.iter().partition(|page| page.starts_with('a'));
        assert_eq!(
            a.iter().map(|page| &page[1..]).collect::<Vec<_>>(),
            b.iter().map(|page| &page[1..]).collect::<Vec<_>>()
        );
        assert!(pages.contains(&"a999".to_owned()));
    }
}

#[tokio::test]
async fn a_commit_that_fails_fails_for_all_of_its_batch() {
    let scratch = Scratch::sqlite().await;
    let db = &scratch.db;
    let mut good = db.write().await.unwrap();
    visitors::add(&mut good, "good", 1).await.unwrap();
    let (good_db, mut bad) = (db.clone(), db.clone());
    // the second flow queues before the first commits, so both are in one batch
    let second = tokio::spawn(async move {
        let mut tx = bad.write().await.unwrap();
        raw(&mut tx, "PRAGMA defer_foreign_keys = ON")
            .await
            .unwrap();
        raw(&mut tx, "INSERT INTO provider_keys (hash, key_id, provider_id, created_at) VALUES (x'00', 'k', x'00', 'x')")
            .await
            .unwrap();
        bad = good_db;
        drop(bad);
        tx.commit().await
    });
    until_it_queues().await;
    let first = good.commit().await.unwrap_err();
    let second = second.await.unwrap().unwrap_err();
    assert!(
        matches!(first, StoreError::Database(_)) && matches!(second, StoreError::Database(_)),
        "{first} {second}"
    );
    assert!(pages(db).await.is_empty());
    let mut tx = db.write().await.unwrap();
    visitors::add(&mut tx, "next", 1).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(pages(db).await, ["next"]);
}

#[tokio::test]
async fn a_full_disk() {
    let scratch = Scratch::sqlite().await;
    let db = &scratch.db;
    let mut first = db.write().await.unwrap();
    visitors::add(&mut first, "first", 1).await.unwrap();
    let queued = db.clone();
    let second = tokio::spawn(async move {
        let mut tx = queued.write().await.unwrap();
        raw(&mut tx, "PRAGMA max_page_count = 1").await.unwrap();
        let error = visitors::add(&mut tx, &"long".repeat(10_000), 1)
            .await
            .unwrap_err();
        assert!(
            matches!(error, StoreError::Full(_)) && error.is_unavailable(),
            "{error}"
        );
    });
    until_it_queues().await;
    // it was on disk, or it was told that it is not
    let kept = if first.commit().await.is_ok() {
        vec!["first"]
    } else {
        vec![]
    };
    second.await.unwrap();
    assert_eq!(pages(db).await, kept);
    let mut tx = db.write().await.unwrap();
    raw(&mut tx, "PRAGMA max_page_count = 100000")
        .await
        .unwrap();
    visitors::add(&mut tx, "next", 1).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(pages(db).await.last().unwrap(), "next");
}

#[tokio::test]
async fn a_transaction_that_sqlite_itself_ended_is_noticed() {
    let scratch = Scratch::sqlite().await;
    let db = &scratch.db;
    let mut first = db.write().await.unwrap();
    visitors::add(&mut first, "first", 1).await.unwrap();
    let queued = db.clone();
    let second = tokio::spawn(async move {
        let mut tx = queued.write().await.unwrap();
        // as on a full disk
        raw(&mut tx, "ROLLBACK").await.unwrap();
        drop(tx);
    });
    until_it_queues().await;
    assert!(first.commit().await.is_err());
    second.await.unwrap();
    let mut tx = db.write().await.unwrap();
    visitors::add(&mut tx, "next", 1).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(pages(db).await, ["next"]);
}

/// Begins are dropped at each of their waits in turn.
#[tokio::test(flavor = "multi_thread")]
async fn no_server_connection_stays_in_a_transaction() {
    const NONE_LEFT: &str = "SELECT NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() \
        AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%')";
    let scratch = Scratch::postgres().await;
    for round in 0..40 {
        let mut begin = Box::pin(scratch.db.write());
        for _ in 0..round % 8 {
            // something happens between two polls, such as the server's answer
            if futures_util::poll!(&mut begin).is_ready() {
                break;
            }
            tokio::time::sleep(Duration::from_micros(300 * (round / 8))).await;
        }
        drop(begin);
        // what was begun ends by itself, sooner or later; what stays would stay
        assert!(pg::becomes(&scratch.url, NONE_LEFT).await, "round {round}");
    }
}
