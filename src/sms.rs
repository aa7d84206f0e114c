//! SMS gateways: who carries a message, and what became of it. A gateway knows nothing of the database: it is given a
//! message, takes as long as it needs, and answers; who asks holds no transaction open.

pub mod aliyun;
mod breaker;
mod delays;
mod file;
mod gateways;
mod hmac;
pub mod http;
mod https;
mod kinds;
mod receipts;
mod sandbox;
pub mod smpp;
pub mod tencent;
#[cfg(test)]
mod tests;
mod tls;
mod vendor;

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{FutureExt, future::BoxFuture};
use secrecy::SecretString;

pub use self::{
    gateways::{Chains, Gateways, Pick, Route},
    kinds::GatewaySettings,
    receipts::{About, BadPush, Fate, Push, Pushed, Receipt, Received, Sink},
};
use crate::domain::{carrier::Carrier, ids::MessageId, phone::Phone};

/// A message as a gateway gets it.
pub struct SmsMessage {
    /// The same at every attempt: the gateway's own reference for it, where it takes one.
    pub id: MessageId,
    /// Whom it is for.
    pub phone: Phone,
    /// Whose number that is taken for; none: no known carrier's.
    pub carrier: Option<Carrier>,
    /// The number that it comes from; none: whichever is the gateway's own.
    pub sender: Option<String>,
    /// The whole text, signature first: for a gateway that [carries](Gateway::carries_text) it.
    pub text: String,
    /// The six digits, in `text` too: all that a channel with templates of its own is given.
    pub code: String,
    /// When it was queued.
    pub queued_at: DateTime<Utc>,
    /// How often it has been handed to a gateway, this time included.
    pub attempt: u32,
}

impl fmt::Debug for SmsMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmsMessage")
            .field("id", &self.id)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// What a gateway says of one attempt. Why, it logs itself: an error's code, never the phone, the text or a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// It has the message: the principal's time begins.
    Accepted {
        /// The gateway's own references, by which its receipts name it: one for each part of a long SMS. Empty where receipts
        /// come under the message's own identifier, or never.
        references: Vec<String>,
    },
    /// Not this time, and certainly not sent: another attempt may succeed.
    Retry {
        /// How long the gateway wants to be left alone by everybody; else the usual backoff of this message.
        after: Option<TimeDelta>,
    },
    /// The gateway's own pace: not before then. Whoever waits for a first SMS is not the loser, the deadline waits too.
    Hold {
        /// When it may be tried again.
        until: DateTime<Utc>,
    },
    /// Our own queue for it is full: certainly not sent, and nothing is the matter with it.
    Full,
    /// Not by this gateway now: the next one of the chain is tried.
    Next {
        /// The number belongs to another carrier (携号转网): the next carrier's chain is tried, and that is remembered.
        foreign: bool,
    },
    /// Never by this gateway. Refused by all of them: undeliverable.
    Refused,
    /// Account or configuration: nothing can be sent by this gateway. An alarm, the gateway rests, the next one is tried.
    Stop,
    /// A time-out, or a connection lost after the message was submitted: it may have it.
    Unknown,
}

/// What a gateway says when it is asked about a message whose outcome is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// It has it.
    Accepted {
        /// As in [`Sent::Accepted`].
        references: Vec<String>,
    },
    /// It is on the phone.
    Delivered,
    /// It was accepted, and has not reached the phone for good.
    Undeliverable {
        /// As in [`Sent::Next`].
        foreign: bool,
    },
    /// It certainly never got it: it may be sent again at once.
    NeverHadIt,
    /// It may know in a little while.
    Later,
    /// It cannot be asked, or does not know.
    CannotTell,
}

/// How many messages a gateway takes for one phone, in windows by the clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pace {
    /// In a minute.
    pub per_minute: Option<u32>,
    /// In an hour.
    pub per_hour: Option<u32>,
    /// In a day.
    pub per_day: Option<u32>,
}

/// One way to send an SMS. `now` is the domain's time, which a sandbox turns; what a wire needs (a signature's date) is the
/// clock's real one.
pub trait Gateway: Send + Sync {
    /// Its name, for logs and the outbox.
    fn name(&self) -> &str;

    /// Makes one attempt at `now`. To be cut off at any await costs at most a second copy of the message.
    fn send<'a>(&'a self, message: &'a SmsMessage, now: DateTime<Utc>) -> BoxFuture<'a, Sent>;

    /// What became of a message that was handed over at `since` and whose outcome is unknown: a connection was lost, or the
    /// program ended in between.
    fn ask<'a>(&'a self, message: &'a SmsMessage, since: DateTime<Utc>) -> BoxFuture<'a, Asked> {
        let _ = (message, since);
        std::future::ready(Asked::CannotTell).boxed()
    }

    /// It takes our whole text; else it has templates of its own, and is given the code alone.
    fn carries_text(&self) -> bool {
        true
    }

    /// Receipts come from it: an unknown outcome is waited for, and no receipt for long is itself a sign.
    fn sends_receipts(&self) -> bool {
        false
    }

    /// How many messages it takes for one phone; whatever is more waits.
    fn pace(&self) -> Pace {
        Pace::default()
    }

    /// The secret in the path that its receipts are pushed to; none: nothing is pushed.
    fn push_secret(&self) -> Option<&SecretString> {
        None
    }

    /// Reads what was pushed to that path. What is not for us is answered all the same: a gateway that gets an error pushes
    /// again and again.
    ///
    /// # Errors
    /// It cannot be read.
    fn pushed(&self, push: &Push<'_>) -> Result<Pushed, BadPush> {
        let _ = push;
        Err(BadPush)
    }

    /// Starts what it needs besides, such as a session. Receipts that come over it go into `receipts`. Never called twice;
    /// not called at all by commands that send nothing.
    fn start(&self, receipts: Sink) {
        let _ = receipts;
    }

    /// Ends that in order; no message is in its hands any more.
    fn stop(&self) -> BoxFuture<'_, ()> {
        std::future::ready(()).boxed()
    }
}
