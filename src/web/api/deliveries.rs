//! Webhook deliveries: which there are, how far they are, and one asked for again.

use actix_web::{
    HttpRequest,
    web::{Data, Json},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    caller::Caller,
    cursor,
    problem::{Problem, ProblemType},
    query::{self, DeliveryQuery},
};
use crate::{
    domain::{
        delivery::{DeliveryState, Trouble},
        time::serde_rfc3339,
        words::EventType,
    },
    flow::{FlowError, Services, shape::time_or_null, webhooks},
    store::webhooks::DeliveryRow,
};

/// A webhook: one event of a request, told to its provider.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WebhookDelivery {
    /// The `webhook-id`, the same at every attempt.
    #[schema(example = "wh_01J00000000000000000000000")]
    pub id: String,
    /// What it tells of.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// Whose event it is.
    pub request_id: String,
    /// How far it is.
    pub state: DeliveryState,
    /// Attempts since the event, or since it was asked for again.
    #[schema(minimum = 0)]
    pub attempts: i64,
    /// When it happened, +08:00.
    #[serde(with = "serde_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: DateTime<Utc>,
    /// When it is sent next; null unless it is queued.
    #[serde(serialize_with = "time_or_null")]
    #[schema(required, value_type = Option<String>, format = DateTime)]
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// The last attempt that has ended.
    #[serde(serialize_with = "time_or_null")]
    #[schema(required, value_type = Option<String>, format = DateTime)]
    pub last_attempt_at: Option<DateTime<Utc>>,
    /// The HTTP status that it was answered with.
    #[schema(required, minimum = 100, maximum = 999)]
    pub last_status: Option<i64>,
    /// Why it failed; null if it did not.
    #[schema(required)]
    pub last_error: Option<Trouble>,
    /// When it was delivered, parked or disabled.
    #[serde(serialize_with = "time_or_null")]
    #[schema(required, value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<DateTime<Utc>>,
}

/// A page of webhook deliveries, the newest event first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WebhookDeliveryPage {
    /// The deliveries.
    pub data: Vec<WebhookDelivery>,
    /// The `cursor` of the next page; null at the end.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

impl From<DeliveryRow> for WebhookDelivery {
    fn from(row: DeliveryRow) -> Self {
        let queued = row.state == DeliveryState::Queued;
        Self {
            id: row.id.to_string(),
            kind: row.r#type,
            request_id: row.request_id.to_string(),
            state: row.state,
            attempts: row.attempts,
            created_at: row.created_at,
            next_attempt_at: queued.then_some(row.next_attempt_at),
            last_attempt_at: row.last_attempt_at,
            last_status: row.last_status,
            last_error: row.last_error,
            ended_at: row.ended_at,
        }
    }
}

/// Lists the provider's webhook deliveries, the newest event first.
#[utoipa::path(
    get,
    path = "/api/v1/webhook-deliveries",
    operation_id = "list_webhook_deliveries",
    tag = "webhooks",
    params(
        ("request_id" = Option<String>, Query, description = "Only those of this request, fr_…"),
        ("state" = Option<DeliveryState>, Query, description = "Only those in this state"),
        ("cursor" = Option<String>, Query, description = "The next_cursor of the page before, with the same request_id and state"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "How many on a page; 20 if left out"),
    ),
    responses((status = 200, description = "A page of deliveries", body = WebhookDeliveryPage)),
)]
pub async fn list(
    services: Data<Services>,
    caller: Caller,
    request: HttpRequest,
) -> Result<Json<WebhookDeliveryPage>, Problem> {
    let query = DeliveryQuery::parse(request.query_string())?;
    let place = cursor::of_deliveries(caller.0, query.filter);
    let before = match &query.cursor {
        None => None,
        Some(cursor) => {
            let found = cursor::open_number(&services, &place, cursor);
            Some(found.ok_or_else(query::bad_delivery_cursor)?)
        }
    };
    let fetch = query::one_more(query.limit);
    let mut rows = webhooks::list(&services, caller.0, query.filter, before, fetch).await?;
    let last = query::cut(&mut rows, query.limit).map(|row| row.event_id);
    Ok(Json(WebhookDeliveryPage {
        data: rows.into_iter().map(WebhookDelivery::from).collect(),
        next_cursor: last.map(|last| cursor::seal_number(&services, &place, last)),
    }))
}

/// Sends a webhook again, under the same id, behind what is queued of its request; one that is queued is sent at once.
#[utoipa::path(
    post,
    path = "/api/v1/webhook-deliveries/{id}/redeliver",
    operation_id = "redeliver_webhook",
    tag = "webhooks",
    params(("id" = String, Path, description = "The delivery's id, wh_…")),
    responses((status = 200, description = "The delivery, queued or waiting", body = WebhookDelivery)),
)]
pub async fn redeliver(
    services: Data<Services>,
    caller: Caller,
    request: HttpRequest,
) -> Result<Json<WebhookDelivery>, Problem> {
    let not_found = || Problem::new(ProblemType::DeliveryNotFound, "there is no such delivery");
    let id = request.match_info().get("id").map(str::parse);
    let id = id.and_then(Result::ok).ok_or_else(not_found)?;
    match webhooks::redeliver(&services, caller.0, id).await {
        Err(FlowError::NotFound) => Err(not_found()),
        done => Ok(Json(done?.into())),
    }
}
