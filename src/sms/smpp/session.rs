//! A session that is kept: bound, listened to, bound again when it ends.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use rusmppc::Client;
use tokio::{
    sync::{Semaphore, watch},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    SmppSettings,
    connection::{self, Bound, ConnectError, Events},
    incoming,
};
use crate::{random::Random, sms::Sink};

/// The first pause before connecting again, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));
/// The pause after a wrong account or password: whoever tries too often is locked out.
const LOCKED_OUT: Duration = Duration::from_mins(5);
/// A session that lasted so long was a good one.
const GOOD: Duration = Duration::from_mins(1);
/// How long the SMSC may take to say good-bye.
const UNBIND: Duration = Duration::from_secs(2);
/// Receipts written down in one go.
const AT_ONCE: usize = 64;

/// A session as whoever submits sees it.
pub(super) struct Line {
    state: watch::Sender<State>,
    window: Arc<Semaphore>,
}

#[derive(Clone)]
enum State {
    /// The first attempt to connect has not ended.
    Starting,
    Bound(Client),
    /// The connection has ended, or there is none.
    Down,
    /// The SMSC refuses to bind.
    Refused,
}

impl Line {
    pub fn new(window: u16) -> Self {
        Self {
            state: watch::Sender::new(State::Starting),
            window: Arc::new(Semaphore::new(window.into())),
        }
    }

    /// What to submit by; none: there is no session.
    pub fn client(&self) -> Option<Client> {
        match &*self.state.borrow() {
            State::Bound(client) => Some(client.clone()),
            _ => None,
        }
    }

    /// The places of what is in flight.
    pub fn window(&self) -> Arc<Semaphore> {
        Arc::clone(&self.window)
    }

    /// Whether the SMSC refuses to bind.
    pub fn is_refused(&self) -> bool {
        matches!(*self.state.borrow(), State::Refused)
    }

    /// Waits until the first attempt to connect has ended.
    pub async fn tried(&self) {
        let mut state = self.state.subscribe();
        // the sender is ours
        let _ = state
            .wait_for(|state| !matches!(state, State::Starting))
            .await;
    }
}

/// What keeps a line bound.
pub(super) struct Session {
    pub name: Arc<str>,
    pub settings: Arc<SmppSettings>,
    pub line: Arc<Line>,
    pub sink: Sink,
    pub random: Random,
    pub stop: CancellationToken,
}

impl Session {
    /// Runs until it is told to stop.
    pub async fn run(self) {
        let mut failures = 0;
        while !self.stop.is_cancelled() {
            let begun = Instant::now();
            let pause = match connection::connect(&self.settings).await {
                Ok(Bound {
                    client,
                    events,
                    end,
                }) => {
                    tracing::info!(gateway = %self.name, "bound to the SMSC");
                    self.line.state.send_replace(State::Bound(client.clone()));
                    self.listen(&client, events).await;
                    self.line.state.send_replace(State::Down);
                    end.cancel();
                    if begun.elapsed() >= GOOD {
                        failures = 0;
                    }
                    None
                }
                Err(ConnectError::Refused(status)) => {
                    tracing::error!(
                        gateway = %self.name,
                        "no SMS can be sent: the SMSC refuses the bind with status {status:#010x}; see system_id, password \
                         and the addresses that it lets in"
                    );
                    self.line.state.send_replace(State::Refused);
                    // ESME_RINVPASWD, ESME_RINVSYSID
                    matches!(status, 0x0E | 0x0F).then_some(LOCKED_OUT)
                }
                Err(error) => {
                    tracing::warn!(gateway = %self.name, %error, "no session with the SMSC");
                    self.line.state.send_replace(State::Down);
                    None
                }
            };
            let pause = pause.unwrap_or_else(|| self.backoff(failures));
            failures += 1;
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = sleep(pause) => {}
            }
        }
    }

    /// Twice as long each time, and a part of it by chance: instances that were cut off together come back one by one.
    fn backoff(&self, failures: u32) -> Duration {
        let (first, longest) = PAUSES;
        let pause = first.saturating_mul(1 << failures.min(10)).min(longest);
        pause / 2 + pause * self.random.below(1000) / 2000
    }

    /// Until the session ends, or is to be ended. Receipts that are being written down hold nothing else up; those that have
    /// not been then come again.
    async fn listen(&self, client: &Client, events: Events) {
        let mut events = events.ready_chunks(AT_ONCE);
        let mut receipts = FuturesUnordered::new();
        loop {
            tokio::select! {
                biased;
                Some(chunk) = events.next() => {
                    let brought = incoming::read(client, chunk, &self.settings).await;
                    receipts.push(brought.receipts.written_down(client, &self.sink));
                    if brought.unbind {
                        tracing::warn!(gateway = %self.name, "the SMSC ends the session");
                        return;
                    }
                }
                Some(()) = receipts.next() => {}
                () = client.closed() => {
                    tracing::warn!(gateway = %self.name, "the session with the SMSC has ended");
                    return;
                }
                () = self.stop.cancelled() => {
                    // whatever it says, the connection ends
                    let _ = timeout(UNBIND, client.unbind()).await;
                    return;
                }
            }
        }
    }
}
