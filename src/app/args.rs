//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::config::Arguments;

/// SMS verification of ICP filings (备案短信核验): portal, provider API, sandbox.
#[derive(Debug, Parser)]
#[command(name = "heyan", version, propagate_version = true)]
pub struct Args {
    #[command(flatten)]
    pub(super) common: Common,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What every command takes.
#[derive(Debug, clap::Args)]
pub(super) struct Common {
    /// The configuration [default: heyan.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Which database
    #[arg(
        long,
        global = true,
        value_name = "URL",
        help = "sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME [default: sqlite://heyan.db]"
    )]
    pub database_url: Option<String>,
    /// Where to answer [default: 127.0.0.1:8080]
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
}

impl Common {
    pub fn arguments(&self) -> Arguments {
        Arguments {
            file: self.config.clone(),
            default_file: true,
            database_url: self.database_url.clone(),
            listen: self.listen.clone(),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// A sandbox with demo data, and how to begin with it
    Demo,
    /// The portal, the API and the background jobs
    Serve,
    /// Bring the database up to date (serve does so too)
    Migrate,
    /// Show the policy in force, with its source; without arguments the whole timeline
    Policy {
        /// Such as gansu
        #[arg(long)]
        province: Option<String>,
        /// Such as 2018-09-10T08:00+08:00
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// Look after access providers (接入商)
    Provider {
        #[command(subcommand)]
        action: ProviderAction,
    },
    /// Submit filing requests from NDJSON or CSV; says per row what is wrong and loses none
    Import {
        /// `.ndjson` (a request a line, as the API takes it) or `.csv` (a principal a row)
        file: PathBuf,
        /// For whom; may be left out where there is one provider
        #[arg(long, value_name = "NAME")]
        provider: Option<String>,
    },
    /// Apply the retention now
    Purge,
    /// Look after the keys
    Keys {
        #[command(subcommand)]
        action: KeysAction,
    },
    /// Look after the configuration
    Config {
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Copy an embedded database while it is in use
    Backup {
        /// A new file
        file: PathBuf,
    },
    /// Put a backup in the place of an embedded database
    Restore {
        /// The backup
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigAction {
    /// Read the configuration and say what is wrong with it
    Check,
}

#[derive(Debug, Subcommand)]
pub(super) enum KeysAction {
    /// Bring everything under the active key, while the server runs; can be begun again at any time
    Rotate,
}

#[derive(Debug, Subcommand)]
pub(super) enum ProviderAction {
    /// Add one; prints its API key and its webhook secret, once
    Add {
        /// Unique
        name: String,
        /// Where its webhooks go (https)
        #[arg(long, value_name = "URL")]
        webhook: Option<String>,
    },
    /// All of them
    List,
    /// Set where its webhooks go
    Webhook {
        /// Whose
        name: String,
        /// https
        #[arg(required_unless_present = "none")]
        url: Option<String>,
        /// Nowhere
        #[arg(long, conflicts_with = "url")]
        none: bool,
    },
    /// Its webhooks, the newest first, and what became of them
    Deliveries {
        /// Whose
        name: String,
        /// waiting, queued, delivered, parked or disabled
        #[arg(long)]
        state: Option<String>,
        /// Of one request: `fr_…`
        #[arg(long, value_name = "ID")]
        request: Option<String>,
        /// How many at most
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
    },
    /// Send webhooks again
    Redeliver {
        /// Whose
        name: String,
        /// Which: `wh_…`
        #[arg(required_unless_present = "parked", value_name = "ID")]
        ids: Vec<String>,
        /// All that were given up
        #[arg(long, conflicts_with = "ids")]
        parked: bool,
    },
    /// New secrets; the old ones end in 24 hours
    Rotate {
        /// Whose
        name: String,
    },
    /// End its access
    Revoke {
        /// Whose
        name: String,
    },
}
