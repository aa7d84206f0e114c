//! Access providers (接入商): added, given new keys, taken out, and known by their API key, whose calls are counted.
//! A key is shown once, when it is made; what is kept of it is a keyed hash.

mod counting;
mod secrets;

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

pub use secrets::NewSecrets;
pub(super) use secrets::webhook_secret;

use super::{FlowError, Result, Services, retry};
use crate::{
    domain::{filing::FieldError, ids::ProviderId},
    keys::{Hash, Purpose},
    store::{
        Tx,
        providers::{self, ProviderRow},
    },
};

/// The provider that a sandbox always has.
pub const DEMO: &str = "demo";
/// After a rotation the old key and the old webhook secret are good for so long, so that providers can change over.
const OLD_KEY_LIVES: TimeDelta = TimeDelta::hours(24);
const MAX_NAME: usize = 100;

/// Whose API key it is, and one call of it counted. `None`: nobody's, or not any more.
///
/// # Errors
/// `Limited` past the key's calls of a minute; what the database says.
pub async fn authenticate(services: &Services, api_key: &str) -> Result<Option<ProviderRow>> {
    if !secrets::is_api_key(api_key) {
        return Ok(None);
    }
    let now = services.clock.now();
    let hashes = services.keys.hashes(Purpose::ApiKey, &[api_key.as_bytes()]);
    let Some(provider) = by_key(services, &hashes, now).await? else {
        return Ok(None);
    };
    counting::count_call(services, api_key, now).await?;
    Ok(Some(provider))
}

