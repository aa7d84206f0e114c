//! An SMS whose outcome is unknown: asked about, waited for, sent once more; a newer code takes an older one's place.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};
use heyan::{
    domain::{message::SmsState, words::VerificationState},
    flow::{run_due::run_due, withdraw::withdraw},
    sms::{About, Asked, Fate, Receipt, Sent, SmsMessage},
};

use super::{Fakes, NINE, accepted, again, draft};
use crate::world::{at, on_engines, outcome};

const PHONE: &str = "13800138000";

/// The first so many attempts go without an answer.
fn silent(times: usize) -> impl Fn(&SmsMessage, DateTime<Utc>) -> Sent + Send + Sync {
    let attempts = AtomicUsize::new(0);
    move |_, _| {
        if attempts.fetch_add(1, Ordering::Relaxed) < times {
            Sent::Unknown
        } else {
            accepted()
        }
    }
}

const LOST: Fate = Fate::Undeliverable { foreign: false };
const REPEATED: &str = "heyan_sms_repeated_total 1";

on_engines! {
    async fn a_gateway_that_can_tell_is_asked(engine) {
        let asked = Asked::Accepted { references: vec!["r1".into()] };
        let fakes = Fakes::default().with("main", silent(9), |one| one.asked = asked);
        let texting = fakes.world(engine, NINE).await;
        let id = texting.file(PHONE).await;
        assert_eq!(texting.sms(id).await[0].state, SmsState::Queued);
        texting.after(5).await;
        let sms = texting.sms(id).await.remove(0);
        assert_eq!((texting.by().len(), sms.state, sms.accepted_at), (1, SmsState::Accepted, Some(texting.world.now())));
        assert!(!texting.counted(REPEATED));
        // its receipts are known by that reference
        let receipt = Receipt { about: About::Reference("r1".into()), fate: Fate::Delivered };
        texting.sink("main").post(vec![receipt]);
        texting.world.settle().await;
        assert_eq!(texting.sms(id).await[0].state, SmsState::Delivered);
    }

    async fn one_that_never_had_it_gets_it_at_once(engine) {
        let fakes = Fakes::default().with("main", silent(1), |one| { one.asked = Asked::NeverHadIt; one.receipts = true; });
        let texting = fakes.world(engine, NINE).await;
        let id = texting.file(PHONE).await;
        texting.after(5).await;
        assert_eq!((texting.by().len(), texting.sms(id).await[0].state), (2, SmsState::Accepted));
        assert!(!texting.counted(REPEATED), "that is no duplicate");
    }

    async fn one_that_may_know_later_is_asked_again_and_then_gets_it_once_more(engine) {
        let fakes = Fakes::default().with("main", silent(1), |one| one.asked = Asked::Later);
        let texting = fakes.world(engine, NINE).await;
        let id = texting.file(PHONE).await;
        for _ in 0..11 {
            texting.after(5).await;
            assert_eq!(texting.by().len(), 1);
        }
        texting.after(5).await;
        assert_eq!((texting.by().len(), texting.sms(id).await[0].state), (2, SmsState::Accepted));
        assert!(texting.counted(REPEATED));
    }

    async fn what_a_gateway_says_afterwards_is_believed(engine) {
        for (asked, expected) in [
            (Asked::Delivered, SmsState::Delivered),
            (Asked::Undeliverable { foreign: false }, SmsState::Undeliverable),
        ] {
            let fakes = Fakes::default().with("main", silent(9), |one| one.asked = asked);
            let texting = fakes.world(engine, NINE).await;
            let id = texting.file(PHONE).await;
            texting.after(5).await;
            assert_eq!((texting.by().len(), texting.sms(id).await[0].state), (1, expected));
            let row = texting.world.view(id).await.verifications.remove(0).row;
            assert_eq!((row.state, row.first_sent_at), (VerificationState::Pending, Some(texting.world.now())));
        }
    }

    async fn a_receipt_is_waited_for_and_then_it_is_sent_once_more(engine) {
        let fakes = Fakes::default().with("main", silent(1), |one| one.receipts = true);
        let texting = fakes.world(engine, NINE).await;
        let id = texting.file(PHONE).await;
        texting.after(59).await;
        assert_eq!(texting.by().len(), 1);
        texting.after(1).await;
        assert_eq!((texting.by().len(), texting.sms(id).await[0].state), (2, SmsState::Accepted));
        let caught = texting.caught();
        assert_eq!(caught[0].id, caught[1].id);
        assert!(texting.counted(REPEATED));
    }

    async fn a_receipt_or_a_late_answer_ends_the_wait(engine) {
        for (fate, expected, sent) in [
            (Fate::Delivered, SmsState::Delivered, 1),
            (Fate::Accepted { references: vec!["r1".into()] }, SmsState::Accepted, 1),
            (Fate::NeverHadIt, SmsState::Accepted, 2),
        ] {
            let fakes = Fakes::default().with("main", silent(1), |one| one.receipts = true);
            let texting = fakes.world(engine, NINE).await;
            let id = texting.file(PHONE).await;
            texting.after(20).await;
            let about = About::Message(texting.caught()[0].id);
            texting.sink("main").post(vec![Receipt { about, fate }]);
            texting.world.settle().await;
            assert_eq!((texting.sms(id).await[0].state, texting.by().len()), (expected, sent));
            let row = texting.world.view(id).await.verifications.remove(0).row;
            assert_eq!(row.first_sent_at, Some(at(NINE) + TimeDelta::seconds(20)));
            texting.after(600).await;
            assert_eq!(texting.by().len(), sent);
            assert!(!texting.counted(REPEATED));
            // by whichever of the two it is known
            assert!(texting.counted("heyan_sms_total{result=\"accepted\"} 1"));
        }
    }

    async fn once_more_it_goes_by_another_gateway(engine) {
        let fakes = Fakes::default().with("main", silent(9), |one| one.asked = Asked::CannotTell);
        let texting = fakes.add("spare", |_, _| accepted()).world(engine, NINE).await;
        let id = texting.file(PHONE).await;
        texting.after(5).await;
        assert_eq!(texting.by(), ["main", "spare"]);
        assert_eq!(texting.sms(id).await[0].state, SmsState::Accepted);
        assert!(texting.counted(REPEATED));
    }

    async fn whoever_answered_is_not_the_one_in_doubt(engine) {
        let fakes = Fakes::default().with("main", silent(9), |one| one.asked = Asked::CannotTell);
        let spare = |sms: &SmsMessage, _| if sms.attempt < 3 { again() } else { accepted() };
        let texting = fakes.add("spare", spare).world(engine, NINE).await;
        let id = texting.file(PHONE).await;
        texting.after(5).await;
        texting.after(60).await;
        assert_eq!(texting.by(), ["main", "spare", "spare"]);
        assert_eq!(texting.sms(id).await[0].state, SmsState::Accepted);
    }

    async fn what_becomes_of_one_copy_says_nothing_bad_of_the_other(engine) {
        for late in [LOST, Fate::Undeliverable { foreign: true }] {
            let fakes = Fakes::default().with("main", silent(9), |one| one.asked = Asked::CannotTell);
            let spare = |_: &SmsMessage, _| Sent::Accepted { references: vec!["s1".into()] };
            let texting = fakes.add("spare", spare).world(engine, NINE).await;
            let id = texting.file(PHONE).await;
            texting.after(5).await;
            let tell = async |gateway: &str, about: About, fate: Fate| {
                texting.sink(gateway).post(vec![Receipt { about, fate }]);
                texting.world.settle().await;
                texting.sms(id).await[0].state
            };
            // the first has taken it after all, as it says late
            let (about, accepted) = (About::Message(texting.caught()[0].id), Fate::Accepted { references: vec!["m1".into()] });
            assert_eq!(tell("main", about, accepted).await, SmsState::Accepted);
            assert_eq!(tell("main", About::Reference("m1".into()), late).await, SmsState::Accepted);
            assert_eq!(texting.by(), ["main", "spare"], "no new code");
            assert_eq!(tell("spare", About::Reference("s1".into()), Fate::Delivered).await, SmsState::Delivered);
        }
    }

    async fn one_that_can_never_tell_gets_it_twice_at_most(engine) {
        let texting = Fakes::default().add("main", silent(99)).world(engine, NINE).await;
        let id = texting.file(PHONE).await;
        texting.after(5).await;
        assert_eq!(texting.by().len(), 2);
        texting.after(5).await;
        let sms = texting.sms(id).await.remove(0);
        assert_eq!((texting.by().len(), sms.state), (2, SmsState::Unknown));
        // the principal goes on as if it had been accepted, and may have it resent
        let code = texting.world.code(PHONE).await;
        assert_eq!(outcome(texting.world.resend(None, PHONE, "345678").await).as_str(), "resent");
        assert_eq!(outcome(texting.world.verify(None, &code, PHONE, "345678").await).as_str(), "verified_all");
        assert!(texting.counted(REPEATED));
    }

    async fn one_whose_answers_and_receipts_are_lost_gets_it_twice_at_most(engine) {
        let fakes = Fakes::default().with("main", silent(99), |one| one.receipts = true);
        let texting = fakes.world(engine, NINE).await;
        let id = texting.file(PHONE).await;
        for _ in 0..24 {
            texting.after(3600).await;
        }
        assert_eq!((texting.by().len(), texting.sms(id).await[0].state), (2, SmsState::Unknown));
    }

    async fn a_crash_between_submission_and_record_is_such_a_case(engine) {
        let fakes = Fakes::default().with("main", silent(0), |one| one.asked = Asked::Accepted { references: Vec::new() });
        let texting = fakes.world(engine, NINE).await;
        let view = texting.world.submit(draft(PHONE)).await;
        // claimed and planned: whoever finds it knows that `main` may have it
        let claimed = heyan::flow::deliver::claim(&texting.world.services, texting.world.now()).await.unwrap();
        assert_eq!(claimed.len(), 1);
        drop(claimed);
        texting.after(59).await;
        assert_eq!(texting.sms(view.row.id).await[0].state, SmsState::Queued);
        texting.after(1).await;
        assert_eq!((texting.by().len(), texting.sms(view.row.id).await[0].state), (0, SmsState::Accepted));
    }

    async fn whoever_has_ended_is_not_sent_once_more(engine) {
        let fakes = Fakes::default().with("main", silent(1), |one| one.receipts = true);
        let texting = fakes.world(engine, NINE).await;
        let id = texting.file(PHONE).await;
        withdraw(&texting.world.services, texting.world.provider, id).await.unwrap();
        texting.after(600).await;
        assert_eq!((texting.by().len(), texting.sms(id).await[0].state), (1, SmsState::Cancelled));
    }

    async fn a_newer_code_takes_the_place_of_one_that_has_failed(engine) {
        let attempts = Arc::new(AtomicUsize::new(0));
        let counted = attempts.clone();
        // the first SMS is accepted, the first resent one not
        let script = move |_: &_, _| if counted.fetch_add(1, Ordering::Relaxed) == 1 { again() } else { accepted() };
        let texting = Fakes::default().add("main", script).world(engine, NINE).await;
        let id = texting.file(PHONE).await;
        for _ in 0..2 {
            texting.after(1).await;
            assert_eq!(outcome(texting.world.resend(None, PHONE, "345678").await).as_str(), "resent");
            texting.world.settle().await;
        }
        texting.after(600).await;
        let states: Vec<_> = texting.sms(id).await.iter().map(|sms| sms.state).collect();
        assert_eq!(states, [SmsState::Accepted, SmsState::Cancelled, SmsState::Accepted]);
        assert_eq!(texting.by().len(), 3);
        assert_eq!(run_due(&texting.world.services).await.unwrap().done, 0);
    }
}
