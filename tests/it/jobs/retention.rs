//! The retention: persons go, states, times, reference and events stay.

use heyan::{
    domain::words::{EventType, RequestState, ReturnReason, VerificationState},
    flow::{purge::purge, run_due::next_due},
    store::{filing_requests, limits, outbox, rotation},
};

use super::desk::{Desk, at};
use crate::store::on_both;

const DUE: &str = "2019-03-11T09:00+08:00";

on_both! {
    async fn a_purge_takes_the_persons_and_leaves_the_history(db) {
        let desk = Desk::new(db, "2018-09-10T09:00+08:00").await;
        let id = desk.file(&["13800138000", "13900139000"]).await;
        desk.settle().await;
        desk.turn_and_settle("2018-09-12T09:00+08:00").await;
        let before = desk.view(id).await;
        assert!(before.verifications.iter().all(|one| one.person.is_some()));
        let history = desk.events(id).await;
        assert_eq!(next_due(&desk.services).await.unwrap(), Some(at(DUE)));
        desk.turn_and_settle("2019-03-11T08:59:59.999+08:00").await;
        assert!(desk.first(id).await.person.is_some());
        desk.turn_and_settle(DUE).await;

        let after = desk.view(id).await;
        assert_eq!((after.row.state, after.row.return_reason), (RequestState::Returned, Some(ReturnReason::Expired)));
        assert_eq!(after.row.purged_at, Some(at(DUE)));
        assert_eq!(after.row.provider_reference.as_deref(), Some("ORDER-1"));
        assert_eq!((after.row.submitted_at, after.row.ended_at), (before.row.submitted_at, before.row.ended_at));
        for (now, then) in after.verifications.iter().zip(&before.verifications) {
            assert_eq!(now.row.state, VerificationState::Expired);
            assert_eq!((now.row.first_sent_at, now.row.expires_at), (then.row.first_sent_at, then.row.expires_at));
            let hashes = [&now.row.phone_hash, &now.row.tail_hash, &now.row.link_hash, &now.row.person];
            assert!(hashes.iter().all(|hash| hash.is_none()) && now.person.is_none());
        }
        let events = desk.events(id).await;
        assert_eq!(events[..history.len()], history);
        assert_eq!((events.len() - history.len(), events.last().unwrap().r#type), (1, EventType::Purged));
        let mut tx = db.read().await.unwrap();
        assert_eq!(filing_requests::content(&mut tx, id).await.unwrap(), None);
        assert!(outbox::inbox(&mut tx, 9).await.unwrap().is_empty());
        // no hash of anything of them stands under any key
        assert!(rotation::hash_keys_in_use(&mut tx).await.unwrap().is_empty());
        drop(tx);
        assert_eq!(next_due(&desk.services).await.unwrap(), None);
    }

    async fn the_command_does_all_that_is_due_at_once(db) {
        let desk = Desk::new(db, "2018-09-10T09:00+08:00").await;
        let mut requests = Vec::new();
        for n in 0..3 {
            requests.push(desk.file(&[&format!("1380013800{n}")]).await);
        }
        desk.settle().await;
        desk.turn_and_settle("2018-09-12T09:00+08:00").await;
        let open = desk.file(&["13800138000"]).await;
        let mut tx = db.write().await.unwrap();
        limits::count(&mut tx, b"old", at("2018-09-12T10:00+08:00")).await.unwrap();
        limits::count(&mut tx, b"new", at("2019-09-12T10:00+08:00")).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(purge(&desk.services).await.unwrap(), 0);
        desk.turn(at(DUE));
        assert_eq!(purge(&desk.services).await.unwrap(), 3);
        assert_eq!(purge(&desk.services).await.unwrap(), 0);
        for id in requests {
            assert_eq!(desk.count(id, EventType::Purged).await, 1);
        }
        // one that has not ended keeps its persons
        assert!(desk.first(open).await.person.is_some());
        let mut tx = db.read().await.unwrap();
        for (bucket, count) in [(&b"old"[..], 0), (b"new", 1)] {
            let early = at("2018-09-01T00:00+08:00");
            assert_eq!(limits::peek(&mut tx, bucket, early).await.unwrap(), count);
        }
    }
}
