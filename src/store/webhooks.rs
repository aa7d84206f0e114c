//! The outbox of webhooks: queued in the flow's own transaction, claimed with a lease for one provider at a time, sent with no
//! transaction open, recorded. Of a request one is queued, the later ones wait for it to end.

use uuid::Uuid;

use super::{At, Result, Tx, all, on, one, run, value};
use crate::domain::{
    delivery::{DeliveryState, Trouble},
    ids::{ProviderId, RequestId, WebhookId},
    words::EventType,
};

/// A webhook to be queued.
#[derive(Debug)]
pub struct NewDelivery<'a> {
    /// The webhook-id.
    pub id: WebhookId,
    /// The event that it tells of; events of a request are told in the order of their numbers.
    pub event_id: i64,
    /// Whom it is told.
    pub provider_id: ProviderId,
    /// Whose event it is.
    pub request_id: RequestId,
    /// What happened.
    pub kind: EventType,
    /// When; it may be sent from then on.
    pub created_at: At,
    /// After this no further attempt is made.
    pub give_up_at: At,
    /// The body, sealed.
    pub sealed: &'a [u8],
}

/// A webhook that is ours to send until the lease ends.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ClaimedDelivery {
    /// The webhook-id.
    pub id: WebhookId,
    /// Whose event it is.
    pub request_id: RequestId,
    /// How often it was claimed, this time included.
    pub attempts: i64,
    /// After this no further attempt is made.
    pub give_up_at: At,
    /// The body, sealed.
    pub sealed: Vec<u8>,
}

/// How far a webhook is.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct DeliveryRow {
    /// The webhook-id.
    pub id: WebhookId,
    /// The event that it tells of.
    pub event_id: i64,
    /// Whose event it is.
    pub request_id: RequestId,
    /// What happened.
    pub r#type: EventType,
    /// How far it is.
    pub state: DeliveryState,
    /// Attempts since it was queued, or asked for again.
    pub attempts: i64,
    /// When it happened.
    pub created_at: At,
    /// When it is sent next, while it is queued.
    pub next_attempt_at: At,
    /// The last attempt, if one has ended.
    pub last_attempt_at: Option<At>,
    /// The HTTP status that it was answered with.
    pub last_status: Option<i64>,
    /// Why it failed.
    pub last_error: Option<Trouble>,
    /// When it was delivered, parked or disabled.
    pub ended_at: Option<At>,
    /// Its body has been erased: it cannot be sent again.
    pub erased: bool,
}

/// What is written down of an attempt.
#[derive(Debug, Clone, Copy)]
pub struct Attempted {
    /// What the delivery is then.
    pub state: DeliveryState,
    /// When.
    pub at: At,
    /// When to try again, if it is queued still.
    pub next_attempt_at: Option<At>,
    /// The HTTP status, if there was an answer.
    pub status: Option<i64>,
    /// Why it failed, if it did.
    pub error: Option<Trouble>,
}

/// Which deliveries of a provider are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Of this request only.
    pub request: Option<RequestId>,
    /// In this state only.
    pub state: Option<DeliveryState>,
}

macro_rules! columns {
    () => {
        "id, event_id, request_id, type, state, attempts, created_at, next_attempt_at, last_attempt_at, last_status, \
        last_error, ended_at, sealed IS NULL AS erased"
    };
}

/// Who is told of a request: its provider, if that has webhooks.
pub async fn receiver(tx: &mut Tx, request: RequestId) -> Result<Option<ProviderId>> {
    const RECEIVER: &str = "SELECT p.id FROM filing_requests r JOIN providers p ON p.id = r.provider_id \
        WHERE r.id = $1 AND p.webhook_url IS NOT NULL AND p.webhook_disabled_at IS NULL AND p.revoked_at IS NULL";
    let row: Option<(ProviderId,)> = one!(tx, RECEIVER, request)?;
    Ok(row.map(|(provider,)| provider))
}

