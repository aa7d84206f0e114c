//! The settings: `heyan.toml`, over it the environment (`HEYAN_…`), over that the arguments. Read whole before anything
//! starts; every wrong key is told with its place. Secrets show in no `Debug`.

mod captcha;
mod links;
mod production;
mod reader;
mod sections;
mod sms;
mod staff;
mod tree;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};

pub use self::{
    captcha::{Captcha, CaptchaKind, CaptchaSound},
    links::Links,
    sections::{KeySettings, Limits, Log, LogFormat, Operator, Sandbox},
    sms::{Gateway, GatewayKind, Sms},
    staff::Staff,
};
use self::{
    production::Places,
    reader::{Reader, Report},
    tree::{Origin, Table},
};
use crate::domain::{province::Province, words::words};

/// Read where no `--config` names another, if it is there.
pub const DEFAULT_FILE: &str = "heyan.toml";

words!(/// What the system is run for.
    Mode {
        /// For trying out and testing; the default.
        Sandbox = "sandbox",
        /// For real.
        Production = "production",
    }
);

/// All settings.
#[derive(Debug)]
pub struct Config {
    /// Where they were read from; none: built-in values, environment and arguments alone.
    pub file: Option<PathBuf>,
    /// Sandbox or production.
    pub mode: Mode,
    /// Where the pages and the API answer.
    pub listen: SocketAddr,
    /// What links begin with, without a slash at the end; a sandbox may leave it out, and it is its own address then.
    pub public_url: Option<String>,
    /// `sqlite://FILE` or `postgres://…`, perhaps with a password.
    pub database_url: SecretString,
    /// The data file of the policies; the built-in one where left out.
    pub provinces: Option<PathBuf>,
    /// Networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Further host names, each of a bureau.
    pub hosts: BTreeMap<String, Province>,
    /// Who runs it.
    pub operator: Option<Operator>,
    /// The keys; a sandbox makes its own where left out.
    pub keys: Option<KeySettings>,
    /// How often something may happen.
    pub limits: Limits,
    /// What a visitor's form asks for.
    pub captcha: Captcha,
    /// Days after which the persons of an ended request are erased.
    pub retention_days: u32,
    /// Signature, chains and gateways.
    pub sms: Sms,
    /// Where webhooks may go besides public addresses.
    pub webhooks_allow: Vec<IpNet>,
    /// The bureau's console.
    pub staff: Staff,
    /// What a sandbox may do besides.
    pub sandbox: Sandbox,
    /// `/metrics` on a listener of its own.
    pub metrics_listen: Option<SocketAddr>,
    /// Neighbouring systems; `None`: the national page's.
    pub links: BTreeMap<Option<Province>, Links>,
    /// What is logged, and how.
    pub log: Log,
}

/// What the command line sets.
#[derive(Debug, Clone, Default)]
pub struct Arguments {
    /// `--config`
    pub file: Option<PathBuf>,
    /// Without `--config`: whether [`DEFAULT_FILE`] is read where there is one.
    pub default_file: bool,
    /// `--database-url`
    pub database_url: Option<String>,
    /// `--listen`
    pub listen: Option<String>,
}

/// One wrong setting: where it stands, which it is, what is wrong. Never a secret's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    origin: Origin,
    key: String,
    message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.origin)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// Why the settings cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {reason}; name a readable file with --config", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// What is written there is wrong; one line each.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Wrong(Vec<Problem>),
}

impl Config {
    /// Reads file, environment and arguments.
    ///
    /// # Errors
    /// The file cannot be read or is no TOML; else everything that is wrong with the settings, all at once.
    pub fn load(
        arguments: &Arguments,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let file = arguments.file.clone().or_else(|| {
            let default = PathBuf::from(DEFAULT_FILE);
            (arguments.default_file && default.exists()).then_some(default)
        });
        let mut table = match &file {
            Some(path) => tree::parse(&read(path)?, path)?,
            None => Table::new(),
        };
        tree::overlay_environment(&mut table, environment)
            .map_err(|problem| ConfigError::Wrong(vec![problem]))?;
        let given = [
            ("--database-url", "database_url", &arguments.database_url),
            ("--listen", "listen", &arguments.listen),
        ];
        for (name, key, value) in given {
            if let Some(value) = value {
                let origin = Origin::Argument(name);
                tree::put(&mut table, &[key], value.clone(), &origin);
            }
        }
        let report = Report::default();
        let config = Self::read(table, file, &report);
        match report.problems() {
            problems if problems.is_empty() => Ok(config),
            problems => Err(ConfigError::Wrong(problems)),
        }
    }

    /// The names of all settings, with dots between; those under names of one's own (keys, hosts, gateways, links) apart.
    #[must_use]
    pub fn known_keys() -> Vec<String> {
        let report = Report::default();
        let _ = Self::read(Table::new(), None, &report);
        report.asked()
    }

