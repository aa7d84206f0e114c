//! The database: SQLite (embedded) or PostgreSQL, one SQL text for both. A flow begins a `Tx`, calls the table functions
//! of the modules below, and commits; what it does not commit is rolled back. Nothing here decides anything.

#![allow(
    clippy::missing_errors_doc,
    reason = "each function fails as the database does; what else it answers is said"
)]

pub mod audit;
mod backup;
pub mod captchas;
pub mod due;
mod error;
pub mod events;
pub mod filing_phones;
pub mod filing_requests;
mod group_commit;
pub mod idempotency;
pub mod imports;
pub mod limits;
pub mod meta;
pub mod outbox;
pub mod phone_carriers;
pub mod providers;
pub mod purge;
pub mod rotation;
mod schema;
pub mod sms_codes;
pub mod sms_parts;
mod sqlite;
pub mod staff;
pub mod statistics;
mod types;
pub mod verifications;
pub mod visitors;
pub mod webhooks;

use std::{future::Future, time::Duration};

use chrono::{DateTime, Utc};
use sqlx::{
    ConnectOptions, Connection, PgPool, Postgres,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{runtime::Handle, task::JoinHandle};

pub use self::{
    backup::{exists, marks, restore},
    error::StoreError,
    schema::Engine,
    sqlite::SqliteTx,
    types::Json,
};

/// An instant, in whole milliseconds.
pub(crate) type At = DateTime<Utc>;
/// What every function here answers.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Runs the same expression on whichever engine's connection the transaction has.
macro_rules! on {
    ($tx:expr, |$c:ident| $body:expr) => {
        match $tx {
            $crate::store::Tx::Sqlite(tx) => {
                let $c = &mut **tx;
                $body
            }
            $crate::store::Tx::Postgres(tx) => {
                let $c = &mut **tx;
                $body
            }
        }
    };
}

/// Runs a statement; how many rows it touched.
macro_rules! run {
    ($tx:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        on!($tx, |c| sqlx::query($sql)$(.bind($value))*.execute(c).await.map(|done| done.rows_affected()))
    };
}

/// All rows of a query, as the structs that the context asks for.
macro_rules! all {
    ($tx:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        on!($tx, |c| sqlx::query_as($sql)$(.bind($value))*.fetch_all(c).await)
    };
}

/// The row of a query, if there is one.
macro_rules! one {
    ($tx:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        on!($tx, |c| sqlx::query_as($sql)$(.bind($value))*.fetch_optional(c).await)
    };
}

/// The single value of a query that always has one row.
macro_rules! value {
    ($tx:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        on!($tx, |c| sqlx::query_scalar($sql)$(.bind($value))*.fetch_one(c).await)
    };
}
use {all, on, one, run, value};

/// How the database is held.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Connections at most: PostgreSQL's, SQLite's readers.
    pub pool: u32,
    /// How long a flow waits for a connection, the writer or a lock.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            pool: 10,
            patience: Duration::from_secs(5),
        }
    }
}

/// The database. Clones share it.
#[derive(Clone)]
pub struct Db {
    inner: Inner,
    /// Where it was opened. A web server's threads each have a runtime of their own, which ends with its thread: what must
    /// come to its end is not left to those.
    runtime: Handle,
}

#[derive(Clone)]
enum Inner {
    Sqlite(sqlite::Sqlite),
    Postgres(PgPool),
}

