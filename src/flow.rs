//! What the system does. A flow is: begin → load → let the domain decide → save → commit; the time and the random source
//! are read once, at its edge. Web, command line and jobs call flows and nothing below them.

pub mod aggregate;
pub mod attempt;
pub mod audit;
mod candidates;
mod carriers;
pub mod deliver;
mod each;
mod expire;
pub mod hashes;
pub mod import;
pub mod look_up;
pub mod message;
mod noon;
pub mod notify;
pub mod progress;
pub mod providers;
pub mod purge;
pub mod receipts;
pub mod resend;
mod retry;
pub mod review_phone;
pub mod rotate_keys;
pub mod run_due;
pub mod sandbox;
pub mod shape;
pub mod short_link;
pub mod staff;
pub mod statistics;
pub mod submit;
pub mod told;
pub mod verify;
pub mod webhooks;
pub mod withdraw;

use std::sync::Arc;

use chrono::TimeDelta;
use tokio::sync::Notify;

pub(crate) use retry::retry;

use crate::{
    captcha::Captchas,
    clock::Clock,
    domain::{carrier::Carriers, filing::FieldError, policy::Timeline, words::RequestState},
    keys::{KeyError, Keys},
    metrics::Metrics,
    random::Random,
    sms::Gateways,
    store::{Db, StoreError},
    webhook::Webhooks,
};

/// What flows work with. Clones share it.
#[derive(Clone)]
pub struct Services {
    /// The database.
    pub db: Db,
    /// Hashes and seals.
    pub keys: Keys,
    /// The time.
    pub clock: Clock,
    /// Codes, identifiers, nonces.
    pub random: Random,
    /// Issues and judges captchas.
    pub captchas: Captchas,
    /// Which policy is in force where and when.
    pub timeline: Arc<Timeline>,
    /// Whose number a phone is, for the sender.
    pub carriers: Arc<Carriers>,
    /// Where SMS go.
    pub gateways: Gateways,
    /// Where webhooks go.
    pub webhooks: Webhooks,
    /// Plain values of the configuration.
    pub settings: Arc<Settings>,
    /// What is counted for the operator.
    pub metrics: Metrics,
    /// Told when something has been queued, so that the jobs need not wait for their next look.
    pub wake: Arc<Notify>,
}

/// What flows need of the configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// A sandbox: messages stay readable in the inbox.
    pub sandbox: bool,
    /// The links' beginning, without a slash at its end.
    pub public_url: String,
    /// Written in 【】 in front of each SMS.
    pub signature: String,
    /// How much is allowed.
    pub limits: Limits,
    /// How SMS are sent, and how many at most.
    pub sms: SmsSettings,
    /// How long a finished request keeps its persons.
    pub retention: TimeDelta,
    /// How the staff's logins and sessions are guarded.
    pub staff: staff::Rules,
}

/// How many submissions or calls a window allows.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Failures and resends of a phone in an hour.
    pub per_phone_per_hour: u32,
    /// The same in a day.
    pub per_phone_per_day: u32,
    /// Those of a client address (IPv6: of its /64) in ten minutes.
    pub per_address_per_10_minutes: u32,
    /// Calls of an API key in a minute.
    pub api_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_phone_per_hour: 10,
            per_phone_per_day: 30,
            per_address_per_10_minutes: 60,
            api_per_minute: 600,
        }
    }
}

/// How SMS are sent.
#[derive(Debug, Clone)]
pub struct SmsSettings {
    /// SMS to a phone in a day, over all its filings; whatever is more waits.
    pub per_phone_per_day: u32,
    /// SMS for a provider in an hour.
    pub per_provider_per_hour: u32,
    /// All SMS in an hour.
    pub per_hour: u32,
    /// How long a receipt is waited for where an attempt's outcome is unknown.
    pub receipt_wait: TimeDelta,
    /// The pages' host, for the last line of origin-bound codes; none: there is no such line.
    pub origin: Option<String>,
}

impl Default for SmsSettings {
    fn default() -> Self {
        Self {
            per_phone_per_day: 12,
            per_provider_per_hour: 5_000,
            per_hour: 20_000,
            receipt_wait: TimeDelta::seconds(60),
            origin: None,
        }
    }
}

/// Why a flow did not do what was asked. Holds nothing that a visitor typed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FlowError {
    /// There is none, or it is another provider's.
    #[error("there is no such request")]
    NotFound,
    /// The request's state does not allow it.
    #[error("the request is {0}: this cannot be done to it any more")]
    Ended(RequestState),
    /// The filing breaks rules.
    #[error("the filing is not valid")]
    Invalid(Vec<FieldError>),
    /// The idempotency key came with another body before.
    #[error("the idempotency key was used with another body")]
    OtherBody,
    /// The first call with this idempotency key still runs.
    #[error("the first call with this idempotency key is still running")]
    StillRunning,
    /// The row of the file has been imported.
    #[error("this row of the file has been imported")]
    Imported,
    /// The webhook cannot be sent again.
    #[error("{0}")]
    NotDeliverable(&'static str),
    /// More calls than allowed.
    #[error("too many calls; try again in {retry_after} s")]
    Limited {
        /// Seconds until the window ends.
        retry_after: u64,
    },
    /// Others changed the same request again and again.
    #[error("too much was changed at the same moment; try again")]
    Busy,
    /// A stored value does not open.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored value does not read.
    #[error("a stored value is corrupt: {0}; restore a backup, or report this as a bug")]
    Corrupt(String),
}

impl FlowError {
    /// Nothing is wrong with what was asked: it can be asked again later.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Busy => true,
            Self::Store(error) => error.is_unavailable() || error.is_conflict(),
            _ => false,
        }
    }
}

impl From<serde_json::Error> for FlowError {
    /// The text of such an error may quote the value: kept out.
    fn from(error: serde_json::Error) -> Self {
        Self::Corrupt(format!("JSON, {:?} error", error.classify()))
    }
}

/// What every flow answers.
pub type Result<T, E = FlowError> = std::result::Result<T, E>;
