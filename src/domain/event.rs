//! What a transition leaves in the append-only log: no personal data in it.

use serde_json::{Value, json};

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

/// Something that happened to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub what: EventType,
    /// The verification it is about, if about one.
    pub verification: Option<VerificationId>,
    /// Details.
    pub data: Value,
}

impl Event {
    /// About the request.
    pub fn of_request(what: EventType) -> Self {
        Self {
            what,
            verification: None,
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

    /// With a detail.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.data[key] = value.into();
        self
    }
}
