//! `[staff]`: who may reach the bureau's console, and how its logins and sessions are guarded.

use ipnet::IpNet;

use super::{reader::Reader, sections::network};

/// `[staff]`
#[derive(Debug, Clone)]
pub struct Staff {
    /// Whence the console answers; left out: from everywhere in a sandbox, from nowhere in production.
    pub networks: Option<Vec<IpNet>>,
    /// A session not used for so long has ended.
    pub idle_minutes: u32,
    /// A session has ended after so long.
    pub session_hours: u32,
    /// So many failures of a name from one address …
    pub failures: u32,
    /// … and that pair waits so long.
    pub wait_minutes: u32,
    /// The shortest password, in characters.
    pub password_length: u32,
}

pub(super) fn staff(all: &mut Reader<'_>) -> Staff {
    let mut section = all.section("staff");
    Staff {
        networks: section.list("networks", network),
        idle_minutes: section.number("idle_minutes", 1..=60).unwrap_or(30),
        session_hours: section.number("session_hours", 1..=12).unwrap_or(12),
        failures: section.number("failures", 1..=10).unwrap_or(5),
        wait_minutes: section.number("wait_minutes", 1..=1440).unwrap_or(15),
        password_length: section.number("password_length", 15..=64).unwrap_or(15),
    }
}
