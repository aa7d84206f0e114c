//! Walking what is sealed or hashed, by primary key and in bounded batches, so that keys are rotated while flows run:
//! a value is replaced only if it is still the one that was read.

use uuid::Uuid;

use super::{Json, Result, StoreError, Tx, all, on, run, value};
use crate::domain::ids::{RequestId, VerificationId};

/// The columns that hold sealed values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedColumn {
    /// `filing_requests.content`
    RequestContent,
    /// `verifications.person`
    VerificationPerson,
    /// `sms_messages.sealed`
    Message,
    /// `captcha_uses.result`
    CaptchaResult,
    /// `webhook_secrets.sealed`
    WebhookSecret,
    /// `webhook_deliveries.sealed`
    WebhookDelivery,
    /// `staff.totp`
    StaffTotp,
    /// `staff_sessions.client`
    StaffClient,
}

/// A sealed value and the primary key of its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRow {
    /// The primary key's bytes.
    pub row: Vec<u8>,
    /// The sealed value.
    pub sealed: Vec<u8>,
}

/// A verification whose hashes stand under another key than the index key.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct HashedRow {
    /// Its identifier.
    pub id: VerificationId,
    /// Its request, whose content has the documents.
    pub request_id: RequestId,
    /// Sealed `{phone, name}`.
    pub person: Option<Vec<u8>>,
    /// JSON pointers to the principals.
    pub principals: Json<Vec<String>>,
    /// The key of the phone's hash.
    pub phone_key: String,
    /// The key of the tail's hash.
    pub tail_key: String,
}

/// The statements about one sealed column: the next batch, and the replacement.
macro_rules! statements {
    ($table:literal, $column:literal, $key:literal) => {
        (
            concat!(
                "SELECT ",
                $key,
                ", ",
                $column,
                " FROM ",
                $table,
                " WHERE ",
                $key,
                " > $1 AND ",
                $column,
                " IS NOT NULL ORDER BY ",
                $key,
                " LIMIT $2"
            ),
            concat!(
                "UPDATE ",
                $table,
                " SET ",
                $column,
                " = $3 WHERE ",
                $key,
                " = $1 AND ",
                $column,
                " = $2"
            ),
        )
    };
}

impl SealedColumn {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::RequestContent,
        Self::VerificationPerson,
        Self::Message,
        Self::CaptchaResult,
        Self::WebhookSecret,
        Self::WebhookDelivery,
        Self::StaffTotp,
        Self::StaffClient,
    ];

    /// The table's name, part of what a value is sealed for.
    #[must_use]
    pub const fn table(self) -> &'static str {
        match self {
            Self::RequestContent => "filing_requests",
            Self::VerificationPerson => "verifications",
            Self::Message => "sms_messages",
            Self::CaptchaResult => "captcha_uses",
            Self::WebhookSecret => "webhook_secrets",
            Self::WebhookDelivery => "webhook_deliveries",
            Self::StaffTotp => "staff",
            Self::StaffClient => "staff_sessions",
        }
    }

    /// The column's name, part of what a value is sealed for.
    #[must_use]
    pub const fn column(self) -> &'static str {
        match self {
            Self::RequestContent => "content",
            Self::VerificationPerson => "person",
            Self::CaptchaResult => "result",
            Self::StaffTotp => "totp",
            Self::StaffClient => "client",
            Self::Message | Self::WebhookSecret | Self::WebhookDelivery => "sealed",
        }
    }

    const fn statements(self) -> (&'static str, &'static str) {
        match self {
            Self::RequestContent => statements!("filing_requests", "content", "id"),
            Self::VerificationPerson => statements!("verifications", "person", "id"),
            Self::Message => statements!("sms_messages", "sealed", "id"),
            Self::CaptchaResult => statements!("captcha_uses", "result", "id_hash"),
            Self::WebhookSecret => statements!("webhook_secrets", "sealed", "id"),
            Self::WebhookDelivery => statements!("webhook_deliveries", "sealed", "id"),
            Self::StaffTotp => statements!("staff", "totp", "id"),
            Self::StaffClient => statements!("staff_sessions", "client", "id"),
        }
    }

    /// All but one table have a UUID for a key.
    const fn keyed_by_hash(self) -> bool {
        matches!(self, Self::CaptchaResult)
    }
}

