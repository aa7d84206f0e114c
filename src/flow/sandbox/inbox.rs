//! The inbox: what the sandbox's gateway accepted, read from the sealed rows of the outbox.

use chrono::{DateTime, Utc};

use super::super::{Result, Services, hashes, message::Message};
use crate::{
    domain::{
        message::{SmsState, state},
        phone::Phone,
        text::redacted_debug,
    },
    store::outbox,
};

/// An SMS that was sent.
#[derive(Clone)]
pub struct InboxMessage {
    /// Phone, sender, text, code and link.
    pub message: Message,
    /// When the gateway accepted it.
    pub sent_at: DateTime<Utc>,
    /// How far it is.
    pub state: SmsState,
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
    let mut message = Message::open(&services.keys, row.id, &row.sealed)?;
    let sender = message.sender_by(row.carrier).to_owned();
    message.sender = sender;
    let (accepted_at, now) = (row.accepted_at, services.clock.now());
    Ok(InboxMessage {
        message,
        sent_at: accepted_at,
        state: state(SmsState::Accepted, Some(accepted_at), row.receipt, now),
    })
}
