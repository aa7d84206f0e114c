//! What a transition leaves in the append-only log: no personal data in it.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    ids::VerificationId,
    words::{EventType, ReturnReason, words},
};

words!(/// Who made something happen.
    Actor {
    /// Somebody at a page.
    Visitor = "visitor",
    /// The access provider.
    Provider = "provider",
    /// The bureau's staff.
    Bureau = "bureau",
    /// The system itself: a deadline, a gateway, the retention.
    System = "system",
});

words!(/// What staff, operators and the system do that is no request's.
    Deed {
    /// Somebody of the staff is in.
    Login = "staff.login",
    /// Name, password or second factor was wrong, or too many had been.
    LoginRefused = "staff.login_refused",
    /// An account, or an address with it, must wait, or is disabled.
    Locked = "staff.locked",
    /// Somebody of the staff is out again.
    Logout = "staff.logout",
    /// A session was ended by somebody else than its time.
    SessionRevoked = "staff.session_revoked",
    /// An account was made.
    AccountAdded = "staff.account_added",
    /// An account's rights, password or second factor changed.
    AccountChanged = "staff.account_changed",
    /// An account is no more.
    AccountRemoved = "staff.account_removed",
    /// Something that the rights of an account do not allow was asked for.
    Refused = "staff.refused",
    /// Personal data was shown in clear.
    ShownInClear = "staff.shown_in_clear",
    /// A list left the house as a file.
    Exported = "staff.exported",
    /// A sandbox was emptied: the log begins here.
    SandboxReset = "sandbox.reset",
});

/// Something that happened to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub what: EventType,
    /// The verification it is about, if about one.
    pub verification: Option<VerificationId>,
    /// Who of the staff did it, if anybody of them.
    pub staff: Option<Uuid>,
    /// Details.
    pub data: Value,
}

impl Event {
    /// About the request.
    pub fn of_request(what: EventType) -> Self {
        Self {
            what,
            verification: None,
            staff: None,
            data: json!({}),
        }
    }

    /// About one verification.
    pub fn of(what: EventType, verification: VerificationId) -> Self {
        Self {
            verification: Some(verification),
            ..Self::of_request(what)
        }
    }

    /// The request went back.
    pub fn returned(reason: ReturnReason) -> Self {
        Self::of_request(EventType::Returned).with("reason", reason.as_str())
    }

    /// Done by one of the staff.
    #[must_use]
    pub fn by(mut self, staff: Uuid) -> Self {
        self.staff = Some(staff);
        self
    }

    /// With a detail.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.data[key] = value.into();
        self
    }
}
