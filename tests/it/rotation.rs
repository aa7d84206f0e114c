//! Rotating keys under a running system: everything is read, found and verified as before, and nothing stays under the old
//! key but what cannot be read again.

use std::collections::{BTreeMap, BTreeSet};

use heyan::{
    captcha::Captchas,
    domain::{
        ids::RequestId,
        province::Province,
        words::{FilingKind, Outcome, VerificationState},
    },
    flow::{
        rotate_keys::{self, Rotated, Step},
        short_link,
    },
    keys::Keys,
    store::{
        Engine,
        filing_phones::{self, PhoneRow},
        purge,
        rotation::{self, SealedColumn},
    },
};
use serde_json::json;
use uuid::Uuid;

use crate::pg;
use crate::world::{Who, World, filing, on_engines, outcome};

const GANSU: Option<Province> = Some(Province::Gansu);

/// `k1` and `k2`, or one of them; the first named seals and hashes.
fn keys(names: &[&str]) -> Keys {
    let bytes = |name: &str| zeroize::Zeroizing::new([name.as_bytes()[1]; 32]);
    let ring: BTreeMap<_, _> = names
        .iter()
        .map(|name| ((*name).to_owned(), bytes(name)))
        .collect();
    Keys::new(names[0], names[0], ring).unwrap()
}

fn turn(world: &mut World, names: &[&str]) {
    let services = &mut world.services;
    services.keys = keys(names);
    services.captchas = Captchas::new(services.keys.clone(), services.random.clone());
}

async fn rotate(world: &World) -> Rotated {
    rotate_keys::rotate(&world.services, |_| {}).await.unwrap()
}

/// How many sealed values stand under a key.
async fn sealed_under(world: &World, name: &str) -> usize {
    let mut tx = world.services.db.read().await.unwrap();
    let mut count = 0;
    for column in SealedColumn::ALL {
        let rows = rotation::sealed_after(&mut tx, column, &[], 1000)
            .await
            .unwrap();
        let key = |row: &rotation::SealedRow| world.services.keys.key_of(&row.sealed).unwrap();
        count += rows.iter().filter(|row| key(row).as_str() == name).count();
    }
    count
}

