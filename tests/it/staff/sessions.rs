//! Sessions: how long they go on, and what ends them; by the real clock, whatever the sandbox's shows.

use chrono::TimeDelta;
use heyan::{
    domain::{province::Province, staff::Role},
    flow::{
        FlowError,
        purge::purge,
        rotate_keys,
        staff::{
            accounts,
            confirm::Fresh,
            own::{self, Changed},
            sessions,
        },
    },
    keys::Keys,
};
use totp_rs::Totp;

use super::{PASSWORD, Person, account, address, session, stand};
use crate::world::{World, on_engines};

const GANSU: Option<Province> = Some(Province::Gansu);

async fn world(engine: heyan::store::Engine) -> World {
    let world = World::new(engine, "2018-10-10T09:00+08:00").await;
    stand(&world, 0);
    world
}

fn fresh(person: &Person, world: &World) -> Fresh {
    Fresh {
        code: person.code(world),
        address: address(1),
    }
}

on_engines! {
    async fn idle_for_half_an_hour_or_twelve_hours_old(engine) {
        let world = world(engine).await;
        let zhang = account(&world, "zhang", Role::Officer, GANSU).await;
        let new = zhang.log_in(&world).await;
        // the sandbox's clock ends nothing
        world.set(world.now() + TimeDelta::days(400));
        stand(&world, 1799);
        assert!(session(&world, &new).await.is_some(), "and is used");
        stand(&world, 1799 + 1799);
        assert!(session(&world, &new).await.is_some());
        stand(&world, 1799 + 1799 + 1800);
        assert!(session(&world, &new).await.is_none(), "half an hour later");
        let new = zhang.log_in(&world).await;
        let begun = 1799 + 1799 + 1800;
        for used in (0..12 * 60).step_by(20) {
            stand(&world, begun + used * 60);
            assert!(session(&world, &new).await.is_some(), "{used} minutes");
        }
        stand(&world, begun + 12 * 3600 - 1);
        assert!(session(&world, &new).await.is_some());
        stand(&world, begun + 12 * 3600);
        assert!(session(&world, &new).await.is_none());
        // what has ended is swept by the real clock
        assert_eq!(world.number("SELECT COUNT(*) FROM staff_sessions").await, 2);
        purge(&world.services).await.unwrap();
        assert_eq!(world.number("SELECT COUNT(*) FROM staff_sessions").await, 0);
    }

    async fn ends_with_logout_removal_and_a_changed_factor(engine) {
        let world = world(engine).await;
        let zhang = account(&world, "zhang", Role::Officer, GANSU).await;
        let first = zhang.log_in(&world).await;
        sessions::log_out(&world.services, &session(&world, &first).await.unwrap()).await.unwrap();
        assert!(session(&world, &first).await.is_none());

        stand(&world, 60);
        let (one, other) = (zhang.log_in(&world).await, { stand(&world, 90); zhang.log_in(&world).await });
        let own = session(&world, &other).await.unwrap();
        stand(&world, 120);
        let new = "a password that nobody has thought of";
        let change = async |old: &str, new: &str, code: Fresh| {
            let (old, new) = (old.to_owned().into(), new.to_owned().into());
            own::change_password(&world.services, &own, old, new, code).await.unwrap()
        };
        assert!(matches!(change(PASSWORD, "short", fresh(&zhang, &world)).await, Changed::Unusable(_)));
        assert_eq!(change("wrong", new, fresh(&zhang, &world)).await, Changed::Refused);
        assert!(session(&world, &one).await.is_some(), "nothing has changed");
        assert_eq!(change(PASSWORD, new, fresh(&zhang, &world)).await, Changed::Yes);
        assert!(session(&world, &one).await.is_none() && session(&world, &other).await.is_none());

        stand(&world, 150);
        let code = zhang.code(&world);
        assert!(matches!(zhang.try_login(&world, PASSWORD, &code, 3).await, heyan::flow::staff::log_in::LoggedIn::No));
        let heyan::flow::staff::log_in::LoggedIn::Yes(third) = zhang.try_login(&world, new, &code, 3).await else {
            panic!("by the new password");
        };
        assert!(accounts::remove(&world.services, "zhang").await.unwrap());
        assert!(session(&world, &third).await.is_none());
        assert!(!accounts::remove(&world.services, "zhang").await.unwrap());
        // nothing that could let anybody in is kept
        let kept = "SELECT COUNT(*) FROM staff WHERE password_hash IS NOT NULL OR totp IS NOT NULL";
        assert_eq!(world.number(kept).await, 0);
    }

    async fn a_new_authenticator_is_confirmed_first(engine) {
        let world = world(engine).await;
        let zhang = account(&world, "zhang", Role::Officer, GANSU).await;
        let li = account(&world, "li", Role::Officer, GANSU).await;
        let own = zhang.session(&world).await;
        let others = li.session(&world).await;
        let offer = own::offer(&world.services, &own).unwrap();
        let new = Person { name: "zhang".into(), totp: Totp::from_url(&*offer.uri).unwrap() };
        stand(&world, 60);
        let change = async |session: &sessions::Session, person: &Person, new_code: &str| {
            let fresh = fresh(person, &world);
            let offered = (offer.token.as_str(), new_code);
            own::change_totp(&world.services, session, PASSWORD.to_owned().into(), fresh, offered).await.unwrap()
        };
        let code = new.code(&world);
        assert_eq!(change(&own, &zhang, "000000").await, Changed::NotEnrolled);
        assert_eq!(change(&others, &li, &code).await, Changed::NotEnrolled, "offered to another");
        assert_eq!(change(&own, &zhang, &code).await, Changed::Yes);
        assert!(sessions::list(&world.services, &own, own.staff.id).await.unwrap().is_empty());
        // the old one is no good any more, the new code has been used
        stand(&world, 90);
        let old = zhang.code(&world);
        assert!(matches!(zhang.try_login(&world, PASSWORD, &old, 1).await, heyan::flow::staff::log_in::LoggedIn::No));
        new.log_in(&world).await;
        // an offer has its time
        let own = new.session_at(&world, 120).await;
        let offer = own::offer(&world.services, &own).unwrap();
        stand(&world, 120 + 15 * 60);
        assert!(own::offer_again(&world.services, &own, &offer.token).unwrap().is_none());
    }

    async fn listed_and_revoked(engine) {
        let world = world(engine).await;
        let zhang = account(&world, "zhang", Role::Officer, GANSU).await;
        let li = account(&world, "li", Role::Officer, GANSU).await.session(&world).await;
        let zhou = account(&world, "zhou", Role::Admin, GANSU).await.session(&world).await;
        let far = account(&world, "far", Role::Admin, Some(Province::Hunan)).await.session(&world).await;
        let first = zhang.log_in(&world).await;
        let own = zhang.session_at(&world, 30).await;
        let listed = sessions::list(&world.services, &own, own.staff.id).await.unwrap();
        assert_eq!(listed.iter().map(|one| one.id).collect::<Vec<_>>(), [own.id, first.id]);
        assert_eq!(listed[0].client.as_ref().unwrap().address, address(1));
        // not another's
        assert!(!sessions::revoke(&world.services, &li, first.id).await.unwrap());
        assert!(sessions::revoke(&world.services, &own, first.id).await.unwrap());
        assert!(session(&world, &first).await.is_none());
        // an administrator of the bureau alone
        for stranger in [&far, &li] {
            let refused = sessions::revoke_all(&world.services, stranger, own.staff.id).await;
            assert!(matches!(refused, Err(FlowError::NotFound)));
            let refused = accounts::remove_as_admin(&world.services, stranger, own.staff.id).await;
            assert!(matches!(refused, Err(FlowError::NotFound)));
        }
        assert_eq!(sessions::revoke_all(&world.services, &zhou, own.staff.id).await.unwrap(), 1);
        assert!(matches!(accounts::remove_as_admin(&world.services, &zhou, zhou.staff.id).await, Err(FlowError::NotFound)));
        accounts::remove_as_admin(&world.services, &zhou, own.staff.id).await.unwrap();
        assert!(accounts::of_admin(&world.services, &zhou).await.unwrap().iter().all(|row| row.name != "zhang"));
        assert!(accounts::of_admin(&world.services, &far).await.unwrap().iter().all(|row| row.name == "far"));
    }

    async fn goes_on_while_keys_are_rotated(engine) {
        let mut world = world(engine).await;
        let zhang = account(&world, "zhang", Role::Officer, GANSU).await;
        let new = zhang.log_in(&world).await;
        let bytes = |n: u8| zeroize::Zeroizing::new([n; 32]);
        let ring = [("k1", 7), ("k2", 8), ("k3", 9)].map(|(name, n)| (name.to_owned(), bytes(n)));
        world.services.keys = Keys::new("k3", "k3", ring.into()).unwrap();
        let rotated = rotate_keys::rotate(&world.services, |_| {}).await.unwrap();
        // the secret, and from where it was logged in
        assert_eq!((rotated.resealed, rotated.unreadable), (2, 0));
        assert!(rotated.still_needed.contains("k1"), "the cookie's hash: {:?}", rotated.still_needed);
        assert!(session(&world, &new).await.unwrap().client.is_some());
        stand(&world, 60);
        zhang.log_in(&world).await;
    }
}

impl Person {
    /// Logs in so many seconds after the beginning; the session.
    async fn session_at(&self, world: &World, seconds: i64) -> sessions::Session {
        stand(world, seconds);
        self.session(world).await
    }
}
