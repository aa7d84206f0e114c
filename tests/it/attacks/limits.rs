//! Limits: nobody learns by trial, nobody locks an owner out.

use std::{net::IpAddr, sync::Arc};

use chrono::TimeDelta;
use futures_util::future::join_all;
use heyan::{
    captcha::Form,
    domain::{
        province::Province,
        words::{FilingKind, Outcome},
    },
    flow::{
        Limits, Settings,
        attempt::Attempt,
        told::{Answer, CaptchaTrouble, Told},
    },
    store::Engine,
};

use crate::world::{NO_LIMITS, Who, World, at, filing, on_engines, other_than, outcome};

const NOW: &str = "2018-09-10T09:10+08:00";
const GANSU: Option<Province> = Some(Province::Gansu);
const JUNK_TAIL: &str = "QQQQQQ";

/// With the limits as they are by default, and a filing of one phone.
async fn limited(engine: Engine) -> (World, Who, String) {
    let world = world(engine, Limits::default()).await;
    let who = Who::number(1);
    let draft = filing(Province::Gansu, FilingKind::NewSite, None, &[who.json()]);
    world.file(draft).await;
    let code = world.code(&who.phone).await;
    (world, who, code)
}

async fn world(engine: Engine, limits: Limits) -> World {
    World::with(engine, NOW, |services| {
        let settings = Settings {
            limits,
            ..Settings::clone(&services.settings)
        };
        services.settings = Arc::new(settings);
    })
    .await
}

/// Neither code nor tail is right; from an address of its own.
async fn junk(world: &World, who: &Who, right: &str) -> Told<Answer> {
    let code = other_than(&[right.to_owned()]);
    world.verify(GANSU, &code, &who.phone, JUNK_TAIL).await
}

fn is_limited(told: &Told<Answer>) -> bool {
    matches!(told, Told::Limited { .. })
}

fn is(told: &Told<Answer>, outcome: Outcome) -> bool {
    matches!(told, Told::Answer(answer) if answer.outcome == outcome)
}

