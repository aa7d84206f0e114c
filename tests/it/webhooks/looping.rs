//! The webhooks' own loop: sent within a second, beside SMS, and a slow receiver holds up nobody else.

use std::time::{Duration, Instant};

use heyan::{domain::words::EventType, flow::FlowError, jobs};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Hooked, Receiver};
use crate::store::on_both;

/// Runs the jobs, and returns once the receiver has been called.
async fn until_called(
    hooked: &Hooked,
    receiver: &Receiver,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    let services = hooked.desk.services.clone();
    let running = tokio::spawn(jobs::run(services, stop.clone(), || {
        std::future::ready(Ok::<_, FlowError>(()))
    }));
    while receiver.seen().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    running
}

on_both! {
    async fn a_slow_receiver_holds_up_nobody_else(db) {
        let slow = Receiver::scripted(|_, _| (200, Duration::from_secs(4)));
        let quick = Receiver::start(200);
        let patient = Hooked::new(db, &slow.url).await;
        let hooked = Hooked::new(db, &quick.url).await;
        for n in 0..20 {
            patient.desk.file(&[&format!("138{n:08}")]).await;
        }
        let stop = CancellationToken::new();
        let running = until_called(&hooked, &slow, &stop).await;
        let begun = Instant::now();
        let id = hooked.desk.file(&["13900139000"]).await;
        while quick.seen().len() < 2 {
            assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", quick.kinds());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // its SMS went out meanwhile, and no receiver is asked more than eight things at once
        assert_eq!(hooked.desk.count(id, EventType::VerificationSent).await, 1);
        assert!(slow.seen().len() <= 8, "{}", slow.seen().len());
        let begun = Instant::now();
        stop.cancel();
        running.await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(8));
        // what was under way has been written down
        let states = patient.states().await;
        let delivered = states.iter().filter(|state| **state == "delivered").count();
        assert_eq!(delivered, slow.seen().len());
    }

    async fn an_attempt_that_hangs_holds_up_its_own_request_alone(db) {
        let receiver = Receiver::scripted(|number, _| {
            (200, if number == 0 { Duration::from_secs(14) } else { Duration::ZERO })
        });
        let hooked = Hooked::new(db, &receiver.url).await;
        hooked.desk.file(&["13800138000"]).await;
        let stop = CancellationToken::new();
        let running = until_called(&hooked, &receiver, &stop).await;
        let begun = Instant::now();
        for n in 1..=3 {
            hooked.desk.file(&[&format!("138{n:08}")]).await;
        }
        // each is told that it is verified, and that its SMS was sent
        while receiver.seen().len() < 1 + 3 * 2 {
            assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", receiver.kinds());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // in order it would wait for the attempt that hangs
        running.abort();
    }
}