/// The next sealed values after a row (empty: from the first).
pub async fn sealed_after(
    tx: &mut Tx,
    column: SealedColumn,
    after: &[u8],
    limit: i64,
) -> Result<Vec<SealedRow>> {
    let (next, _) = column.statements();
    let rows: Vec<(Vec<u8>, Vec<u8>)> = if column.keyed_by_hash() {
        all!(tx, next, after, limit)?
    } else {
        let after = if after.is_empty() {
            Uuid::nil()
        } else {
            uuid(after)?
        };
        let rows: Vec<(Uuid, Vec<u8>)> = all!(tx, next, after, limit)?;
        rows.into_iter()
            .map(|(id, sealed)| (id.into_bytes().into(), sealed))
            .collect()
    };
    Ok(rows
        .into_iter()
        .map(|(row, sealed)| SealedRow { row, sealed })
        .collect())
}

/// How many sealed values a column has. Reads the whole table.
pub async fn sealed_count(tx: &mut Tx, column: SealedColumn) -> Result<i64> {
    Ok(match column {
        SealedColumn::RequestContent => value!(tx, "SELECT COUNT(content) FROM filing_requests")?,
        SealedColumn::VerificationPerson => value!(tx, "SELECT COUNT(person) FROM verifications")?,
        SealedColumn::Message => value!(tx, "SELECT COUNT(sealed) FROM sms_messages")?,
        SealedColumn::CaptchaResult => value!(tx, "SELECT COUNT(result) FROM captcha_uses")?,
        SealedColumn::WebhookSecret => value!(tx, "SELECT COUNT(sealed) FROM webhook_secrets")?,
        SealedColumn::WebhookDelivery => {
            value!(tx, "SELECT COUNT(sealed) FROM webhook_deliveries")?
        }
        SealedColumn::StaffTotp => value!(tx, "SELECT COUNT(totp) FROM staff")?,
        SealedColumn::StaffClient => value!(tx, "SELECT COUNT(client) FROM staff_sessions")?,
    })
}

/// Replaces a sealed value; false: it is no longer `old`.
pub async fn reseal(
    tx: &mut Tx,
    column: SealedColumn,
    row: &[u8],
    old: &[u8],
    new: &[u8],
) -> Result<bool> {
    let (_, replace) = column.statements();
    let done = if column.keyed_by_hash() {
        run!(tx, replace, row, old, new)?
    } else {
        run!(tx, replace, uuid(row)?, old, new)?
    };
    Ok(done == 1)
}

fn uuid(bytes: &[u8]) -> Result<Uuid> {
    Uuid::from_slice(bytes).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// The next unpurged verifications whose phone or tail is not hashed under the index key.
pub async fn hashed_after(
    tx: &mut Tx,
    index_key: &str,
    after: Option<VerificationId>,
    limit: i64,
) -> Result<Vec<HashedRow>> {
    const NEXT: &str = "SELECT id, request_id, person, principals, phone_key, tail_key FROM verifications \
        WHERE id > $1 AND phone_hash IS NOT NULL AND (phone_key <> $2 OR tail_key <> $2) ORDER BY id LIMIT $3";
    Ok(all!(
        tx,
        NEXT,
        after.unwrap_or(VerificationId(Uuid::nil())),
        index_key,
        limit
    )?)
}

/// Replaces both hashes of a verification; false: it has been purged meanwhile.
pub async fn rehash(
    tx: &mut Tx,
    id: VerificationId,
    key_id: &str,
    phone: &[u8],
    tail: &[u8],
) -> Result<bool> {
    const REHASH: &str = "UPDATE verifications SET phone_hash = $3, phone_key = $2, tail_hash = $4, tail_key = $2 \
        WHERE id = $1 AND phone_hash IS NOT NULL";
    Ok(run!(tx, REHASH, id, key_id, phone, tail)? == 1)
}

/// The keys that some hash still stands under; they must stay loaded. Reads whole tables.
pub async fn hash_keys_in_use(tx: &mut Tx) -> Result<Vec<String>> {
    const IN_USE: &str = "SELECT phone_key FROM verifications WHERE phone_hash IS NOT NULL \
        UNION SELECT tail_key FROM verifications WHERE tail_hash IS NOT NULL \
        UNION SELECT link_key FROM verifications WHERE link_hash IS NOT NULL \
        UNION SELECT key_id FROM sms_codes \
        UNION SELECT key_id FROM phone_carriers \
        UNION SELECT key_id FROM filing_phones \
        UNION SELECT key_id FROM provider_keys \
        UNION SELECT key_id FROM idempotency_keys \
        UNION SELECT key_id FROM staff_sessions \
        UNION SELECT key_id FROM imported_rows";
    let rows: Vec<(String,)> = all!(tx, IN_USE)?;
    let mut keys: Vec<_> = rows.into_iter().map(|(key,)| key).collect();
    keys.sort_unstable();
    Ok(keys)
}
