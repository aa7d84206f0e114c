//! What production does not start without.

use std::{net::IpAddr, os::unix::fs::PermissionsExt, path::Path};

use secrecy::ExposeSecret;

use super::{Config, reader::Report, tree::Origin};

/// Where what is judged here stands.
pub(super) struct Places {
    pub public_url: Origin,
    pub database_url: Origin,
    pub keys: Origin,
}

impl Config {
    /// Operator, keys, public address, a channel to real phones, and a database that nobody listens in on.
    pub(super) fn check_production(&self, report: &Report, places: &Places) {
        let missing = |key, message: &str| report.wrong(&Origin::Nowhere, key, message);
        if self
            .operator
            .as_ref()
            .is_none_or(|operator| operator.name.is_empty())
        {
            missing(
                "operator.name",
                "production needs the operator's name, which the pages show",
            );
        }
        if self.keys.is_none() {
            let message = "production needs a key: [keys] with active = \"NAME\" and \"NAME\" = \"…\" \
                (make one with: openssl rand -base64 32)";
            missing("keys", message);
        }
        let in_file = matches!(places.keys, Origin::File { .. });
        if in_file && self.file.as_deref().is_some_and(others_may_read) {
            let message =
                "anybody on this machine may read this file, which holds keys: chmod 600 it";
            report.wrong(&places.keys, "keys", message);
        }
        match &self.public_url {
            None => missing(
                "public_url",
                "production needs its public address, such as https://beian.example.cn",
            ),
            Some(url) if !url.starts_with("https://") => {
                report.wrong(
                    &places.public_url,
                    "public_url",
                    "must begin with https:// in production",
                );
            }
            Some(_) => {}
        }
        if !self.sms.reaches_phones() {
            let message = "production needs a real SMS channel: name a gateway of kind smpp, aliyun, tencent or http";
            missing("sms.default", message);
        }
        self.check_chains(report);
        if remote_without_tls(self.database_url.expose_secret()) {
            let message = "production reaches a PostgreSQL server elsewhere by verified TLS only: add ?sslmode=verify-full";
            report.wrong(&places.database_url, "database_url", message);
        }
    }
}

impl Config {
    /// A carrier's own chain must reach phones as well.
    pub(super) fn check_chains(&self, report: &Report) {
        for carrier in self.sms.out_of_reach() {
            let message = "no gateway of this chain reaches phones: name one of kind smpp, aliyun, tencent or http, or leave \
                the chain out";
            let key = format!("sms.{}", carrier.as_str());
            report.wrong(&Origin::Nowhere, &key, message);
        }
    }
}

fn others_may_read(file: &Path) -> bool {
    // one that is gone meanwhile has nothing to show
    std::fs::metadata(file).is_ok_and(|about| about.permissions().mode() & 0o007 != 0)
}

/// sqlx falls back to plain text where nothing is said.
fn remote_without_tls(url: &str) -> bool {
    let Ok(url) = url::Url::parse(url) else {
        return false;
    };
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return false;
    }
    let parameter = |name| {
        let found = url.query_pairs().filter(|(key, _)| key == name).last();
        found.map(|(_, value)| value.into_owned())
    };
    let host = parameter("host").or_else(|| url.host_str().map(str::to_owned));
    let host = host.unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let here = host.is_empty()
        || host.starts_with('/')
        || host.starts_with("%2F")
        || host == "localhost"
        || address.is_ok_and(|address| address.is_loopback());
    let mode = parameter("sslmode").or_else(|| parameter("ssl-mode"));
    !here && mode.as_deref() != Some("verify-full")
}
