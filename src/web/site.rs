//! What the web layer knows: plain values of the configuration, and the parts that handlers work with.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

use ipnet::IpNet;
use secrecy::SecretString;

use super::{
    Visitors,
    page::{Frame, Operator},
    pages::home::Neighbours,
};
use crate::{captcha::Language, domain::province::Province, flow::Services};

/// What every handler has. Clones share it.
#[derive(Clone)]
pub struct State {
    /// The flows' own.
    pub services: Services,
    /// The configuration's values.
    pub site: Arc<Site>,
    /// Who has been here.
    pub visitors: Visitors,
}

/// The whole of a body arrives within this time; a form has a few hundred bytes, a call 1 MiB at most.
pub const BODY_WITHIN: Duration = Duration::from_secs(20);

/// Plain values of the configuration.
pub struct Site {
    /// A sandbox: ribbon, desk, no index.
    pub sandbox: bool,
    /// Asked for on every path but /healthz: a sandbox that answers beyond loopback.
    pub password: Option<SecretString>,
    /// It is reached by https: browsers are told to keep to that.
    pub https: bool,
    /// The hosts that it answers to, lower case, without port: that of `public_url`, and the bureaus' own.
    pub hosts: BTreeMap<String, Option<Province>>,
    /// Proxies whose X-Forwarded-For is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// [`BODY_WITHIN`], but in tests.
    pub body_within: Duration,
    /// Shown in the footer.
    pub operator: Option<Operator>,
    /// Neighbouring systems, by bureau.
    pub neighbours: HashMap<Option<Province>, Neighbours>,
    /// `/metrics` stands on the public listener.
    pub public_metrics: bool,
    /// Where a puzzle is offered, and what the sound speaks.
    pub captchas: CaptchaKinds,
    /// How long persons are kept; the privacy page says so.
    pub retention_days: u32,
    /// Whence the bureau's console answers.
    pub staff_networks: Vec<IpNet>,
}

/// What kind of captcha the bureaus' pages offer where a script runs (without one it is an image everywhere), and what its
/// sound speaks.
#[derive(Debug, Clone, Default)]
pub struct CaptchaKinds {
    /// The image alone, unless said otherwise.
    pub images_alone: bool,
    /// Said otherwise; `None`: the national page.
    pub but: HashMap<Option<Province>, bool>,
    /// What the sound speaks, unless said otherwise.
    pub language: Language,
    /// Said otherwise; `None`: the national page.
    pub languages: HashMap<Option<Province>, Language>,
}

impl CaptchaKinds {
    /// A puzzle may be opened on this bureau's pages.
    pub fn has_puzzle(&self, bureau: Option<Province>) -> bool {
        let images_alone = self.but.get(&bureau).copied();
        !images_alone.unwrap_or(self.images_alone)
    }

    /// What the sound speaks on this bureau's pages.
    pub fn language(&self, bureau: Option<Province>) -> Language {
        let language = self.languages.get(&bureau).copied();
        language.unwrap_or(self.language)
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site")
            .field("hosts", &self.hosts)
            .finish_non_exhaustive()
    }
}

impl State {
    /// The frame of a page.
    pub(super) fn frame(&self, bureau: Option<Province>) -> Frame {
        Frame {
            bureau,
            sandbox: self.site.sandbox,
            visitors: self.visitors.of(bureau),
            operator: self.site.operator.clone(),
        }
    }
}

impl Site {
    /// The bureau's console answers to this address.
    pub(super) fn staff_answers(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.staff_networks
            .iter()
            .any(|network| network.contains(&address))
    }

    /// Whose pages a host opens at `/`, if it is one of ours. `host` may have a port; a sandbox answers to loopback too.
    #[expect(
        clippy::option_option,
        reason = "none of ours; the national page's; a bureau's"
    )]
    pub(super) fn host(&self, host: &str) -> Option<Option<Province>> {
        let name = without_port(host).to_ascii_lowercase();
        let known = self.hosts.get(&name).copied();
        known.or_else(|| (self.sandbox && is_loopback(host)).then_some(None))
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => {
            name
        }
        _ => host,
    }
}

/// A name of this machine for itself; it may have a port.
pub(super) fn is_loopback(host: &str) -> bool {
    let name = without_port(host).to_ascii_lowercase();
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost"
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_brackets() {
        for (host, name) in [
            ("localhost:8080", "localhost"),
            ("beian.example.cn", "beian.example.cn"),
            ("[::1]:8080", "[::1]"),
            ("[::1]", "[::1]"),
        ] {
            assert_eq!(without_port(host), name);
        }
        assert!(is_loopback("[::1]") && is_loopback("127.0.0.1") && is_loopback("localhost"));
        assert!(!is_loopback("localhost.example.cn") && !is_loopback("192.0.2.1"));
    }
}
