//! The staff's tables: accounts, sessions, failures, and the lists of the console.

use heyan::{
    domain::{
        ids::{SessionId, StaffId},
        province::Province,
        staff::Role,
        words::{RequestState, VerificationState},
    },
    store::{
        Tx, filing_requests,
        staff::{
            self, StaffRow, desk, export,
            sessions::{self, SessionRow},
        },
        verifications,
    },
};

use super::{at, on_both, one_filing, request, request_id};

fn row(n: u8, name: &str) -> StaffRow {
    StaffRow {
        id: StaffId::new(at(i64::from(n)), [n; 10]),
        name: name.into(),
        role: Role::Officer,
        province: Some(Province::Gansu),
        password_hash: Some("$argon2id$".into()),
        totp: Some(vec![n]),
        totp_step: 5,
        failures: 0,
        created_at: at(0),
        last_login_at: None,
        disabled_at: None,
        removed_at: None,
    }
}

/// An account; its identifier.
pub async fn one(tx: &mut Tx, n: u8, name: &str) -> StaffId {
    let row = row(n, name);
    assert!(staff::insert(tx, &row).await.unwrap());
    row.id
}

/// A session from 0 to 100 milliseconds, last used at 10, by the token hash `[n; 32]`; its identifier.
pub async fn session(tx: &mut Tx, n: u8, staff: StaffId) -> SessionId {
    let row = SessionRow {
        id: SessionId::new(at(i64::from(n)), [n; 10]),
        staff_id: staff,
        created_at: at(0),
        seen_at: at(10),
        ends_at: at(100),
        client: Some(vec![n]),
    };
    sessions::insert(tx, &row, &[n; 32], "k1").await.unwrap();
    row.id
}

