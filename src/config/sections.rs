//! The sections, each with its built-in values and what its keys must be.

use std::{
    collections::BTreeMap,
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use secrecy::SecretString;

use super::{
    reader::{Reader, text},
    tree::{Node, Origin},
};
use crate::{
    domain::{phone::Phone, province::Province, words::words},
    keys::{KeyBytes, KeyId, Keys},
};

/// `[operator]`: who handles the data; the pages show it.
#[derive(Debug, Clone)]
pub struct Operator {
    /// The organisation's name.
    pub name: String,
    /// A telephone number or an address.
    pub contact: String,
}

/// `[keys]`
#[derive(Clone)]
pub struct KeySettings {
    /// The one that seals.
    pub active: String,
    /// The one that hashes for look-up; left out: as the database remembers.
    pub index: Option<String>,
    /// By name.
    pub keys: BTreeMap<String, KeyBytes>,
}

impl fmt::Debug for KeySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySettings")
            .field("active", &self.active)
            .field("index", &self.index)
            .field("keys", &self.keys.keys())
            .finish()
    }
}

/// `[limits]`, domain.md §5
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Failures and resends of a phone in an hour …
    pub per_phone_per_hour: u32,
    /// … and in a day.
    pub per_phone_per_day: u32,
    /// The same of a client address.
    pub per_address_per_10_minutes: u32,
    /// Calls of an API key.
    pub api_per_minute: u32,
}

/// `[sandbox]`
#[derive(Debug, Default)]
pub struct Sandbox {
    /// Asked for on every path, once it answers beyond loopback.
    pub password: Option<SecretString>,
    /// Numbers that it may text for real.
    pub sends_to: Vec<Phone>,
}

/// `[log]`
#[derive(Debug, Clone)]
pub struct Log {
    /// Lines for people or for machines.
    pub format: LogFormat,
    /// Directives for tracing's filter.
    pub filter: String,
}

words!(/// How a line of the log is written.
    LogFormat {
        /// For people.
        Pretty = "pretty",
        /// For machines, one object a line.
        Json = "json",
    }
);

pub(super) fn word<T: Copy>(
    section: &mut Reader<'_>,
    key: &'static str,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Option<T> {
    section.read(key, |node| one_of(node, all, name))
}

/// One of a few words, wherever it stands.
pub(super) fn one_of<T: Copy>(
    node: &Node,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<T, String> {
    let text = text(node)?;
    let found = all.iter().copied().find(|value| name(*value) == text);
    let names: Vec<_> = all.iter().map(|value| name(*value)).collect();
    found.ok_or_else(|| format!("`{text}` is wrong, must be one of {}", names.join(", ")))
}

/// An address of pages: scheme and host, no path.
pub(super) fn public_url(node: &Node) -> Result<String, String> {
    let text = text(node)?;
    let must = || "must be scheme and host alone, such as https://beian.example.cn".to_owned();
    let url = url::Url::parse(text).map_err(|_| must())?;
    let bare = matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !bare || !matches!(url.scheme(), "http" | "https") {
        return Err(must());
    }
    Ok(url.origin().ascii_serialization())
}

/// Never told with its text, which may hold a password.
pub(super) fn database_url(node: &Node) -> Result<SecretString, String> {
    let text = text(node)?;
    let known = ["sqlite:", "postgres://", "postgresql://"];
    if known.iter().any(|scheme| text.starts_with(scheme)) {
        return Ok(text.into());
    }
    Err("must be sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME".into())
}

/// A path in the file is relative to the file's folder, elsewhere to the working directory.
pub(super) fn path(
    section: &mut Reader<'_>,
    key: &'static str,
    folder: Option<&Path>,
) -> Option<PathBuf> {
    let in_file = matches!(section.origin(key), Origin::File { .. });
    let path = PathBuf::from(section.text(key)?);
    Some(match folder {
        Some(folder) if in_file => folder.join(path),
        _ => path,
    })
}

pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse::<IpNet>()
        .or_else(|_| address())
        .map_err(|_| format!("`{text}` is no network, such as 10.0.0.0/8 or ::1/128"))
}