/// Queues a webhook; behind another of the same request it waits. The request must be locked or changed before.
pub async fn insert(tx: &mut Tx, new: &NewDelivery<'_>) -> Result<()> {
    const INSERT: &str = "INSERT INTO webhook_deliveries (id, event_id, provider_id, request_id, type, state, attempts, \
        created_at, next_attempt_at, give_up_at, sealed) VALUES ($1, $2, $3, $4, $5, \
        CASE WHEN EXISTS (SELECT 1 FROM webhook_deliveries WHERE request_id = $4 AND state = 'queued') \
        THEN 'waiting' ELSE 'queued' END, 0, $6, $6, $7, $8)";
    run!(
        tx,
        INSERT,
        new.id,
        new.event_id,
        new.provider_id,
        new.request_id,
        new.kind,
        new.created_at,
        new.give_up_at,
        new.sealed
    )?;
    Ok(())
}

/// The providers that something is due for.
pub async fn due_receivers(tx: &mut Tx, now: At) -> Result<Vec<ProviderId>> {
    const DUE: &str = "SELECT p.id FROM providers p WHERE EXISTS (SELECT 1 FROM webhook_deliveries d \
        WHERE d.provider_id = p.id AND d.state = 'queued' AND d.next_attempt_at <= $1) ORDER BY p.id";
    let rows: Vec<(ProviderId,)> = all!(tx, DUE, now)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Takes webhooks of a provider that are due, oldest first; each falls due again at `lease_until`.
pub async fn claim(
    tx: &mut Tx,
    provider: ProviderId,
    now: At,
    lease_until: At,
    token: Uuid,
    limit: i64,
) -> Result<Vec<ClaimedDelivery>> {
    // two texts, as the outbox of SMS has them
    macro_rules! claim {
        ($skip:literal) => {
            concat!(
                "WITH due AS (SELECT id FROM webhook_deliveries \
                WHERE provider_id = $5 AND state = 'queued' AND next_attempt_at <= $1 ORDER BY next_attempt_at LIMIT $2",
                $skip,
                ") UPDATE webhook_deliveries SET lease_token = $3, next_attempt_at = $4, attempts = attempts + 1 \
                FROM due WHERE webhook_deliveries.id = due.id AND webhook_deliveries.sealed IS NOT NULL \
                RETURNING webhook_deliveries.id, request_id, attempts, give_up_at, sealed"
            )
        };
    }
    const SQLITE: &str = claim!("");
    const POSTGRES: &str = claim!(" FOR UPDATE SKIP LOCKED");
    let claim = match tx {
        Tx::Sqlite(_) => SQLITE,
        Tx::Postgres(_) => POSTGRES,
    };
    Ok(all!(tx, claim, now, limit, token, lease_until, provider)?)
}

/// Writes down what became of an attempt; false: the lease is no longer ours, nothing was written.
pub async fn record(tx: &mut Tx, id: WebhookId, token: Uuid, done: Attempted) -> Result<bool> {
    const RECORD: &str = "UPDATE webhook_deliveries SET state = $3, lease_token = NULL, last_attempt_at = $4, \
        next_attempt_at = COALESCE($5, next_attempt_at), last_status = $6, last_error = $7, \
        ended_at = $8 WHERE id = $1 AND lease_token = $2 AND state = 'queued'";
    let Attempted {
        state,
        at,
        next_attempt_at,
        status,
        error,
    } = done;
    let ended_at = next_attempt_at.is_none().then_some(at);
    let next = next_attempt_at;
    Ok(run!(
        tx, RECORD, id, token, state, at, next, status, error, ended_at
    )? == 1)
}

/// The queued one of a request has ended: the next that waits is due. The request must be locked.
pub async fn promote(tx: &mut Tx, request: RequestId, now: At) -> Result<()> {
    const PROMOTE: &str = "UPDATE webhook_deliveries SET state = 'queued', next_attempt_at = $2 WHERE event_id = \
        (SELECT MIN(event_id) FROM webhook_deliveries WHERE request_id = $1 AND state = 'waiting')";
    run!(tx, PROMOTE, request, now)?;
    Ok(())
}

/// A provider's delivery.
pub async fn of_provider(
    tx: &mut Tx,
    provider: ProviderId,
    id: WebhookId,
) -> Result<Option<DeliveryRow>> {
    const OWN: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM webhook_deliveries WHERE id = $1 AND provider_id = $2"
    );
    Ok(one!(tx, OWN, id, provider)?)
}

