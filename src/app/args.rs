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
    /// Look after the accounts of the bureau's staff
    Staff {
        #[command(subcommand)]
        action: StaffAction,
    },
    /// Submit filing requests from NDJSON, CSV or XLSX; says per row what is wrong and loses none
    Import {
        /// `.ndjson` (a request a line, as the API takes it), `.csv` or `.xlsx` (a principal a row)
        #[arg(required_unless_present = "template")]
        file: Option<PathBuf>,
        /// For whom; may be left out where there is one provider
        #[arg(long, value_name = "NAME")]
        provider: Option<String>,
        /// Write a new workbook to fill in, with an example of each kind and notes
        #[arg(long, value_name = "FILE", conflicts_with_all = ["file", "provider"])]
        template: Option<PathBuf>,
    },
    /// Apply the retention now
    Purge,
    /// Look after the audit log
    Audit {
        #[command(subcommand)]
        action: AuditAction,
    },
    /// Look after the keys
    Keys {
        #[command(subcommand)]
        action: KeysAction,
    },
    /// Look after the SMS gateways
    Sms {
        #[command(subcommand)]
        action: SmsAction,
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
pub(super) enum AuditAction {
    /// Prove the event log whole, or name its first broken row
    Verify {
        /// The mark that an earlier verification printed: is what it proved still there?
        #[arg(long, value_name = "MARK")]
        noted: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum SmsAction {
    /// Send one SMS by one gateway, and say what it answers; costs what an SMS costs
    Test {
        /// A mobile number, 11 digits
        phone: String,
        /// Which: its name in [sms.gateways]
        #[arg(long, value_name = "NAME")]
        gateway: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum KeysAction {
    /// Bring everything under the active key, while the server runs; can be begun again at any time
    Rotate,
}

#[derive(Debug, Subcommand)]
pub(super) enum StaffAction {
    /// Add one; asks for its password (or reads it from standard input), prints its TOTP secret, once
    Add {
        /// Unique
        user: String,
        /// Whose bureau, such as gansu
        #[arg(long, required_unless_present = "national")]
        province: Option<String>,
        /// All bureaus
        #[arg(long, conflicts_with = "province")]
        national: bool,
        /// officer, auditor or admin
        #[arg(long, default_value = "officer")]
        role: String,
    },
    /// All of them
    List,
    /// A new password and a new TOTP secret; opens a closed account again, ends its sessions
    Reset {
        /// Whose
        user: String,
    },
    /// Take it away, its sessions with it
    Remove {
        /// Whose
        user: String,
    },
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
