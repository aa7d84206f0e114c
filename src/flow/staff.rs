//! The bureau's staff and what they do at their console. Logins, sessions and codes go by the real clock, in a sandbox too;
//! what is done to a request goes by the clock of everything else.

pub mod accounts;
pub mod confirm;
pub mod desk;
pub mod export;
mod failures;
pub mod log;
pub mod log_in;
pub mod own;
pub mod password;
pub mod request;
pub mod sessions;
pub mod totp;

use std::net::IpAddr;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// How logins and sessions are guarded.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// A session not used for so long has ended.
    pub idle: TimeDelta,
    /// A session has ended after so long, however much it is used.
    pub whole: TimeDelta,
    /// So many failures of a name from one address, and that pair waits.
    pub failures: u32,
    /// How long it waits.
    pub wait: TimeDelta,
    /// The shortest password, in characters.
    pub shortest_password: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            idle: TimeDelta::minutes(30),
            whole: TimeDelta::hours(12),
            failures: 5,
            wait: TimeDelta::minutes(15),
            shortest_password: 15,
        }
    }
}

/// From where somebody works, as the list of their sessions shows it; kept sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// The network address.
    pub address: IpAddr,
    /// What the browser calls itself, cut short.
    pub browser: String,
}

/// The longest description of a browser that is kept, in characters.
const LONGEST_BROWSER: usize = 200;

impl Client {
    /// A client; what the browser says of itself is cut short and freed of what nobody sees.
    #[must_use]
    pub fn new(address: IpAddr, browser: &str) -> Self {
        let seen = browser.chars().filter(|c| !c.is_control());
        Self {
            address,
            browser: seen.take(LONGEST_BROWSER).collect(),
        }
    }
}
