//! `[sms.gateways.NAME]`: each kind's own section.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use url::Url;

use super::{aliyun, http, smpp, tencent};
use crate::{
    config::{
        reader::{Reader, text},
        sections::{path, word},
        tree::{Node, Origin},
    },
    domain::words::words,
    sms::{GatewaySettings, Pace},
};

words!(/// How a gateway is spoken to.
    GatewayKind {
        /// SMPP 3.4
        Smpp = "smpp",
        /// `SendSms` of Aliyun
        Aliyun = "aliyun",
        /// `SendSms` of Tencent Cloud
        Tencent = "tencent",
        /// A call of somebody's own.
        Http = "http",
        /// Into a file.
        File = "file",
        /// Onto the terminal.
        Console = "console",
    }
);

impl GatewayKind {
    /// Its texts are templates of the vendor's.
    #[must_use]
    pub const fn has_templates(self) -> bool {
        matches!(self, Self::Aliyun | Self::Tencent)
    }

    /// It reaches phones.
    #[must_use]
    pub const fn is_real(self) -> bool {
        !matches!(self, Self::File | Self::Console)
    }
}

/// `[sms.gateways.NAME]`
#[derive(Debug, Clone)]
pub struct Gateway {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: GatewayKind,
    /// The rest.
    pub settings: GatewaySettings,
}

/// Reads all of them; `folder` is what paths in the file are relative to.
pub(super) fn gateways(sms: &mut Reader<'_>, folder: Option<&Path>) -> BTreeMap<String, Gateway> {
    let mut section = sms.section("gateways");
    let mut gateways = BTreeMap::new();
    for (name, node) in section.others() {
        if let Some(gateway) = gateway(&section, &name, node, folder) {
            gateways.insert(name, gateway);
        }
    }
    gateways
}

/// One that is wrong stands for itself as something harmless, so that chains that name it are not called wrong as well.
fn gateway(section: &Reader<'_>, name: &str, node: Node, folder: Option<&Path>) -> Option<Gateway> {
    let origin = node.origin.clone();
    if !is_name(name) {
        let message = "a gateway's name must be 1 to 32 lower-case letters, digits, - or _";
        section.wrong(&origin, name, message);
    }
    let mut own = section.named_section(name, node)?;
    let given = own.has("kind");
    let kind = word(&mut own, "kind", GatewayKind::ALL, GatewayKind::as_str);
    if !given {
        own.wrong(&origin, "kind", "must be given, such as \"smpp\"");
    }
    let Some(kind) = kind else {
        own.others();
        return Some(Gateway {
            name: name.to_owned(),
            kind: GatewayKind::Console,
            settings: GatewaySettings::Console,
        });
    };
    let mut kinds_own = Section { own, origin };
    let settings = match kind {
        GatewayKind::Smpp => smpp::smpp(&mut kinds_own, folder).map(GatewaySettings::Smpp),
        GatewayKind::Aliyun => aliyun::aliyun(&mut kinds_own).map(GatewaySettings::Aliyun),
        GatewayKind::Tencent => tencent::tencent(&mut kinds_own).map(GatewaySettings::Tencent),
        GatewayKind::Http => http::http(&mut kinds_own)
            .map(Box::new)
            .map(GatewaySettings::Http),
        GatewayKind::File => kinds_own.file(folder).map(GatewaySettings::File),
        GatewayKind::Console => Some(GatewaySettings::Console),
    };
    Some(Gateway {
        name: name.to_owned(),
        kind,
        settings: settings.unwrap_or(GatewaySettings::Console),
    })
}

/// It stands in paths, logs and metrics.
fn is_name(name: &str) -> bool {
    let sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    (1..=32).contains(&name.len()) && name.chars().all(sound)
}

/// A gateway's section, with what several kinds ask of it.
pub(super) struct Section<'a> {
    pub own: Reader<'a>,
    /// Where it begins: where what is left out is told.
    pub origin: Origin,
}

impl Section<'_> {
    /// What cannot be left out.
    pub fn needed<T>(
        &self,
        key: &str,
        was_given: bool,
        value: Option<T>,
        such_as: &str,
    ) -> Option<T> {
        if !was_given {
            let message = format!("must be given, such as {such_as}");
            self.own.wrong(&self.origin, key, message);
        }
        value
    }

    /// A text that cannot be left out.
    pub fn text(&mut self, key: &'static str, such_as: &str) -> Option<String> {
        let given = self.own.has(key);
        let value = self.own.text(key);
        self.needed(key, given, value, such_as)
    }

    /// A secret that cannot be left out.
    pub fn secret(&mut self, key: &'static str) -> Option<SecretString> {
        let given = self.own.has(key);
        let value = self.own.secret(key);
        self.needed(key, given, value, "\"…\"")
    }

    /// `push_secret`: in the path that receipts are pushed to.
    pub fn push_secret(&mut self) -> Option<SecretString> {
        self.own.read("push_secret", push_secret)
    }

    /// `pace`, where it is not what `usual` says; 0 lifts one.
    pub fn pace(&mut self, usual: Pace) -> Pace {
        const MOST: u32 = 1_000_000;
        let mut section = self.own.section("pace");
        let mut limit = |key, usual| match section.number(key, 0..=MOST) {
            None => usual,
            Some(0) => None,
            limit => limit,
        };
        Pace {
            per_minute: limit("per_minute", usual.per_minute),
            per_hour: limit("per_hour", usual.per_hour),
            per_day: limit("per_day", usual.per_day),
        }
    }

    /// Where a vendor is called: https, or this machine.
    pub fn endpoint(&mut self, usual: &'static str) -> Option<Url> {
        let given = self.own.read("endpoint", |node| {
            let url = Url::parse(text(node)?).ok();
            let url = url.filter(|url| url.path() == "/" && url.query().is_none());
            url.filter(|url| url.scheme() == "https" || url.scheme() == "http" && is_here(url))
                .ok_or_else(|| format!("must be https:// and a host, such as {usual}"))
        });
        given.or_else(|| Url::parse(usual).ok())
    }

    fn file(&mut self, folder: Option<&Path>) -> Option<PathBuf> {
        let given = self.own.has("path");
        let path = path(&mut self.own, "path", folder);
        self.needed("path", given, path, "\"sms.ndjson\"")
    }
}

/// Nobody guesses it, and it stands in a path as it is.
pub(super) fn push_secret(node: &Node) -> Result<SecretString, String> {
    let text = text(node)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if (20..=200).contains(&text.len()) && text.chars().all(plain) {
        return Ok(text.into());
    }
    Err("must be 20 to 200 letters, digits, - or _ (make one with: openssl rand -hex 20)".into())
}

/// A name or an address of this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// An address of this machine.
pub(super) fn is_here(url: &Url) -> bool {
    url.host_str().is_some_and(is_loopback)
}
