//! SMS gateways: who carries a message, and what became of it. A gateway knows nothing of the database: it is given a
//! message, takes as long as it needs, and answers; who asks holds no transaction open.

mod sandbox;

use std::{fmt, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;

use crate::domain::{ids::MessageId, phone::Phone};

/// A message as a gateway gets it.
pub struct SmsMessage {
    /// The same at every attempt: the gateway's own reference for it, where it takes one.
    pub id: MessageId,
    /// Whom it is for.
    pub phone: Phone,
    /// The number that it comes from.
    pub sender: String,
    /// The whole text, signature first.
    pub text: String,
    /// When it was queued.
    pub queued_at: DateTime<Utc>,
}

impl fmt::Debug for SmsMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmsMessage")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// What a gateway says of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// It has the message: the principal's time begins.
    Accepted {
        /// The gateway's own reference.
        reference: Option<String>,
        /// How often it said so. Each time is recorded, and the second changes nothing.
        reports: u8,
    },
    /// Not this time: another attempt may succeed.
    Retry {
        /// How long the gateway wants to be left alone; else the usual backoff.
        after: Option<TimeDelta>,
    },
    /// The gateway's own pace: not before then. Whoever waits for a first SMS is not the loser, the deadline waits too.
    Hold {
        /// When it may be tried again.
        until: DateTime<Utc>,
    },
    /// Never: no attempt can succeed.
    Refused,
}

/// An answer, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The gateway's name.
    pub gateway: String,
    /// What it said.
    pub sent: Sent,
}

/// One way to send an SMS.
pub trait Gateway: Send + Sync {
    /// Its name, for logs and the outbox.
    fn name(&self) -> &str;
    /// Makes one attempt at `now`. To be cut off at any await costs at most a second copy of the message.
    fn send<'a>(&'a self, message: &'a SmsMessage, now: DateTime<Utc>) -> BoxFuture<'a, Sent>;
}

/// The gateways in use. Clones share them.
#[derive(Clone)]
pub struct Gateways(Arc<dyn Gateway>);

impl Gateways {
    /// All messages go by this gateway.
    #[must_use]
    pub fn one(gateway: impl Gateway + 'static) -> Self {
        Self(Arc::new(gateway))
    }

    /// The sandbox's own: sends nothing anywhere, and fails for the phones that are there to fail.
    #[must_use]
    pub fn sandbox() -> Self {
        Self::one(sandbox::Sandbox)
    }

    /// Makes one attempt at `now` by the gateway that the message is for.
    pub async fn send(&self, message: &SmsMessage, now: DateTime<Utc>) -> Answer {
        Answer {
            gateway: self.0.name().to_owned(),
            sent: self.0.send(message, now).await,
        }
    }
}

impl fmt::Debug for Gateways {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gateways").field(&self.0.name()).finish()
    }
}
