//! The inbox: what the sandbox's gateway accepted, read from the sealed rows of the outbox.

use chrono::{DateTime, Utc};

use super::super::{Result, Services, hashes, message::Message};
use crate::{
    domain::{phone::Phone, text::redacted_debug},
    store::outbox,
};

/// An SMS that was sent.
#[derive(Clone)]
pub struct InboxMessage {
    /// Phone, sender, text, code and link.
    pub message: Message,
    /// When the gateway accepted it.
    pub sent_at: DateTime<Utc>,
}

redacted_debug!(InboxMessage);

/// The newest messages, newest first.
///
/// # Errors
/// What the database says; `Key` or `Corrupt`: a message does not open.
pub async fn inbox(services: &Services, limit: i64) -> Result<Vec<InboxMessage>> {
    let mut tx = services.db.read().await?;
    let rows = outbox::inbox(&mut tx, limit).await?;
    drop(tx);
    rows.iter().map(|row| open(services, row)).collect()
}

/// The same of one phone.
///
/// # Errors
/// As `inbox`.
pub async fn inbox_of_phone(
    services: &Services,
    phone: &Phone,
    limit: i64,
) -> Result<Vec<InboxMessage>> {
    let mut tx = services.db.read().await?;
    let mut rows = Vec::new();
    // under each key: they may be rotated while it runs
    for hash in hashes::phones(&services.keys, phone) {
        rows.extend(outbox::inbox_of_phone(&mut tx, &hash.value, limit).await?);
    }
    drop(tx);
    rows.sort_by_key(|row| std::cmp::Reverse((row.accepted_at, row.id)));
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    rows.iter().map(|row| open(services, row)).collect()
}

fn open(services: &Services, row: &outbox::InboxRow) -> Result<InboxMessage> {
    Ok(InboxMessage {
        message: Message::open(&services.keys, row.id, &row.sealed)?,
        sent_at: row.accepted_at,
    })
}
