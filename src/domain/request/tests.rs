//! Each transition and each boundary of a request's life.

use super::*;
use crate::domain::{
    policy::Timeline, province::Province, time::parse_time, verification::Verification,
};

mod sms;

const VALIDITY: TimeDelta = TimeDelta::hours(48);

fn at(text: &str) -> At {
    parse_time(text).unwrap()
}

fn ms(n: i64) -> TimeDelta {
    TimeDelta::milliseconds(n)
}

fn phone(n: u8) -> VerificationId {
    VerificationId::new(At::UNIX_EPOCH, [n; 10])
}

/// Pilot 1: 48 hours, five tries, no review.
fn pilot() -> Policy {
    in_force(Province::Gansu, "2018-09-10T09:00+08:00")
}

/// From 2018 on: 24 hours, a changed number is reviewed first.
fn later() -> Policy {
    in_force(Province::Zhejiang, "2018-09-10T09:00+08:00")
}

fn in_force(province: Province, now: &str) -> Policy {
    let timeline = Timeline::built_in().unwrap();
    timeline.at(province, at(now)).unwrap().as_ref().clone()
}

const NOW: &str = "2018-09-10T09:00+08:00";

fn of(kind: FilingKind, policy: Policy, one_pass: bool, phones: u8) -> Request {
    let ids: Vec<_> = (1..=phones).map(phone).collect();
    Request::submitted(kind, Some(policy), one_pass, &ids, at(NOW)).0
}

/// A new filing of so many phones, each of which has its first SMS.
fn sent(phones: u8) -> Request {
    let mut request = of(FilingKind::NewFiling, pilot(), false, phones);
    for n in 1..=phones {
        request.sms_accepted(phone(n), at(NOW));
    }
    request
}

fn words(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(|event| event.what.as_str()).collect()
}

fn states(request: &Request) -> Vec<&'static str> {
    let verifications = request.verifications.iter();
    verifications.map(|one| one.state.as_str()).collect()
}

fn one(request: &Request) -> &Verification {
    &request.verifications[0]
}

#[test]
fn nobody_to_verify_goes_straight_to_the_bureau() {
    for policy in [None, Some(pilot())] {
        let (request, events) = Request::submitted(FilingKind::Change, policy, false, &[], at(NOW));
        assert_eq!(request.state, RequestState::HandedOver);
        assert_eq!(request.handed_over_at, Some(at(NOW)));
        assert_eq!(request.ended_at, Some(at(NOW)));
        assert_eq!(
            words(&events),
            ["filing_request.submitted", "filing_request.handed_over"]
        );
    }
}

#[test]
fn a_submission_opens_its_verifications_with_a_deadline_of_its_own() {
    let ids = [phone(1), phone(2)];
    let (request, events) =
        Request::submitted(FilingKind::NewFiling, Some(pilot()), false, &ids, at(NOW));
    assert_eq!(request.state, RequestState::Verifying);
    assert_eq!(request.started_at, Some(at(NOW)));
    assert_eq!(
        words(&events),
        ["filing_request.submitted", "filing_request.verifying"]
    );
    for verification in &request.verifications {
        assert_eq!(verification.expires_at, at(NOW) + VALIDITY);
        assert_eq!(
            (verification.first_sent_at, verification.noon_at),
            (None, None)
        );
    }
}

#[test]
fn a_changed_number_waits_for_the_bureau_where_it_reviews() {
    let submitted = |policy| of(FilingKind::ChangePhone, policy, false, 1);
    assert_eq!(submitted(pilot()).state, RequestState::Verifying);
    let reviewed = submitted(later());
    assert_eq!(reviewed.state, RequestState::AwaitingPhoneReview);
    assert!(reviewed.verifications.is_empty());

    let days_later = at(NOW) + TimeDelta::days(9);
    let mut approved = reviewed.clone();
    let events = approved.approve(&[phone(1)], days_later).unwrap();
    assert_eq!(
        words(&events),
        ["filing_request.phone_approved", "filing_request.verifying"]
    );
    assert_eq!(one(&approved).expires_at, days_later + TimeDelta::hours(24));
    assert_eq!(approved.approve(&[phone(1)], days_later), Err(NotNow));
    assert_eq!(approved.reject(None, days_later), Err(NotNow));

    let mut rejected = reviewed.clone();
    let events = rejected.reject(Some("不符".into()), days_later).unwrap();
    assert_eq!(words(&events), ["filing_request.returned"]);
    assert_eq!(rejected.state, RequestState::Returned);
    assert_eq!(
        rejected.return_reason,
        Some(ReturnReason::PhoneChangeRejected)
    );
    assert_eq!(rejected.return_detail.as_deref(), Some("不符"));

    let mut withdrawn = reviewed;
    assert_eq!(
        words(&withdrawn.withdraw(days_later).unwrap()),
        ["filing_request.withdrawn"]
    );
    assert_eq!(withdrawn.approve(&[phone(1)], days_later), Err(NotNow));
}

#[test]
fn the_last_to_pass_hands_it_over() {
    let mut request = sent(2);
    assert_eq!(
        words(&request.pass(phone(2), at(NOW))),
        ["verification.verified"]
    );
    assert_eq!(request.state, RequestState::Verifying);
    let progress = request.progress();
    assert_eq!((progress.people, progress.verified), (2, 1));
    assert_eq!(progress.deadline, Some(at(NOW) + VALIDITY));
    // twice is once
    assert!(request.pass(phone(2), at(NOW)).is_empty());
    assert_eq!(
        words(&request.pass(phone(1), at(NOW) + ms(1))),
        ["verification.verified", "filing_request.handed_over"]
    );
    assert_eq!(request.state, RequestState::HandedOver);
    assert_eq!(request.handed_over_at, Some(at(NOW) + ms(1)));
    assert_eq!(request.progress().deadline, None);
}

