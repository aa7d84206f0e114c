//! The embedded engine: one file in WAL mode, a pool of readers and one writer.

use std::{
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection, SqliteConnection, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::Mutex;

use super::{
    Engine, Options, StoreError,
    group_commit::{self, Flow, Writer},
    schema,
};

/// The open file.
#[derive(Clone)]
pub(super) struct Sqlite {
    path: Arc<Path>,
    /// Device and inode of the file that was opened.
    file: (u64, u64),
    readers: SqlitePool,
    writer: Arc<Mutex<Writer>>,
    patience: Duration,
}

/// A reader's snapshot, or a flow's turn at the writer.
pub enum SqliteTx {
    /// Sees what was committed when it first read.
    Reader(Transaction<'static, sqlx::Sqlite>),
    /// Sees its own writes too.
    Writer(Flow),
}

/// The file that a `sqlite:` URL names; `None`: another scheme.
pub(super) fn path(url: &str) -> Option<Result<PathBuf, StoreError>> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    Some(match path {
        "" | ":memory:" => Err(StoreError::Url("SQLite needs a file".into())),
        path if path.contains('?') => Err(StoreError::Url("SQLite takes no parameters".into())),
        path => Ok(path.into()),
    })
}

/// How a connection to the file behaves. `secure_delete`: what is erased is overwritten.
pub(super) fn options(path: &Path, patience: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(patience)
        .synchronous(SqliteSynchronous::Full)
        .statement_cache_capacity(256)
        .pragma("secure_delete", "ON")
}

impl Sqlite {
    pub(super) async fn open(path: PathBuf, wanted: Options) -> Result<Self, StoreError> {
        make_file(&path)?;
        let options = options(&path, wanted.patience);
        let mut writer = options
            .clone()
            .journal_mode(SqliteJournalMode::Wal)
            .connect()
            .await?;
        // one migrating process at a time; sqlx's own lock is for servers only
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        schema::migrate(Engine::Sqlite, &mut *tx).await?;
        // a file that cannot be written is opened all the same, and refuses only now
        sqlx::raw_sql("UPDATE meta SET value = value WHERE key = 'oldest_version'")
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(wanted.pool)
            .acquire_timeout(wanted.patience)
            .connect_with(options.pragma("query_only", "ON"))
            .await?;
        Ok(Self {
            file: identity(&path).ok_or_else(|| gone(&path))?,
            path: path.into(),
            readers,
            writer: Writer::new(writer),
            patience: wanted.patience,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    pub(super) async fn read(&self) -> Result<SqliteTx, StoreError> {
        Ok(SqliteTx::Reader(self.readers.begin().await?))
    }

    /// SQLite goes on writing to a file that has been deleted or replaced, and all of that would be lost.
    pub(super) fn is_there(&self) -> Result<(), StoreError> {
        if identity(&self.path) == Some(self.file) {
            Ok(())
        } else {
            Err(gone(&self.path))
        }
    }

    /// To be called on a task of its own: a caller who goes away must not stop it between two statements.
    pub(super) async fn write(&self) -> Result<SqliteTx, StoreError> {
        self.is_there()?;
        let begun = Flow::begin(self.writer.clone(), self.patience);
        Ok(SqliteTx::Writer(begun.await?))
    }

    pub(super) async fn checkpoint(&self) -> Result<bool, StoreError> {
        let mut idle = group_commit::idle(&self.writer).await;
        let (busy, _, _): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(idle.connection())
            .await?;
        Ok(busy == 0)
    }

    pub(super) async fn close(&self) {
        self.readers.close().await;
        // as good as done if it fails: the log is read at the next start
        let _ = self.checkpoint().await;
    }
}

impl SqliteTx {
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Reader(tx) => Ok(tx.commit().await?),
            Self::Writer(flow) => flow.commit().await,
        }
    }
}

impl Deref for SqliteTx {
    type Target = SqliteConnection;
    fn deref(&self) -> &SqliteConnection {
        match self {
            Self::Reader(tx) => tx,
            Self::Writer(flow) => flow,
        }
    }
}

impl DerefMut for SqliteTx {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match self {
            Self::Reader(tx) => tx,
            Self::Writer(flow) => flow,
        }
    }
}

/// Which file a path leads to, if to any.
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let file = std::fs::metadata(path).ok()?;
    Some((file.dev(), file.ino()))
}

fn gone(path: &Path) -> StoreError {
    StoreError::CannotOpen(format!(
        "{} was deleted or replaced while in use; put it back, or restart on the new one",
        path.display()
    ))
}

/// Makes the file where there is none, for this user alone; SQLite gives its log the same mode.
pub(super) fn make_file(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::OpenOptionsExt;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(StoreError::CannotOpen(format!(
            "there is no folder {}; create it, or name another file",
            folder.display()
        )));
    }
    if path.is_dir() {
        return Err(StoreError::CannotOpen(format!(
            "{} is a folder; name a file in it",
            path.display()
        )));
    }
    match std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
    {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(StoreError::file(path, &error)),
    }
}
