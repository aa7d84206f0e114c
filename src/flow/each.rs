//! Many pieces of work that fell due, some at once: one that fails does not keep the others from being done.

use std::{fmt::Display, future::Future};

use futures_util::{StreamExt, stream};

use super::{FlowError, Result};

/// So many are at work at once: SQLite's writer commits them together, a server has connections left for the pages.
pub(super) const AT_ONCE: usize = 6;

/// Does each piece of work, named for the log; how many did something (`Ok(true)`).
///
/// # Errors
/// Only when the database cannot serve, after all have been tried. Any other failure is logged and costs that piece alone.
pub(super) async fn each<Id: Display, F: Future<Output = Result<bool>>>(
    what: &str,
    at_once: usize,
    work: Vec<(Id, F)>,
) -> Result<u64> {
    let work = work
        .into_iter()
        .map(|(id, one)| async move { (id, one.await) });
    let mut answers = stream::iter(work).buffer_unordered(at_once);
    let mut done = 0;
    let mut unavailable = None;
    while let Some((id, answer)) = answers.next().await {
        match answer {
            Ok(did) => done += u64::from(did),
            Err(FlowError::Store(error)) if error.is_unavailable() => unavailable = Some(error),
            Err(error) => tracing::error!(%id, %error, "{what} failed; the others go on"),
        }
    }
    match unavailable {
        Some(error) => Err(error.into()),
        None => Ok(done),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;

    fn run(answers: Vec<Result<bool>>) -> Result<u64> {
        let work = (1..)
            .zip(answers.into_iter().map(std::future::ready))
            .collect();
        futures_util::FutureExt::now_or_never(each("test", 2, work)).unwrap()
    }

    #[test]
    fn a_bad_one_costs_itself_alone() {
        let corrupt = || Err(FlowError::Corrupt("x".into()));
        assert_eq!(run(vec![]).unwrap(), 0);
        assert_eq!(
            run(vec![corrupt(), Ok(true), corrupt(), Ok(false), Ok(true)]).unwrap(),
            2
        );
        // a flow that panics answers so: no reason to stop either
        assert_eq!(run(vec![Err(FlowError::Busy), Ok(true)]).unwrap(), 1);
    }

    #[test]
    fn a_database_that_is_gone_is_told() {
        let gone = Err(StoreError::Unavailable("gone".into()).into());
        let error = run(vec![gone, Ok(true)]).unwrap_err();
        assert!(error.is_unavailable());
    }
}
