//! What the API answers besides the request itself ([`FilingRequest`]), member by member.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    domain::{time::serde_rfc3339, words::EventType},
    flow::shape::FilingRequest,
    store::events::EventRow,
};

/// A page of filing requests, the newest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FilingRequestPage {
    /// The requests.
    pub data: Vec<FilingRequest>,
    /// The `cursor` of the next page; null at the end.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// Something that happened to a request. Holds no personal data.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct LoggedEvent {
    /// What.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// When, +08:00.
    #[serde(with = "serde_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub at: DateTime<Utc>,
    /// The verification that it is about; null where it is about the request.
    #[schema(required)]
    pub verification_id: Option<String>,
    /// By whom: `visitor`, `provider`, `bureau` or `system`.
    pub actor: String,
    /// Details, by type.
    #[schema(value_type = Object)]
    pub data: Value,
}

/// All events of a request, the oldest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventPage {
    /// The events.
    pub data: Vec<LoggedEvent>,
    /// Always null: all of them are on one page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

impl From<EventRow> for LoggedEvent {
    fn from(row: EventRow) -> Self {
        Self {
            kind: row.r#type,
            at: row.at,
            verification_id: row.verification_id.map(|id| id.to_string()),
            actor: row.actor,
            data: row.data.0,
        }
    }
}
