//! How far a request is, as it is told to people: derived, never stored.

use chrono::{DateTime, Utc};

use super::Request;

/// How many answered, and until when the others can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Phones to verify.
    pub people: u32,
    /// Of them verified.
    pub verified: u32,
    /// The earliest deadline of those who have yet to answer.
    pub deadline: Option<DateTime<Utc>>,
}

impl Request {
    /// How far it is.
    pub fn progress(&self) -> Progress {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let pending = self.verifications.iter().filter(|one| one.is_pending());
        Progress {
            people: count(self.verifications.len()),
            verified: count(
                self.verifications
                    .iter()
                    .filter(|one| one.is_verified())
                    .count(),
            ),
            deadline: pending.map(|one| one.expires_at).min(),
        }
    }
}