on_engines! {
    async fn all_goes_on_after_a_rotation(engine) {
        let mut world = World::new(engine, "2020-09-01T09:00+08:00").await;
        turn(&mut world, &["k1"]);
        let (wang, li) = (Who::number(1), Who::number(2));
        let request = world
            .file(filing(Province::Gansu, FilingKind::NewFiling, Some(wang.json()), &[li.json()]))
            .await;
        // whose tail is that of the card on the back (浙江)
        let permit = json!({"name": "陈大文", "phone": "13700137000", "document":
            {"type": "hk_macau_permit", "number": "H01234567", "card_number": "A123456(3)"}});
        world.file(filing(Province::Zhejiang, FilingKind::NewFiling, Some(permit), &[])).await;
        // whom nobody verifies yet: the bureau reviews the new number
        let moved = Who::number(3).moved_from("13900139009");
        world.file(filing(Province::Gansu, FilingKind::ChangePhone, Some(moved), &[])).await;
        let link = world.messages().await[0].link.clone().unwrap();
        let token = link.rsplit('/').next().unwrap();
        let before = sealed_under(&world, "k1").await;
        assert!(before >= 8, "{before}");

        turn(&mut world, &["k2", "k1"]);
        let told = std::sync::Mutex::new(Vec::new());
        let rotated = rotate_keys::rotate(&world.services, |step| told.lock().unwrap().push(step)).await.unwrap();
        assert_eq!(rotated.resealed, before as u64);
        assert_eq!((rotated.rehashed, rotated.unreadable), (4, 0));
        assert_eq!(rotated.still_needed, BTreeSet::from(["k1".to_owned()]), "codes and links");
        assert_eq!(sealed_under(&world, "k1").await, 0);
        let told = told.into_inner().unwrap();
        assert_eq!(told[0], Step::Total(before as u64));
        let looked = told[1..].iter().map(|step| match step { Step::Looked(count) | Step::Total(count) => count });
        assert_eq!(looked.sum::<u64>(), before as u64);
        let again = rotate(&world).await;
        assert_eq!((again.resealed, again.rehashed), (0, 0));

        // the old code, the old link
        assert!(short_link::open(&world.services, token).await.unwrap().is_some());
        let code = world.code(&wang.phone).await;
        assert_eq!(outcome(world.verify(GANSU, &code, &wang.phone, wang.tail()).await), Outcome::VerifiedWaiting);
        // phones and tails are found by their new hashes, and a new code comes
        assert_eq!(outcome(world.resend(GANSU, &li.phone, li.tail()).await), Outcome::Resent);
        let code = world.code(&li.phone).await;
        assert_eq!(outcome(world.verify(GANSU, &code, &li.phone, li.tail()).await), Outcome::VerifiedAll);
        let zhejiang = Some(Province::Zhejiang);
        assert_eq!(outcome(world.resend(zhejiang, "13700137000", "234563").await), Outcome::Resent);
        let done = world.view(request.row.id).await;
        assert!(done.verifications.iter().all(|one| one.row.state == VerificationState::Verified));
    }

    async fn flows_go_on_while_keys_are_rotated(engine) {
        const PEOPLE: u32 = 40;
        let mut world = World::new(engine, "2020-09-01T09:00+08:00").await;
        turn(&mut world, &["k1"]);
        let people: Vec<_> = (0..PEOPLE).map(Who::number).collect();
        for who in &people {
            world.submit(filing(Province::Gansu, FilingKind::NewFiling, Some(who.json()), &[])).await;
        }
        world.settle().await;
        let messages = world.messages().await;
        turn(&mut world, &["k2", "k1"]);
        let verifying = futures_util::future::join_all(people.iter().map(async |who| {
            let code = &messages.iter().find(|one| one.phone == who.phone).unwrap().code;
            outcome(world.verify(GANSU, code, &who.phone, who.tail()).await)
        }));
        let filing_more = async {
            for n in PEOPLE..PEOPLE + 10 {
                world.submit(filing(Province::Gansu, FilingKind::NewFiling, Some(Who::number(n).json()), &[])).await;
            }
        };
        let (rotated, outcomes, ()) = futures_util::future::join3(rotate(&world), verifying, filing_more).await;
        assert!(outcomes.iter().all(|one| *one == Outcome::VerifiedAll), "{outcomes:?}");
        assert_eq!(rotated.unreadable, 0);
        let once_more = rotate(&world).await;
        assert_eq!((once_more.rehashed, sealed_under(&world, "k1").await), (0, 0));
    }

    async fn what_does_not_open_is_left_and_the_rest_goes_on(engine) {
        let mut world = World::new(engine, "2020-09-01T09:00+08:00").await;
        turn(&mut world, &["k1"]);
        for n in 0..2 {
            world.submit(filing(Province::Gansu, FilingKind::NewFiling, Some(Who::number(n).json()), &[])).await;
        }
        let mut tx = world.services.db.write().await.unwrap();
        let column = SealedColumn::RequestContent;
        let rows = rotation::sealed_after(&mut tx, column, &[], 1).await.unwrap();
        let mut altered = rows[0].sealed.clone();
        *altered.last_mut().unwrap() ^= 1;
        assert!(rotation::reseal(&mut tx, column, &rows[0].row, &rows[0].sealed, &altered).await.unwrap());
        tx.commit().await.unwrap();
        turn(&mut world, &["k2", "k1"]);
        let rotated = rotate(&world).await;
        // the filing itself, and the tail that is read from it
        assert_eq!((rotated.unreadable, rotated.rehashed), (2, 1));
        assert_eq!(sealed_under(&world, "k1").await, 1);
        assert!(rotated.still_needed.contains("k1"));
    }

    async fn a_purged_request_has_nothing_to_rotate(engine) {
        let mut world = World::new(engine, "2020-09-01T09:00+08:00").await;
        turn(&mut world, &["k1"]);
        let who = Who::number(1);
        world.file(filing(Province::Gansu, FilingKind::NewFiling, Some(who.json()), &[])).await;
        world.turn(world.now() + chrono::TimeDelta::days(182)).await;
        turn(&mut world, &["k2", "k1"]);
        let rotated = rotate(&world).await;
        assert_eq!((rotated.rehashed, rotated.unreadable), (0, 0));
        assert_eq!(rotated.still_needed, BTreeSet::new());
    }

    async fn a_purge_amid_a_rotation_leaves_no_hash(engine) {
        let world = World::new(engine, "2020-09-01T09:00+08:00").await;
        let moved = Who::number(1).moved_from("13900139009");
        let id = world.submit(filing(Province::Gansu, FilingKind::ChangePhone, Some(moved), &[])).await.row.id;
        let first = PhoneRow { phone_hash: Vec::new(), request_id: RequestId(Uuid::nil()) };
        let (db, now) = (world.services.db.clone(), world.now());
        let mut rotating = db.write().await.unwrap();
        let rows = filing_phones::hashed_after(&mut rotating, "k2", &first, 9).await.unwrap();
        assert_eq!(rows.len(), 1);
        filing_phones::rehash(&mut rotating, &rows[0], b"new", "k2").await.unwrap();
        let purging = tokio::spawn({
            let db = db.clone();
            async move {
                let mut tx = db.write().await.unwrap();
                assert!(purge::request(&mut tx, id, now).await.unwrap());
                tx.commit().await.unwrap();
            }
        });
        // SQLite has one writer; a server's second one waits for the row
        if engine == Engine::Postgres {
            pg::somebody_waits_for_a_lock(&world.scratch.url).await;
        }
        rotating.commit().await.unwrap();
        purging.await.unwrap();
        assert_eq!(world.number("SELECT COUNT(*) FROM filing_phones").await, 0);
    }
}
