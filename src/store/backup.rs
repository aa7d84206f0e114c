//! A consistent copy of the embedded database while it is in use, and the way back.

use std::path::Path;

use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{Db, Inner, Result, StoreError, sqlite};

const SERVER: StoreError = StoreError::Unsupported(
    "PostgreSQL has its own tools: back up with pg_dump, restore with pg_restore",
);

impl Db {
    /// Copies the database as it is now into a new file, readable for this user alone.
    ///
    /// # Errors
    /// `CannotOpen` when there is such a file, `Unsupported` on PostgreSQL, else those of the database.
    pub async fn backup(&self, to: &Path) -> Result<()> {
        let Inner::Sqlite(database) = &self.inner else {
            return Err(SERVER);
        };
        // a link that leads nowhere is somebody's too
        if to.symlink_metadata().is_ok() {
            return Err(StoreError::CannotOpen(format!(
                "{} exists already; name a new file",
                to.display()
            )));
        }
        sqlite::make_file(to)?;
        let mut source = open(database.path()).await?;
        let copied = copy(&mut source, to).await;
        if copied.is_err() {
            // a half-written copy must not pass for a backup
            let _ = std::fs::remove_file(to);
        }
        copied
    }
}

/// That the database is there: opening it would make an empty one, and that would be copied.
///
/// # Errors
/// `CannotOpen` where an embedded database has no file, `Url` for what names none.
pub fn exists(url: &str) -> Result<()> {
    let Some(path) = sqlite::path(url) else {
        return Ok(());
    };
    let path = path?;
    if path.is_file() {
        return Ok(());
    }
    Err(StoreError::CannotOpen(format!(
        "there is no file {}; name the database with --database-url",
        path.display()
    )))
}

/// Puts a backup in the place of the database that `url` names. What had been purged since is in it again: purge before
/// serving.
///
/// # Errors
/// `Locked` while anybody has the database open, `Damaged` for what is no backup, `NewerSchema` for one of a later heyan.
pub async fn restore(url: &str, from: &Path) -> Result<()> {
    let Some(path) = sqlite::path(url) else {
        return Err(SERVER);
    };
    let path = path?;
    if !from.is_file() {
        return Err(StoreError::CannotOpen(format!(
            "there is no file {}; name a backup",
            from.display()
        )));
    }
    let mut source = open(from).await?;
    check(&mut source, from).await?;
    sqlite::make_file(&path)?;
    take_down(&path).await?;
    let fresh = path.with_extension("restoring");
    let _ = std::fs::remove_file(&fresh);
    sqlite::make_file(&fresh)?;
    copy(&mut source, &fresh).await?;
    // what a broken database has left beside it must not be taken for the new one's
    for beside in ["-wal", "-shm", "-journal"] {
        let _ = std::fs::remove_file(format!("{}{beside}", path.display()));
    }
    std::fs::rename(&fresh, &path).map_err(|error| StoreError::file(&path, &error))?;
    sync_folder(&path)
}

/// What a backup's `meta` holds under names that begin so: name and value.
///
/// # Errors
/// It is no database of ours.
pub async fn marks(from: &Path, beginning: &str) -> Result<Vec<(String, String)>> {
    const MARKS: &str = "SELECT key, value FROM meta WHERE key >= $1 AND key < $1 || char(1114111)";
    let mut source = open(from).await?;
    let found = sqlx::query_as(MARKS).bind(beginning).fetch_all(&mut source);
    let found = found.await.map_err(|error| of(from, error))?;
    source.close().await?;
    Ok(found)
}

async fn open(path: &Path) -> Result<SqliteConnection> {
    let options = sqlite::options(path, std::time::Duration::from_secs(5));
    options.connect().await.map_err(|error| of(path, error))
}

/// An error that names the file it is about: the database has one too.
fn of(path: &Path, error: sqlx::Error) -> StoreError {
    match error.into() {
        StoreError::Damaged(what) => StoreError::Damaged(format!("{}: {what}", path.display())),
        error => error,
    }
}

async fn copy(source: &mut SqliteConnection, to: &Path) -> Result<()> {
    sqlx::query("VACUUM INTO $1")
        .bind(to.to_string_lossy())
        .execute(source)
        .await?;
    let file = std::fs::File::open(to).and_then(|file| file.sync_all());
    file.map_err(|error| StoreError::file(to, &error))?;
    sync_folder(to)
}

/// A file's name is on disk only once its folder is.
fn sync_folder(path: &Path) -> Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    std::fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| StoreError::file(folder, &error))
}

/// That the file is a whole database of ours.
async fn check(source: &mut SqliteConnection, from: &Path) -> Result<()> {
    let checked = sqlx::query_as("PRAGMA quick_check(1)").fetch_one(&mut *source);
    let (verdict,): (String,) = checked.await.map_err(|error| of(from, error))?;
    if verdict != "ok" {
        let what = format!("{}: {verdict}", from.display());
        return Err(StoreError::Damaged(what));
    }
    super::schema::admit_backup(source, from).await
}

/// Empties the write-ahead log into the file and makes sure that nobody has it open: SQLite leaves WAL mode for no less.
async fn take_down(path: &Path) -> Result<()> {
    let mut target = SqliteConnectOptions::new().filename(path).connect().await?;
    let left = sqlx::query("PRAGMA journal_mode = DELETE")
        .execute(&mut target)
        .await;
    target.close().await?;
    match left.map_err(StoreError::from) {
        Err(StoreError::Locked(_)) => Err(StoreError::Locked(format!(
            "{} is in use, stop heyan before restoring",
            path.display()
        ))),
        // what is there may be broken, which is why it is being replaced
        Ok(_) | Err(StoreError::Damaged(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