#[test]
fn in_time_ends_at_the_deadline_itself() {
    let deadline = at(NOW) + VALIDITY;
    let mut in_time = sent(1);
    assert!(in_time.expire(deadline - ms(1)).is_empty());
    assert_eq!(in_time.pass(phone(1), deadline - ms(1)).len(), 2);

    let mut late = sent(1);
    assert!(late.pass(phone(1), deadline).is_empty());
    assert_eq!(late.wrong_try(phone(1), deadline), (Tried::Failed, vec![]));
    assert_eq!(one(&late).wrong_tries, 0);
    assert_eq!(late.resend(phone(1), deadline), (Resent::Limit, vec![]));
    assert_eq!(
        words(&late.expire(deadline)),
        ["verification.expired", "filing_request.returned"]
    );
    assert_eq!(late.return_reason, Some(ReturnReason::Expired));
    assert!(late.expire(deadline).is_empty());
}

#[test]
fn who_had_yet_to_answer_need_not_when_one_is_out_of_time() {
    let mut request = sent(2);
    request.pass(phone(1), at(NOW));
    request.verifications[1].expires_at -= ms(5);
    let mut other = request.clone();
    other.expire(at(NOW) + VALIDITY - ms(5));
    assert_eq!(states(&other), ["verified", "expired"]);
    // both fall due at once: both are out of time, and it goes back once
    let mut both = sent(2);
    let events = both.expire(at(NOW) + VALIDITY);
    assert_eq!(states(&both), ["expired", "expired"]);
    assert_eq!(
        words(&events),
        [
            "verification.expired",
            "verification.expired",
            "filing_request.returned"
        ]
    );
    // one alone
    let mut first = sent(2);
    first.verifications[0].expires_at -= ms(5);
    first.expire(at(NOW) + VALIDITY - ms(5));
    assert_eq!(states(&first), ["expired", "cancelled"]);
}

#[test]
fn the_last_wrong_try_returns_it_at_once() {
    let mut request = sent(2);
    for left in (1..5).rev() {
        let (tried, events) = request.wrong_try(phone(1), at(NOW));
        assert_eq!(tried, Tried::Left(left));
        assert_eq!(words(&events), ["verification.wrong_try"]);
        assert_eq!(events[0].data["tries_left"], left);
    }
    let (tried, events) = request.wrong_try(phone(1), at(NOW));
    assert_eq!(tried, Tried::Failed);
    assert_eq!(
        words(&events),
        [
            "verification.wrong_try",
            "verification.failed",
            "verification.cancelled",
            "filing_request.returned"
        ]
    );
    assert_eq!(states(&request), ["failed", "cancelled"]);
    assert_eq!(request.return_reason, Some(ReturnReason::TooManyWrongTries));
    // what has ended does not change any more
    let ended = request.clone();
    assert_eq!(request.wrong_try(phone(2), at(NOW)).1, []);
    assert_eq!(request.pass(phone(2), at(NOW)), []);
    assert_eq!(request.withdraw(at(NOW)), Err(NotNow));
    assert_eq!(request.expire(at(NOW) + VALIDITY), []);
    assert_eq!(request, ended);
}

#[test]
fn where_one_pass_is_enough() {
    let two = || of(FilingKind::CancelSite, later(), true, 2);
    // the first to pass hands it over, the other need not any more
    let mut passed = two();
    assert_eq!(
        words(&passed.pass(phone(2), at(NOW))),
        [
            "verification.verified",
            "verification.cancelled",
            "filing_request.handed_over"
        ]
    );
    assert_eq!(states(&passed), ["cancelled", "verified"]);
    // one fails, the other may still pass
    let mut failed = two();
    for _ in 0..3 {
        failed.wrong_try(phone(1), at(NOW));
    }
    assert_eq!(failed.state, RequestState::Verifying);
    assert_eq!(states(&failed), ["failed", "pending"]);
    let mut other = failed.clone();
    other.pass(phone(2), at(NOW));
    assert_eq!(other.state, RequestState::HandedOver);
    // none can pass any more: the last reason is told
    let events = failed.expire(at(NOW) + TimeDelta::hours(24));
    assert_eq!(
        words(&events),
        ["verification.expired", "filing_request.returned"]
    );
    assert_eq!(failed.return_reason, Some(ReturnReason::Expired));
    let mut unreachable = two();
    unreachable.undeliverable(phone(1), at(NOW));
    assert_eq!(unreachable.state, RequestState::Verifying);
    unreachable.undeliverable(phone(2), at(NOW));
    assert_eq!(unreachable.return_reason, Some(ReturnReason::Undeliverable));
}

#[test]
fn a_provider_takes_back_what_has_not_ended() {
    let mut request = sent(2);
    request.pass(phone(1), at(NOW));
    assert_eq!(
        words(&request.withdraw(at(NOW)).unwrap()),
        ["verification.cancelled", "filing_request.withdrawn"]
    );
    assert_eq!(states(&request), ["verified", "cancelled"]);
    assert_eq!(request.state, RequestState::Withdrawn);
    assert_eq!(request.withdraw(at(NOW)), Err(NotNow));
    assert!(request.pass(phone(2), at(NOW)).is_empty());
    // its SMS, accepted a moment too late, changes nothing
    let mut withdrawn = of(FilingKind::NewFiling, pilot(), false, 1);
    withdrawn.withdraw(at(NOW)).unwrap();
    assert!(withdrawn.sms_accepted(phone(1), at(NOW)).is_empty());
    assert!(withdrawn.undeliverable(phone(1), at(NOW)).is_empty());
}
