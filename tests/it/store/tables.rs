//! Each table's own functions: what goes in comes out, and what must not happen twice does not.

use heyan::{
    domain::{
        ids::RequestId,
        province::Province,
        words::{EventType, FilingKind, RequestState, ReturnReason, VerificationState},
    },
    store::{
        StoreError, captchas, events,
        filing_requests::{self, Filter, Listed},
        idempotency::{self, Begin, Begun, Key},
        limits, meta, providers, sms_codes, verifications, visitors,
    },
};
use serde_json::json;
use uuid::Uuid;

use super::{
    at, log, on_both, one_filing, provider, request, request_id, verification, verification_id,
};

on_both! {
    async fn meta_keeps_values_and_the_latest_tick(db) {
        let mut tx = db.write().await.unwrap();
        assert_eq!(meta::get(&mut tx, "oldest_version").await.unwrap().as_deref(), Some("0.1.0"));
        assert_eq!(meta::get(&mut tx, "x").await.unwrap(), None);
        assert_eq!(meta::put_if_absent(&mut tx, "x", "1").await.unwrap(), "1");
        assert_eq!(meta::put_if_absent(&mut tx, "x", "2").await.unwrap(), "1");
        meta::put(&mut tx, "x", "3").await.unwrap();
        assert_eq!(meta::get(&mut tx, "x").await.unwrap().as_deref(), Some("3"));
        assert_eq!(meta::tick(&mut tx).await.unwrap(), None);
        for (now, latest) in [(5, 5), (9, 9), (7, 9)] {
            meta::raise_tick(&mut tx, at(now)).await.unwrap();
            assert_eq!(meta::tick(&mut tx).await.unwrap(), Some(at(latest)));
        }
        tx.commit().await.unwrap();
    }

    async fn providers_and_their_keys(db) {
        let mut tx = db.write().await.unwrap();
        let row = provider(1);
        assert!(providers::insert(&mut tx, &row).await.unwrap());
        let mut namesake = provider(2);
        namesake.name.clone_from(&row.name);
        assert!(!providers::insert(&mut tx, &namesake).await.unwrap());
        assert!(providers::insert(&mut tx, &provider(3)).await.unwrap());
        assert_eq!(providers::by_name(&mut tx, "provider 1").await.unwrap().as_ref(), Some(&row));
        assert_eq!(providers::by_id(&mut tx, row.id).await.unwrap().as_ref(), Some(&row));
        assert_eq!(providers::all(&mut tx).await.unwrap(), [row.clone(), provider(3)]);

        providers::add_key(&mut tx, row.id, &[1; 32], "k1", at(0)).await.unwrap();
        providers::add_key(&mut tx, row.id, &[2; 32], "k1", at(1)).await.unwrap();
        providers::expire_keys(&mut tx, row.id, &[2; 32], at(100)).await.unwrap();
        providers::expire_keys(&mut tx, row.id, &[2; 32], at(200)).await.unwrap();
        assert!(providers::by_key(&mut tx, &[1; 32], at(99)).await.unwrap().is_some());
        assert!(providers::by_key(&mut tx, &[1; 32], at(100)).await.unwrap().is_none());
        assert_eq!(providers::by_key(&mut tx, &[2; 32], at(100)).await.unwrap().as_ref(), Some(&row));
        assert!(providers::by_key(&mut tx, &[3; 32], at(0)).await.unwrap().is_none());

        let (old, new) = (Uuid::from_u128(1), Uuid::from_u128(2));
        providers::add_webhook_secret(&mut tx, old, row.id, b"old", at(0)).await.unwrap();
        providers::add_webhook_secret(&mut tx, new, row.id, b"new", at(1)).await.unwrap();
        providers::expire_webhook_secrets(&mut tx, row.id, new, at(100)).await.unwrap();
        let valid: Vec<_> = providers::webhook_secrets(&mut tx, row.id, at(99)).await.unwrap();
        assert_eq!(valid.iter().map(|secret| secret.id).collect::<Vec<_>>(), [new, old]);
        let valid: Vec<_> = providers::webhook_secrets(&mut tx, row.id, at(100)).await.unwrap();
        assert_eq!(valid.iter().map(|secret| &secret.sealed[..]).collect::<Vec<_>>(), [b"new"]);

        providers::set_webhook_url(&mut tx, row.id, Some("https://example.cn/")).await.unwrap();
        assert_eq!(
            providers::by_id(&mut tx, row.id).await.unwrap().unwrap().webhook_url.as_deref(),
            Some("https://example.cn/")
        );
        assert!(providers::revoke(&mut tx, row.id, at(5)).await.unwrap());
        assert!(!providers::revoke(&mut tx, row.id, at(6)).await.unwrap());
        assert!(providers::by_key(&mut tx, &[2; 32], at(7)).await.unwrap().is_none());
        assert_eq!(providers::by_id(&mut tx, row.id).await.unwrap().unwrap().revoked_at, Some(at(5)));
        tx.commit().await.unwrap();
    }

    async fn requests_come_back_as_they_went_in(db) {
        let mut tx = db.write().await.unwrap();
        let (owner, row, rows) = one_filing(&mut tx).await;
        let stranger = provider(2);
        providers::insert(&mut tx, &stranger).await.unwrap();
        assert_eq!(filing_requests::load(&mut tx, row.id).await.unwrap().as_ref(), Some(&row));
        assert_eq!(filing_requests::load(&mut tx, request_id(9)).await.unwrap(), None);
        assert_eq!(filing_requests::of_provider(&mut tx, owner.id, row.id).await.unwrap().as_ref(), Some(&row));
        assert_eq!(filing_requests::of_provider(&mut tx, stranger.id, row.id).await.unwrap(), None);
        assert_eq!(filing_requests::content(&mut tx, row.id).await.unwrap().unwrap(), b"sealed content");
        assert_eq!(filing_requests::content(&mut tx, request_id(9)).await.unwrap(), None);
        let (whole, parts) = filing_requests::load_with_verifications(&mut tx, row.id).await.unwrap().unwrap();
        assert_eq!((&whole, &parts[..]), (&row, &rows[..]));

        // each column that may be empty, filled
        let mut full = request(2, &owner);
        full.resubmits = Some(row.id);
        full.state = RequestState::Returned;
        full.return_reason = Some(ReturnReason::PhoneChangeRejected);
        full.return_detail = Some("号码不符".into());
        full.one_pass = true;
        (full.ended_at, full.handed_over_at) = (Some(at(3)), Some(at(4)));
        full.purged_at = Some(at(6));
        assert!(filing_requests::insert(&mut tx, &full, b"x").await.unwrap());
        assert_eq!(filing_requests::load(&mut tx, full.id).await.unwrap().as_ref(), Some(&full));
        let mut twice = request(3, &owner);
        twice.resubmits = Some(row.id);
        assert!(!filing_requests::insert(&mut tx, &twice, b"x").await.unwrap());
        tx.commit().await.unwrap();
    }

    async fn saving_compares_the_version(db) {
        let mut tx = db.write().await.unwrap();
        let (_, mut row, _) = one_filing(&mut tx).await;
        let mut stale = row.clone();
        row.state = RequestState::Returned;
        row.return_reason = Some(ReturnReason::Expired);
        row.return_detail = Some("x".into());
        (row.started_at, row.ended_at) = (Some(at(1)), Some(at(2)));
        row.handed_over_at = Some(at(3));
        filing_requests::save(&mut tx, &mut row).await.unwrap();
        assert_eq!(row.version, 2);
        assert_eq!(filing_requests::load(&mut tx, row.id).await.unwrap().as_ref(), Some(&row));
        assert!(filing_requests::save(&mut tx, &mut stale).await.unwrap_err().is_conflict());
        assert_eq!(stale.version, 1);
        tx.commit().await.unwrap();
    }

    async fn two_savers_at_once_conflict(db) {
        let mut tx = db.write().await.unwrap();
        let (_, row, _) = one_filing(&mut tx).await;
        tx.commit().await.unwrap();
        let save = |mut row: filing_requests::RequestRow| {
            let db = db.clone();
            tokio::spawn(async move {
                let mut tx = db.write().await?;
                filing_requests::save(&mut tx, &mut row).await?;
                tx.commit().await
            })
        };
        let at_once: Vec<_> = (0..8).map(|_| save(row.clone())).collect();
        let mut winners = 0;
        for each in at_once {
            match each.await.unwrap() {
                Ok(()) => winners += 1,
                Err(error) => assert!(error.is_conflict(), "{error}"),
            }
        }
        assert_eq!(winners, 1);
    }

    async fn references_and_bureaus(db) {
        let mut tx = db.write().await.unwrap();
        let owner = provider(1);
        providers::insert(&mut tx, &owner).await.unwrap();
        for n in 1..=7 {
            let mut row = request(n, &owner);
            if n > 4 {
                row.state = RequestState::HandedOver;
                row.handed_over_at = Some(at(100 - i64::from(n)));
            }
            if n == 7 {
                row.province = Province::Zhejiang;
            }
            filing_requests::insert(&mut tx, &row, b"x").await.unwrap();
        }
        let ids = |rows: Vec<filing_requests::RequestRow>| rows.iter().map(|row| row.id).collect::<Vec<RequestId>>();
        let found = filing_requests::by_reference(&mut tx, "ORDER-1", 2).await.unwrap();
        assert_eq!(ids(found), [request_id(7), request_id(4)]);
        assert!(filing_requests::by_reference(&mut tx, "order-1", 9).await.unwrap().is_empty());
        let found = filing_requests::handed_over(&mut tx, Province::Gansu, 9).await.unwrap();
        assert_eq!(ids(found), [request_id(5), request_id(6)]);
        tx.commit().await.unwrap();
    }

    async fn lists_page_by_cursor_and_filter(db) {
        let mut tx = db.write().await.unwrap();
        let (owner, stranger) = (provider(1), provider(2));
        providers::insert(&mut tx, &owner).await.unwrap();
        providers::insert(&mut tx, &stranger).await.unwrap();
        for n in 1..=9 {
            let mut row = request(n, if n == 9 { &stranger } else { &owner });
            row.provider_reference = (n % 3 == 0).then(|| "third".to_owned());
            row.resubmits = (n == 7).then(|| request_id(2));
            if n > 4 {
                row.kind = FilingKind::CancelSite;
            }
            if n % 2 == 0 {
                row.state = RequestState::Withdrawn;
            }
            if n % 4 == 0 {
                row.province = Province::Hainan;
            }
            filing_requests::insert(&mut tx, &row, b"x").await.unwrap();
            for ordinal in 0..i64::from(n % 3) {
                let id = n * 10 + u8::try_from(ordinal).unwrap();
                verifications::insert(&mut tx, &verification(id, &row, ordinal)).await.unwrap();
            }
        }
        tx.commit().await.unwrap();

        let mut tx = db.read().await.unwrap();
        // every combination, against the same said in Rust
        for filters in 0..64_u8 {
            let on = |bit: u8| filters & (1 << bit) > 0;
            let filter = Filter {
                state: on(0).then_some(RequestState::Withdrawn),
                kind: on(1).then_some(FilingKind::CancelSite),
                province: on(2).then_some(Province::Hainan),
                reference: on(3).then_some("third"),
                from: on(4).then(|| at(3)),
                to: on(5).then(|| at(8)),
            };
            let fits = |n: &u8| {
                (!on(0) || n.is_multiple_of(2)) && (!on(1) || *n > 4) && (!on(2) || n.is_multiple_of(4)) && (!on(3) || n.is_multiple_of(3))
                    && (!on(4) || *n >= 3) && (!on(5) || *n < 8)
            };
            let expected: Vec<u8> = (1..=8).rev().filter(fits).collect();
            let mut seen = Vec::new();
            let mut before = None;
            loop {
                let page = filing_requests::list(&mut tx, owner.id, filter, before, 3).await.unwrap();
                for Listed { own, verifications: parts } in &page {
                    let n = *own.row.id.0.as_bytes().last().unwrap();
                    seen.push(n);
                    assert_eq!(own.resubmitted_by, (n == 2).then(|| request_id(7)));
                    assert_eq!(parts.len(), usize::from(n % 3));
                    assert!(parts.iter().zip(0..).all(|(part, n)| part.request_id == own.row.id && part.ordinal == n));
                }
                before = page.last().map(|one| one.own.row.id);
                if page.len() < 3 {
                    break;
                }
            }
            assert_eq!(seen, expected, "{filter:?}");
        }
        tx.commit().await.unwrap();
    }

    async fn verifications_come_back_as_they_went_in(db) {
        let mut tx = db.write().await.unwrap();
        let (_, request, [first, second]) = one_filing(&mut tx).await;
        assert_eq!(verifications::load(&mut tx, first.id).await.unwrap().as_ref(), Some(&first));
        assert_eq!(verifications::load(&mut tx, verification_id(9)).await.unwrap(), None);
        let link = second.link_hash.clone().unwrap();
        assert_eq!(verifications::by_link(&mut tx, &link).await.unwrap().as_ref(), Some(&second));
        assert_eq!(verifications::by_link(&mut tx, &[0; 32]).await.unwrap(), None);

        let mut changed = first.clone();
        changed.state = VerificationState::Verified;
        (changed.wrong_tries, changed.manual_resends) = (2, 1);
        (changed.first_sent_at, changed.expires_at) = (Some(at(1)), at(2));
        (changed.noon_at, changed.verified_at, changed.ended_at) = (Some(at(3)), Some(at(4)), Some(at(5)));
        verifications::save(&mut tx, &changed).await.unwrap();
        assert_eq!(verifications::of_request(&mut tx, request.id).await.unwrap(), [changed, second]);

        let mut bare = verification(7, &request, 2);
        (bare.phone_hash, bare.tail_hash, bare.link_hash, bare.link_key, bare.person) = (None, None, None, None, None);
        verifications::insert(&mut tx, &bare).await.unwrap();
        assert_eq!(verifications::load(&mut tx, bare.id).await.unwrap().as_ref(), Some(&bare));
        tx.commit().await.unwrap();
    }

    async fn candidates_of_a_phone(db) {
        let mut tx = db.write().await.unwrap();
        let (owner, request_1, [mut first, second]) = one_filing(&mut tx).await;
        let mut request_2 = request(2, &owner);
        request_2.province = Province::Hainan;
        filing_requests::insert(&mut tx, &request_2, b"x").await.unwrap();
        let mut elsewhere = verification(3, &request_2, 0);
        elsewhere.phone_hash.clone_from(&first.phone_hash);
        verifications::insert(&mut tx, &elsewhere).await.unwrap();
        first.state = VerificationState::Verified;
        verifications::save(&mut tx, &first).await.unwrap();

        let phone = first.phone_hash.clone().unwrap();
        let found = verifications::candidates(&mut tx, &phone, None).await.unwrap();
        assert_eq!(found.iter().map(|c| c.verification.clone()).collect::<Vec<_>>(), [first, elsewhere.clone()]);
        let here = &found[0];
        assert_eq!((here.request_state, here.version, &here.policy), (request_1.state, 1, &request_1.policy));
        let found = verifications::candidates(&mut tx, &phone, Some(Province::Hainan)).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].verification, elsewhere);
        let other = second.phone_hash.unwrap();
        assert!(verifications::candidates(&mut tx, &other, Some(Province::Hainan)).await.unwrap().is_empty());
        assert!(verifications::candidates(&mut tx, &[0; 32], None).await.unwrap().is_empty());
        tx.commit().await.unwrap();
    }

    async fn codes_of_a_phone_are_unique(db) {
        let mut tx = db.write().await.unwrap();
        let (_, _, [first, second]) = one_filing(&mut tx).await;
        assert!(sms_codes::insert(&mut tx, &[1; 32], "k1", first.id, at(0)).await.unwrap());
        assert!(!sms_codes::insert(&mut tx, &[1; 32], "k1", second.id, at(1)).await.unwrap());
        assert_eq!(sms_codes::verification_of(&mut tx, &[1; 32]).await.unwrap(), Some(first.id));
        assert_eq!(sms_codes::verification_of(&mut tx, &[2; 32]).await.unwrap(), None);
        tx.commit().await.unwrap();
    }

    async fn a_captcha_is_used_once(db) {
        let mut tx = db.write().await.unwrap();
        assert_eq!(captchas::load(&mut tx, b"id").await.unwrap(), None);
        assert!(captchas::take(&mut tx, b"id", b"form", at(0), at(9)).await.unwrap());
        assert!(!captchas::take(&mut tx, b"id", b"other", at(1), at(9)).await.unwrap());
        let used = captchas::load(&mut tx, b"id").await.unwrap().unwrap();
        assert_eq!((&used.form_digest[..], used.used_at, used.expires_at), (&b"form"[..], at(0), at(9)));
        assert_eq!((used.result, used.settled, used.limited), (None, false, false));
        captchas::record_result(&mut tx, b"id", b"result").await.unwrap();
        assert!(captchas::settle(&mut tx, b"id").await.unwrap());
        assert!(!captchas::settle(&mut tx, b"id").await.unwrap());
        captchas::set_limited(&mut tx, b"id").await.unwrap();
        let used = captchas::load(&mut tx, b"id").await.unwrap().unwrap();
        assert_eq!((used.result.as_deref(), used.settled, used.limited), (Some(&b"result"[..]), true, true));
        tx.commit().await.unwrap();
    }

    async fn limits_count_in_parallel(db) {
        let count = |n: u8| {
            let db = db.clone();
            tokio::spawn(async move {
                let mut tx = db.write().await.unwrap();
                let count = limits::count(&mut tx, &[n % 2], at(50)).await.unwrap();
                tx.commit().await.unwrap();
                (n % 2, count)
            })
        };
        let counting: Vec<_> = (0..40).map(count).collect();
        let mut seen = Vec::new();
        for count in counting {
            seen.push(count.await.unwrap());
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..2).flat_map(|n| (1..=20).map(move |count| (n, count))).collect::<Vec<_>>());
        let mut tx = db.read().await.unwrap();
        assert_eq!(limits::peek(&mut tx, &[1], at(49)).await.unwrap(), 20);
        assert_eq!(limits::peek(&mut tx, &[1], at(50)).await.unwrap(), 0);
        assert_eq!(limits::peek(&mut tx, &[2], at(0)).await.unwrap(), 0);
    }

    async fn events_append(db) {
        let mut tx = db.write().await.unwrap();
        let (_, request, [first, _]) = one_filing(&mut tx).await;
        let data = json!({"tries": 2});
        log(&mut tx, request.id, None, at(1), EventType::Submitted, "provider", &json!({})).await;
        log(&mut tx, request.id, Some(first.id), at(1), EventType::WrongTry, "visitor", &data).await;
        let log = events::of_request(&mut tx, request.id, 0, 9).await.unwrap();
        assert_eq!(log.iter().map(|event| event.r#type).collect::<Vec<_>>(), [EventType::Submitted, EventType::WrongTry]);
        assert_eq!((log[1].verification_id, log[1].at, &log[1].data.0), (Some(first.id), at(1), &data));
        assert_eq!(events::of_request(&mut tx, request.id, log[0].id, 9).await.unwrap(), log[1..]);
        assert_eq!(events::of_request(&mut tx, request.id, 0, 1).await.unwrap(), log[..1]);
        assert!(events::of_request(&mut tx, request_id(9), 0, 9).await.unwrap().is_empty());
        tx.commit().await.unwrap();
    }

    async fn idempotency_keys(db) {
        let mut tx = db.write().await.unwrap();
        let (owner, request, _) = one_filing(&mut tx).await;
        let stranger = provider(2);
        providers::insert(&mut tx, &stranger).await.unwrap();
        let key = Key { provider_id: owner.id, key_hash: b"key" };
        let call = |now, body_digest| Begin {
            key_id: "k1",
            body_digest,
            now: at(now),
            lease_until: at(now + 10),
            expires_at: at(now + 100),
        };
        assert_eq!(idempotency::begin(&mut tx, key, call(0, b"a")).await.unwrap(), Begun::Ours);
        assert_eq!(idempotency::begin(&mut tx, key, call(1, b"a")).await.unwrap(), Begun::Running);
        assert_eq!(idempotency::begin(&mut tx, key, call(1, b"b")).await.unwrap(), Begun::OtherBody);
        let theirs = Key { provider_id: stranger.id, key_hash: b"key" };
        assert_eq!(idempotency::begin(&mut tx, theirs, call(1, b"b")).await.unwrap(), Begun::Ours);
        // lost, and taken over
        assert_eq!(idempotency::begin(&mut tx, key, call(10, b"a")).await.unwrap(), Begun::Ours);
        // by another call: the lost one makes nothing and frees nothing
        assert!(!idempotency::finish(&mut tx, key, at(10), request.id).await.unwrap());
        idempotency::release(&mut tx, key, at(10)).await.unwrap();
        assert!(idempotency::finish(&mut tx, key, at(20), request.id).await.unwrap());
        idempotency::release(&mut tx, key, at(20)).await.unwrap();
        assert_eq!(idempotency::begin(&mut tx, key, call(50, b"a")).await.unwrap(), Begun::Done(request.id));
        assert_eq!(idempotency::begin(&mut tx, key, call(50, b"b")).await.unwrap(), Begun::OtherBody);
        let row = idempotency::find(&mut tx, key, at(50)).await.unwrap().unwrap();
        assert_eq!((&row.key_id[..], row.request_id, row.lease_until), ("k1", Some(request.id), None));
        assert_eq!(idempotency::find(&mut tx, key, at(110)).await.unwrap(), None);
        // expired: as good as new
        assert_eq!(idempotency::begin(&mut tx, key, call(110, b"b")).await.unwrap(), Begun::Ours);
        idempotency::release(&mut tx, key, at(120)).await.unwrap();
        assert_eq!(idempotency::find(&mut tx, key, at(111)).await.unwrap(), None);
        tx.commit().await.unwrap();
    }

    async fn visits_add_up(db) {
        let mut tx = db.write().await.unwrap();
        assert_eq!(visitors::add(&mut tx, "gansu", 3).await.unwrap(), 3);
        assert_eq!(visitors::add(&mut tx, "gansu", 4).await.unwrap(), 7);
        assert_eq!(visitors::all(&mut tx).await.unwrap(), [("gansu".to_owned(), 7)]);
        tx.commit().await.unwrap();
    }

    async fn a_row_that_we_never_write_is_corrupt(db) {
        let mut tx = db.write().await.unwrap();
        let (_, request, _) = one_filing(&mut tx).await;
        for spoil in [
            "UPDATE filing_requests SET state = 'nonsense'",
            "UPDATE filing_requests SET state = 'verifying', province = 'atlantis'",
        ] {
            match &mut tx {
                heyan::store::Tx::Sqlite(tx) => sqlx::raw_sql(spoil).execute(&mut **tx).await.map(drop).unwrap(),
                heyan::store::Tx::Postgres(tx) => sqlx::raw_sql(spoil).execute(&mut **tx).await.map(drop).unwrap(),
            }
            let error = filing_requests::load(&mut tx, request.id).await.unwrap_err();
            assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
            assert!(!error.to_string().contains("nonsense") && !error.to_string().contains("atlantis"));
        }
    }
}
