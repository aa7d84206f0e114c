//! `provider add / list / webhook / rotate / revoke`. `add` and `rotate` print the two secrets, once, and nothing else.

use std::fmt::Write;

use secrecy::ExposeSecret;

use super::{Failure, print, print_once};
use crate::{
    domain::time::rfc3339,
    flow::{
        Services,
        providers::{self, NewSecrets},
    },
};

/// Adds a provider.
///
/// # Errors
/// The name is taken, name or webhook address are unusable, what the database says.
pub async fn add(services: &Services, name: &str, webhook: Option<&str>) -> Result<(), Failure> {
    match providers::add(services, name, webhook).await? {
        Some(secrets) => show(&secrets, name),
        None => Err(Failure::Work(format!(
            "there is a provider `{name}` already: choose another name, or give it new secrets (heyan provider rotate)"
        ))),
    }
}

/// Gives a provider new secrets; the old ones end in a day.
///
/// # Errors
/// There is no such provider, what the database says.
pub async fn rotate(services: &Services, name: &str) -> Result<(), Failure> {
    match providers::rotate(services, name).await? {
        Some(secrets) => show(&secrets, name),
        None => Err(unknown(name)),
    }
}

/// Sets where a provider's webhooks go; `None`: nowhere.
///
/// # Errors
/// There is no such provider, the address is unusable, what the database says.
pub async fn webhook(services: &Services, name: &str, url: Option<&str>) -> Result<(), Failure> {
    if !providers::set_webhook(services, name, url).await? {
        return Err(unknown(name));
    }
    match url {
        Some(_) => print(&format!("the webhooks of {name} go there from now on\n")),
        None => print(&format!("{name} has no webhooks any more\n")),
    }
}

/// Ends a provider's access.
///
/// # Errors
/// There is no such provider, what the database says.
pub async fn revoke(services: &Services, name: &str) -> Result<(), Failure> {
    if providers::revoke(services, name).await? {
        return print(&format!("{name} has no access any more\n"));
    }
    Err(unknown(name))
}

/// All providers, one a line.
///
/// # Errors
/// What the database says.
pub async fn list(services: &Services) -> Result<(), Failure> {
    let mut text = String::new();
    for provider in providers::list(services).await? {
        let revoked = provider.revoked_at.map(rfc3339);
        let state = revoked.map_or_else(|| "active".into(), |at| format!("revoked {at}"));
        let webhook = match (&provider.webhook_url, provider.webhook_disabled_at) {
            (None, _) => "-".into(),
            (Some(url), None) => url.clone(),
            (Some(url), Some(at)) => format!("{url} (answered 410 at {})", rfc3339(at)),
        };
        let _ = writeln!(
            text,
            "{}  {}  {state}  {}  {}",
            provider.id,
            rfc3339(provider.created_at),
            provider.name,
            webhook
        );
    }
    if text.is_empty() {
        text.push_str("no providers yet: heyan provider add NAME\n");
    }
    print(&text)
}

fn show(secrets: &NewSecrets, name: &str) -> Result<(), Failure> {
    let text = format!(
        "api_key={}\nwebhook_secret={}\n",
        secrets.api_key.expose_secret(),
        secrets.webhook_secret.expose_secret()
    );
    print_once(&text, &format!("heyan provider rotate '{name}'"))
}

pub(super) fn unknown(name: &str) -> Failure {
    Failure::Work(format!(
        "there is no provider `{name}` with access: heyan provider list shows all"
    ))
}
