//! `purge`: the retention applied now, without waiting for the jobs.

use super::{Failure, print};
use crate::flow::{Services, purge};

/// Erases the persons of all requests that are past their retention.
///
/// # Errors
/// What the database says.
pub async fn now(services: &Services) -> Result<(), Failure> {
    let purged = purge::purge(services).await?;
    print(&format!(
        "{purged} request(s) purged: names, phones, documents and their hashes are gone\n"
    ))
}