/// Under any key that is loaded: a rotation of the system's keys does not lock providers out.
async fn by_key(
    services: &Services,
    hashes: &[Hash],
    now: DateTime<Utc>,
) -> Result<Option<ProviderRow>> {
    let mut tx = services.db.read().await?;
    for hash in hashes {
        let found = providers::by_key(&mut tx, &hash.value, now).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Adds a provider. `None`: the name is taken.
///
/// # Errors
/// `Invalid`: `/name` or `/webhook_url` is unusable; what the database says.
pub async fn add(
    services: &Services,
    name: &str,
    webhook_url: Option<&str>,
) -> Result<Option<NewSecrets>> {
    insert(
        services,
        name,
        webhook_url,
        NewSecrets::random(&services.random),
    )
    .await
}

/// The sandbox's own provider, added where there is none; its API key, the same as long as the index key is.
///
/// # Errors
/// What the database says.
pub async fn demo(services: &Services) -> Result<secrecy::SecretString> {
    let secrets = NewSecrets::demo(&services.keys, &services.random);
    let api_key = secrets.api_key.clone();
    insert(services, DEMO, None, secrets).await?;
    Ok(api_key)
}

async fn insert(
    services: &Services,
    name: &str,
    webhook_url: Option<&str>,
    secrets: NewSecrets,
) -> Result<Option<NewSecrets>> {
    let (name, webhook_url) = judge(name, webhook_url, services.settings.sandbox)?;
    retry(services, move |services| {
        let (name, webhook_url, secrets) = (name.clone(), webhook_url.clone(), secrets.clone());
        async move {
            let now = services.clock.now();
            let row = ProviderRow {
                id: ProviderId::new(now, services.random.bytes()),
                name,
                webhook_url,
                created_at: now,
                revoked_at: None,
                webhook_disabled_at: None,
            };
            let mut tx = services.db.write().await?;
            if !providers::insert(&mut tx, &row).await? {
                return Ok(None);
            }
            secrets.store(&mut tx, &services, row.id, now).await?;
            tx.commit().await?;
            Ok(Some(secrets))
        }
    })
    .await
}

/// A new API key and webhook secret; the old ones end in 24 hours. `None`: no provider of that name has access.
///
/// # Errors
/// What the database says.
pub async fn rotate(services: &Services, name: &str) -> Result<Option<NewSecrets>> {
    let name = name.trim().to_owned();
    let secrets = NewSecrets::random(&services.random);
    retry(services, move |services| {
        let (name, secrets) = (name.clone(), secrets.clone());
        async move {
            let now = services.clock.now();
            let mut tx = services.db.write().await?;
            let Some(provider) = active(&mut tx, &name).await? else {
                return Ok(None);
            };
            let (key, webhook) = secrets.store(&mut tx, &services, provider.id, now).await?;
            let until = now + OLD_KEY_LIVES;
            providers::expire_keys(&mut tx, provider.id, &key, until).await?;
            providers::expire_webhook_secrets(&mut tx, provider.id, webhook, until).await?;
            tx.commit().await?;
            Ok(Some(secrets))
        }
    })
    .await
}

/// Ends a provider's access at once; its requests go their way. False: no provider of that name has access.
///
/// # Errors
/// What the database says.
pub async fn revoke(services: &Services, name: &str) -> Result<bool> {
    let name = name.trim().to_owned();
    retry(services, move |services| {
        let name = name.clone();
        async move {
            let mut tx = services.db.write().await?;
            let Some(provider) = active(&mut tx, &name).await? else {
                return Ok(false);
            };
            let done = providers::revoke(&mut tx, provider.id, services.clock.now()).await?;
            tx.commit().await?;
            Ok(done)
        }
    })
    .await
}

/// Sets where a provider's webhooks go from now on, what is queued already too; `None`: nowhere. False: no provider of that
/// name has access.
///
/// # Errors
/// `Invalid`: `/webhook_url` is unusable; what the database says.
pub async fn set_webhook(services: &Services, name: &str, url: Option<&str>) -> Result<bool> {
    let (name, url) = judge(name, url, services.settings.sandbox)?;
    let done = retry(services, move |services| {
        let (name, url) = (name.clone(), url.clone());
        async move {
            let mut tx = services.db.write().await?;
            let Some(provider) = active(&mut tx, &name).await? else {
                return Ok(false);
            };
            providers::set_webhook_url(&mut tx, provider.id, url.as_deref()).await?;
            tx.commit().await?;
            Ok(true)
        }
    })
    .await?;
    services.webhooks.wake();
    Ok(done)
}

/// All providers, in the order in which they were added.
///
/// # Errors
/// What the database says.
pub async fn list(services: &Services) -> Result<Vec<ProviderRow>> {
    let mut tx = services.db.read().await?;
    Ok(providers::all(&mut tx).await?)
}

/// The provider of a name, with access or without.
///
/// # Errors
/// What the database says.
pub async fn by_name(services: &Services, name: &str) -> Result<Option<ProviderRow>> {
    let mut tx = services.db.read().await?;
    Ok(providers::by_name(&mut tx, name.trim()).await?)
}

async fn active(tx: &mut Tx, name: &str) -> Result<Option<ProviderRow>> {
    let found = providers::by_name(tx, name).await?;
    Ok(found.filter(|provider| provider.revoked_at.is_none()))
}

/// The name and the webhooks' address as they are kept, or all that is wrong with them.
fn judge(name: &str, webhook_url: Option<&str>, sandbox: bool) -> Result<(String, Option<String>)> {
    let mut errors = Vec::new();
    let mut wrong = |pointer: &str, detail: &str| {
        errors.push(FieldError {
            pointer: pointer.into(),
            detail: detail.into(),
        });
    };
    let name = name.trim();
    if !(1..=MAX_NAME).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        wrong("/name", "must be 1 to 100 characters, no control ones");
    }
    let url = webhook_url.map(|typed| webhook_target(typed, sandbox));
    let url = url.transpose().unwrap_or_else(|detail| {
        wrong("/webhook_url", detail);
        None
    });
    if errors.is_empty() {
        Ok((name.to_owned(), url))
    } else {
        Err(FlowError::Invalid(errors))
    }
}

/// https alone; a sandbox may also call this machine. Where the name leads is judged when it is called.
fn webhook_target(typed: &str, sandbox: bool) -> Result<String, &'static str> {
    let url = Url::parse(typed.trim()).map_err(|_| "must be a URL, such as https://host/path")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user or a password");
    }
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(url.into()),
        "http" if sandbox && loopback => Ok(url.into()),
        _ if sandbox => Err("must be https, or http on this machine"),
        _ => Err("must be https"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webhooks_go_to_https_and_a_sandbox_s_to_loopback_too() {
        let loopback = "http://127.0.0.1:9999/hook";
        assert_eq!(webhook_target(loopback, true).as_deref(), Ok(loopback));
        assert!(webhook_target("http://[::1]/", true).is_ok());
        assert!(webhook_target("https://example.cn/hook", false).is_ok());
        for bad in [
            loopback,
            "http://example.cn/",
            "ftp://example.cn/",
            "nothing",
            "",
        ] {
            assert!(webhook_target(bad, false).is_err(), "{bad}");
        }
        assert!(webhook_target("http://example.cn/", true).is_err());
        assert!(webhook_target("https://user:secret@example.cn/", false).is_err());
    }

    #[test]
    fn all_that_is_wrong_with_a_provider_is_told_at_once() {
        let Err(FlowError::Invalid(errors)) = judge(" ", Some("x"), false) else {
            panic!("both are unusable");
        };
        let pointers: Vec<_> = errors.iter().map(|error| &*error.pointer).collect();
        assert_eq!(pointers, ["/name", "/webhook_url"]);
        assert_eq!(
            judge(" 云厂商 ", None, false).unwrap(),
            ("云厂商".to_owned(), None)
        );
    }
}
