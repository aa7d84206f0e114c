//! SMPP 3.4: sessions that are kept bound, and a window of submissions in flight on each.
//!
//! Every submission waits for its answer on a task of its own, so that one that comes late is still used: it goes the way
//! that receipts go. Nothing but the connection's end makes an outcome unknown for good.

mod connection;
mod incoming;
mod lively;
mod receipt;
mod session;
mod settings;
mod status;
mod submit;
mod text;

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{
        Arc, Mutex as StdMutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{FutureExt, future::BoxFuture};
use rusmppc::Client;
use tokio::{
    sync::{Mutex, OwnedSemaphorePermit, oneshot},
    time::{Instant, sleep_until, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use self::{
    receipt::MessageIds,
    settings::{SmppSettings, Tls},
};
use self::{
    session::{Line, Session},
    status::{Verdict, verdict},
    submit::{Outcome, Submission},
};
use super::{About, Asked, Fate, Gateway, Receipt, Sent, Sink, SmsMessage};
use crate::{domain::ids::MessageId, random::Random};

/// How long a message may wait for its turn: it has certainly not been sent then.
const TURN: Duration = Duration::from_secs(5);
/// How long an SMSC that calls itself too busy is left alone.
const PAUSE: TimeDelta = TimeDelta::seconds(1);
/// How long the sessions may take to end.
const FAREWELL: Duration = Duration::from_secs(5);

/// The gateway.
pub struct Smpp {
    name: Arc<str>,
    settings: Arc<SmppSettings>,
    random: Random,
    lines: Vec<Arc<Line>>,
    /// Where the next message begins to look for a line.
    next: AtomicUsize,
    /// When the next submission may go out, where they are limited.
    free_at: Mutex<Instant>,
    sink: OnceLock<Sink>,
    /// Submissions whose answer may still come.
    unanswered: Arc<StdMutex<HashMap<MessageId, usize>>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// A submission whose answer may still come.
struct Unanswered {
    all: Arc<StdMutex<HashMap<MessageId, usize>>>,
    id: MessageId,
}

impl Unanswered {
    fn new(all: &Arc<StdMutex<HashMap<MessageId, usize>>>, id: MessageId) -> Self {
        *lock(all).entry(id).or_default() += 1;
        let all = Arc::clone(all);
        Self { all, id }
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        if let Entry::Occupied(mut left) = lock(&self.all).entry(self.id) {
            *left.get_mut() -= 1;
            if *left.get() == 0 {
                left.remove();
            }
        }
    }
}

fn lock<T>(mutex: &StdMutex<T>) -> MutexGuard<'_, T> {
    // plain values, whole whatever happened to the thread that held them
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What waiting for one's turn comes to.
enum Turn {
    /// By this session, in this place of its window.
    Now(Client, OwnedSemaphorePermit),
    /// Too many wait already.
    TooLate,
    /// None is bound.
    NoSession,
}

impl Smpp {
    /// Not connected yet: that is [`Gateway::start`]'s.
    #[must_use]
    pub fn new(name: &str, settings: SmppSettings, random: Random) -> Self {
        let line = |_| Arc::new(Line::new(settings.window));
        Self {
            name: name.into(),
            lines: (0..settings.sessions).map(line).collect(),
            settings: Arc::new(settings),
            random,
            next: AtomicUsize::new(0),
            free_at: Mutex::new(Instant::now()),
            sink: OnceLock::new(),
            unanswered: Arc::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }

    async fn submit(&self, message: &SmsMessage) -> Sent {
        let id = message.id;
        let Some(submission) = Submission::new(&self.settings, message) else {
            tracing::error!(gateway = %self.name, message = %id, "an SMS or its sender is longer than SMPP carries");
            return Sent::Refused;
        };
        let turn = timeout(TURN, self.turn(submission.parts())).await;
        // the place is held for as long as the answer is waited for
        let (client, _place) = match turn.unwrap_or(Turn::TooLate) {
            Turn::Now(client, place) => (client, place),
            Turn::TooLate => return Sent::Full,
            Turn::NoSession if self.lines.iter().any(|line| line.is_refused()) => {
                return Sent::Stop;
            }
            Turn::NoSession => return Sent::Retry { after: None },
        };
        let (answer, answered) = oneshot::channel();
        let (sink, settings) = (self.sink.get().cloned(), Arc::clone(&self.settings));
        let unanswered = Unanswered::new(&self.unanswered, id);
        self.tasks.spawn(async move {
            let outcome = submission.run(&client, &settings).await;
            if let Err(late) = answer.send(outcome) {
                tell_late(sink, id, late).await;
            }
            drop(unanswered);
        });
        if let Ok(Ok(outcome)) = timeout(self.settings.answer, answered).await {
            return self.sent(id, outcome);
        }
        tracing::warn!(gateway = %self.name, message = %id, "no answer from the SMSC; it may have the SMS");
        Sent::Unknown
    }

    /// Waits for a session, a place in its window, and until the pace allows so many parts.
    async fn turn(&self, parts: usize) -> Turn {
        let Some(line) = self.line().await else {
            return Turn::NoSession;
        };
        let Ok(place) = line.window().acquire_owned().await else {
            return Turn::NoSession;
        };
        if let Some(per_second) = self.settings.per_second {
            let gap = Duration::from_secs(1) / per_second.max(1);
            let gap = gap * u32::try_from(parts).unwrap_or(u32::MAX);
            let turn = {
                let mut free_at = self.free_at.lock().await;
                let now = Instant::now();
                let turn = (*free_at).max(now);
                if turn > now + TURN {
                    // nothing is reserved that would not be used
                    return Turn::TooLate;
                }
                *free_at = turn + gap;
                turn
            };
            sleep_until(turn).await;
        }
        // it may have ended meanwhile: what is not handed to it is certainly not sent
        line.client()
            .filter(|client| !client.is_closed())
            .map_or(Turn::NoSession, |client| Turn::Now(client, place))
    }

    /// The sessions by turns; those that are not bound are passed over.
    async fn line(&self) -> Option<&Line> {
        let count = self.lines.len();
        let first = self.next.fetch_add(1, Ordering::Relaxed) % count;
        let lines = self.lines.iter().cycle().skip(first).take(count);
        for line in lines.clone() {
            line.tried().await;
        }
        let mut bound = lines.filter(|line| line.client().is_some());
        bound.next().map(|line| &**line)
    }

    fn sent(&self, id: MessageId, outcome: Outcome) -> Sent {
        let status = match outcome {
            Outcome::Accepted(references) => return Sent::Accepted { references },
            Outcome::Lost => {
                tracing::warn!(gateway = %self.name, message = %id, "the session ended before the answer; the SMSC may have the SMS");
                return Sent::Unknown;
            }
            Outcome::Status(status) => status,
        };
        tracing::warn!(gateway = %self.name, message = %id, "the SMSC does not take an SMS: status {status:#010x}");
        if self.settings.is_foreign_status(status) {
            return Sent::Next { foreign: true };
        }
        match verdict(status) {
            Verdict::SlowDown => Sent::Retry { after: Some(PAUSE) },
            Verdict::Again => Sent::Retry { after: None },
            Verdict::Next => Sent::Next { foreign: false },
            Verdict::Stop => Sent::Stop,
            Verdict::Refused => Sent::Refused,
        }
    }
}

/// An answer that nobody waits for any more.
async fn tell_late(sink: Option<Sink>, id: MessageId, outcome: Outcome) {
    let fate = match outcome {
        Outcome::Accepted(references) => Fate::Accepted { references },
        Outcome::Status(_) => Fate::NeverHadIt,
        Outcome::Lost => return,
    };
    let about = About::Message(id);
    if let Some(sink) = sink {
        // where it cannot be written down, the outcome stays unknown
        sink.put(vec![Receipt { about, fate }]).await;
    }
}

impl Gateway for Smpp {
    fn name(&self) -> &str {
        &self.name
    }

    fn send<'a>(&'a self, message: &'a SmsMessage, _now: DateTime<Utc>) -> BoxFuture<'a, Sent> {
        self.submit(message).boxed()
    }

    /// Nothing can be asked of an SMSC; but its answer may be on the way.
    fn ask<'a>(&'a self, message: &'a SmsMessage, _since: DateTime<Utc>) -> BoxFuture<'a, Asked> {
        let asked = if lock(&self.unanswered).contains_key(&message.id) {
            Asked::Later
        } else {
            Asked::CannotTell
        };
        std::future::ready(asked).boxed()
    }

    fn sends_receipts(&self) -> bool {
        self.settings.receipts
    }

    fn start(&self, receipts: Sink) {
        let sink = self.sink.get_or_init(|| receipts);
        for line in &self.lines {
            let session = Session {
                name: Arc::clone(&self.name),
                settings: Arc::clone(&self.settings),
                line: Arc::clone(line),
                sink: sink.clone(),
                random: self.random.clone(),
                stop: self.stop.clone(),
            };
            self.tasks.spawn(session.run());
        }
    }

    fn stop(&self) -> BoxFuture<'_, ()> {
        async {
            self.stop.cancel();
            self.tasks.close();
            if timeout(FAREWELL, self.tasks.wait()).await.is_err() {
                tracing::warn!(gateway = %self.name, "a session with the SMSC does not end");
            }
        }
        .boxed()
    }
}

impl Drop for Smpp {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
