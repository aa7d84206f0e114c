//! Who draws: half of the machine's cores at most, away from the threads that answer, and only so many pictures may wait, of
//! one client's fewer still. Whoever comes when the queue is full is turned away; the pages, which need no drawing, do not
//! notice, and one client's flood leaves the others their places.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use tokio::{sync::Semaphore, task::spawn_blocking};

/// Pictures and sounds that may be drawn or waited for at a time,
const QUEUE: usize = 64;
/// and of these, those of one client.
const SHARE: usize = 16;

/// Clones share the hands.
#[derive(Clone)]
pub(super) struct Hands {
    free: Arc<Semaphore>,
    queue: Queue,
    /// Somebody is filling the stock.
    filling: Arc<AtomicBool>,
}

impl Hands {
    pub fn new() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self {
            free: Arc::new(Semaphore::new((cores / 2).max(1))),
            queue: Queue::default(),
            filling: Arc::default(),
        }
    }

    /// Does a piece of work for a client (empty: for the house); `None`: too many wait already, or too many of this client's.
    /// A visitor who leaves while it is done gives the place free only with the work done.
    pub async fn work<T: Send + 'static>(
        &self,
        client: &[u8],
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let place = self.queue.place(client)?;
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

/// Whose each place is that is taken.
#[derive(Clone, Default)]
struct Queue(Arc<Mutex<Vec<Box<[u8]>>>>);

/// One of the queue's; given back when dropped.
struct Place {
    queue: Queue,
    client: Box<[u8]>,
}

impl Queue {
    fn place(&self, client: &[u8]) -> Option<Place> {
        let mut taken = self.taken();
        let own = taken.iter().filter(|other| ***other == *client).count();
        if taken.len() >= QUEUE || own >= SHARE {
            return None;
        }
        taken.push(client.into());
        Some(Place {
            queue: self.clone(),
            client: client.into(),
        })
    }

    fn taken(&self) -> MutexGuard<'_, Vec<Box<[u8]>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.queue.taken();
        if let Some(at) = taken.iter().position(|other| *other == self.client) {
            taken.swap_remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn so_many_wait_and_of_one_client_fewer() {
        let hands = Hands::new();
        let (release, hold) = mpsc::channel::<()>();
        let hold = Arc::new(Mutex::new(hold));
        let begin = |client: u8| {
            let (hands, hold) = (hands.clone(), hold.clone());
            let wait = move || hold.lock().unwrap().recv();
            tokio::spawn(async move { hands.work(&[client], wait).await })
        };
        let mut busy = Vec::new();
        for client in 1..=4 {
            busy.extend((0..SHARE).map(|_| begin(client)));
            while hands.queue.taken().len() < busy.len() {
                tokio::task::yield_now().await;
            }
            // the client's share is taken; another's, and the house's, is not
            assert_eq!(hands.work(&[client], || 1).await, None);
            let house = hands.queue.place(&[]);
            assert_eq!(house.is_some(), busy.len() < QUEUE);
        }
        assert_eq!(hands.work(&[5], || 1).await, None);
        (0..QUEUE).for_each(|_| release.send(()).unwrap());
        for one in busy {
            assert!(one.await.unwrap().unwrap().is_ok());
        }
        assert!(hands.queue.taken().is_empty());
        assert_eq!(hands.work(&[1], || 1).await, Some(1));
    }
}