pub(super) fn hosts(all: &mut Reader<'_>) -> BTreeMap<String, Province> {
    let mut section = all.section("hosts");
    let mut hosts = BTreeMap::new();
    for (host, node) in section.others() {
        // as it stands in addresses: lower case, no port
        let Ok(name) = url::Host::parse(&host) else {
            section.wrong(
                &node.origin,
                &host,
                "must be a host name without port, such as gscainfo.example.cn",
            );
            continue;
        };
        let province = section.judge(&host, &node, |node| {
            let slug = text(node)?;
            Province::from_slug(slug)
                .ok_or_else(|| format!("`{slug}` is no province, such as gansu"))
        });
        if let Some(province) = province {
            hosts.insert(name.to_string(), province);
        }
    }
    hosts
}

pub(super) fn operator(all: &mut Reader<'_>) -> Option<Operator> {
    let mut section = all.section("operator");
    let name = section.text("name");
    let contact = section.text("contact");
    (name.is_some() || contact.is_some()).then(|| Operator {
        name: name.unwrap_or_default(),
        contact: contact.unwrap_or_default(),
    })
}

pub(super) fn keys(all: &mut Reader<'_>) -> Option<KeySettings> {
    let origin = all.origin("keys");
    let mut section = all.section("keys");
    let active = section.text("active");
    let index = section.text("index");
    let mut keys = BTreeMap::new();
    let mut named = Vec::new();
    for (id, node) in section.others() {
        named.push(id.clone());
        let key = section.judge(&id, &node, |node| {
            id.parse::<KeyId>().map_err(|error| error.to_string())?;
            let bytes = Keys::decode(&id, text(node)?).map_err(|error| error.to_string())?;
            if bytes.iter().all(|byte| *byte == bytes[0]) {
                return Err("is not random; make one with: openssl rand -base64 32".into());
            }
            Ok(bytes)
        });
        if let Some(key) = key {
            keys.insert(id, key);
        }
    }
    if active.is_none() && index.is_none() && named.is_empty() {
        return None;
    }
    let Some(active) = active else {
        section.wrong(&origin, "active", "must name the key that seals");
        return None;
    };
    for (role, id) in [("active", Some(&active)), ("index", index.as_ref())] {
        if let Some(id) = id.filter(|id| !named.contains(id)) {
            section.wrong(&origin, role, format!("there is no key `{id}` in [keys]"));
        }
    }
    Some(KeySettings {
        active,
        index,
        keys,
    })
}

pub(super) fn limits(all: &mut Reader<'_>) -> Limits {
    const MOST: u32 = 1_000_000;
    let mut section = all.section("limits");
    let mut limit = |key, default| section.number(key, 1..=MOST).unwrap_or(default);
    Limits {
        per_phone_per_hour: limit("per_phone_per_hour", 10),
        per_phone_per_day: limit("per_phone_per_day", 30),
        per_address_per_10_minutes: limit("per_address_per_10_minutes", 60),
        api_per_minute: limit("api_per_minute", 600),
    }
}

pub(super) fn sandbox(all: &mut Reader<'_>) -> Sandbox {
    let mut section = all.section("sandbox");
    let phone = |text: &str| {
        // the number itself is not told: an error ends up in logs
        Phone::parse(text).map_err(|_| "must be a mobile number of eleven digits".to_owned())
    };
    Sandbox {
        password: section.secret("password"),
        sends_to: section.list("sends_to", phone).unwrap_or_default(),
    }
}

pub(super) fn log(all: &mut Reader<'_>) -> Log {
    let mut section = all.section("log");
    let format = word(&mut section, "format", LogFormat::ALL, LogFormat::as_str);
    Log {
        format: format.unwrap_or(LogFormat::Pretty),
        filter: section
            .read("level", |node| filter(text(node)?))
            .unwrap_or_else(|| "warn,heyan=info".into()),
    }
}

/// `info`, or `info,heyan::jobs=debug`. Other crates tell warnings alone: in detail they would tell what passes through
/// them.
fn filter(text: &str) -> Result<String, String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let mut filter = String::from("warn");
    for directive in text.split(',').map(str::trim) {
        let (target, level) = directive.split_once('=').unwrap_or(("heyan", directive));
        let ours = target == "heyan" || target.starts_with("heyan::");
        let sound = |c: char| c.is_ascii_alphanumeric() || "_:".contains(c);
        if !ours || !target.chars().all(sound) || !LEVELS.contains(&level) {
            return Err(format!(
                "`{directive}` is wrong, must be one of {}, or such as heyan::jobs=debug",
                LEVELS.join(", ")
            ));
        }
        filter = format!("{filter},{target}={level}");
    }
    Ok(filter)
}
