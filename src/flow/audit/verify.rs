//! The proof that the log is whole: walks the chain from its first link in bounded batches, and names the first that is broken.

mod findings;

use std::collections::HashMap;

pub use self::findings::{Broken, Mark};

use super::{
    Unsealed, chain,
    head::{HEAD, Head},
};
use crate::{
    flow::{FlowError, Result, Services},
    keys::{KeyError, Keys},
    store::{
        StoreError, Tx,
        audit::{self, AuditRow, LinkRow},
        meta,
    },
};

/// Links a batch.
const BATCH: i64 = 1000;

/// A log that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// How many events are chained.
    pub links: i64,
    /// How many have been written and not been chained yet.
    pub waiting: u64,
    /// The last link: to be noted elsewhere, and to be asked for later.
    pub mark: Mark,
}

/// How many links there are, about: for a progress bar.
///
/// # Errors
/// Those of the database.
pub async fn count(services: &Services) -> Result<u64> {
    let mut tx = services.db.read().await?;
    let last = audit::last_position(&mut tx).await?;
    Ok(u64::try_from(last).unwrap_or(0))
}

/// Verifies everything; `tell` hears the position after each batch. `noted`: the mark of an earlier verification.
///
/// # Errors
/// The first that is broken, or what the database says.
pub async fn verify(
    services: &Services,
    noted: Option<&Mark>,
    tell: impl Fn(u64),
) -> Result<std::result::Result<Whole, Broken>> {
    let walked = walk(services, noted, tell).await;
    match walked {
        Ok(whole) => Ok(Ok(whole)),
        Err(Stop::Broken(broken)) => Ok(Err(broken)),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// Why a walk did not come to its end.
enum Stop {
    Broken(Broken),
    Failed(FlowError),
}

impl From<Broken> for Stop {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl From<FlowError> for Stop {
    fn from(error: FlowError) -> Self {
        Self::Failed(error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<KeyError> for Stop {
    fn from(error: KeyError) -> Self {
        Self::Failed(error.into())
    }
}

async fn walk(
    services: &Services,
    noted: Option<&Mark>,
    tell: impl Fn(u64),
) -> std::result::Result<Whole, Stop> {
    let mut walk = Walk {
        keys: &services.keys,
        unsealed_to: None,
        at: Head::default(),
        noted,
    };
    loop {
        // each batch from a snapshot of its own: what is append-only need not be held still
        let mut tx = services.db.read().await?;
        let links = audit::links(&mut tx, walk.at.position, BATCH).await?;
        if links.is_empty() {
            let waiting = walk.end(&mut tx).await?;
            let at = walk.at;
            return Ok(Whole {
                links: at.position,
                waiting,
                mark: Mark {
                    position: at.position,
                    mac: at.mac,
                },
            });
        }
        if walk.unsealed_to.is_none() {
            walk.unsealed_to = Some(walk.head(&mut tx).await?.unsealed_to);
        }
        let mut events = linked(&mut tx, walk.at.position).await?;
        for link in links {
            walk.step(&link, events.remove(&link.event_id))?;
        }
        tell(walk.at.position.unsigned_abs());
    }
}

/// The events of the next links by number. `Err`: that one cannot be read, so something else than heyan wrote it.
type Events = HashMap<i64, std::result::Result<AuditRow, StoreError>>;

async fn linked(tx: &mut Tx, after: i64) -> std::result::Result<Events, Stop> {
    match audit::linked(tx, after, BATCH).await {
        Ok(rows) => Ok(rows.into_iter().map(|row| (row.id, Ok(row))).collect()),
        Err(StoreError::Corrupt(_)) => {
            let mut events = Events::new();
            for link in audit::links(tx, after, BATCH).await? {
                match audit::event(tx, link.event_id).await {
                    Ok(Some(row)) => drop(events.insert(row.id, Ok(row))),
                    Ok(None) => {}
                    Err(error @ StoreError::Corrupt(_)) => {
                        events.insert(link.event_id, Err(error));
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(events)
        }
        Err(error) => Err(error.into()),
    }
}

struct Walk<'a> {
    keys: &'a Keys,
    unsealed_to: Option<i64>,
    /// As far as it is whole.
    at: Head,
    noted: Option<&'a Mark>,
}

impl Walk<'_> {
    fn step(
        &mut self,
        link: &LinkRow,
        event: Option<std::result::Result<AuditRow, StoreError>>,
    ) -> std::result::Result<(), Stop> {
        let position = self.at.position + 1;
        if link.position != position {
            return Err(Broken::LinkMissing(position).into());
        }
        let event = match event {
            None => {
                let event = link.event_id;
                return Err(Broken::EventMissing { position, event }.into());
            }
            Some(Err(_)) => {
                let event = link.event_id;
                return Err(Broken::Event { position, event }.into());
            }
            Some(Ok(event)) => event,
        };
        self.check_seal(position, &event)?;
        let wrong = Broken::Link {
            position,
            event: event.id,
        };
        let key = link.key_id.parse().map_err(|_| wrong.clone())?;
        if !self.keys.ids().any(|id| *id == key) {
            return Err(Broken::Key {
                position,
                event: event.id,
                key: link.key_id.clone(),
            }
            .into());
        }
        if chain::next(self.keys, &key, &self.at, &event)? != *link {
            return Err(wrong.into());
        }
        self.at.position = position;
        self.at.mac.clone_from(&link.mac);
        match self.noted {
            Some(noted) if noted.position == position && noted.mac != link.mac => {
                Err(Broken::Mark(position).into())
            }
            _ => Ok(()),
        }
    }

    /// The event is as one of us wrote it.
    fn check_seal(&self, position: i64, row: &AuditRow) -> std::result::Result<(), Stop> {
        let event = row.id;
        let wrong = Broken::Event { position, event };
        if row.seal.is_empty() && row.key_id.is_empty() {
            let before = self.unsealed_to.is_some_and(|last| event <= last);
            return if before { Ok(()) } else { Err(wrong.into()) };
        }
        let key = row.key_id.parse().map_err(|_| wrong.clone())?;
        if !self.keys.ids().any(|id| *id == key) {
            let key = row.key_id.clone();
            return Err(Broken::Key {
                position,
                event,
                key,
            }
            .into());
        }
        if Unsealed::from(row).is_sealed(self.keys, &key, &row.seal)? {
            Ok(())
        } else {
            Err(wrong.into())
        }
    }

    async fn head(&self, tx: &mut Tx) -> std::result::Result<Head, Stop> {
        let Some(text) = meta::get(tx, HEAD).await? else {
            return Err(Broken::Head("missing").into());
        };
        match Head::read(self.keys, &text) {
            Ok(head) => Ok(head),
            Err(FlowError::Corrupt(_)) => Err(Broken::Head("not what heyan wrote").into()),
            Err(error) => Err(error.into()),
        }
    }

    /// There is no further link: the head says so too, nothing was kept out, and what waits is ours. How many wait.
    async fn end(&mut self, tx: &mut Tx) -> std::result::Result<u64, Stop> {
        let begun = self.at.position > 0 || meta::get(tx, HEAD).await?.is_some();
        if begun {
            let head = self.head(tx).await?;
            if (head.position, &head.mac) != (self.at.position, &self.at.mac) {
                return Err(Broken::CutOff {
                    found: self.at.position,
                    expected: head.position,
                }
                .into());
            }
            self.unsealed_to = Some(head.unsealed_to);
        } else {
            // not chained yet at all: what is without a seal comes first
            self.unsealed_to = Some(audit::last_unsealed(tx).await?);
        }
        if let Some(noted) = self.noted
            && noted.position > self.at.position
        {
            return Err(Broken::CutOff {
                found: self.at.position,
                expected: noted.position,
            }
            .into());
        }
        let mut waiting = 0;
        let mut after = 0;
        loop {
            let rows = audit::waiting(tx, after, BATCH).await?;
            let Some(last) = rows.last() else { break };
            after = last.event.id;
            for row in &rows {
                self.check_seal(0, &row.event)?;
            }
            waiting += rows.len() as u64;
        }
        if let Some(event) = audit::left_out(tx).await? {
            return Err(Broken::LeftOut(event).into());
        }
        match audit::copied(tx).await? {
            Some(event) => Err(Broken::Copied(event).into()),
            None => Ok(waiting),
        }
    }
}
