//! Expiry: at the instant, whole requests, whatever else is broken.

use heyan::{
    domain::words::{EventType, RequestState, ReturnReason, VerificationState},
    flow::run_due::run_due,
};

use super::desk::{Desk, at};
use crate::store::on_both;

const NINE: &str = "2018-09-10T09:00+08:00";

on_both! {
    async fn time_is_up_at_the_instant(db) {
        let desk = Desk::new(db, NINE).await;
        let id = desk.file(&["13800138000", "19900000003"]).await;
        desk.settle().await;
        desk.turn_and_settle("2018-09-10T09:03+08:00").await;
        desk.turn_and_settle("2018-09-12T08:59:59.999+08:00").await;
        assert_eq!(desk.view(id).await.row.state, RequestState::Verifying);
        desk.turn_and_settle("2018-09-12T09:00+08:00").await;
        let view = desk.view(id).await;
        assert_eq!((view.row.state, view.row.return_reason), (RequestState::Returned, Some(ReturnReason::Expired)));
        let [first, second] = [&view.verifications[0].row, &view.verifications[1].row];
        assert_eq!((first.state, first.ended_at), (VerificationState::Expired, Some(at("2018-09-12T09:00+08:00"))));
        // who was to have three minutes more need not answer any more
        assert_eq!((second.state, second.expires_at), (VerificationState::Cancelled, at("2018-09-12T09:03+08:00")));
        desk.turn_and_settle("2018-09-13T09:00+08:00").await;
        for (what, times) in [(EventType::VerificationExpired, 1), (EventType::VerificationCancelled, 1), (EventType::Returned, 1)] {
            assert_eq!(desk.count(id, what).await, times, "{what}");
        }
    }

    async fn who_answered_in_time_does_not_expire(db) {
        let desk = Desk::new(db, NINE).await;
        let id = desk.file(&["13800138000"]).await;
        desk.settle().await;
        let first = desk.first(id).await.id;
        let last = at("2018-09-12T08:59:59.999+08:00");
        desk.turn(last);
        desk.change(id, |request| request.pass(first, last)).await;
        desk.turn_and_settle("2018-09-12T09:00+08:00").await;
        assert_eq!(desk.view(id).await.row.state, RequestState::HandedOver);
        assert_eq!(desk.count(id, EventType::VerificationExpired).await, 0);
    }

    async fn one_broken_row_does_not_stop_the_others(db) {
        let desk = Desk::new(db, NINE).await;
        let broken = desk.file(&["13800138000"]).await;
        let sound = desk.file(&["13900139000"]).await;
        desk.settle().await;
        desk.spoil(broken).await;
        desk.turn_and_settle("2018-09-11T12:00+08:00").await;
        assert_eq!(desk.first(sound).await.noon_at, None);
        desk.turn(at("2018-09-12T09:00+08:00"));
        assert!(run_due(&desk.services).await.unwrap().done > 0);
        assert_eq!(run_due(&desk.services).await.unwrap().done, 0);
        assert_eq!(desk.view(sound).await.row.state, RequestState::Returned);
    }

    async fn what_falls_due_in_one_round_is_all_done(db) {
        let desk = Desk::new(db, NINE).await;
        let mut requests = Vec::new();
        for n in 0..40 {
            requests.push(desk.file(&[&format!("138001380{n:02}")]).await);
        }
        desk.settle().await;
        desk.turn(at("2018-09-12T09:00+08:00"));
        // and the counters of their SMS are swept
        assert!(run_due(&desk.services).await.unwrap().done >= 40);
        for id in requests {
            assert_eq!(desk.view(id).await.row.state, RequestState::Returned);
        }
    }
}
