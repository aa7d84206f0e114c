//! `backup` and `restore`, of an embedded database.

use std::path::Path;

use super::{Failure, print};
use crate::store::{self, Db};

/// Copies the database as it is now.
///
/// # Errors
/// There is such a file already, it cannot be written, or the database is a server's.
pub async fn backup(db: &Db, file: &Path) -> Result<(), Failure> {
    db.backup(file).await?;
    print(&format!(
        "copied to {}; it cannot be read without the keys, which are kept elsewhere\n",
        file.display()
    ))
}

/// Puts a backup in the database's place.
///
/// # Errors
/// No backup of ours, a newer one, a database in use or a server's.
pub async fn restore(url: &str, file: &Path) -> Result<(), Failure> {
    store::restore(url, file).await?;
    print(&format!("restored from {}\n", file.display()))
}
