//! What can go wrong with the database, and for each how to mend it. Never holds a value that was bound.

use std::{path::Path, sync::Arc};

use sqlx::error::DatabaseError;

/// Why a database operation did not happen. `Display` is one line that says what and how to mend it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Somebody else changed the same request in the meantime; start the flow again.
    #[error("changed by somebody else at the same moment; try again")]
    Conflict,
    /// Another process, or a long flow, holds the database's lock.
    #[error("the database is locked: {0}; end the other program that has it open, or try again")]
    Locked(String),
    /// The server cannot be reached, or is stopping, or has no connection left.
    #[error(
        "the database cannot be reached: {0}; check that it is running and that database_url is right"
    )]
    Unavailable(String),
    /// Nothing can be written.
    #[error(
        "the database is read-only: {0}; make the file and its folder writable for this user, or use the primary server"
    )]
    ReadOnly(String),
    /// No such file, folder, database or user.
    #[error("the database cannot be opened: {0}")]
    CannotOpen(String),
    /// No space left.
    #[error("no space left for the database: {0}; make room on its disk")]
    Full(String),
    /// The file is none of SQLite's, or broken.
    #[error(
        "the database file is damaged or no database: {0}; restore a backup (heyan restore FILE)"
    )]
    Damaged(String),
    /// The schema belongs to a newer heyan.
    #[error("this database needs heyan {wants} or newer, this is {have}; install the newer one")]
    NewerSchema {
        /// The oldest version that can run on it.
        wants: String,
        /// This program's version.
        have: String,
    },
    /// This engine cannot do it.
    #[error("{0}")]
    Unsupported(&'static str),
    /// A row does not hold what the program ever writes.
    #[error("a row of the database is corrupt: {0}; restore a backup, or report this as a bug")]
    Corrupt(String),
    /// `database_url` is not understood.
    #[error(
        "database_url is not understood: {0}; write sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME"
    )]
    Url(String),
    /// The schema could not be brought up to date.
    #[error("the database could not be migrated: {0}")]
    Migrate(String),
    /// Anything else; most likely a bug.
    #[error("database error: {0}")]
    Database(Arc<sqlx::Error>),
}

impl StoreError {
    /// The flow may be started again from the beginning.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict)
    }

    /// Nothing is wrong with the call: the database cannot serve now (503).
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(
            self,
            Self::Locked(_)
                | Self::Unavailable(_)
                | Self::ReadOnly(_)
                | Self::CannotOpen(_)
                | Self::Full(_)
        )
    }

    /// A file operation on the database file at `path` failed.
    pub(super) fn file(path: &Path, error: &std::io::Error) -> Self {
        let text = format!("{}: {error}", path.display());
        match error.kind() {
            std::io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly(text),
            std::io::ErrorKind::StorageFull => Self::Full(text),
            _ => Self::CannotOpen(text),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match error {
            E::Database(ref inner) => {
                let known =
                    if let Some(sqlite) = inner.try_downcast_ref::<sqlx::sqlite::SqliteError>() {
                        sqlite_error(sqlite)
                    } else {
                        postgres_error(&**inner)
                    };
                known.unwrap_or_else(|| Self::Database(Arc::new(error)))
            }
            E::Io(error) => Self::Unavailable(error.to_string()),
            E::Tls(error) => Self::Unavailable(format!("TLS: {error}")),
            E::PoolTimedOut => Self::Unavailable("no connection to be had in time".into()),
            E::PoolClosed => Self::Unavailable("the program is stopping".into()),
            E::WorkerCrashed => Self::Unavailable("its thread has ended".into()),
            E::BeginFailed => Self::Unavailable("a transaction could not be begun".into()),
            E::ColumnDecode { index, source } => Self::Corrupt(format!("column {index}: {source}")),
            E::Decode(source) => Self::Corrupt(source.to_string()),
            E::ColumnNotFound(column) => Self::Corrupt(format!("no column {column}")),
            other => Self::Database(Arc::new(other)),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError as E;
        match error {
            E::Execute(error) | E::ExecuteMigration(error, _) => match Self::from(error) {
                Self::Database(error) => Self::Migrate(error.to_string()),
                known => known,
            },
            other => Self::Migrate(other.to_string()),
        }
    }
}

/// By SQLite's primary result code (the low byte of the extended one).
fn sqlite_error(error: &sqlx::sqlite::SqliteError) -> Option<StoreError> {
    let code: i32 = error.code()?.parse().ok()?;
    let text = error.message().to_owned();
    Some(match code & 0xff {
        5 | 6 => StoreError::Locked(text),
        8 => StoreError::ReadOnly(text),
        10 => StoreError::Unavailable(text),
        11 | 26 => StoreError::Damaged(text),
        13 => StoreError::Full(text),
        14 => StoreError::CannotOpen(format!("{text}; check the path and its folder")),
        _ => return None,
    })
}

/// By SQLSTATE.
fn postgres_error(error: &dyn DatabaseError) -> Option<StoreError> {
    let code = error.code()?;
    let text = error.message().to_owned();
    Some(match &*code {
        // serialization failure, deadlock
        "40001" | "40P01" => StoreError::Conflict,
        // lock_timeout has run out: to begin again would wait as long again
        "55P03" => StoreError::Locked(text),
        "25006" => StoreError::ReadOnly(text),
        "53100" => StoreError::Full(text),
        // no such database
        "3D000" => StoreError::CannotOpen(format!("{text}; create it first (createdb)")),
        state if state.starts_with("28") => {
            StoreError::CannotOpen(format!("{text}; check user and password"))
        }
        // connection exceptions, insufficient resources, operator intervention, ended by idle_in_transaction_session_timeout
        state if ["08", "53", "57"].contains(&&state[..2]) || state == "25P03" => {
            StoreError::Unavailable(text)
        }
        _ => return None,
    })
}
