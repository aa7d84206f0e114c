//! Delivering: claim messages (a short transaction), send them with none open, record what became of them (a short one
//! again, guarded by the lease). At least once: what is not recorded is sent again when its lease ends.

mod record;

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Mutex, Semaphore};
use uuid::Uuid;

use self::record::{Report, record};
use super::{
    Result, Services,
    each::{self, each},
    message::Message,
    retry,
};
use crate::{
    domain::ids::RequestId,
    sms::{Sent, SmsMessage},
    store::{
        outbox::{self, Claimed},
        verifications,
    },
};

/// Messages claimed a round, and all sent at once.
const AT_ONCE: u8 = 32;
/// How long a claimed message is ours.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// How long a gateway may take; well under the lease, so that nobody else sends meanwhile.
const PATIENCE: Duration = Duration::from_secs(20);

/// Our claim of this round.
struct Claim<'a> {
    services: &'a Services,
    token: Uuid,
    /// Whose turn it is to write to a request: its SMS share its version, and would collide.
    turns: HashMap<RequestId, Mutex<()>>,
    /// Many are sent at once, but the pages need the database too.
    connections: Semaphore,
}

/// Sends the messages due at `now`, one batch; how many were accepted, refused or put off.
pub(super) async fn round(services: &Services, now: DateTime<Utc>) -> Result<u64> {
    let token = Uuid::from_bytes(services.random.bytes());
    let messages = retry(services, move |services| async move {
        let mut tx = services.db.write().await?;
        let until = now + LEASE;
        let claimed = outbox::claim(&mut tx, now, until, token, AT_ONCE.into()).await?;
        tx.commit().await?;
        Ok(claimed)
    })
    .await?;
    let turn = |message: &Claimed| (message.request_id, Mutex::new(()));
    let claim = Claim {
        services,
        token,
        turns: messages.iter().map(turn).collect(),
        connections: Semaphore::new(each::AT_ONCE),
    };
    let work = messages
        .iter()
        .map(|message| (message.id, claim.deliver(message, now)));
    each("an SMS", AT_ONCE.into(), work.collect()).await
}

impl Claim<'_> {
    async fn deliver(&self, message: &Claimed, now: DateTime<Utc>) -> Result<bool> {
        if !self.is_wanted(message, now).await? {
            return Ok(false);
        }
        let services = self.services;
        let Message {
            phone,
            sender,
            text,
            ..
        } = Message::open(&services.keys, message.id, &message.sealed)?;
        let sms = SmsMessage {
            id: message.id,
            phone,
            sender,
            text,
            queued_at: message.queued_at,
        };
        let sending = services.gateways.send(&sms, now);
        let Ok(answer) = tokio::time::timeout(PATIENCE, sending).await else {
            tracing::warn!(message = %message.id, "a gateway did not answer; the SMS is sent again when its lease ends");
            return Ok(false);
        };
        let at = services.clock.now();
        let reports = match &answer.sent {
            Sent::Accepted { reports, .. } => *reports,
            _ => 1,
        };
        let _turn = match self.turns.get(&message.request_id) {
            Some(turn) => Some(turn.lock().await),
            None => None,
        };
        let _connection = self.connections.acquire().await;
        let report = Report::new(message, self.token, answer, at);
        let mut recorded = false;
        for _ in 0..reports {
            recorded |= record(services, report.clone()).await?;
        }
        Ok(recorded)
    }

    /// Whether there is still somebody to answer it. Whatever ends a verification takes its messages back in the same
    /// transaction; this is for one that ended since the claim.
    async fn is_wanted(&self, message: &Claimed, now: DateTime<Utc>) -> Result<bool> {
        let _connection = self.connections.acquire().await;
        let mut tx = self.services.db.read().await?;
        let row = verifications::load(&mut tx, message.verification_id).await?;
        Ok(row.is_some_and(|row| row.ended_at.is_none() && now < row.expires_at))
    }
}
