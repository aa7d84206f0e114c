//! Pieces of work under way, each on a task of its own, so that one that is slow holds up no other. What goes wrong with one is
//! told, and costs that one alone.

use std::fmt::Display;

use tokio::task::{JoinError, JoinSet};

use crate::flow::FlowError;

/// Each with the identifier that it is told by.
pub(super) struct UnderWay<Id> {
    /// What a piece is, for the log: `an SMS`.
    what: &'static str,
    tasks: JoinSet<(Id, Result<bool, FlowError>)>,
}

impl<Id: Display + Send + 'static> UnderWay<Id> {
    pub fn of(what: &'static str) -> Self {
        Self {
            what,
            tasks: JoinSet::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    pub fn begin(
        &mut self,
        id: Id,
        work: impl Future<Output = Result<bool, FlowError>> + Send + 'static,
    ) {
        self.tasks.spawn(async move { (id, work.await) });
    }

    /// Clears those away that have ended.
    pub fn clear(&mut self) {
        while let Some(ended) = self.tasks.try_join_next() {
            self.tell(ended);
        }
    }

    /// Waits until one ends; false: there is none.
    pub async fn one_ends(&mut self) -> bool {
        let Some(ended) = self.tasks.join_next().await else {
            return false;
        };
        self.tell(ended);
        true
    }

    /// Waits until all have ended.
    pub async fn all_end(mut self) {
        while self.one_ends().await {}
    }

    fn tell(&self, ended: Result<(Id, Result<bool, FlowError>), JoinError>) {
        let what = self.what;
        match ended {
            Ok((_, Ok(_))) => {}
            Ok((id, Err(error))) => {
                tracing::error!(%id, %error, "{what} was not written down; it is looked at when its lease ends");
            }
            Err(_) => {
                tracing::error!("sending {what} has failed; it is looked at when its lease ends");
            }
        }
    }
}
