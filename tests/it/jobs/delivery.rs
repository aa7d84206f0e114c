//! SMS: accepted, put off, refused, late, twice; lost, shared, cancelled.

use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::TimeDelta;
use heyan::{
    domain::words::{EventType, RequestState, ReturnReason, VerificationState},
    flow::{
        run_due::{next_due, run_due},
        withdraw::withdraw,
    },
    sms::Sent,
    store::outbox,
};

use super::desk::{Desk, accepted, at};
use crate::store::on_both;

const NINE: &str = "2018-09-10T09:00+08:00";

on_both! {
    async fn an_accepted_sms_starts_the_window(db) {
        let desk = Desk::new(db, NINE).await;
        let id = desk.file(&["13800138000", "13300133000"]).await;
        let before = desk.first(id).await;
        assert_eq!((before.first_sent_at, before.expires_at), (None, at("2018-09-12T09:00+08:00")));
        assert_eq!(next_due(&desk.services).await.unwrap(), Some(at(NINE)));
        desk.turn_and_settle("2018-09-10T09:01+08:00").await;

        let view = desk.view(id).await;
        assert_eq!(view.row.state, RequestState::Verifying);
        for one in &view.verifications {
            assert_eq!(one.row.first_sent_at, Some(at("2018-09-10T09:01+08:00")));
            assert_eq!(one.row.expires_at, at("2018-09-12T09:01+08:00"));
            assert_eq!(one.row.noon_at, Some(at("2018-09-11T12:00+08:00")));
        }
        assert_eq!(desk.count(id, EventType::VerificationSent).await, 2);
        let mut inbox = desk.inbox().await;
        inbox.sort_by_key(|(_, message)| message.phone.clone());
        assert_eq!(inbox.len(), 2);
        let (row, message) = &inbox[1];
        assert_eq!((message.phone.as_str(), &message.sender[..]), ("13800138000", "106575000130"));
        assert_eq!(inbox[0].1.sender, "106598051001");
        assert_eq!(row.accepted_at, at("2018-09-10T09:01+08:00"));
        assert!(message.text.contains(&message.code), "{}", message.text);
        assert_eq!(desk.caught().len(), 2);
        assert_eq!(next_due(&desk.services).await.unwrap(), Some(at("2018-09-11T12:00+08:00")));
        // and that is all
        desk.turn_and_settle("2018-09-10T12:00+08:00").await;
        assert_eq!(desk.caught().len(), 2);
    }

    async fn one_is_never_accepted_and_tried_ever_less_often(db) {
        let desk = Desk::new(db, NINE).await;
        let id = desk.file(&["19900000001"]).await;
        let mut waits = Vec::new();
        for _ in 0..9 {
            desk.settle().await;
            let next = next_due(&desk.services).await.unwrap().unwrap();
            waits.push((next - desk.services.clock.now()).num_seconds());
            desk.turn(next - TimeDelta::milliseconds(1));
            desk.settle().await;
            desk.turn(next);
        }
        assert_eq!(waits, [5, 15, 45, 120, 300, 900, 1800, 3600, 3600]);
        let caught = desk.caught();
        assert_eq!(caught.len(), 9);
        assert!(caught.iter().all(|one| one.id == caught[0].id && one.text == caught[0].text));
        // the deadline has stayed where the submission put it
        assert_eq!(desk.first(id).await.expires_at, at("2018-09-12T09:00+08:00"));
        desk.turn_and_settle("2018-09-12T08:59:59.999+08:00").await;
        assert_eq!(desk.first(id).await.state, VerificationState::Pending);
        let tried = desk.caught().len();
        desk.turn_and_settle("2018-09-12T09:00+08:00").await;
        let view = desk.view(id).await;
        assert_eq!(view.row.return_reason, Some(ReturnReason::Expired));
        assert_eq!((desk.queued(id).await, desk.caught().len()), (0, tried));
        assert_eq!(desk.count(id, EventType::VerificationSent).await, 0);
    }

    async fn one_that_is_refused_sends_the_request_back(db) {
        let desk = Desk::new(db, NINE).await;
        let id = desk.file(&["19900000002", "19900000001"]).await;
        desk.settle().await;
        let view = desk.view(id).await;
        assert_eq!((view.row.state, view.row.return_reason), (RequestState::Returned, Some(ReturnReason::Undeliverable)));
        assert_eq!(view.verifications[0].row.state, VerificationState::Failed);
        assert_eq!(view.verifications[1].row.state, VerificationState::Cancelled);
        assert_eq!(desk.count(id, EventType::VerificationFailed).await, 1);
        let mut tx = db.read().await.unwrap();
        for one in &view.verifications {
            assert_eq!(outbox::queued_of_verification(&mut tx, one.row.id).await.unwrap(), 0);
        }
        drop(tx);
        let tried = desk.caught().len();
        desk.turn_and_settle("2018-09-10T20:00+08:00").await;
        assert_eq!(desk.caught().len(), tried);
    }

    async fn one_is_three_minutes_late(db) {
        let desk = Desk::new(db, NINE).await;
        let id = desk.file(&["19900000003"]).await;
        desk.settle().await;
        assert_eq!(next_due(&desk.services).await.unwrap(), Some(at("2018-09-10T09:03+08:00")));
        desk.turn_and_settle("2018-09-10T09:02:59.999+08:00").await;
        assert_eq!((desk.first(id).await.first_sent_at, desk.inbox().await.len()), (None, 0));
        desk.turn_and_settle("2018-09-10T09:03+08:00").await;
        let row = desk.first(id).await;
        assert_eq!(row.first_sent_at, Some(at("2018-09-10T09:03+08:00")));
        assert_eq!(row.expires_at, at("2018-09-12T09:03+08:00"));
        assert_eq!(desk.inbox().await.len(), 1);
    }

    async fn one_whose_acceptance_comes_twice_is_recorded_once(db) {
        let desk = Desk::new(db, NINE).await;
        let id = desk.file(&["19900000004"]).await;
        desk.settle().await;
        assert_eq!((desk.caught().len(), desk.inbox().await.len()), (1, 1));
        assert_eq!(desk.count(id, EventType::VerificationSent).await, 1);
        let metrics = desk.services.metrics.render();
        assert!(metrics.contains("heyan_sms_total{result=\"accepted\"} 1\n"), "{metrics}");
        assert_eq!(desk.first(id).await.first_sent_at, Some(at(NINE)));
    }

    async fn a_crash_between_send_and_record_sends_again(db) {
        let desk = Desk::new(db, NINE).await;
        let id = desk.file(&["13800138000"]).await;
        // the gateway has it, and does not get round to answering before the process is gone
        desk.permits.forget_permits(10_000);
        let process = tokio::spawn({
            let desk = desk.clone();
            async move { run_due(&desk.services).await }
        });
        desk.arrived.acquire().await.unwrap().forget();
        process.abort();
        assert!(process.await.unwrap_err().is_cancelled());
        desk.permits.add_permits(10_000);

        desk.turn_and_settle("2018-09-10T09:00:59.999+08:00").await;
        assert_eq!(desk.caught().len(), 1, "the lease has not ended");
        desk.turn_and_settle("2018-09-10T09:01+08:00").await;
        let caught = desk.caught();
        assert_eq!((caught.len(), caught[0].id), (2, caught[1].id));
        assert_eq!(desk.first(id).await.first_sent_at, Some(at("2018-09-10T09:01+08:00")));
        assert_eq!(desk.count(id, EventType::VerificationSent).await, 1);
        desk.turn_and_settle("2018-09-10T10:00+08:00").await;
        assert_eq!((desk.caught().len(), desk.inbox().await.len()), (2, 1));
    }

    async fn two_instances_share_the_work(db) {
        let desk = Desk::new(db, NINE).await;
        let phones: Vec<String> = (0..90).map(|n| format!("138001380{n:02}")).collect();
        let phones: Vec<&str> = phones.iter().map(String::as_str).collect();
        let id = desk.file(&phones).await;
        let run = |desk: Desk| {
            tokio::spawn(async move { while run_due(&desk.services).await.unwrap().done > 0 {} })
        };
        let (one, other) = (run(desk.clone()), run(desk.clone()));
        one.await.unwrap();
        other.await.unwrap();
        desk.settle().await;
        let mut sent: Vec<_> = desk.caught().into_iter().map(|one| one.phone).collect();
        sent.sort_unstable();
        assert_eq!(sent, phones);
        assert_eq!(desk.count(id, EventType::VerificationSent).await, 90);
        assert!(desk.view(id).await.verifications.iter().all(|one| one.row.first_sent_at == Some(at(NINE))));
    }

    async fn whoever_has_ended_gets_no_more_sms(db) {
        let desk = Desk::new(db, NINE).await;
        let withdrawn = desk.file(&["19900000001"]).await;
        let verified = desk.file(&["13800138000", "13900139000"]).await;
        desk.settle().await;
        let first = desk.first(verified).await.id;
        desk.resend(verified).await;
        desk.change(verified, |request| request.pass(first, at(NINE))).await;
        withdraw(&desk.services, desk.provider, withdrawn).await.unwrap();
        assert_eq!((desk.queued(withdrawn).await, desk.queued(verified).await), (0, 0));
        let sent = desk.caught().len();
        desk.turn_and_settle("2018-09-10T20:00+08:00").await;
        assert_eq!(desk.caught().len(), sent);
        assert_eq!(desk.view(verified).await.row.state, RequestState::Verifying);
    }

    async fn a_withdrawal_at_the_same_moment_leaves_nothing_half_done(db) {
        let desk = Desk::new(db, NINE).await;
        let mut requests = Vec::new();
        for n in 0..30 {
            requests.push(desk.file(&[&format!("138001380{n:02}"), "19900000002"]).await);
        }
        let sending = tokio::spawn({
            let desk = desk.clone();
            async move { desk.settle().await }
        });
        for &id in &requests {
            // or it has just been returned
            let _ = withdraw(&desk.services, desk.provider, id).await;
        }
        sending.await.unwrap();
        for id in requests {
            let view = desk.view(id).await;
            assert!(view.row.ended_at.is_some());
            assert!(view.verifications.iter().all(|one| one.row.ended_at.is_some()));
            assert_eq!(desk.queued(id).await, 0);
            let ends = [EventType::Withdrawn, EventType::Returned];
            let ends = [desk.count(id, ends[0]).await, desk.count(id, ends[1]).await];
            assert_eq!(ends.iter().sum::<usize>(), 1);
        }
    }

    async fn a_number_that_once_took_an_sms_is_not_undeliverable(db) {
        let attempts = AtomicUsize::new(0);
        let script = move |_: &_, _| Some(match attempts.fetch_add(1, Ordering::Relaxed) {
            0 => accepted(),
            _ => Sent::Refused,
        });
        let desk = Desk::scripted(db, NINE, script).await;
        let id = desk.file(&["13800138000"]).await;
        desk.settle().await;
        desk.resend(id).await;
        desk.settle().await;
        assert_eq!((desk.caught().len(), desk.queued(id).await, desk.inbox().await.len()), (2, 0, 1));
        let view = desk.view(id).await;
        assert_eq!(view.row.state, RequestState::Verifying);
        assert_eq!(view.verifications[0].row.state, VerificationState::Pending);
    }

    async fn a_gateways_pace_is_not_the_principals_loss(db) {
        let until = at("2018-09-10T19:00+08:00");
        let script = move |_: &_, now| Some(if now < until { Sent::Hold { until } } else { accepted() });
        let desk = Desk::scripted(db, NINE, script).await;
        let id = desk.file(&["13800138000"]).await;
        desk.settle().await;
        let row = desk.first(id).await;
        assert_eq!((row.first_sent_at, row.expires_at), (None, until + TimeDelta::hours(48)));
        assert_eq!(next_due(&desk.services).await.unwrap(), Some(until));
        desk.turn(until);
        desk.settle().await;
        let row = desk.first(id).await;
        assert_eq!((row.first_sent_at, row.expires_at), (Some(until), until + TimeDelta::hours(48)));
        assert_eq!(desk.caught().len(), 2);
    }
}
