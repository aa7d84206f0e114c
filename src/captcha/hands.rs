//! Who draws: half of the machine's cores at most, away from the threads that answer, and only so many pictures may wait.
//! Whoever comes when the queue is full is turned away; the pages, which need no drawing, do not notice.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use tokio::{sync::Semaphore, task::spawn_blocking};

/// Pictures and sounds that may be drawn or waited for at a time.
const QUEUE: usize = 64;

/// Clones share the hands.
#[derive(Clone)]
pub(super) struct Hands {
    free: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    /// Somebody is filling the stock.
    filling: Arc<AtomicBool>,
}

impl Hands {
    pub fn new() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self {
            free: Arc::new(Semaphore::new((cores / 2).max(1))),
            queue: Arc::new(Semaphore::new(QUEUE)),
            filling: Arc::default(),
        }
    }

    /// Does a piece of work; `None`: too many wait already. A visitor who leaves meanwhile gives the place free only with
    /// the work done.
    pub async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let place = self.queue.clone().try_acquire_owned().ok()?;
        let hand = self.free.clone().acquire_owned().await.ok()?;
        let done = spawn_blocking(move || {
            let _kept = (place, hand);
            work()
        });
        done.await.ok()
    }

    /// Becomes the one who fills the stock, unless somebody is.
    pub fn begin_filling(&self) -> bool {
        !self.filling.swap(true, Ordering::AcqRel)
    }

    pub fn end_filling(&self) {
        self.filling.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn so_many_wait_and_no_more() {
        let hands = Hands::new();
        let (release, held) = mpsc::channel::<()>();
        let held = Arc::new(std::sync::Mutex::new(held));
        let busy: Vec<_> = (0..QUEUE)
            .map(|n| {
                let (hands, held) = (hands.clone(), held.clone());
                tokio::spawn(async move {
                    hands
                        .work(move || held.lock().unwrap().recv().map(|()| n))
                        .await
                })
            })
            .collect();
        while hands.queue.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(hands.work(|| 1).await, None);
        (0..QUEUE).for_each(|_| release.send(()).unwrap());
        for one in busy {
            assert!(one.await.unwrap().unwrap().is_ok());
        }
        assert_eq!(hands.work(|| 1).await, Some(1));
    }
}