on_both! {
    async fn accounts(db) {
        let mut tx = db.write().await.unwrap();
        let zhang = row(1, "zhang");
        assert!(staff::insert(&mut tx, &zhang).await.unwrap());
        assert!(!staff::insert(&mut tx, &row(2, "zhang")).await.unwrap(), "the name is taken");
        assert_eq!(staff::by_name(&mut tx, "zhang").await.unwrap().as_ref(), Some(&zhang));
        assert_eq!(staff::by_name(&mut tx, "li").await.unwrap(), None);
        // a step once, and never an earlier one
        for (step, taken) in [(5, false), (4, false), (7, true), (7, false), (6, false), (8, true)] {
            assert_eq!(staff::take_step(&mut tx, zhang.id, step).await.unwrap(), taken, "{step}");
        }
        assert!(!staff::failed(&mut tx, zhang.id, 2, at(1)).await.unwrap());
        assert!(staff::failed(&mut tx, zhang.id, 2, at(2)).await.unwrap());
        assert!(!staff::failed(&mut tx, zhang.id, 2, at(3)).await.unwrap(), "closed already");
        assert!(!staff::take_step(&mut tx, zhang.id, 9).await.unwrap());
        let closed = staff::by_id(&mut tx, zhang.id).await.unwrap().unwrap();
        assert_eq!((closed.failures, closed.disabled_at), (3, Some(at(2))));
        staff::reopen(&mut tx, zhang.id).await.unwrap();
        assert!(staff::take_step(&mut tx, zhang.id, 9).await.unwrap());
        staff::failed(&mut tx, zhang.id, 2, at(4)).await.unwrap();
        staff::logged_in(&mut tx, zhang.id, at(5)).await.unwrap();
        staff::set_password(&mut tx, zhang.id, "new").await.unwrap();
        staff::set_totp(&mut tx, zhang.id, b"seed", 11).await.unwrap();
        let now = staff::by_id(&mut tx, zhang.id).await.unwrap().unwrap();
        assert_eq!((now.failures, now.last_login_at, now.totp_step), (0, Some(at(5)), 11));
        assert_eq!((now.password_hash.as_deref(), now.totp.as_deref()), (Some("new"), Some(&b"seed"[..])));
        assert!(staff::remove(&mut tx, zhang.id, at(6)).await.unwrap());
        assert!(!staff::remove(&mut tx, zhang.id, at(7)).await.unwrap());
        assert_eq!(staff::by_name(&mut tx, "zhang").await.unwrap(), None);
        let gone = staff::by_id(&mut tx, zhang.id).await.unwrap().unwrap();
        assert_eq!((gone.password_hash, gone.totp, gone.removed_at), (None, None, Some(at(6))));
        // the name is free again
        assert!(staff::insert(&mut tx, &row(2, "zhang")).await.unwrap());
        assert_eq!(staff::all(&mut tx).await.unwrap().len(), 2);
        tx.commit().await.unwrap();
    }

    async fn sessions_end(db) {
        let mut tx = db.write().await.unwrap();
        let (zhang, li) = (one(&mut tx, 1, "zhang").await, one(&mut tx, 2, "li").await);
        let (first, second) = (session(&mut tx, 1, zhang).await, session(&mut tx, 2, zhang).await);
        session(&mut tx, 3, li).await;
        let found = sessions::by_token(&mut tx, &[1; 32], at(99), at(9)).await.unwrap().unwrap();
        assert_eq!((found.session.id, &*found.name, found.province), (first, "zhang", Some(Province::Gansu)));
        for (now, idle_since) in [(100, 9), (99, 10)] {
            assert!(sessions::by_token(&mut tx, &[1; 32], at(now), at(idle_since)).await.unwrap().is_none());
        }
        sessions::touch(&mut tx, first, at(50)).await.unwrap();
        sessions::touch(&mut tx, first, at(40)).await.unwrap();
        assert!(sessions::by_token(&mut tx, &[1; 32], at(99), at(49)).await.unwrap().is_some());
        let listed = sessions::of_staff(&mut tx, zhang, at(50), at(0)).await.unwrap();
        assert_eq!(listed.iter().map(|one| one.session.id).collect::<Vec<_>>(), [second, first]);
        assert!(!sessions::end(&mut tx, first, li).await.unwrap(), "another's");
        assert!(sessions::end(&mut tx, first, zhang).await.unwrap());
        staff::failed(&mut tx, li, 1, at(0)).await.unwrap();
        assert!(sessions::by_token(&mut tx, &[3; 32], at(50), at(0)).await.unwrap().is_none(), "closed");
        assert_eq!(sessions::end_all(&mut tx, zhang).await.unwrap(), 1);
        assert_eq!(staff::sweep(&mut tx, at(99), 9).await.unwrap(), 0);
        assert_eq!(staff::sweep(&mut tx, at(100), 9).await.unwrap(), 1);
        tx.commit().await.unwrap();
    }

    async fn failures_are_forgotten(db) {
        let mut tx = db.write().await.unwrap();
        for count in 1..=3 {
            assert_eq!(staff::count_failure(&mut tx, b"a", at(count), at(count + 10)).await.unwrap(), count);
        }
        assert_eq!(staff::count_failure(&mut tx, b"b", at(0), at(9)).await.unwrap(), 1);
        assert_eq!(staff::failures(&mut tx, b"a", at(12)).await.unwrap(), Some((3, at(13))));
        assert_eq!(staff::failures(&mut tx, b"a", at(13)).await.unwrap(), None);
        assert_eq!(staff::count_failure(&mut tx, b"a", at(13), at(20)).await.unwrap(), 1, "anew");
        staff::forget_failures(&mut tx, b"a").await.unwrap();
        assert_eq!(staff::failures(&mut tx, b"a", at(0)).await.unwrap(), None);
        assert_eq!(staff::sweep(&mut tx, at(9), 9).await.unwrap(), 1);
        tx.commit().await.unwrap();
    }

    async fn the_lists_of_the_console(db) {
        let mut tx = db.write().await.unwrap();
        let (owner, _, [mut first, _]) = one_filing(&mut tx).await;
        let mut far = request(5, &owner);
        far.province = Province::Hunan;
        for (n, state) in [(2, RequestState::HandedOver), (3, RequestState::HandedOver), (4, RequestState::AwaitingPhoneReview)] {
            let mut row = request(n, &owner);
            row.state = state;
            // the one submitted last is handed over first
            row.handed_over_at = (state == RequestState::HandedOver).then(|| at(100 - i64::from(n)));
            filing_requests::insert(&mut tx, &row, b"x").await.unwrap();
        }
        far.state = RequestState::HandedOver;
        far.handed_over_at = Some(at(1));
        filing_requests::insert(&mut tx, &far, b"x").await.unwrap();
        let gansu = Some(Province::Gansu);
        let ids = |rows: Vec<desk::DeskRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
        assert_eq!(ids(desk::queue(&mut tx, gansu, (9, 0)).await.unwrap()), [request_id(3), request_id(2)]);
        assert_eq!(ids(desk::queue(&mut tx, gansu, (1, 1)).await.unwrap()), [request_id(2)]);
        assert_eq!(ids(desk::queue(&mut tx, None, (9, 0)).await.unwrap()), [far.id, request_id(3), request_id(2)]);
        assert_eq!(ids(desk::reviews(&mut tx, gansu, (9, 0)).await.unwrap()), [request_id(4)]);
        assert!(desk::reviews(&mut tx, Some(Province::Hunan), (9, 0)).await.unwrap().is_empty());
        assert!(!desk::accept(&mut tx, request_id(4), at(200)).await.unwrap(), "under review");
        assert!(desk::accept(&mut tx, request_id(3), at(200)).await.unwrap());
        assert!(!desk::accept(&mut tx, request_id(3), at(201)).await.unwrap());
        let accepted = desk::load(&mut tx, request_id(3)).await.unwrap().unwrap();
        assert_eq!((accepted.accepted_at, &*accepted.provider), (Some(at(200)), "provider 1"));
        assert_eq!(ids(desk::queue(&mut tx, gansu, (9, 0)).await.unwrap()), [request_id(2)]);
        assert!(desk::contacts(&mut tx, None, (9, 0)).await.unwrap().is_empty());
        (first.state, first.verified_at) = (VerificationState::Verified, Some(at(50)));
        verifications::save(&mut tx, &first).await.unwrap();
        for province in [None, gansu] {
            let passed = desk::contacts(&mut tx, province, (9, 0)).await.unwrap();
            assert_eq!((passed.len(), passed[0].id, passed[0].verified_at), (1, first.id, at(50)));
        }
        assert!(desk::contacts(&mut tx, Some(Province::Hunan), (9, 0)).await.unwrap().is_empty());
        let bounds = (request_id(2), request_id(5));
        assert_eq!(export::requests(&mut tx, None, None, bounds, 9).await.unwrap().len(), 3, "the last is outside");
        assert_eq!(export::requests(&mut tx, gansu, Some(RequestState::HandedOver), bounds, 9).await.unwrap().len(), 2);
        tx.commit().await.unwrap();
    }
}
