//! Submissions at the same instant: none counts twice, none is lost.

use std::sync::Arc;

use futures_util::future::join_all;
use heyan::{
    captcha::Form,
    domain::{
        province::Province,
        words::{FilingKind, Outcome},
    },
    flow::told::{Answer, Next, Told},
};

use crate::world::{Who, World, filing, long_or, on_engines, other_than, outcome, told};

const NOW: &str = "2018-09-10T09:00+08:00";
const GANSU: Option<Province> = Some(Province::Gansu);

/// A new filing of these two in Gansu, 2018: 48 hours, five tries.
fn two(subject: &Who, site: &Who) -> heyan::domain::filing::FilingDraft {
    filing(
        Province::Gansu,
        FilingKind::NewFiling,
        Some(subject.json()),
        &[site.json()],
    )
}

/// All at once, each on a task of its own.
async fn at_once<F: Future + Send + 'static>(all: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F::Output: Send,
{
    let tasks: Vec<_> = all.into_iter().map(tokio::spawn).collect();
    join_all(tasks)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect()
}

on_engines! {
    async fn wrong_guesses(engine) {
        let guesses = long_or(40, 200);
        let world = Arc::new(World::new(engine, NOW).await);
        let (a, b) = (Who::number(1), Who::number(2));
        let id = world.file(two(&a, &b)).await.row.id;
        let right = world.code(&a.phone).await;
        let codes = (0..).map(|n| format!("{n:06}")).filter(|code| *code != right).take(guesses);
        let guess = |code: String| {
            let (world, a) = (world.clone(), a.clone());
            async move { told(world.verify(GANSU, &code, &a.phone, a.tail()).await) }
        };
        let answers = at_once(codes.map(guess)).await;

        let view = world.view(id).await;
        assert_eq!(view.verifications[0].row.wrong_tries, 5);
        assert_eq!(view.verifications[0].row.state.as_str(), "failed");
        assert_eq!(view.verifications[1].row.state.as_str(), "cancelled");
        assert_eq!(view.row.return_reason.unwrap().as_str(), "too_many_wrong_tries");
        assert_eq!(world.count(id, "verification.wrong_try").await, 5);
        assert_eq!(world.count(id, "verification.failed").await, 1);
        assert_eq!(world.count(id, "filing_request.returned").await, 1);

        let left = |answer: &Answer| match answer.next {
            Next::TriesLeft(left) => Some(left),
            _ => None,
        };
        let mut left: Vec<_> = answers.iter().filter_map(left).collect();
        left.sort_unstable();
        assert_eq!(left, [1, 2, 3, 4]);
        let refused = answers.iter().filter(|answer| answer.outcome == Outcome::AskProvider).count();
        assert_eq!(refused, guesses - 4, "{:?}", answers.iter().map(|one| one.outcome).collect::<Vec<_>>());
    }

    async fn the_last_two(engine) {
        let world = Arc::new(World::new(engine, NOW).await);
        for round in 0..long_or(40, 200) {
            let n = u32::try_from(round).unwrap();
            let pair = [Who::number(2 * n), Who::number(2 * n + 1)];
            let id = world.file(two(&pair[0], &pair[1])).await.row.id;
            let codes = [world.code(&pair[0].phone).await, world.code(&pair[1].phone).await];
            let answers = pair.into_iter().zip(codes).map(|(who, code)| {
                let world = world.clone();
                async move { outcome(world.verify(GANSU, &code, &who.phone, who.tail()).await) }
            });
            let mut answers = at_once(answers).await;
            answers.sort_unstable();
            assert_eq!(answers, [Outcome::VerifiedAll, Outcome::VerifiedWaiting], "round {round}");
            assert_eq!(world.view(id).await.row.state.as_str(), "handed_over");
            assert_eq!(world.count(id, "filing_request.handed_over").await, 1);
            assert_eq!(world.count(id, "verification.verified").await, 2);
        }
    }

    /// The same captcha: one submission, answered twice. It is counted once in the limits, too.
    async fn the_very_same_post(engine) {
        const COUNTED: &str = "SELECT CAST(SUM(count) AS BIGINT) FROM limit_counters";
        let world = Arc::new(World::new(engine, NOW).await);
        for round in 0..long_or(10, 100) {
            let n = u32::try_from(round).unwrap();
            let (a, b) = (Who::number(2 * n), Who::number(2 * n + 1));
            let id = world.file(two(&a, &b)).await.row.id;
            let right = world.code(&a.phone).await;
            let wrong = other_than(std::slice::from_ref(&right));
            let twice = async |code: &str| {
                let attempt = world.attempt(Form::Verification, GANSU);
                let post = |_| {
                    let (world, attempt) = (world.clone(), attempt.clone());
                    let (code, a) = (code.to_owned(), a.clone());
                    async move { world.verify_by(attempt, &code, &a.phone, a.tail()).await }
                };
                let mut answers = at_once((0..4).map(post)).await;
                let first = answers.remove(0);
                assert!(answers.iter().all(|answer| *answer == first), "{first:?} {answers:?}");
                told(first)
            };
            let before = world.number(COUNTED).await;
            assert_eq!(twice(&wrong).await.next, Next::TriesLeft(4));
            assert_eq!(world.view(id).await.verifications[0].row.wrong_tries, 1);
            assert_eq!(world.count(id, "verification.wrong_try").await, 1);
            // of the address, of the phone's hour and day, and of its wrong tries in a row
            assert_eq!(world.number(COUNTED).await, before + 4);
            assert_eq!(twice(&right).await.outcome, Outcome::VerifiedWaiting);
            assert_eq!(world.count(id, "verification.verified").await, 1);
        }
    }

    /// Two captchas, both with the right answer: two submissions, and one of them verifies.
    async fn two_right_answers(engine) {
        let world = Arc::new(World::new(engine, NOW).await);
        for round in 0..long_or(10, 100) {
            let n = u32::try_from(round).unwrap();
            let (a, b) = (Who::number(2 * n), Who::number(2 * n + 1));
            let id = world.file(two(&a, &b)).await.row.id;
            let code = world.code(&a.phone).await;
            let post = |_| {
                let (world, code, a) = (world.clone(), code.clone(), a.clone());
                async move { outcome(world.verify(GANSU, &code, &a.phone, a.tail()).await) }
            };
            let answers = at_once((0..3).map(post)).await;
            let of = |wanted| answers.iter().filter(|one| **one == wanted).count();
            assert_eq!((of(Outcome::VerifiedWaiting), of(Outcome::AlreadyVerified)), (1, 2));
            assert_eq!(world.count(id, "verification.verified").await, 1);
        }
    }

    /// One captcha with different fields: the first uses it up, the others are told that it has expired.
    async fn one_captcha_for_many_guesses(engine) {
        let world = Arc::new(World::new(engine, NOW).await);
        let (a, b) = (Who::number(1), Who::number(2));
        let id = world.file(two(&a, &b)).await.row.id;
        let right = world.code(&a.phone).await;
        let attempt = world.attempt(Form::Verification, GANSU);
        let codes = (0..).map(|n| format!("{n:06}")).filter(|code| *code != right).take(20);
        let guess = |code: String| {
            let (world, attempt, a) = (world.clone(), attempt.clone(), a.clone());
            async move { world.verify_by(attempt, &code, &a.phone, a.tail()).await }
        };
        let answers = at_once(codes.map(guess)).await;
        let judged = answers.iter().filter(|one| matches!(one, Told::Answer(_))).count();
        assert_eq!(judged, 1, "{answers:?}");
        assert_eq!(world.view(id).await.verifications[0].row.wrong_tries, 1);
    }

    /// Resends at once use up what there is, and no more.
    async fn resends(engine) {
        let world = Arc::new(World::new(engine, NOW).await);
        let (a, b) = (Who::number(1), Who::number(2));
        let id = world.file(two(&a, &b)).await.row.id;
        let post = |_| {
            let (world, a) = (world.clone(), a.clone());
            async move { outcome(world.resend(GANSU, &a.phone, a.tail()).await) }
        };
        let answers = at_once((0..long_or(10, 100)).map(post)).await;
        let resent = answers.iter().filter(|one| **one == Outcome::Resent).count();
        assert_eq!(resent, 2, "{answers:?}");
        assert_eq!(world.view(id).await.verifications[0].row.manual_resends, 2);
        let messages = world.messages().await;
        assert_eq!(messages.iter().filter(|one| one.phone == a.phone).count(), 3);
        world.settle().await;
        // every one of its codes is good
        let first = &messages.iter().find(|one| one.phone == a.phone).unwrap().code;
        assert_eq!(outcome(world.verify(GANSU, first, &a.phone, a.tail()).await), Outcome::VerifiedWaiting);
    }

    /// Whatever ends a request, only one thing does.
    async fn verified_withdrawn_and_expired(engine) {
        let world = Arc::new(World::new(engine, NOW).await);
        for round in 0..long_or(20, 200) {
            let who = Who::number(u32::try_from(round).unwrap());
            let draft = filing(Province::Gansu, FilingKind::NewSite, None, &[who.json()]);
            let id = world.file(draft).await.row.id;
            let code = world.code(&who.phone).await;
            let wrong = other_than(std::slice::from_ref(&code));
            let mut tasks = vec![];
            for code in [code, wrong.clone(), wrong.clone(), wrong.clone(), wrong.clone(), wrong] {
                let (world, who) = (world.clone(), who.clone());
                tasks.push(tokio::spawn(async move {
                    outcome(world.verify(GANSU, &code, &who.phone, who.tail()).await);
                }));
            }
            let own = world.clone();
            tasks.push(tokio::spawn(async move {
                let _ = heyan::flow::withdraw::withdraw(&own.services, own.provider, id).await;
            }));
            join_all(tasks).await.into_iter().for_each(Result::unwrap);
            let mut ends = 0;
            for end in ["handed_over", "returned", "withdrawn"] {
                let what = format!("filing_request.{end}");
                let count = world.count(id, &what).await;
                ends += count;
                assert_eq!(count == 1, world.view(id).await.row.state.as_str() == end);
            }
            assert_eq!(ends, 1);
        }
    }
}
