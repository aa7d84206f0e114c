//! What arrives, in which order, and what happens when it does not.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use heyan::{
    domain::{
        delivery::{DeliveryState, Trouble},
        event::Event,
        ids::ProviderId,
        words::{EventType, RequestState},
    },
    flow::{
        FlowError, Services, look_up,
        notify::{self, Delivery},
        purge, run_due,
        shape::FilingRequest,
        withdraw::withdraw,
    },
    store::{Engine, webhooks},
};
use serde_json::json;
use uuid::Uuid;

use super::{Hooked, NINE, Receiver};
use crate::{jobs::desk::at, store::on_both};

/// Sends what is due for a provider, as many as one instance does at once; how many attempts were written down.
async fn batch(services: &Services, provider: ProviderId) -> usize {
    let now = services.clock.now();
    let claimed = notify::claim(services, provider, now, notify::AT_ONCE).await;
    let sent = join_all(claimed.unwrap().into_iter().map(Delivery::send)).await;
    sent.into_iter()
        .filter(|sent| *sent.as_ref().unwrap())
        .count()
}

on_both! {
    async fn a_request_s_whole_way_is_told_in_order(db) {
        let receiver = Receiver::start(204);
        let hooked = Hooked::new(db, &receiver.url).await;
        let desk = &hooked.desk;
        let id = desk.file(&["13800138000", "13900139000"]).await;
        let filed = serde_json::to_value(FilingRequest::from(desk.view(id).await)).unwrap();
        desk.settle().await;
        for n in 0..2 {
            let verification = desk.view(id).await.verifications[n].row.id;
            let now = desk.services.clock.now();
            desk.change(id, |request| request.pass(verification, now)).await;
            desk.settle().await;
        }
        assert_eq!(desk.view(id).await.row.state, RequestState::HandedOver);
        assert_eq!(receiver.kinds(), [
            "filing_request.verifying", "verification.sent", "verification.sent", "verification.verified",
            "verification.verified", "filing_request.handed_over",
        ]);
        let seen = receiver.seen();
        // the first tells of the request as it was filed, the last as it is now
        assert_eq!(seen[0].json()["data"], filed);
        let shown = look_up::request(&desk.services, hooked.provider(), id).await.unwrap();
        let now = serde_json::to_value(FilingRequest::from(shown)).unwrap();
        assert_eq!(seen[5].json(), json!({"type": "filing_request.handed_over",
            "timestamp": "2018-09-10T09:00:00+08:00", "data": now}));
        assert_eq!(now["verifications"][0]["name_masked"], "王**");
        assert!(seen.iter().all(|one| !one.body.contains("13800138000") && !one.body.contains("王小明")));
        // what is about a verification names it, and is otherwise the request
        for (place, of) in [(3, 0), (4, 1)] {
            let mut data = seen[place].json()["data"].clone();
            let named = data.as_object_mut().unwrap().remove("verification_id").unwrap();
            assert_eq!(named, now["verifications"][of]["id"]);
        }
        assert_eq!(seen[4].json()["data"]["state"], "handed_over");
        let mut ids: Vec<_> = seen.iter().map(|one| one.id.clone()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 6);
        assert!(ids.iter().all(|id| id.starts_with("wh_")));
        assert_eq!(hooked.states().await, ["delivered"; 6]);
        let real = desk.services.clock.real_now().timestamp();
        assert!(seen.iter().all(|one| (real - one.timestamp.parse::<i64>().unwrap()).abs() < 60));
    }

    async fn who_has_no_webhooks_is_told_nothing(db) {
        let receiver = Receiver::start(200);
        let hooked = Hooked::new(db, &receiver.url).await;
        let other = crate::jobs::desk::Desk::new(db, NINE).await;
        other.file(&["13800138000"]).await;
        other.settle().await;
        assert!(receiver.seen().is_empty() && hooked.deliveries().await.is_empty());
    }

    async fn a_reviewed_number_is_told_with_its_verification(db) {
        let receiver = Receiver::start(200);
        let hooked = Hooked::new(db, &receiver.url).await;
        let services = &hooked.desk.services;
        let draft = serde_json::from_value(crate::api::changed_phone()).unwrap();
        let id = heyan::flow::submit::submit(services, hooked.provider(), draft, None).await.unwrap().row.id;
        hooked.desk.settle().await;
        assert!(receiver.seen().is_empty());
        heyan::flow::review_phone::review_phone(services, id, true, None).await.unwrap();
        hooked.desk.settle().await;
        assert_eq!(receiver.kinds(), ["filing_request.verifying", "verification.sent"]);
        let told = receiver.seen()[0].json();
        assert_eq!(told["data"]["state"], "verifying");
        assert_eq!(told["data"]["verifications"].as_array().unwrap().len(), 1);
    }

    async fn an_outage_delays_and_reorders_nothing(db) {
        let up = Arc::new(AtomicBool::new(false));
        let is_up = Arc::clone(&up);
        let receiver = Receiver::scripted(move |_, _| {
            (if is_up.load(Ordering::SeqCst) { 200 } else { 503 }, Duration::ZERO)
        });
        let hooked = Hooked::new(db, &receiver.url).await;
        let id = hooked.file().await;
        // the first alone is tried: what comes after it waits
        assert_eq!(hooked.states().await, ["queued", "waiting"]);
        let first = &hooked.deliveries().await[0];
        assert_eq!((first.attempts, first.last_status, first.last_error), (1, Some(503), Some(Trouble::Status)));
        let wait = first.next_attempt_at - at(NINE);
        assert!((5..=6).contains(&wait.num_seconds()), "{wait}");
        hooked.turn("2018-09-10T11:00+08:00").await;
        let tried = receiver.seen();
        assert!(tried.len() >= 5, "{}", tried.len());
        assert!(tried.iter().all(|one| one.id == tried[0].id));
        withdraw(&hooked.desk.services, hooked.provider(), id).await.unwrap();
        up.store(true, Ordering::SeqCst);
        hooked.turn("2018-09-10T21:00+08:00").await;
        assert_eq!(hooked.states().await, ["delivered"; 3]);
        let mut kinds = receiver.kinds();
        kinds.dedup();
        assert_eq!(kinds, ["filing_request.verifying", "verification.sent", "filing_request.withdrawn"]);
        assert_eq!(receiver.seen()[tried.len()].body, tried[0].body);
    }

    async fn after_three_days_it_is_parked_and_what_waits_goes_on(db) {
        let receiver = Receiver::scripted(|_, seen| {
            (if seen.kind() == "filing_request.verifying" { 500 } else { 200 }, Duration::ZERO)
        });
        let hooked = Hooked::new(db, &receiver.url).await;
        let id = hooked.file().await;
        hooked.turn("2018-09-13T08:59+08:00").await;
        assert_eq!(hooked.states().await[..2], ["queued", "waiting"]);
        hooked.turn("2018-09-13T09:01+08:00").await;
        // it ran out of time after two days as well
        assert_eq!(hooked.states().await, ["parked", "delivered", "delivered"]);
        assert_eq!(receiver.kinds().last().unwrap(), "filing_request.returned");
        let parked = &hooked.deliveries().await[0];
        assert!((12..=16).contains(&parked.attempts), "{}", parked.attempts);
        assert_eq!((parked.ended_at, parked.request_id), (Some(at("2018-09-13T09:00+08:00")), id));
        let metrics = hooked.desk.services.metrics.render();
        assert!(metrics.contains("heyan_webhooks_total{result=\"parked\"} 1"), "{metrics}");

        // asked for again, it is tried for three more days
        let before = receiver.seen().len();
        let again = hooked.redeliver(parked.id).await.unwrap();
        assert_eq!((again.state, again.attempts, again.ended_at), (DeliveryState::Queued, 0, None));
        hooked.desk.settle().await;
        assert_eq!(receiver.seen()[before].id, parked.id.to_string());
        hooked.turn("2018-09-16T09:02+08:00").await;
        assert_eq!(hooked.states().await[0], "parked");
        assert!(receiver.seen().len() > before + 10);
    }

    async fn redelivery_keeps_to_the_order_and_sends_nothing_twice_at_once(db) {
        let receiver = Receiver::start(200);
        let hooked = Hooked::new(db, &receiver.url).await;
        let id = hooked.file().await;
        let first = hooked.deliveries().await.remove(0);
        assert_eq!(hooked.redeliver(first.id).await.unwrap().state, DeliveryState::Queued);
        // twice is once, and what happens meanwhile waits behind it
        assert_eq!(hooked.redeliver(first.id).await.unwrap().state, DeliveryState::Queued);
        withdraw(&hooked.desk.services, hooked.provider(), id).await.unwrap();
        assert_eq!(hooked.states().await, ["queued", "delivered", "waiting"]);
        let second = hooked.deliveries().await.remove(1);
        assert_eq!(hooked.redeliver(second.id).await.unwrap().state, DeliveryState::Waiting);
        hooked.desk.settle().await;
        assert_eq!(receiver.kinds()[2..], ["filing_request.verifying", "verification.sent", "filing_request.withdrawn"]);
        assert_eq!(receiver.seen()[2].id, first.id.to_string());
        assert_eq!(receiver.seen()[2].body, receiver.seen()[0].body);
        let nobody = heyan::domain::ids::WebhookId(Uuid::nil());
        assert!(matches!(hooked.redeliver(nobody).await, Err(FlowError::NotFound)));
        let other = heyan::flow::webhooks::redeliver(&hooked.desk.services, heyan::domain::ids::ProviderId(Uuid::nil()), first.id).await;
        assert!(matches!(other, Err(FlowError::NotFound)));
    }

    async fn what_is_purged_is_sent_no_more(db) {
        let receiver = Receiver::start(500);
        let hooked = Hooked::new(db, &receiver.url).await;
        let id = hooked.file().await;
        withdraw(&hooked.desk.services, hooked.provider(), id).await.unwrap();
        let first = hooked.deliveries().await.remove(0);
        // asked for again shortly before
        hooked.turn("2019-03-09T08:00+08:00").await;
        assert_eq!(hooked.states().await, ["parked"; 3]);
        hooked.redeliver(first.id).await.unwrap();
        hooked.desk.turn(at("2019-03-09T09:01+08:00"));
        assert_eq!(purge::purge(&hooked.desk.services).await.unwrap(), 1);
        assert_eq!(hooked.states().await, ["parked"; 3]);
        assert!(hooked.deliveries().await.iter().all(|row| row.erased && row.ended_at.is_some()));
        assert!(matches!(hooked.redeliver(first.id).await, Err(FlowError::NotDeliverable(_))));
        assert_eq!(run_due::next_due(&hooked.desk.services).await.unwrap(), None);
    }

    async fn a_lost_claim_is_sent_again_under_the_same_id(db) {
        let receiver = Receiver::start(200);
        let hooked = Hooked::new(db, &receiver.url).await;
        hooked.desk.file(&["13800138000"]).await;
        // somebody took it and was killed: before it was sent, or before it was written down
        let services = &hooked.desk.services;
        let (now, token) = (services.clock.now(), Uuid::from_u128(7));
        let mut tx = db.write().await.unwrap();
        let until = at("2018-09-10T09:01+08:00");
        let claimed = webhooks::claim(&mut tx, hooked.provider(), now, until, token, 9).await.unwrap();
        assert_eq!(claimed.len(), 1);
        tx.commit().await.unwrap();
        hooked.desk.settle().await;
        assert!(receiver.seen().is_empty());
        // asking for it again does not send it while it is in somebody's hands
        hooked.redeliver(claimed[0].id).await.unwrap();
        hooked.desk.settle().await;
        assert!(receiver.seen().is_empty());
        hooked.desk.turn_and_settle("2018-09-10T09:01+08:00").await;
        assert_eq!(receiver.seen()[0].id, claimed[0].id.to_string());
        assert_eq!(hooked.states().await, ["delivered"; 2]);
        // the one that was stopped in the middle records nothing any more
        let mut tx = db.write().await.unwrap();
        let late = webhooks::Attempted { state: DeliveryState::Parked, at: now, next_attempt_at: None, status: None, error: None };
        assert!(!webhooks::record(&mut tx, claimed[0].id, token, late).await.unwrap());
    }

    async fn what_arrived_and_was_not_written_down_arrives_again_under_the_same_id(db) {
        let receiver = Receiver::scripted(|number, _| {
            (200, if number == 0 { Duration::from_secs(2) } else { Duration::ZERO })
        });
        let hooked = Hooked::new(db, &receiver.url).await;
        hooked.desk.file(&["13800138000"]).await;
        let (services, provider) = (hooked.desk.services.clone(), hooked.provider());
        let killed = tokio::spawn(async move { batch(&services, provider).await });
        while receiver.seen().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        killed.abort();
        assert!(killed.await.unwrap_err().is_cancelled());
        hooked.desk.settle().await;
        assert_eq!(receiver.seen().len(), 1);
        hooked.desk.turn_and_settle("2018-09-10T09:01+08:00").await;
        let seen = receiver.seen();
        assert_eq!((&seen[1].id, &seen[1].body), (&seen[0].id, &seen[0].body));
        assert_eq!(receiver.kinds()[1..], ["filing_request.verifying", "verification.sent"]);
    }

    async fn two_instances_send_nothing_twice(db) {
        let receiver = Receiver::scripted(|_, _| (200, Duration::from_millis(20)));
        let hooked = Hooked::new(db, &receiver.url).await;
        for n in 0..30 {
            hooked.desk.file(&[&format!("138{n:08}")]).await;
        }
        let run = |hooked: &Hooked| {
            let services = hooked.desk.services.clone();
            let provider = hooked.provider();
            tokio::spawn(async move {
                while batch(&services, provider).await > 0 {}
            })
        };
        let instances = [run(&hooked), run(&hooked), run(&hooked), run(&hooked)];
        for instance in instances {
            instance.await.unwrap();
        }
        let mut ids: Vec<_> = receiver.seen().into_iter().map(|one| one.id).collect();
        assert_eq!(ids.len(), 30);
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 30);
    }

    async fn events_that_come_while_one_is_recorded_are_not_forgotten(db) {
        let receiver = Receiver::start(200);
        let hooked = Hooked::new(db, &receiver.url).await;
        let id = hooked.file().await;
        let services = hooked.desk.services.clone();
        let provider = hooked.provider();
        let stop = tokio_util::sync::CancellationToken::new();
        let sending = tokio::spawn({
            let (services, stop) = (services.clone(), stop.clone());
            async move {
                while !stop.is_cancelled() {
                    batch(&services, provider).await;
                }
            }
        });
        let rounds = if db.engine() == Engine::Sqlite { 40 } else { 80 };
        for _ in 0..rounds {
            hooked.desk.change(id, |_| vec![Event::of_request(EventType::Verifying)]).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        stop.cancel();
        sending.await.unwrap();
        hooked.desk.settle().await;
        let rows = hooked.deliveries().await;
        assert_eq!(rows.len(), rounds + 2);
        assert!(rows.iter().all(|row| row.state == DeliveryState::Delivered));
        let ids: Vec<_> = rows.iter().map(|row| row.id.to_string()).collect();
        let arrived: Vec<_> = receiver.seen().into_iter().map(|one| one.id).collect();
        assert_eq!(arrived, ids);
    }
}
