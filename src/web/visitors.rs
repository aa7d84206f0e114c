//! 您是第N位访问者: counted in memory and written down in batches, so that a page view writes nothing to the database.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    domain::province::Province,
    store::{self, Db},
};

/// The counters of the national pages and of each bureau's. Clones share them.
#[derive(Clone, Default)]
pub struct Visitors(Arc<Mutex<HashMap<Option<Province>, Count>>>);

#[derive(Clone, Copy, Default)]
struct Count {
    /// As the database said last; other instances count too.
    stored: i64,
    /// Counted here since.
    fresh: i64,
}

impl Visitors {
    /// Starts from what the database holds.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn load(db: &Db) -> store::Result<Self> {
        let mut tx = db.read().await?;
        let stored = store::visitors::all(&mut tx).await?;
        let counts = stored.into_iter().filter_map(|(page, stored)| {
            let place = place(&page)?;
            Some((place, Count { stored, fresh: 0 }))
        });
        Ok(Self(Arc::new(Mutex::new(counts.collect()))))
    }

    /// One more visitor.
    pub(super) fn count(&self, bureau: Option<Province>) {
        self.counts().entry(bureau).or_default().fresh += 1;
    }

    /// How many there have been, whoever asks included.
    pub(super) fn of(&self, bureau: Option<Province>) -> u64 {
        let count = self.counts().get(&bureau).copied().unwrap_or_default();
        u64::try_from(count.stored + count.fresh).map_or(1, |visitors| visitors.max(1))
    }

    /// Writes down those that are new.
    ///
    /// # Errors
    /// Those of the database; they are written down another time.
    pub async fn flush(&self, db: &Db) -> store::Result<()> {
        let fresh: Vec<_> = {
            let counts = self.counts();
            let fresh = counts.iter().filter(|(_, count)| count.fresh > 0);
            fresh
                .map(|(bureau, count)| (*bureau, count.fresh))
                .collect()
        };
        if fresh.is_empty() {
            return Ok(());
        }
        let mut tx = db.write().await?;
        let mut totals = Vec::with_capacity(fresh.len());
        for (bureau, visits) in fresh {
            let total = store::visitors::add(&mut tx, name(bureau), visits).await?;
            totals.push((bureau, visits, total));
        }
        tx.commit().await?;
        let mut counts = self.counts();
        for (bureau, visits, total) in totals {
            let count = counts.entry(bureau).or_default();
            count.stored = total;
            count.fresh -= visits;
        }
        Ok(())
    }

    /// Forgets all: a sandbox was emptied.
    pub fn clear(&self) {
        self.counts().clear();
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<Option<Province>, Count>> {
        // plain numbers, whole whatever happened to the thread that held them
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name(bureau: Option<Province>) -> &'static str {
    bureau.map_or("national", Province::slug)
}

#[expect(
    clippy::option_option,
    reason = "no place; the national pages; a bureau's"
)]
fn place(name: &str) -> Option<Option<Province>> {
    match name {
        "national" => Some(None),
        slug => Province::from_slug(slug).map(Some),
    }
}