/// Sends one again from the beginning, behind what is queued of its request. One that waits or is being sent is left alone.
/// The request must be locked.
pub async fn requeue(tx: &mut Tx, row: &DeliveryRow, now: At, give_up_at: At) -> Result<()> {
    const AGAIN: &str = "UPDATE webhook_deliveries SET attempts = 0, next_attempt_at = $2, give_up_at = $3, \
        ended_at = NULL, lease_token = NULL, state = \
        CASE WHEN EXISTS (SELECT 1 FROM webhook_deliveries o WHERE o.request_id = $4 AND o.state = 'queued') \
        THEN 'waiting' ELSE 'queued' END \
        WHERE id = $1 AND sealed IS NOT NULL AND state NOT IN ('queued', 'waiting')";
    const SOONER: &str = "UPDATE webhook_deliveries SET attempts = 0, next_attempt_at = $2, give_up_at = $3 \
        WHERE id = $1 AND state = 'queued' AND lease_token IS NULL";
    if run!(tx, SOONER, row.id, now, give_up_at)? == 0 {
        run!(tx, AGAIN, row.id, now, give_up_at, row.request_id)?;
    }
    Ok(())
}

/// A provider's deliveries before (older than) an event's number, newest first.
pub async fn list(
    tx: &mut Tx,
    provider: ProviderId,
    filter: DeliveryFilter,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<DeliveryRow>> {
    macro_rules! list {
        ($filter:literal, $limit:literal) => {
            concat!(
                "SELECT ",
                columns!(),
                " FROM webhook_deliveries WHERE provider_id = $1 AND event_id < $2",
                $filter,
                " ORDER BY event_id DESC LIMIT ",
                $limit
            )
        };
    }
    const PLAIN: &str = list!("", "$3");
    const STATE: &str = list!(" AND state = $3", "$4");
    const REQUEST: &str = list!(" AND request_id = $3", "$4");
    const BOTH: &str = list!(" AND request_id = $3 AND state = $4", "$5");
    let before = before.unwrap_or(i64::MAX);
    Ok(match (filter.request, filter.state) {
        (None, None) => all!(tx, PLAIN, provider, before, limit)?,
        (None, Some(state)) => all!(tx, STATE, provider, before, state, limit)?,
        (Some(request), None) => all!(tx, REQUEST, provider, before, request, limit)?,
        (Some(request), Some(state)) => all!(tx, BOTH, provider, before, request, state, limit)?,
    })
}

/// How many are in somebody's hands: leased, and the lease not over.
pub async fn in_flight(tx: &mut Tx, now: At) -> Result<i64> {
    const IN_FLIGHT: &str = "SELECT COUNT(*) FROM webhook_deliveries \
        WHERE state = 'queued' AND next_attempt_at > $1 AND lease_token IS NOT NULL";
    Ok(value!(tx, IN_FLIGHT, now)?)
}

/// When the next one is due, or was.
pub async fn next_at(tx: &mut Tx) -> Result<Option<At>> {
    const NEXT: &str = "SELECT MIN(next_attempt_at) FROM webhook_deliveries WHERE state = 'queued'";
    Ok(value!(tx, NEXT)?)
}

/// The same among instants after one.
pub async fn next_after(tx: &mut Tx, after: At) -> Result<Option<At>> {
    const NEXT: &str = "SELECT MIN(next_attempt_at) FROM webhook_deliveries \
        WHERE state = 'queued' AND next_attempt_at > $1";
    Ok(value!(tx, NEXT, after)?)
}
