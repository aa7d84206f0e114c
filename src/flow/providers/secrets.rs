//! What a provider is given: an API key, kept as a keyed hash, and a webhook secret, kept sealed.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::DEMO;
use crate::{
    domain::ids::ProviderId,
    flow::{FlowError, Result, Services},
    keys::{Cell, KeyBytes, Keys, Purpose},
    random::Random,
    store::{
        Tx,
        providers::{self, WebhookSecretRow},
    },
    webhook::Secret,
};

const API_KEY: &str = "hk_";
/// 32 bytes in base64 without padding.
const API_KEY_CHARACTERS: usize = 43;
/// As Standard Webhooks writes its secrets.
const WEBHOOK_SECRET: &str = "whsec_";

/// An API key and a webhook secret, as they are shown once.
#[derive(Debug, Clone)]
pub struct NewSecrets {
    /// `hk_` and 43 characters of base64url (256 random bits).
    pub api_key: SecretString,
    /// `whsec_` and 32 bytes in base64.
    pub webhook_secret: SecretString,
}

impl NewSecrets {
    pub(super) fn random(random: &Random) -> Self {
        Self::of(&Zeroizing::new(random.bytes()), random)
    }

    /// The sandbox's: the key is derived, so that it survives a reset.
    pub(super) fn demo(keys: &Keys, random: &Random) -> Self {
        Self::of(&keys.derive_secret(&format!("{DEMO} provider")), random)
    }

    fn of(api_key: &KeyBytes, random: &Random) -> Self {
        let webhook_secret: KeyBytes = Zeroizing::new(random.bytes());
        let api_key = URL_SAFE_NO_PAD.encode(&api_key[..]);
        let webhook_secret = STANDARD.encode(&webhook_secret[..]);
        Self {
            api_key: format!("{API_KEY}{api_key}").into(),
            webhook_secret: format!("{WEBHOOK_SECRET}{webhook_secret}").into(),
        }
    }

    /// Gives them to a provider; the API key's hash and the secret's row.
    pub(super) async fn store(
        &self,
        tx: &mut Tx,
        services: &Services,
        provider: ProviderId,
        now: DateTime<Utc>,
    ) -> Result<([u8; 32], Uuid)> {
        let keys = &services.keys;
        let api_key = self.api_key.expose_secret();
        let hash = keys.hash(Purpose::ApiKey, &[api_key.as_bytes()]);
        providers::add_key(tx, provider, &hash.value, hash.key.as_str(), now).await?;

        // a UUIDv7 as all identifiers are: the newest secret has the greatest
        let id = ProviderId::new(now, services.random.bytes()).0;
        let secret = self.webhook_secret.expose_secret();
        let sealed = keys.seal(cell(&id), secret.as_bytes(), &services.random);
        providers::add_webhook_secret(tx, id, provider, &sealed, now).await?;
        Ok((hash.value, id))
    }
}

/// A stored webhook secret, opened.
pub fn webhook_secret(keys: &Keys, row: &WebhookSecretRow) -> Result<Secret> {
    let plain = keys.open(cell(&row.id), &row.sealed)?;
    let secret = std::str::from_utf8(&plain).ok().and_then(Secret::parse);
    secret.ok_or_else(|| FlowError::Corrupt("a webhook secret".into()))
}

fn cell(id: &Uuid) -> Cell<'_> {
    Cell {
        table: "webhook_secrets",
        column: "sealed",
        row: id.as_bytes(),
    }
}

/// The form of a key of ours; anything else is not even looked up.
pub(super) fn is_api_key(text: &str) -> bool {
    text.strip_prefix(API_KEY).is_some_and(|rest| {
        rest.len() == API_KEY_CHARACTERS
            && rest
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_have_their_form_and_debug_hides_them() {
        let secrets = NewSecrets::random(&Random::seeded(1));
        assert!(is_api_key(secrets.api_key.expose_secret()));
        let webhook = secrets.webhook_secret.expose_secret();
        let bytes = STANDARD.decode(webhook.strip_prefix("whsec_").unwrap());
        assert_eq!(bytes.unwrap().len(), 32);
        assert!(!format!("{secrets:?}").contains("whsec_"));
        for bad in ["", "hk_", "hk_x", "whsec_aaaa"] {
            assert!(!is_api_key(bad), "{bad}");
        }
    }
}
