//! SQLite's one writer, with group commit: flows write one after the other, each inside a savepoint of an open batch, and
//! one COMMIT (one wait for the disk) makes all of them durable. A flow hears of success only after that COMMIT, and no
//! reader sees the batch before it. The batch closes when nobody else queues for the writer, or after 64 flows.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use sqlx::SqliteConnection;
use tokio::{
    runtime::Handle,
    sync::{Mutex, OwnedMutexGuard, oneshot},
};

use super::StoreError;

/// So many flows at most share a COMMIT.
const BATCH: usize = 64;

/// The connection that writes, and the batch open on it.
pub(super) struct Writer {
    connection: SqliteConnection,
    /// Closes batches: not the runtime of a flow, which may end with its thread.
    runtime: Handle,
    batch: Option<Batch>,
}

#[derive(Default)]
struct Batch {
    /// The committed flows, to be told what became of the batch.
    waiting: Vec<oneshot::Sender<Result<(), StoreError>>>,
    /// A flow is at work in the savepoint, or was dropped there.
    flow_open: bool,
    /// A task queues for the lock to close the batch.
    closing: bool,
}

impl Writer {
    pub(super) fn new(connection: SqliteConnection) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self {
            connection,
            runtime: Handle::current(),
            batch: None,
        }))
    }

    async fn run(&mut self, sql: &'static str) -> Result<(), StoreError> {
        sqlx::raw_sql(sql).execute(&mut self.connection).await?;
        Ok(())
    }

    /// Opens a savepoint for one flow, in the open batch or in a new one.
    ///
    /// A savepoint stands open for as long as the batch: should SQLite itself have rolled the transaction back (disk full,
    /// I/O error), the next RELEASE fails instead of silently working outside it.
    async fn enter(&mut self) -> Result<(), StoreError> {
        self.undo_dropped_flow().await;
        if self
            .batch
            .as_ref()
            .is_some_and(|batch| batch.waiting.len() >= BATCH)
        {
            self.close_batch().await;
        }
        if let Some(batch) = &mut self.batch {
            batch.flow_open = true;
            self.run("RELEASE flow; SAVEPOINT flow").await
        } else {
            self.batch = Some(Batch {
                flow_open: true,
                ..Batch::default()
            });
            self.run("BEGIN IMMEDIATE; SAVEPOINT flow").await
        }
    }

    /// Takes back what an uncommitted flow left.
    async fn undo_dropped_flow(&mut self) {
        let Some(batch) = &mut self.batch else { return };
        if !std::mem::take(&mut batch.flow_open) {
            return;
        }
        if batch.waiting.is_empty() {
            self.batch = None;
            // fails where BEGIN had failed, or where SQLite rolled back by itself: nothing is open then
            let _ = self.run("ROLLBACK").await;
        } else if let Err(error) = self.run("ROLLBACK TO flow").await {
            self.end_batch(Err(error)).await;
        }
    }

    /// Makes the batch durable and tells its flows.
    async fn close_batch(&mut self) {
        if self.batch.is_some() {
            let result = self.run("RELEASE flow; COMMIT").await;
            self.end_batch(result).await;
        }
    }

    async fn end_batch(&mut self, result: Result<(), StoreError>) {
        if result.is_err() {
            let _ = self.run("ROLLBACK").await;
        }
        for flow in self
            .batch
            .take()
            .map(|batch| batch.waiting)
            .into_iter()
            .flatten()
        {
            // a flow that no longer listens is none the worse
            let _ = flow.send(result.clone());
        }
    }
}

/// Waits for the writer, with no flow and no batch open.
pub(super) async fn idle(writer: &Arc<Mutex<Writer>>) -> Idle {
    let mut guard = writer.clone().lock_owned().await;
    guard.undo_dropped_flow().await;
    guard.close_batch().await;
    Idle(guard)
}

/// The writer's connection outside any transaction.
pub(super) struct Idle(OwnedMutexGuard<Writer>);

impl Idle {
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.0.connection
    }
}

/// One flow's turn at the writer; dropped without `commit`, what it wrote is rolled back before anybody else's turn.
pub struct Flow(OwnedMutexGuard<Writer>);

impl Flow {
    /// Waits for the writer, at most as long as `patience`.
    pub(super) async fn begin(
        writer: Arc<Mutex<Writer>>,
        patience: Duration,
    ) -> Result<Self, StoreError> {
        let turn = tokio::time::timeout(patience, writer.lock_owned())
            .await
            .map_err(|_| StoreError::Locked("too many writers wait in line".into()))?;
        let mut flow = Self(turn);
        flow.0.enter().await?;
        Ok(flow)
    }

    /// Returns once the batch is on disk (or has failed, as a whole).
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        let (tell, told) = oneshot::channel();
        let writer = Arc::clone(OwnedMutexGuard::mutex(&self.0));
        let runtime = self.0.runtime.clone();
        let batch = self.0.batch.get_or_insert_default();
        batch.flow_open = false;
        batch.waiting.push(tell);
        let first = !std::mem::replace(&mut batch.closing, true);
        drop(self);
        if first {
            // the lock is fair: who waits for it already still joins this batch
            runtime.spawn(async move { drop(idle(&writer).await) });
        }
        told.await
            .unwrap_or_else(|_| Err(StoreError::Unavailable("the program is stopping".into())))
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        let dropped = self.0.batch.as_ref().is_some_and(|batch| batch.flow_open);
        if dropped {
            let writer = Arc::clone(OwnedMutexGuard::mutex(&self.0));
            self.0
                .runtime
                .spawn(async move { drop(idle(&writer).await) });
        }
    }
}

impl Deref for Flow {
    type Target = SqliteConnection;
    fn deref(&self) -> &SqliteConnection {
        &self.0.connection
    }
}

impl DerefMut for Flow {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.0.connection
    }
}
