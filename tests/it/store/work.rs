//! The outbox, what falls due, erasing, and the rotation of keys.

use chrono::TimeDelta;
use heyan::{
    domain::{
        ids::{MessageId, RequestId, WebhookId},
        province::Province,
        words::{EventType, MessageKind, RequestState, VerificationState},
    },
    store::{
        Json, Tx, captchas, due, events,
        filing_phones::{self, PhoneRow},
        filing_requests::{self, RequestRow},
        idempotency::{self, Begin, Key},
        imports, limits, meta,
        outbox::{self, Claimed, Final},
        providers, purge,
        rotation::{self, SealedColumn},
        sms_codes, verifications, visitors,
        webhooks::{self, NewDelivery},
    },
};
use serde_json::json;
use uuid::Uuid;

use super::{at, log, message, message_id, on_both, one_filing, provider, request, verification};

/// An event of a request that its provider is to be told.
async fn delivery(tx: &mut Tx, n: u8, request: &RequestRow) {
    let kind = EventType::Verifying;
    let event_id = log(tx, request.id, None, at(0), kind, "x", &json!({})).await;
    let new = NewDelivery {
        id: WebhookId(Uuid::from_u128(n.into())),
        event_id,
        provider_id: request.provider_id,
        request_id: request.id,
        kind,
        created_at: at(0),
        give_up_at: at(9),
        sealed: b"sealed body",
    };
    webhooks::insert(tx, &new).await.unwrap();
}

const OURS: Uuid = Uuid::from_u128(1);
const THEIRS: Uuid = Uuid::from_u128(2);

fn answer(keep_sealed: bool) -> Final<'static> {
    Final {
        gateway: "main",
        gateway_ref: Some("ref"),
        at: at(70),
        keep_sealed,
    }
}

fn refused(by: &[&str]) -> Json<Vec<String>> {
    Json(by.iter().map(|&name| name.to_owned()).collect())
}

fn ids(claimed: &[Claimed]) -> Vec<MessageId> {
    claimed.iter().map(|message| message.id).collect()
}