/// A transaction. Dropped without `commit`, it has not happened.
pub enum Tx {
    /// A reader's snapshot, or a flow's turn at the writer.
    Sqlite(SqliteTx),
    /// The server's transaction.
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Db {
    /// Opens and migrates; an SQLite file is made where there is none.
    ///
    /// # Errors
    /// Whatever stands in the way, with what to do about it; `NewerSchema` for a database of a later heyan.
    pub async fn open(url: &str, options: Options) -> Result<Self> {
        if let Some(path) = sqlite::path(url) {
            return Ok(Self::new(Inner::Sqlite(
                sqlite::Sqlite::open(path?, options).await?,
            )));
        }
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(StoreError::Url("unknown scheme".into()));
        }
        let connect = url
            .parse::<PgConnectOptions>()
            .map_err(|error| StoreError::Url(error.to_string()))?
            .application_name("heyan")
            .statement_cache_capacity(256);
        // a pool would only say that it timed out
        let silent = |_| StoreError::Unavailable("the server does not answer".into());
        let mut first = tokio::time::timeout(options.patience, connect.connect())
            .await
            .map_err(silent)??;
        schema::migrate(Engine::Postgres, &mut first).await?;
        first.close().await?;
        // the server's own net under the flows: none waits for a row for ever, none keeps a transaction open
        let connect = connect.options([
            ("lock_timeout", "5s"),
            ("idle_in_transaction_session_timeout", "60s"),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(options.pool)
            .acquire_timeout(options.patience)
            .connect_lazy_with(connect);
        Ok(Self::new(Inner::Postgres(pool)))
    }

    fn new(inner: Inner) -> Self {
        let runtime = Handle::current();
        Self { inner, runtime }
    }

    /// Runs a flow on a task that neither a gone browser nor the end of a server's thread cuts off.
    pub fn spawn<T: Send + 'static>(
        &self,
        flow: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.runtime.spawn(flow)
    }

    /// Which engine it is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self.inner {
            Inner::Sqlite(_) => Engine::Sqlite,
            Inner::Postgres(_) => Engine::Postgres,
        }
    }

    /// A snapshot of what is committed, to read from.
    pub async fn read(&self) -> Result<Tx> {
        match &self.inner {
            Inner::Sqlite(sqlite) => Ok(Tx::Sqlite(sqlite.read().await?)),
            Inner::Postgres(pool) => {
                self.begin(pool, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    .await
            }
        }
    }

    /// A transaction to write in. SQLite has one writer: keep it short, await nothing else inside.
    ///
    /// # Errors
    /// `Locked` when the writer is not free in time, `Unavailable` and the like.
    pub async fn write(&self) -> Result<Tx> {
        match &self.inner {
            Inner::Sqlite(sqlite) => {
                let sqlite = sqlite.clone();
                let begun = self.own(async move { sqlite.write().await }).await?;
                Ok(Tx::Sqlite(begun))
            }
            Inner::Postgres(pool) => {
                self.begin(pool, "BEGIN ISOLATION LEVEL READ COMMITTED")
                    .await
            }
        }
    }

    /// sqlx 0.9.0 leaves the connection inside its transaction when `begin` is dropped half-way.
    async fn begin(&self, pool: &PgPool, statement: &'static str) -> Result<Tx> {
        let pool = pool.clone();
        let begun = self.own(async move { Ok(pool.begin_with(statement).await?) });
        Ok(Tx::Postgres(begun.await?))
    }

    /// What must not be dropped half-way, or may open a connection: one that is opened on a server's thread breaks when
    /// that thread ends, under whoever gets it from the pool next.
    async fn own<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let stopping = |_| StoreError::Unavailable("the program is stopping".into());
        self.spawn(work).await.map_err(stopping)?
    }

    /// Answers if the database does.
    pub async fn ping(&self) -> Result<()> {
        self.database_now().await.map(drop)
    }

    /// The database's own clock: the server's, or this machine's for an embedded one.
    pub async fn database_now(&self) -> Result<At> {
        Ok(match &self.inner {
            Inner::Sqlite(sqlite) => {
                sqlite.is_there()?;
                sqlx::query_scalar("SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')")
                    .fetch_one(sqlite.readers())
                    .await?
            }
            Inner::Postgres(pool) => {
                let pool = pool.clone();
                let now = sqlx::query_scalar("SELECT clock_timestamp()");
                self.own(async move { Ok(now.fetch_one(&pool).await?) })
                    .await?
            }
        })
    }

    /// Whether all of this program's migrations have been applied.
    pub async fn is_up_to_date(&self) -> Result<bool> {
        match &self.inner {
            Inner::Sqlite(sqlite) => schema::is_up_to_date(sqlite.readers()).await,
            Inner::Postgres(pool) => {
                let pool = pool.clone();
                self.own(async move { schema::is_up_to_date(&pool).await })
                    .await
            }
        }
    }

    /// Writes what was erased out of the write-ahead log as well; false if a reader stood in the way.
    pub async fn checkpoint(&self) -> Result<bool> {
        match &self.inner {
            Inner::Sqlite(sqlite) => sqlite.checkpoint().await,
            Inner::Postgres(_) => Ok(true),
        }
    }

    /// Ends the open batch and all idle connections.
    pub async fn close(&self) {
        match &self.inner {
            Inner::Sqlite(sqlite) => sqlite.close().await,
            Inner::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    /// Makes it durable.
    ///
    /// # Errors
    /// `Conflict`, or what kept it from the disk; it has not happened then.
    pub async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => Ok(tx.commit().await?),
        }
    }
}