on_engines! {
    async fn ten_an_hour_are_told(engine) {
        let (world, who, right) = limited(engine).await;
        for n in 0..10 {
            assert_eq!(outcome(junk(&world, &who, &right).await), Outcome::NotFound, "{n}");
        }
        // till the hour is over
        assert_eq!(junk(&world, &who, &right).await, Told::Limited { retry_after: 50 * 60 });
        // another phone is free
        let other = Who::number(2);
        assert_eq!(outcome(junk(&world, &other, &right).await), Outcome::NotFound);
        // the window rolls over at the hour
        world.set(at("2018-09-10T09:59:59.999+08:00"));
        assert_eq!(junk(&world, &who, &right).await, Told::Limited { retry_after: 1 });
        world.set(at("2018-09-10T10:00+08:00"));
        assert_eq!(outcome(junk(&world, &who, &right).await), Outcome::NotFound);
    }

    async fn thirty_a_day_are_told(engine) {
        let (world, who, right) = limited(engine).await;
        let mut told = 0;
        for hour in 0..5 {
            world.set(at(NOW) + TimeDelta::hours(hour));
            for _ in 0..11 {
                told += usize::from(!is_limited(&junk(&world, &who, &right).await));
            }
        }
        // of the third hour one is told less: those past the hour's limit count in the day's too
        assert_eq!(told, 10 + 10 + 8);
        world.set(at("2018-09-10T23:59:59+08:00"));
        assert_eq!(junk(&world, &who, &right).await, Told::Limited { retry_after: 1 });
        world.set(at("2018-09-11T00:00+08:00"));
        assert_eq!(outcome(junk(&world, &who, &right).await), Outcome::NotFound);
    }

    /// Thirty junk posts from many addresses: the owner still verifies, and the junk learns nothing.
    async fn junk_does_not_lock_the_owner_out(engine) {
        let (world, who, right) = limited(engine).await;
        for _ in 0..30 {
            let told = junk(&world, &who, &right).await;
            assert!(is_limited(&told) || outcome(told) == Outcome::NotFound);
        }
        // thirty are the day's, too
        let till_midnight = (14 * 60 + 50) * 60;
        // nor whether a tail or a code is the right one: a known one reads like any other
        let wrong = other_than(std::slice::from_ref(&right));
        for (code, tail) in [(&wrong, who.tail()), (&right, JUNK_TAIL), (&wrong, JUNK_TAIL)] {
            assert_eq!(
                world.verify(GANSU, code, &who.phone, tail).await,
                Told::Limited { retry_after: till_midnight }
            );
        }
        assert_eq!(
            outcome(world.verify(GANSU, &right, &who.phone, who.tail()).await),
            Outcome::VerifiedAll
        );
        // that it has been verified is not told either
        for (code, tail) in [(&right, who.tail()), (&wrong, who.tail())] {
            assert!(is_limited(&world.verify(GANSU, code, &who.phone, tail).await));
        }
    }

    async fn past_the_limit_it_is_judged_and_charged_as_ever(engine) {
        let (world, who, right) = limited(engine).await;
        for _ in 0..10 {
            junk(&world, &who, &right).await;
        }
        let wrong = other_than(std::slice::from_ref(&right));
        let id = world.messages().await[0].request;
        for tries in 1..=5 {
            assert!(is_limited(&world.verify(GANSU, &wrong, &who.phone, who.tail()).await));
            assert_eq!(world.view(id).await.verifications[0].row.wrong_tries, tries);
        }
        assert_eq!(world.view(id).await.row.state.as_str(), "returned");
        // its owner is not told that it has been returned, until the hour is over
        assert!(is_limited(&world.verify(GANSU, &right, &who.phone, who.tail()).await));
        world.set(at("2018-09-10T10:00+08:00"));
        assert_eq!(
            outcome(world.verify(GANSU, &right, &who.phone, who.tail()).await),
            Outcome::AskProvider
        );
    }

    async fn past_the_limit_a_resend_is_done_and_not_told(engine) {
        let (world, who, right) = limited(engine).await;
        for _ in 0..10 {
            junk(&world, &who, &right).await;
        }
        for count in [2, 3, 3] {
            assert!(is_limited(&world.resend(GANSU, &who.phone, who.tail()).await));
            world.settle().await;
            assert_eq!(world.messages().await.len(), count);
        }
        let newest = world.code(&who.phone).await;
        assert_eq!(
            outcome(world.verify(GANSU, &newest, &who.phone, who.tail()).await),
            Outcome::VerifiedAll
        );
    }

    /// Each use of the resend form counts, whatever comes of it; of the other, failures alone.
    async fn what_counts(engine) {
        let (world, who, right) = limited(engine).await;
        let counted = async || world.number("SELECT CAST(COALESCE(MAX(count), 0) AS BIGINT) FROM limit_counters").await;
        let wrong = other_than(std::slice::from_ref(&right));
        let mut expected = 0;
        for (tail, outcome_of_resend) in [
            (who.tail(), Outcome::Resent),
            (who.tail(), Outcome::Resent),
            (who.tail(), Outcome::ResendLimit),
            (JUNK_TAIL, Outcome::NothingPending),
        ] {
            assert_eq!(outcome(world.resend(GANSU, &who.phone, tail).await), outcome_of_resend);
            expected += 1;
            assert_eq!(counted().await, expected);
        }
        // a wrong captcha, one that has run out, one of another form
        let mut attempt = world.attempt(Form::Verification, GANSU);
        attempt.captcha_answer = "22222".into();
        let told = world.verify_by(attempt, &right, &who.phone, who.tail()).await;
        assert_eq!(told, Told::Captcha(CaptchaTrouble::Wrong));
        let attempt = world.attempt(Form::Verification, GANSU);
        world.set(world.now() + TimeDelta::minutes(20));
        let told = world.verify_by(attempt, &right, &who.phone, who.tail()).await;
        assert_eq!(told, Told::Captcha(CaptchaTrouble::Expired));
        let mut attempt = world.attempt(Form::Resend, GANSU);
        attempt.form = Form::Verification;
        let told = world.verify_by(attempt, &right, &who.phone, who.tail()).await;
        assert_eq!(told, Told::Captcha(CaptchaTrouble::Expired));
        assert_eq!(counted().await, expected + 3);
        assert_eq!(outcome(world.verify(GANSU, &wrong, &who.phone, who.tail()).await), Outcome::Wrong);
        assert_eq!(outcome(junk(&world, &who, &right).await), Outcome::NotFound);
        assert_eq!(counted().await, expected + 5);
        for told in [Outcome::VerifiedAll, Outcome::AlreadyVerified] {
            assert_eq!(outcome(world.verify(GANSU, &right, &who.phone, who.tail()).await), told);
        }
        assert_eq!(counted().await, expected + 5);
    }

    /// What a submission was told it is told again, whatever limit has been reached or has ended since.
    async fn the_same_post_reads_the_same_whatever_the_limits(engine) {
        let limits = Limits { per_address_per_10_minutes: 1, ..Limits::default() };
        let world = world(engine, limits).await;
        let who = Who::number(1);
        world.file(filing(Province::Gansu, FilingKind::NewSite, None, &[who.json()])).await;
        let right = world.code(&who.phone).await;
        let wrong = other_than(std::slice::from_ref(&right));
        let post = async |attempt: &Attempt, code: &str| {
            world.verify_by(attempt.clone(), code, &who.phone, who.tail()).await
        };
        // the last one that its address is allowed
        let last = world.attempt(Form::Verification, GANSU);
        assert_eq!(outcome(post(&last, &wrong).await), Outcome::Wrong);
        assert_eq!(outcome(post(&last, &wrong).await), Outcome::Wrong);
        assert_eq!(world.messages().await.len(), 1);
        let tries = "SELECT CAST(MAX(wrong_tries) AS BIGINT) FROM verifications";
        assert_eq!(world.number(tries).await, 1);

        // what does not count is settled once too: told before the limit, and after it
        assert_eq!(outcome(world.verify(GANSU, &right, &who.phone, who.tail()).await), Outcome::VerifiedAll);
        let early = world.attempt(Form::Verification, GANSU);
        assert_eq!(outcome(post(&early, &right).await), Outcome::AlreadyVerified);
        for _ in 0..9 {
            assert_eq!(outcome(junk(&world, &who, &right).await), Outcome::NotFound);
        }
        assert_eq!(outcome(post(&early, &right).await), Outcome::AlreadyVerified);
        // not told past it, nor when the hour is over
        world.set(at("2018-09-10T09:50+08:00"));
        let late = world.attempt(Form::Verification, GANSU);
        assert!(is_limited(&post(&late, &right).await));
        world.set(at("2018-09-10T10:00+08:00"));
        assert!(is_limited(&post(&late, &right).await));
        assert_eq!(outcome(world.verify(GANSU, &right, &who.phone, who.tail()).await), Outcome::AlreadyVerified);
    }

    /// Counted after the judgement: fifty at the same instant learn no more than ten one by one.
    async fn a_burst_learns_no_more(engine) {
        let (world, who, right) = limited(engine).await;
        let world = Arc::new(world);
        let posts = (0..50).map(|_| {
            let (world, who, right) = (world.clone(), who.clone(), right.clone());
            tokio::spawn(async move { junk(&world, &who, &right).await })
        });
        let told: Vec<_> = join_all(posts).await.into_iter().map(Result::unwrap).collect();
        // what a busy machine could not decide in time tells nothing, and may have been counted
        let is_told = |told: &Told<Answer>| !is_limited(told) && !is(told, Outcome::TryAgain);
        let mut learnt = told.iter().filter(|told| is_told(told)).count();
        // whatever the burst has left of the ten
        while learnt <= 10 && is_told(&junk(&world, &who, &right).await) {
            learnt += 1;
        }
        let undecided = told.iter().filter(|told| is(told, Outcome::TryAgain)).count();
        assert!(learnt <= 10 && learnt + undecided >= 10, "{learnt} {undecided}");
    }

    async fn an_address_is_refused_outright(engine) {
        let limits = Limits { per_address_per_10_minutes: 60, ..NO_LIMITS };
        let world = world(engine, limits).await;
        let who = Who::number(1);
        world.file(filing(Province::Gansu, FilingKind::NewSite, None, &[who.json()])).await;
        let right = world.code(&who.phone).await;
        let from = |address: &str| {
            let mut attempt = world.attempt(Form::Verification, GANSU);
            attempt.address = address.parse::<IpAddr>().unwrap();
            attempt
        };
        // of many phones, in one /64
        for n in 0..60 {
            let attempt = from(&format!("2001:db8:1:2::{n:x}"));
            let stranger = Who::number(100 + n);
            let told = world.verify_by(attempt, "000000", &stranger.phone, JUNK_TAIL).await;
            assert_eq!(outcome(told), Outcome::NotFound, "{n}");
        }
        let attempt = from("2001:db8:1:2:ffff::1");
        let refused = Told::Limited { retry_after: 10 * 60 };
        // not even looked at: neither the captcha nor the code is used up
        let told = world.verify_by(attempt.clone(), &right, &who.phone, who.tail()).await;
        assert_eq!(told, refused);
        let neighbour = Attempt { address: "2001:db8:1:3::1".parse().unwrap(), ..attempt.clone() };
        let told = world.verify_by(neighbour, &right, &who.phone, who.tail()).await;
        assert_eq!(outcome(told), Outcome::VerifiedAll);
        world.set(at("2018-09-10T09:20+08:00"));
        let told = world.verify_by(from("2001:db8:1:2::1"), &right, &who.phone, who.tail()).await;
        assert_eq!(outcome(told), Outcome::AlreadyVerified);
    }
}