on_both! {
    async fn a_lease_guards_a_message(db) {
        let mut tx = db.write().await.unwrap();
        let (_, request, [first, second]) = one_filing(&mut tx).await;
        assert!(outbox::claim(&mut tx, at(0), at(50), OURS, 9).await.unwrap().is_empty());
        let claimed = outbox::claim(&mut tx, at(1), at(50), OURS, 9).await.unwrap();
        let expected = Claimed {
            id: message_id(1),
            verification_id: first.id,
            request_id: request.id,
            provider_id: request.provider_id,
            kind: MessageKind::First,
            attempts: 0,
            queued_at: at(0),
            sealed: b"sealed message".to_vec(),
            gateway: None,
            submitted_at: None,
            doubts: 0,
            doubted_by: None,
            refused_by: Json(Vec::new()),
            expires_at: first.expires_at,
            verification_ended_at: None,
        };
        assert_eq!(claimed, [expected]);
        assert_eq!(outbox::in_flight(&mut tx, at(1)).await.unwrap(), 1);
        assert_eq!(outbox::in_flight(&mut tx, at(50)).await.unwrap(), 0);
        assert_eq!(ids(&outbox::claim(&mut tx, at(49), at(60), OURS, 1).await.unwrap()), [message_id(2)]);
        assert!(outbox::claim(&mut tx, at(49), at(60), THEIRS, 9).await.unwrap().is_empty());
        // the lease of the first is over: somebody else has it now, we record nothing
        let again = outbox::claim(&mut tx, at(50), at(99), THEIRS, 9).await.unwrap();
        assert_eq!(ids(&again), [message_id(1)]);
        assert!(!outbox::accept(&mut tx, message_id(1), OURS, answer(true)).await.unwrap());
        assert!(!outbox::retry(&mut tx, message_id(1), OURS, at(55), &refused(&[])).await.unwrap());
        assert!(!outbox::fail(&mut tx, message_id(1), OURS, answer(true)).await.unwrap());
        assert_eq!(outbox::queued_of_verification(&mut tx, first.id).await.unwrap(), 1);
        assert!(outbox::retry(&mut tx, message_id(1), THEIRS, at(80), &refused(&[])).await.unwrap());
        assert!(!outbox::accept(&mut tx, message_id(1), THEIRS, answer(true)).await.unwrap());
        assert_eq!(due::next_at(&mut tx, TimeDelta::milliseconds(10)).await.unwrap(), Some(at(60)));
        assert!(outbox::fail(&mut tx, message_id(2), OURS, answer(false)).await.unwrap());
        assert_eq!(due::next_at(&mut tx, TimeDelta::milliseconds(10)).await.unwrap(), Some(at(80)));
        assert_eq!(outbox::queued_of_verification(&mut tx, second.id).await.unwrap(), 0);
        assert_eq!(ids(&outbox::claim(&mut tx, at(80), at(99), OURS, 9).await.unwrap()), [message_id(1)]);
        assert!(outbox::accept(&mut tx, message_id(1), OURS, answer(false)).await.unwrap());
        assert!(!outbox::accept(&mut tx, message_id(1), OURS, answer(false)).await.unwrap());
        assert!(rotation::sealed_after(&mut tx, SealedColumn::Message, &[], 9).await.unwrap().is_empty());
        assert!(outbox::inbox(&mut tx, 9).await.unwrap().is_empty());
        tx.commit().await.unwrap();
    }

    async fn a_sandbox_keeps_what_it_sent(db) {
        let mut tx = db.write().await.unwrap();
        let (_, _, [first, second]) = one_filing(&mut tx).await;
        for n in 3..6 {
            outbox::insert(&mut tx, &message(n, &first)).await.unwrap();
        }
        let claimed = outbox::claim(&mut tx, at(9), at(50), OURS, 9).await.unwrap();
        assert_eq!(claimed.len(), 5);
        for (n, id) in (0..).zip([4, 1, 2]) {
            let answer = Final { at: at(70 + n / 2), ..answer(true) };
            assert!(outbox::accept(&mut tx, message_id(id), OURS, answer).await.unwrap());
        }
        assert!(outbox::fail(&mut tx, message_id(5), OURS, answer(true)).await.unwrap());
        let list = outbox::inbox(&mut tx, 9).await.unwrap();
        assert_eq!(list.iter().map(|m| m.id).collect::<Vec<_>>(), [message_id(2), message_id(4), message_id(1)]);
        assert_eq!((list[0].accepted_at, &list[0].sealed[..]), (at(71), &b"sealed message"[..]));
        assert_eq!((list[0].verification_id, list[0].kind), (second.id, MessageKind::First));
        let list = outbox::inbox_of_phone(&mut tx, &first.phone_hash.unwrap(), 9).await.unwrap();
        assert_eq!(list.iter().map(|m| m.id).collect::<Vec<_>>(), [message_id(4), message_id(1)]);
        assert_eq!(outbox::inbox(&mut tx, 1).await.unwrap().len(), 1);
        tx.commit().await.unwrap();
    }

    async fn a_message_is_cancelled_in_flight_too(db) {
        let mut tx = db.write().await.unwrap();
        let (_, _, [first, second]) = one_filing(&mut tx).await;
        outbox::insert(&mut tx, &message(3, &first)).await.unwrap();
        outbox::claim(&mut tx, at(1), at(50), OURS, 9).await.unwrap();
        assert_eq!(outbox::cancel_of_verification(&mut tx, first.id, at(5)).await.unwrap(), 2);
        assert!(!outbox::accept(&mut tx, message_id(1), OURS, answer(true)).await.unwrap());
        assert_eq!(ids(&outbox::claim(&mut tx, at(60), at(90), OURS, 9).await.unwrap()), [message_id(2)]);
        assert_eq!(outbox::cancel_of_verification(&mut tx, second.id, at(5)).await.unwrap(), 1);
        assert_eq!(outbox::cancel_of_verification(&mut tx, second.id, at(5)).await.unwrap(), 0);
        assert_eq!(outbox::queued_of_verification(&mut tx, second.id).await.unwrap(), 0);
        assert!(rotation::sealed_after(&mut tx, SealedColumn::Message, &[], 9).await.unwrap().is_empty());
        tx.commit().await.unwrap();
    }

    async fn many_claimers_never_get_the_same_message(db) {
        let mut tx = db.write().await.unwrap();
        let (_, _, [first, _]) = one_filing(&mut tx).await;
        for n in 3..=100 {
            outbox::insert(&mut tx, &message(n, &first)).await.unwrap();
        }
        tx.commit().await.unwrap();
        let claimer = |n: u128| {
            let db = db.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                for round in 0.. {
                    let token = Uuid::from_u128(n * 1000 + round);
                    let mut tx = db.write().await.unwrap();
                    let claimed = outbox::claim(&mut tx, at(200), at(900), token, 7).await.unwrap();
                    tokio::task::yield_now().await;
                    tx.commit().await.unwrap();
                    if claimed.is_empty() {
                        break;
                    }
                    assert!(claimed.len() <= 7);
                    mine.extend(ids(&claimed));
                }
                mine
            })
        };
        let claimers: Vec<_> = (0..4).map(claimer).collect();
        let mut all = Vec::new();
        for claimer in claimers {
            all.extend(claimer.await.unwrap());
        }
        all.sort_unstable();
        assert_eq!(all, (1..=100).map(message_id).collect::<Vec<_>>());
    }

    async fn due_work_is_found_oldest_first(db) {
        let mut tx = db.write().await.unwrap();
        assert_eq!(due::next_at(&mut tx, TimeDelta::milliseconds(10)).await.unwrap(), None);
        let (owner, request_1, [mut first, mut second]) = one_filing(&mut tx).await;
        for one in [&first, &second] {
            outbox::cancel_of_verification(&mut tx, one.id, at(0)).await.unwrap();
        }
        let mut request_2 = request(2, &owner);
        filing_requests::insert(&mut tx, &request_2, b"x").await.unwrap();
        let mut third = verification(3, &request_2, 0);
        third.expires_at = at(500);
        verifications::insert(&mut tx, &third).await.unwrap();

        assert_eq!(due::next_at(&mut tx, TimeDelta::milliseconds(10)).await.unwrap(), Some(at(500)));
        assert!(due::expiries(&mut tx, at(499), 9).await.unwrap().is_empty());
        assert_eq!(due::expiries(&mut tx, at(1002), 9).await.unwrap(), [request_2.id, request_1.id]);
        assert_eq!(due::expiries(&mut tx, at(1002), 1).await.unwrap(), [request_2.id]);
        third.state = VerificationState::Expired;
        verifications::save(&mut tx, &third).await.unwrap();
        assert_eq!(due::expiries(&mut tx, at(1002), 9).await.unwrap(), [request_1.id]);

        (first.noon_at, second.noon_at, third.noon_at) = (Some(at(30)), Some(at(20)), Some(at(10)));
        for row in [&first, &second, &third] {
            verifications::save(&mut tx, row).await.unwrap();
        }
        assert_eq!(due::next_at(&mut tx, TimeDelta::milliseconds(10)).await.unwrap(), Some(at(20)));
        assert_eq!(due::noon(&mut tx, at(20), 9).await.unwrap(), [(second.id, request_1.id)]);
        assert_eq!(due::noon(&mut tx, at(30), 9).await.unwrap(), [(second.id, request_1.id), (first.id, request_1.id)]);
        assert_eq!(due::noon(&mut tx, at(30), 1).await.unwrap().len(), 1);

        request_2.ended_at = Some(at(5));
        filing_requests::save(&mut tx, &mut request_2).await.unwrap();
        assert!(due::purges(&mut tx, at(4), 9).await.unwrap().is_empty());
        assert_eq!(due::purges(&mut tx, at(5), 9).await.unwrap(), [request_2.id]);
        assert_eq!(due::next_at(&mut tx, TimeDelta::milliseconds(10)).await.unwrap(), Some(at(15)));
        outbox::insert(&mut tx, &message(9, &second)).await.unwrap();
        assert_eq!(due::next_at(&mut tx, TimeDelta::milliseconds(10)).await.unwrap(), Some(at(9)));
        tx.commit().await.unwrap();
    }

    async fn what_expired_is_swept(db) {
        let mut tx = db.write().await.unwrap();
        let (owner, _, _) = one_filing(&mut tx).await;
        for n in 1..=5 {
            limits::count(&mut tx, &[n], at(i64::from(n))).await.unwrap();
            captchas::take(&mut tx, &[n], b"form", at(0), at(i64::from(n))).await.unwrap();
            let key = Key { provider_id: owner.id, key_hash: &[n] };
            let expires_at = at(i64::from(n));
            let call = Begin { key_id: "k1", body_digest: b"a", now: at(0), lease_until: at(0), expires_at };
            idempotency::begin(&mut tx, key, call).await.unwrap();
        }
        assert_eq!(due::sweep(&mut tx, at(3), 2).await.unwrap(), 6);
        assert_eq!(due::sweep(&mut tx, at(3), 2).await.unwrap(), 3);
        assert_eq!(due::sweep(&mut tx, at(3), 2).await.unwrap(), 0);
        assert_eq!(limits::peek(&mut tx, &[4], at(0)).await.unwrap(), 1);
        limits::count(&mut tx, &[5], at(5)).await.unwrap();
        let three = limits::peek_three(&mut tx, [&[5], &[9], &[4]], at(0)).await.unwrap();
        assert_eq!(three, [2, 0, 1]);
        let later = limits::peek_three(&mut tx, [&[5], &[5], &[4]], at(4)).await.unwrap();
        assert_eq!(later, [2, 2, 0]);
        assert!(captchas::load(&mut tx, &[4]).await.unwrap().is_some());
        tx.commit().await.unwrap();
    }

    async fn keys_and_secrets_rotated_out_are_swept(db) {
        let mut tx = db.write().await.unwrap();
        let (owner, _, _) = one_filing(&mut tx).await;
        for n in 1..=3 {
            providers::add_key(&mut tx, owner.id, &[n], "k1", at(0)).await.unwrap();
            providers::add_webhook_secret(&mut tx, Uuid::from_u128(n.into()), owner.id, &[n], at(0)).await.unwrap();
        }
        providers::expire_keys(&mut tx, owner.id, &[3], at(5)).await.unwrap();
        providers::expire_webhook_secrets(&mut tx, owner.id, Uuid::from_u128(3), at(5)).await.unwrap();
        assert_eq!(due::sweep(&mut tx, at(4), 9).await.unwrap(), 0);
        assert_eq!(due::sweep(&mut tx, at(5), 1).await.unwrap(), 2);
        assert_eq!(due::sweep(&mut tx, at(5), 9).await.unwrap(), 2);
        assert_eq!(due::sweep(&mut tx, at(999_999), 9).await.unwrap(), 0);
        assert!(providers::by_key(&mut tx, &[3], at(9)).await.unwrap().is_some());
        let left = providers::webhook_secrets(&mut tx, owner.id, at(0)).await.unwrap();
        assert_eq!(left.iter().map(|secret| &secret.sealed[..]).collect::<Vec<_>>(), [[3]]);
        tx.commit().await.unwrap();
    }

    async fn a_purge_leaves_nothing_of_the_person(db) {
        let mut tx = db.write().await.unwrap();
        let (owner, mut request, [first, _]) = one_filing(&mut tx).await;
        request.state = RequestState::Returned;
        request.return_detail = Some("王小明的号码不符".into());
        request.ended_at = Some(at(5));
        filing_requests::save(&mut tx, &mut request).await.unwrap();
        sms_codes::insert(&mut tx, b"code", "k1", first.id, at(0)).await.unwrap();
        let key = Key { provider_id: owner.id, key_hash: b"key" };
        let call = Begin { key_id: "k1", body_digest: b"a", now: at(0), lease_until: at(9), expires_at: at(99) };
        idempotency::begin(&mut tx, key, call).await.unwrap();
        assert!(idempotency::finish(&mut tx, key, at(9), request.id).await.unwrap());
        let imported = imports::Row { provider_id: owner.id, file_hash: b"file", first_row: 2 };
        assert!(imports::insert(&mut tx, imported, "k1", request.id).await.unwrap());
        filing_phones::insert(&mut tx, b"phone", request.id, "k1").await.unwrap();
        log(&mut tx, request.id, None, at(0), EventType::Submitted, "provider", &json!({})).await;

        assert!(purge::request(&mut tx, request.id, at(6)).await.unwrap());
        assert!(!purge::request(&mut tx, request.id, at(7)).await.unwrap());
        let (row, parts) = filing_requests::load_with_verifications(&mut tx, request.id).await.unwrap().unwrap();
        assert_eq!((row.return_detail, row.purged_at), (None, Some(at(6))));
        assert_eq!((row.state, row.version), (RequestState::Returned, request.version + 1));
        assert_eq!(row.provider_reference, request.provider_reference);
        assert!(parts.iter().all(|part| {
            (&part.phone_hash, &part.tail_hash, &part.link_hash, &part.person) == (&None, &None, &None, &None)
        }));
        assert_eq!(filing_requests::content(&mut tx, request.id).await.unwrap(), None);
        assert_eq!(sms_codes::verification_of(&mut tx, b"code").await.unwrap(), None);
        assert_eq!(idempotency::find(&mut tx, key, at(1)).await.unwrap(), None);
        let all = imports::Row { first_row: 0, ..imported };
        assert!(imports::rows_after(&mut tx, all, 9).await.unwrap().is_empty());
        assert!(filing_phones::requests(&mut tx, b"phone", None, 9).await.unwrap().is_empty());
        assert_eq!(events::of_request(&mut tx, request.id, 0, 9).await.unwrap().len(), 1);
        // a message still queued is not claimed without its text
        assert!(outbox::claim(&mut tx, at(9), at(99), OURS, 9).await.unwrap().is_empty());
        for column in SealedColumn::ALL {
            assert!(rotation::sealed_after(&mut tx, column, &[], 9).await.unwrap().is_empty(), "{column:?}");
        }
        assert!(due::purges(&mut tx, at(99), 9).await.unwrap().is_empty());
        tx.commit().await.unwrap();
    }

    async fn a_reset_empties_everything(db) {
        let mut tx = db.write().await.unwrap();
        let (owner, request_1, [first, _]) = one_filing(&mut tx).await;
        let mut again = request(2, &owner);
        again.resubmits = Some(request_1.id);
        filing_requests::insert(&mut tx, &again, b"x").await.unwrap();
        sms_codes::insert(&mut tx, b"code", "k1", first.id, at(0)).await.unwrap();
        providers::add_key(&mut tx, owner.id, b"key", "k1", at(0)).await.unwrap();
        providers::add_webhook_secret(&mut tx, OURS, owner.id, b"x", at(0)).await.unwrap();
        captchas::take(&mut tx, b"id", b"form", at(0), at(9)).await.unwrap();
        limits::count(&mut tx, b"bucket", at(9)).await.unwrap();
        visitors::add(&mut tx, "gansu", 3).await.unwrap();
        log(&mut tx, request_1.id, None, at(0), EventType::Submitted, "x", &json!({})).await;
        let key = Key { provider_id: owner.id, key_hash: b"key" };
        let call = Begin { key_id: "k1", body_digest: b"a", now: at(0), lease_until: at(9), expires_at: at(99) };
        idempotency::begin(&mut tx, key, call).await.unwrap();
        let row = imports::Row { provider_id: owner.id, file_hash: b"file", first_row: 2 };
        assert!(imports::insert(&mut tx, row, "k1", request_1.id).await.unwrap());
        filing_phones::insert(&mut tx, b"phone", request_1.id, "k1").await.unwrap();
        meta::put(&mut tx, meta::INDEX_KEY, "k1").await.unwrap();
        meta::raise_tick(&mut tx, at(9)).await.unwrap();
        delivery(&mut tx, 9, &again).await;
        purge::reset(&mut tx).await.unwrap();
        tx.commit().await.unwrap();

        let mut tx = db.write().await.unwrap();
        assert_eq!(meta::tick(&mut tx).await.unwrap(), None);
        assert_eq!(meta::get(&mut tx, meta::INDEX_KEY).await.unwrap().as_deref(), Some("k1"));
        assert!(meta::get(&mut tx, "oldest_version").await.unwrap().is_some());
        for table in super::schema::tables(&mut tx).await {
            if table != "meta" {
                assert_eq!(super::schema::rows(&mut tx, &table).await, 0, "{table}");
            }
        }
        // and works as a new one does
        one_filing(&mut tx).await;
        tx.commit().await.unwrap();
    }

    async fn sealed_values_are_walked_and_replaced(db) {
        let mut tx = db.write().await.unwrap();
        let (owner, _, _) = one_filing(&mut tx).await;
        for n in 2..=4 {
            let row = request(n, &owner);
            filing_requests::insert(&mut tx, &row, b"sealed content").await.unwrap();
            let part = verification(n + 10, &row, 0);
            verifications::insert(&mut tx, &part).await.unwrap();
            outbox::insert(&mut tx, &message(n + 10, &part)).await.unwrap();
            providers::add_webhook_secret(&mut tx, Uuid::from_u128(n.into()), owner.id, b"x", at(0)).await.unwrap();
            delivery(&mut tx, n, &row).await;
            captchas::take(&mut tx, &[n; 32], b"form", at(0), at(9)).await.unwrap();
            captchas::record_result(&mut tx, &[n; 32], b"result").await.unwrap();
            let account = super::staff::one(&mut tx, n, &format!("account {n}")).await;
            super::staff::session(&mut tx, n, account).await;
        }
        for column in SealedColumn::ALL {
            let mut after = Vec::new();
            let mut walked = 0;
            loop {
                let batch = rotation::sealed_after(&mut tx, column, &after, 2).await.unwrap();
                let Some(last) = batch.last() else { break };
                after.clone_from(&last.row);
                for row in batch {
                    walked += 1;
                    assert!(!rotation::reseal(&mut tx, column, &row.row, b"changed", b"new").await.unwrap());
                    assert!(rotation::reseal(&mut tx, column, &row.row, &row.sealed, b"new").await.unwrap());
                }
            }
            let expected = match column {
                SealedColumn::RequestContent => 4,
                SealedColumn::VerificationPerson | SealedColumn::Message => 5,
                SealedColumn::CaptchaResult
                | SealedColumn::WebhookSecret
                | SealedColumn::WebhookDelivery
                | SealedColumn::StaffTotp
                | SealedColumn::StaffClient => 3,
            };
            assert_eq!(walked, expected, "{column:?}");
            let all = rotation::sealed_after(&mut tx, column, &[], 99).await.unwrap();
            assert!(all.iter().all(|row| row.sealed == b"new"));
        }
        tx.commit().await.unwrap();
    }

    async fn hashes_are_walked_and_replaced(db) {
        let mut tx = db.write().await.unwrap();
        let (owner, request_1, [first, second]) = one_filing(&mut tx).await;
        assert!(rotation::hashed_after(&mut tx, "k1", None, 9).await.unwrap().is_empty());
        let batch = rotation::hashed_after(&mut tx, "k2", None, 1).await.unwrap();
        assert_eq!(batch.len(), 1);
        assert_eq!((batch[0].id, batch[0].request_id, &batch[0].person), (first.id, request_1.id, &first.person));
        assert_eq!((&batch[0].phone_key[..], &batch[0].principals), ("k1", &first.principals));
        assert!(rotation::rehash(&mut tx, first.id, "k2", b"phone", b"tail").await.unwrap());
        let batch = rotation::hashed_after(&mut tx, "k2", None, 9).await.unwrap();
        assert_eq!(batch.iter().map(|row| row.id).collect::<Vec<_>>(), [second.id]);
        assert!(rotation::hashed_after(&mut tx, "k2", Some(second.id), 9).await.unwrap().is_empty());
        let row = verifications::load(&mut tx, first.id).await.unwrap().unwrap();
        assert_eq!((row.phone_hash.as_deref(), row.tail_hash.as_deref()), (Some(&b"phone"[..]), Some(&b"tail"[..])));
        assert_eq!((&row.phone_key[..], &row.tail_key[..]), ("k2", "k2"));

        providers::add_key(&mut tx, owner.id, b"key", "k0", at(0)).await.unwrap();
        sms_codes::insert(&mut tx, b"code", "k3", first.id, at(0)).await.unwrap();
        let row = imports::Row { provider_id: owner.id, file_hash: b"file", first_row: 2 };
        assert!(imports::insert(&mut tx, row, "k4", request_1.id).await.unwrap());
        filing_phones::insert(&mut tx, b"phone", request_1.id, "k5").await.unwrap();
        assert_eq!(rotation::hash_keys_in_use(&mut tx).await.unwrap(), ["k0", "k1", "k2", "k3", "k4", "k5"]);
        purge::request(&mut tx, request_1.id, at(0)).await.unwrap();
        assert!(!rotation::rehash(&mut tx, first.id, "k3", b"phone", b"tail").await.unwrap());
        assert!(rotation::hashed_after(&mut tx, "k9", None, 9).await.unwrap().is_empty());
        assert_eq!(rotation::hash_keys_in_use(&mut tx).await.unwrap(), ["k0"]);
        assert!(providers::insert(&mut tx, &provider(2)).await.unwrap());
        tx.commit().await.unwrap();
    }

    async fn phones_that_nobody_verifies(db) {
        let mut tx = db.write().await.unwrap();
        let (owner, first, _) = one_filing(&mut tx).await;
        let second = request(2, &owner);
        filing_requests::insert(&mut tx, &second, b"x").await.unwrap();
        for (phone, of) in [(&b"a"[..], first.id), (b"a", second.id), (b"a", second.id), (b"b", first.id)] {
            filing_phones::insert(&mut tx, phone, of, "k1").await.unwrap();
        }
        let newest = [first.id.max(second.id), first.id.min(second.id)];
        assert_eq!(filing_phones::requests(&mut tx, b"a", None, 9).await.unwrap(), newest);
        assert_eq!(filing_phones::requests(&mut tx, b"a", None, 1).await.unwrap(), newest[..1]);
        assert_eq!(filing_phones::requests(&mut tx, b"a", Some(first.province), 9).await.unwrap(), newest);
        assert!(filing_phones::requests(&mut tx, b"a", Some(Province::Xizang), 9).await.unwrap().is_empty());

        let mut seen = Vec::new();
        let mut last = PhoneRow { phone_hash: Vec::new(), request_id: RequestId(Uuid::nil()) };
        while let [next] = &filing_phones::hashed_after(&mut tx, "k2", &last, 1).await.unwrap()[..] {
            last = next.clone();
            seen.push(last.clone());
        }
        assert_eq!(seen.len(), 3);
        filing_phones::rehash(&mut tx, &last, b"new", "k2").await.unwrap();
        assert_eq!(filing_phones::requests(&mut tx, b"new", None, 9).await.unwrap(), [first.id]);
        assert!(filing_phones::requests(&mut tx, b"b", None, 9).await.unwrap().is_empty());
        // purged meanwhile
        filing_phones::rehash(&mut tx, &last, b"again", "k2").await.unwrap();
        assert!(filing_phones::requests(&mut tx, b"again", None, 9).await.unwrap().is_empty());
        tx.commit().await.unwrap();
    }
}
