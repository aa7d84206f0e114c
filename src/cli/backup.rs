//! `backup` and `restore`, of an embedded database.

use std::path::Path;

use super::{Failure, print};
use crate::{
    flow::{Services, purge},
    store::{self, Db},
};

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
    Ok(store::restore(url, file).await?)
}

/// What had been erased since the backup is in it again: erases it, before anybody is served.
///
/// # Errors
/// What the database says. The backup is in its place all the same.
pub async fn purge_restored(
    services: Result<Services, Failure>,
    file: &Path,
) -> Result<(), Failure> {
    let purged = match services {
        Ok(services) => {
            let purged = purge::purge(&services).await;
            services.db.close().await;
            purged.map_err(Failure::from)
        }
        Err(failure) => Err(failure),
    };
    let file = file.display();
    match purged {
        Ok(purged) => print(&format!(
            "restored from {file}; {purged} request(s) past their retention purged\n"
        )),
        Err(failure) => Err(Failure::Work(format!(
            "restored from {file}, but what had been erased since stands there again: run heyan purge before it serves. \
             Why it was not done: {failure}"
        ))),
    }
}
