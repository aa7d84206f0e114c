//! Logging in: one answer whatever is wrong, a code once, waiting, and an account that is closed.

use chrono::TimeDelta;
use heyan::{
    domain::{ids::StaffId, province::Province, staff::Role},
    flow::staff::{accounts, log_in::LoggedIn},
    store::staff,
};

use super::{PASSWORD, account, deeds, real, session, stand, try_login};
use crate::world::{World, on_engines};

const NOW: &str = "2018-10-10T09:00+08:00";
const GANSU: Option<Province> = Some(Province::Gansu);

async fn world(engine: heyan::store::Engine) -> World {
    let world = World::new(engine, NOW).await;
    stand(&world, 0);
    world
}

async fn id_of(world: &World, name: &str) -> StaffId {
    let mut tx = world.services.db.read().await.unwrap();
    staff::by_name(&mut tx, name).await.unwrap().unwrap().id
}

on_engines! {
    async fn in_by_name_password_and_code(engine) {
        let world = world(engine).await;
        let zhang = account(&world, "zhang", Role::Officer, GANSU).await;
        let code = zhang.code(&world);
        // names are folded
        let LoggedIn::Yes(new) = try_login(&world, " ZHANG ", PASSWORD, &code, 1).await else {
            panic!("all of it is right");
        };
        let found = session(&world, &new).await.unwrap();
        assert_eq!((&*found.staff.name, found.staff.role, found.staff.province), ("zhang", Role::Officer, GANSU));
        assert_eq!((found.created_at, found.ends_at), (real(), real() + TimeDelta::hours(12)));
        assert_eq!(found.client.unwrap().browser, "a browser");
        assert_eq!(world.number("SELECT COUNT(*) FROM staff_sessions").await, 1);
        // a second account of the name is none
        let again = accounts::NewAccount {
            name: "Zhang".into(), role: Role::Admin, province: None, password: PASSWORD.to_owned().into(),
        };
        assert!(accounts::add(&world.services, again).await.unwrap().is_none());
    }

    async fn one_answer_whatever_is_wrong(engine) {
        let world = world(engine).await;
        let zhang = account(&world, "zhang", Role::Officer, GANSU).await;
        let auditor = account(&world, "wu", Role::Auditor, None).await.session(&world).await;
        let code = zhang.code(&world);
        let wrong = if code == "000000" { "000001" } else { "000000" };
        for (name, password, code) in [
            ("nobody", PASSWORD, &*code), ("zhang", "something else", &code), ("zhang", PASSWORD, wrong),
            ("zhang", "something else", wrong), ("", PASSWORD, &code), ("zhang", PASSWORD, "x"),
        ] {
            let answer = try_login(&world, name, password, code, 2).await;
            assert!(matches!(answer, LoggedIn::No), "{name} {code}: {answer:?}");
        }
        let log = deeds(&world, &auditor).await;
        let refused: Vec<_> = log.iter().filter(|deed| deed.starts_with("staff.login_refused")).collect();
        let reasons: Vec<_> = refused.iter().map(|deed| deed.split('"').nth(3).unwrap()).collect();
        assert_eq!(reasons, ["no_account", "password", "code", "password", "no_account", "code"], "{log:?}");
        // none of it was the code's use: it is still good
        assert!(matches!(zhang.try_login(&world, PASSWORD, &code, 3).await, LoggedIn::Yes(_)));
    }

    async fn a_code_is_used_once(engine) {
        let world = world(engine).await;
        let zhang = account(&world, "zhang", Role::Officer, GANSU).await;
        let first = zhang.code(&world);
        stand(&world, 30);
        let second = zhang.code(&world);
        assert!(matches!(zhang.try_login(&world, PASSWORD, &second, 1).await, LoggedIn::Yes(_)));
        // the same again, and the one before, which would be good by its time
        assert!(matches!(zhang.try_login(&world, PASSWORD, &second, 1).await, LoggedIn::No));
        assert!(matches!(zhang.try_login(&world, PASSWORD, &first, 1).await, LoggedIn::No));
        stand(&world, 60);
        let third = zhang.code(&world);
        assert!(matches!(zhang.try_login(&world, PASSWORD, &third, 1).await, LoggedIn::Yes(_)));
        // two at the same instant: one of them
        stand(&world, 90);
        let fourth = zhang.code(&world);
        let (one, other) = tokio::join!(
            zhang.try_login(&world, PASSWORD, &fourth, 1),
            zhang.try_login(&world, PASSWORD, &fourth, 2),
        );
        let both = [one, other];
        assert_eq!(both.iter().filter(|one| matches!(one, LoggedIn::Yes(_))).count(), 1, "{both:?}");
    }

    async fn five_failures_from_an_address_and_that_pair_waits(engine) {
        let world = world(engine).await;
        let zhang = account(&world, "zhang", Role::Officer, GANSU).await;
        for _ in 0..5 {
            assert!(matches!(zhang.try_login(&world, "wrong", "1", 1).await, LoggedIn::No));
        }
        let code = zhang.code(&world);
        let answer = zhang.try_login(&world, PASSWORD, &code, 1).await;
        assert!(matches!(answer, LoggedIn::Waits(900)), "{answer:?}");
        // nobody's account is no other
        for _ in 0..5 {
            assert!(matches!(try_login(&world, "nobody", "wrong", "1", 1).await, LoggedIn::No));
        }
        assert!(matches!(try_login(&world, "nobody", "wrong", "1", 1).await, LoggedIn::Waits(900)));
        // from elsewhere its owner is let in
        assert!(matches!(zhang.try_login(&world, PASSWORD, &code, 2).await, LoggedIn::Yes(_)));
        stand(&world, 899);
        let code = zhang.code(&world);
        assert!(matches!(zhang.try_login(&world, PASSWORD, &code, 1).await, LoggedIn::Waits(1)));
        stand(&world, 900);
        let code = zhang.code(&world);
        assert!(matches!(zhang.try_login(&world, PASSWORD, &code, 1).await, LoggedIn::Yes(_)));
        // and begins anew
        assert!(matches!(zhang.try_login(&world, "wrong", "1", 1).await, LoggedIn::No));
    }

    async fn a_parallel_burst_learns_no_more(engine) {
        let world = world(engine).await;
        let zhang = account(&world, "zhang", Role::Officer, GANSU).await;
        let mut told = 0;
        let mut sent_away = 0;
        for _ in 0..3 {
            let burst = (0..6).map(|_| zhang.try_login(&world, "wrong", "1", 1));
            for answer in futures_util::future::join_all(burst).await {
                match answer {
                    LoggedIn::No => told += 1,
                    LoggedIn::Waits(seconds) => sent_away += u32::from(seconds == 2),
                    LoggedIn::Yes(_) => panic!("in by a wrong password"),
                }
            }
        }
        assert_eq!(told, 5);
        assert!(sent_away >= 2, "four at once");
    }

    async fn a_hundred_failures_close_an_account_until_it_is_reset(engine) {
        let world = world(engine).await;
        let zhang = account(&world, "zhang", Role::Officer, GANSU).await;
        let auditor = account(&world, "wu", Role::Auditor, GANSU).await.session(&world).await;
        let open = zhang.log_in(&world).await;
        let id = id_of(&world, "zhang").await;
        let mut tx = world.services.db.write().await.unwrap();
        for _ in 0..99 {
            assert!(!staff::failed(&mut tx, id, 100, real()).await.unwrap());
        }
        tx.commit().await.unwrap();
        assert!(matches!(zhang.try_login(&world, "wrong", "1", 2).await, LoggedIn::No));
        assert!(session(&world, &open).await.is_none(), "its sessions have ended");
        stand(&world, 60);
        let code = zhang.code(&world);
        assert!(matches!(zhang.try_login(&world, PASSWORD, &code, 3).await, LoggedIn::No), "the same answer");
        let log = deeds(&world, &auditor).await;
        assert!(log.contains(&"staff.locked {\"failures\":100}".to_owned()), "{log:?}");
        assert!(log.last().unwrap().contains("disabled"), "{log:?}");
        // the operator gives it a new password and a new secret
        let other = "another phrase of many words";
        let uri = accounts::reset(&world.services, "zhang", other.to_owned().into()).await.unwrap().unwrap();
        let reset = super::Person { name: "zhang".into(), totp: totp_rs::Totp::from_url(&*uri).unwrap() };
        let code = reset.code(&world);
        assert!(matches!(reset.try_login(&world, PASSWORD, &code, 4).await, LoggedIn::No));
        assert!(matches!(reset.try_login(&world, other, &code, 5).await, LoggedIn::Yes(_)));
        let row = staff::by_id(&mut world.services.db.read().await.unwrap(), id).await.unwrap().unwrap();
        assert_eq!((row.failures, row.disabled_at), (0, None));
    }

    async fn passwords_that_cannot_be_taken(engine) {
        let world = world(engine).await;
        let add = async |name: &str, password: &str| {
            let new = accounts::NewAccount {
                name: name.into(), role: Role::Officer, province: GANSU, password: password.to_owned().into(),
            };
            match accounts::add(&world.services, new).await {
                Err(heyan::flow::FlowError::Invalid(errors)) => {
                    errors.into_iter().map(|error| error.pointer).collect::<Vec<_>>()
                }
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(add("a b", "short").await, ["/user", "/password"]);
        assert_eq!(add("zhang", "123456789987654321").await, ["/password"]);
        assert_eq!(add("zhang", "zhang lives in Lanzhou").await, ["/password"]);
        assert_eq!(world.number("SELECT COUNT(*) FROM staff").await, 0);
    }
}
