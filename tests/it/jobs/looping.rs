//! The loop: wakes at once, looks once a second, survives failures, ends its round on a stop.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use heyan::{
    domain::words::EventType,
    flow::{FlowError, Settings, run_due::settle},
    jobs,
    store::{meta, outbox},
};
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use super::desk::{Desk, at};
use crate::store::on_both;

const NINE: &str = "2018-09-10T09:00+08:00";
const SOON: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(20);

struct Loop {
    stop: CancellationToken,
    task: JoinHandle<()>,
    chores: Arc<AtomicUsize>,
}

impl Loop {
    /// The first `failures` chores fail.
    fn start(desk: &Desk, failures: usize) -> Self {
        let stop = CancellationToken::new();
        let chores = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&chores);
        let chore = move || {
            let number = count.fetch_add(1, Ordering::SeqCst);
            std::future::ready(if number < failures {
                Err(FlowError::Busy)
            } else {
                Ok(())
            })
        };
        let task = tokio::spawn(jobs::run(desk.services.clone(), stop.clone(), chore));
        Self { stop, task, chores }
    }

    async fn stop(self) -> usize {
        self.stop.cancel();
        timeout(PATIENCE, self.task).await.unwrap().unwrap();
        self.chores.load(Ordering::SeqCst)
    }
}

/// Waits for so many attempts to reach the gateway.
async fn arrive(desk: &Desk, count: u32, patience: Duration) {
    timeout(patience, desk.arrived.acquire_many(count))
        .await
        .unwrap()
        .unwrap()
        .forget();
}

on_both! {
    async fn an_sms_leaves_within_a_second_of_the_submission(db) {
        let desk = Desk::new(db, NINE).await;
        let running = Loop::start(&desk, 0);
        for phone in ["13800138000", "13900139000"] {
            desk.file(&[phone]).await;
            arrive(&desk, 1, SOON).await;
        }
        assert!(running.stop().await >= 2);
        assert_eq!(desk.inbox().await.len(), 2);
    }

    async fn what_another_instance_queued_is_found(db) {
        let desk = Desk::new(db, NINE).await;
        let running = Loop::start(&desk, 0);
        let mut other = desk.clone();
        other.services.wake = Arc::default();
        other.file(&["13800138000"]).await;
        arrive(&desk, 1, PATIENCE).await;
        // and a clock that was turned is seen
        settle(&desk.services, PATIENCE).await.unwrap();
        other.turn(at("2018-09-11T12:00+08:00"));
        arrive(&desk, 1, PATIENCE).await;
        running.stop().await;
        assert_eq!(desk.inbox().await.len(), 2);
    }

    async fn a_stop_waits_for_what_is_being_sent(db) {
        let desk = Desk::new(db, NINE).await;
        desk.permits.forget_permits(10_000);
        let running = Loop::start(&desk, 0);
        let id = desk.file(&["13800138000"]).await;
        arrive(&desk, 1, PATIENCE).await;
        running.stop.cancel();
        assert_eq!(desk.count(id, EventType::VerificationSent).await, 0);
        desk.permits.add_permits(1);
        running.stop().await;
        assert_eq!(desk.count(id, EventType::VerificationSent).await, 1);
        let mut tx = db.read().await.unwrap();
        assert_eq!(outbox::in_flight(&mut tx, at(NINE)).await.unwrap(), 0);
    }

    async fn a_failure_ends_no_loop(db) {
        let desk = Desk::new(db, NINE).await;
        desk.file(&["13800138000"]).await;
        let running = Loop::start(&desk, 2);
        // SMS do not wait for the chores
        arrive(&desk, 1, PATIENCE).await;
        timeout(PATIENCE, async {
            while running.chores.load(Ordering::SeqCst) < 3 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await
        .unwrap();
        assert!(running.stop().await >= 4);
    }

    async fn what_cannot_be_done_holds_nobody_up(db) {
        let desk = Desk::new(db, NINE).await;
        let broken = desk.file(&["13800138000"]).await;
        desk.settle().await;
        arrive(&desk, 1, SOON).await;
        desk.spoil(broken).await;
        desk.turn(at("2018-09-12T09:00+08:00"));
        let running = Loop::start(&desk, 0);
        for phone in ["13800138000", "13900139000"] {
            desk.file(&[phone]).await;
            arrive(&desk, 1, SOON).await;
        }
        running.stop().await;
        assert_eq!(desk.inbox().await.len(), 3);
    }

    async fn in_production_time_is_noted_and_nothing_is_kept(db) {
        let mut desk = Desk::new(db, NINE).await;
        desk.services.settings = Arc::new(Settings { sandbox: false, ..(*desk.services.settings).clone() });
        let running = Loop::start(&desk, 0);
        let id = desk.file(&["13800138000"]).await;
        arrive(&desk, 1, PATIENCE).await;
        running.stop().await;
        assert_eq!(desk.count(id, EventType::VerificationSent).await, 1);
        assert!(desk.inbox().await.is_empty());
        let mut tx = db.read().await.unwrap();
        assert_eq!(meta::tick(&mut tx).await.unwrap(), Some(at(NINE)));
    }
}
