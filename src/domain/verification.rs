//! The verification of one phone of a request. It changes only as part of its request (`request`).

use chrono::{DateTime, Utc};

use super::{ids::VerificationId, words::VerificationState};

/// How far the verification of one phone is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Its identifier.
    pub id: VerificationId,
    /// How far it is.
    pub state: VerificationState,
    /// Wrong tries charged to it; never reset.
    pub wrong_tries: u32,
    /// Manual resends, each counted.
    pub manual_resends: u32,
    /// When a gateway accepted the first SMS: the window starts then.
    pub first_sent_at: Option<DateTime<Utc>>,
    /// From this instant on it is too late.
    pub expires_at: DateTime<Utc>,
    /// When the noon resend is due, if one will come.
    pub noon_at: Option<DateTime<Utc>>,
    /// When it was verified.
    pub verified_at: Option<DateTime<Utc>>,
    /// When it ended, in whatever way.
    pub ended_at: Option<DateTime<Utc>>,
}

impl Verification {
    /// A new one, whose deadline holds until an SMS is accepted.
    pub const fn new(id: VerificationId, expires_at: DateTime<Utc>) -> Self {
        Self {
            id,
            state: VerificationState::Pending,
            wrong_tries: 0,
            manual_resends: 0,
            first_sent_at: None,
            expires_at,
            noon_at: None,
            verified_at: None,
            ended_at: None,
        }
    }

    /// Its principal has proved the number.
    pub fn is_verified(&self) -> bool {
        self.state == VerificationState::Verified
    }

    /// Still waits for the principal.
    pub fn is_pending(&self) -> bool {
        self.state == VerificationState::Pending
    }

    /// Waits for the principal and is in time: `now == expires_at` is too late.
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.is_pending() && now < self.expires_at
    }

    /// Ends it.
    pub(super) fn end(&mut self, state: VerificationState, now: DateTime<Utc>) {
        self.state = state;
        self.ended_at = Some(now);
        self.noon_at = None;
    }
}
