//! What a verification finds: a mark to be noted, or the first thing that is wrong.

use std::fmt;

use crate::flow::audit::head::HEAD;

/// A link, by position and mac: `1234:9f86d081…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Position; 0: before the first.
    pub position: i64,
    /// Its mac's bytes.
    pub mac: Vec<u8>,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.position)?;
        self.mac.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Mark {
    /// Reads one as it is shown; `None`: it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (position, mac) = text.trim().split_once(':')?;
        if mac.len() % 2 != 0 || !mac.is_ascii() {
            return None;
        }
        let byte = |at| u8::from_str_radix(mac.get(at..at + 2)?, 16).ok();
        Some(Self {
            position: position.parse().ok()?,
            mac: (0..mac.len()).step_by(2).map(byte).collect::<Option<_>>()?,
        })
    }
}

/// The first thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A link was deleted.
    #[error("link {0} is missing: it was deleted")]
    LinkMissing(i64),
    /// A link's event was deleted.
    #[error("event {event} (link {position}) is missing: it was deleted")]
    EventMissing {
        /// The link's position.
        position: i64,
        /// The event.
        event: i64,
    },
    /// An event does not have the content that it was written with, or was not written by heyan.
    #[error("event {event} (link {position}) was changed, or was not written by heyan")]
    Event {
        /// The link's position; 0: not chained yet.
        position: i64,
        /// The event.
        event: i64,
    },
    /// An event is as it was written, but not at its place.
    #[error("link {position} (event {event}) was changed, or its event stands in another's place")]
    Link {
        /// The link's position.
        position: i64,
        /// The event.
        event: i64,
    },
    /// A key that something stands under is not loaded.
    #[error(
        "link {position} (event {event}) stands under the key `{key}`: put it back into [keys] to verify it"
    )]
    Key {
        /// The link's position; 0: not chained yet.
        position: i64,
        /// The event.
        event: i64,
        /// The key.
        key: String,
    },
    /// The end was cut off.
    #[error("the chain ends at link {found} and went to {expected}: its end was cut off")]
    CutOff {
        /// The last link.
        found: i64,
        /// How far it went.
        expected: i64,
    },
    /// The head is gone or was not written by us.
    #[error("the chain's head (`{HEAD}` in the table meta) is {0}")]
    Head(&'static str),
    /// An event is not in the chain and does not wait for it.
    #[error(
        "event {0} was kept out of the chain: what waits to be chained was deleted, or it was written with the triggers off"
    )]
    LeftOut(i64),
    /// An event was copied.
    #[error("event {0} is the copy of another")]
    Copied(i64),
    /// The link that was noted is another by now.
    #[error("link {0} is not the one that was noted: the log was written anew")]
    Mark(i64),
}
