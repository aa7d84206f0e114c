//! Receipts: what gateways say of a message afterwards, over a session of theirs or pushed to a path of ours.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, mpsc, oneshot};

use crate::domain::ids::MessageId;

/// Which message a receipt is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// Ours, by the identifier that the gateway was given.
    Message(MessageId),
    /// A part of one, by the gateway's own reference.
    Reference(String),
}

/// What a receipt says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// A late answer to an attempt: it has the message.
    Accepted {
        /// As in [`super::Sent::Accepted`].
        references: Vec<String>,
    },
    /// A late answer to an attempt: it does not have it, another may be made at once.
    NeverHadIt,
    /// It is on the phone.
    Delivered,
    /// It has not reached the phone, for good.
    Undeliverable {
        /// As in [`super::Sent::Next`].
        foreign: bool,
    },
}

/// A gateway's word about a message. May come twice, late, before the attempt's own answer, or about nothing of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Which message.
    pub about: About,
    /// What became of it.
    pub fate: Fate,
}

/// A call of the path that a gateway pushes receipts to.
#[derive(Debug, Clone, Copy)]
pub struct Push<'a> {
    /// The query, still encoded.
    pub query: &'a str,
    /// The `Content-Type` that came with the body.
    pub content_type: Option<&'a str>,
    /// The body; empty with GET.
    pub body: &'a [u8],
}

/// What was pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// What concerns us of it.
    pub receipts: Vec<Receipt>,
    /// The body that says to the gateway that it has been taken, …
    pub answer: String,
    /// … and its type.
    pub content_type: &'static str,
}

/// What was pushed cannot be read. Its text is nowhere: it holds phones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what was pushed is no receipt of this gateway")]
pub struct BadPush;

/// Receipts of one gateway, to be written down.
#[derive(Debug)]
pub struct Received {
    /// The gateway's name.
    pub gateway: String,
    /// What it said, in order.
    pub receipts: Vec<Receipt>,
    /// Told once they have been written down.
    done: Option<oneshot::Sender<()>>,
}

impl Received {
    /// They have been written down: whoever brought them may forget them.
    pub fn written(mut self) {
        if let Some(done) = self.done.take() {
            // whoever brought them may be gone
            let _ = done.send(());
        }
    }
}

/// Where receipts wait to be written down.
#[derive(Debug)]
pub(super) struct Tray {
    to: mpsc::UnboundedSender<Received>,
    from: Mutex<mpsc::UnboundedReceiver<Received>>,
    arrived: Arc<Notify>,
}

impl Tray {
    pub(super) fn new() -> Self {
        let (to, from) = mpsc::unbounded_channel();
        Self {
            to,
            from: Mutex::new(from),
            arrived: Arc::default(),
        }
    }

    /// The entrance of the gateway of this name.
    pub(super) fn sink(&self, gateway: &str) -> Sink {
        Sink {
            gateway: gateway.to_owned(),
            to: self.to.clone(),
            arrived: self.arrived.clone(),
        }
    }

    /// What waits, at most so many.
    pub(super) fn take(&self, most: usize) -> Vec<Received> {
        let mut from = self.from.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::from_fn(|| from.try_recv().ok())
            .take(most)
            .collect()
    }

    /// Returns when something has been put in.
    pub(super) async fn arrived(&self) {
        self.arrived.notified().await;
    }
}

/// Where a gateway's session puts its receipts.
#[derive(Debug, Clone)]
pub struct Sink {
    gateway: String,
    to: mpsc::UnboundedSender<Received>,
    arrived: Arc<Notify>,
}

impl Sink {
    /// Puts receipts in; true once they have been written down. False: they could not be, and the gateway should bring them
    /// again, where it can be told so.
    pub async fn put(&self, receipts: Vec<Receipt>) -> bool {
        let (done, written) = oneshot::channel();
        self.send(receipts, Some(done)) && written.await.is_ok()
    }

    /// Puts receipts in and does not wait.
    pub fn post(&self, receipts: Vec<Receipt>) {
        self.send(receipts, None);
    }

    fn send(&self, receipts: Vec<Receipt>, done: Option<oneshot::Sender<()>>) -> bool {
        let received = Received {
            gateway: self.gateway.clone(),
            receipts,
            done,
        };
        let sent = self.to.send(received).is_ok();
        self.arrived.notify_one();
        sent
    }
}
