//! Access providers, their API keys (hashed) and webhook secrets (sealed); of each two are valid while one is rotated.

use uuid::Uuid;

use super::{At, Result, Tx, all, on, one, run};
use crate::domain::ids::ProviderId;

/// An access provider (接入商).
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ProviderRow {
    /// Its identifier.
    pub id: ProviderId,
    /// Its unique name.
    pub name: String,
    /// Where its webhooks go.
    pub webhook_url: Option<String>,
    /// When it was added.
    pub created_at: At,
    /// When its access ended.
    pub revoked_at: Option<At>,
    /// When its webhooks were found to be gone (410); nothing is sent there until the address is set again.
    pub webhook_disabled_at: Option<At>,
}

/// A secret that webhooks are signed with.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct WebhookSecretRow {
    /// The row that the secret is sealed for.
    pub id: Uuid,
    /// The sealed secret.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: At,
    /// When it ends, if it is being rotated out.
    pub expires_at: Option<At>,
}

macro_rules! columns {
    () => {
        "p.id, p.name, p.webhook_url, p.created_at, p.revoked_at, p.webhook_disabled_at"
    };
}

/// Adds a provider; false: the name is taken.
pub async fn insert(tx: &mut Tx, row: &ProviderRow) -> Result<bool> {
    const INSERT: &str = "INSERT INTO providers (id, name, webhook_url, created_at, revoked_at) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO NOTHING";
    Ok(run!(
        tx,
        INSERT,
        row.id,
        &row.name,
        &row.webhook_url,
        row.created_at,
        row.revoked_at
    )? == 1)
}

/// Adds an API key.
pub async fn add_key(
    tx: &mut Tx,
    provider: ProviderId,
    hash: &[u8],
    key_id: &str,
    now: At,
) -> Result<()> {
    const ADD: &str =
        "INSERT INTO provider_keys (hash, key_id, provider_id, created_at) VALUES ($1, $2, $3, $4)";
    run!(tx, ADD, hash, key_id, provider, now)?;
    Ok(())
}

/// Lets all API keys but one end at `until`, unless they end sooner.
pub async fn expire_keys(
    tx: &mut Tx,
    provider: ProviderId,
    except: &[u8],
    until: At,
) -> Result<()> {
    const EXPIRE: &str = "UPDATE provider_keys SET expires_at = $3 \
        WHERE provider_id = $1 AND hash <> $2 AND (expires_at IS NULL OR expires_at > $3)";
    run!(tx, EXPIRE, provider, except, until)?;
    Ok(())
}

/// Adds a webhook secret, sealed for the row `id`.
pub async fn add_webhook_secret(
    tx: &mut Tx,
    id: Uuid,
    provider: ProviderId,
    sealed: &[u8],
    now: At,
) -> Result<()> {
    const ADD: &str =
        "INSERT INTO webhook_secrets (id, provider_id, sealed, created_at) VALUES ($1, $2, $3, $4)";
    run!(tx, ADD, id, provider, sealed, now)?;
    Ok(())
}

/// Lets all webhook secrets but one end at `until`, unless they end sooner.
pub async fn expire_webhook_secrets(
    tx: &mut Tx,
    provider: ProviderId,
    except: Uuid,
    until: At,
) -> Result<()> {
    const EXPIRE: &str = "UPDATE webhook_secrets SET expires_at = $3 \
        WHERE provider_id = $1 AND id <> $2 AND (expires_at IS NULL OR expires_at > $3)";
    run!(tx, EXPIRE, provider, except, until)?;
    Ok(())
}

/// The webhook secrets valid now, newest first.
pub async fn webhook_secrets(
    tx: &mut Tx,
    provider: ProviderId,
    now: At,
) -> Result<Vec<WebhookSecretRow>> {
    const VALID: &str = "SELECT id, sealed, created_at, expires_at FROM webhook_secrets \
        WHERE provider_id = $1 AND (expires_at IS NULL OR expires_at > $2) ORDER BY id DESC";
    Ok(all!(tx, VALID, provider, now)?)
}

/// Ends a provider's access; false: it had ended.
pub async fn revoke(tx: &mut Tx, provider: ProviderId, now: At) -> Result<bool> {
    const REVOKE: &str =
        "UPDATE providers SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
    Ok(run!(tx, REVOKE, provider, now)? == 1)
}

/// Sets where a provider's webhooks go, and that they do.
pub async fn set_webhook_url(tx: &mut Tx, provider: ProviderId, url: Option<&str>) -> Result<()> {
    run!(
        tx,
        "UPDATE providers SET webhook_url = $2, webhook_disabled_at = NULL WHERE id = $1",
        provider,
        url
    )?;
    Ok(())
}

/// Its webhooks are gone, if they still go where that was found; nothing is sent there any more.
pub async fn disable_webhook(tx: &mut Tx, provider: ProviderId, url: &str, now: At) -> Result<()> {
    const DISABLE: &str =
        "UPDATE providers SET webhook_disabled_at = $3 WHERE id = $1 AND webhook_url = $2";
    run!(tx, DISABLE, provider, url, now)?;
    Ok(())
}

/// Whose API key it is, if both are valid.
pub async fn by_key(tx: &mut Tx, hash: &[u8], now: At) -> Result<Option<ProviderRow>> {
    const BY_KEY: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM provider_keys k JOIN providers p ON p.id = k.provider_id \
        WHERE k.hash = $1 AND (k.expires_at IS NULL OR k.expires_at > $2) AND p.revoked_at IS NULL"
    );
    Ok(one!(tx, BY_KEY, hash, now)?)
}

/// The provider of a name.
pub async fn by_name(tx: &mut Tx, name: &str) -> Result<Option<ProviderRow>> {
    Ok(one!(
        tx,
        concat!("SELECT ", columns!(), " FROM providers p WHERE p.name = $1"),
        name
    )?)
}

/// The provider of an identifier.
pub async fn by_id(tx: &mut Tx, id: ProviderId) -> Result<Option<ProviderRow>> {
    Ok(one!(
        tx,
        concat!("SELECT ", columns!(), " FROM providers p WHERE p.id = $1"),
        id
    )?)
}

/// All of them, in the order in which they were added.
pub async fn all(tx: &mut Tx) -> Result<Vec<ProviderRow>> {
    Ok(all!(
        tx,
        concat!("SELECT ", columns!(), " FROM providers p ORDER BY p.id")
    )?)
}