    /// Sandbox mode.
    #[must_use]
    pub fn is_sandbox(&self) -> bool {
        self.mode == Mode::Sandbox
    }

    /// The database's address without its password, fit to be shown.
    #[must_use]
    pub fn database_shown(&self) -> String {
        match url::Url::parse(self.database_url.expose_secret()) {
            Ok(mut url) if url.has_host() && url.scheme() != "sqlite" => {
                // a query may hold a password as well
                url.set_query(None);
                let _ = url.set_password(None);
                url.to_string()
            }
            _ => self.database_url.expose_secret().to_owned(),
        }
    }

    /// Where a sandbox without `[keys]` has its key file: beside an SQLite database, under its name; for PostgreSQL
    /// `heyan.keys` beside the configuration file, or in the working directory.
    #[must_use]
    pub fn sandbox_key_file(&self) -> PathBuf {
        let url = self.database_url.expose_secret();
        if let Some(path) = url.strip_prefix("sqlite:") {
            return Path::new(path.strip_prefix("//").unwrap_or(path)).with_extension("keys");
        }
        let folder = self.file.as_deref().and_then(Path::parent);
        folder.unwrap_or(Path::new("")).join("heyan.keys")
    }

    /// A sandbox that texts real phones says what it is: each SMS begins with 【演示】.
    fn check_demo_texts(&self, report: &Report) {
        let gateways = self.sms.gateways.values();
        for gateway in gateways.filter(|one| one.kind.has_templates()) {
            let key = format!("sms.gateways.{}.kind", gateway.name);
            let message = format!(
                "a sandbox with sandbox.sends_to cannot use {}: its texts are the vendor's templates, and would not \
                 begin with 【演示】",
                gateway.kind
            );
            report.wrong(&Origin::Nowhere, &key, message);
        }
    }

    fn read(table: Table, file: Option<PathBuf>, report: &Report) -> Self {
        let folder = file.as_deref().and_then(Path::parent).map(Path::to_owned);
        let mut all = Reader::new(report, "", table);
        let mode = sections::word(&mut all, "mode", Mode::ALL, Mode::as_str);
        let mode = mode.unwrap_or(Mode::Sandbox);
        let listen_at = all.origin("listen");
        let places = Places {
            public_url: all.origin("public_url"),
            database_url: all.origin("database_url"),
            keys: all.origin("keys"),
        };
        let address = "an address and port, such as 127.0.0.1:8080";
        let config = Self {
            mode,
            listen: all
                .parsed("listen", address)
                .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080))),
            public_url: all.read("public_url", sections::public_url),
            database_url: all
                .read("database_url", sections::database_url)
                .unwrap_or_else(|| "sqlite://heyan.db".into()),
            provinces: sections::path(&mut all, "provinces", folder.as_deref()),
            trusted_proxies: all
                .list("trusted_proxies", sections::network)
                .unwrap_or_default(),
            hosts: sections::hosts(&mut all),
            operator: sections::operator(&mut all),
            keys: sections::keys(&mut all),
            limits: sections::limits(&mut all),
            captcha: captcha::captcha(&mut all),
            retention_days: all
                .section("retention")
                .number("days", 1..=36_500)
                .unwrap_or(180),
            sms: sms::sms(&mut all, folder.as_deref()),
            webhooks_allow: all
                .section("webhooks")
                .list("allow", sections::network)
                .unwrap_or_default(),
            staff: staff::staff(&mut all),
            sandbox: sections::sandbox(&mut all),
            metrics_listen: all.parsed(
                "metrics_listen",
                "an address and port, such as 127.0.0.1:9090",
            ),
            links: links::links(&mut all),
            log: sections::log(&mut all),
            file,
        };
        drop(all);
        match mode {
            Mode::Sandbox => {
                if !config.listen.ip().is_loopback() && config.sandbox.password.is_none() {
                    let message = "a sandbox answers beyond this machine only with a password: set sandbox.password";
                    report.wrong(&listen_at, "listen", message);
                }
                if !config.sandbox.sends_to.is_empty() {
                    config.check_demo_texts(report);
                    config.check_chains(report);
                }
                if !config.sandbox.sends_to.is_empty() && !config.sms.reaches_phones() {
                    let message = "sandbox.sends_to lists numbers, but no gateway reaches them: name one of kind smpp, \
                        aliyun, tencent or http";
                    report.wrong(&Origin::Nowhere, "sms.default", message);
                }
                if config.listen.ip().is_unspecified() && config.public_url.is_none() {
                    let message = "no browser can open this address: set public_url to the one that they open";
                    report.wrong(&listen_at, "listen", message);
                }
            }
            Mode::Production => config.check_production(report, &places),
        }
        config
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|error| ConfigError::File {
        path: path.to_owned(),
        reason: match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".into(),
            std::io::ErrorKind::InvalidData => "is not UTF-8".into(),
            _ => error.to_string(),
        },
    })
}
