//! What its SMS do to a request: the window, holds, resends, noon.

use super::*;

#[test]
fn the_window_starts_with_the_first_sms_alone() {
    let mut request = of(FilingKind::NewFiling, pilot(), false, 1);
    let accepted = at(NOW) + TimeDelta::hours(3);
    assert_eq!(
        words(&request.sms_accepted(phone(1), accepted)),
        ["verification.sent"]
    );
    assert_eq!(one(&request).first_sent_at, Some(accepted));
    assert_eq!(one(&request).expires_at, accepted + VALIDITY);
    let before = request.clone();
    assert!(
        request
            .sms_accepted(phone(1), accepted + TimeDelta::hours(5))
            .is_empty()
    );
    assert_eq!(request, before);
    // too late: it has run out before any SMS was accepted
    let mut late = of(FilingKind::NewFiling, pilot(), false, 1);
    assert!(late.sms_accepted(phone(1), at(NOW) + VALIDITY).is_empty());
}

#[test]
fn a_hold_moves_the_deadline_until_an_sms_is_accepted() {
    let mut request = of(FilingKind::NewFiling, pilot(), false, 1);
    let hold = at(NOW) + TimeDelta::hours(6);
    request.held_until(phone(1), hold, at(NOW));
    assert_eq!(one(&request).expires_at, hold + VALIDITY);
    // never backwards
    request.held_until(phone(1), at(NOW), at(NOW));
    assert_eq!(one(&request).expires_at, hold + VALIDITY);
    request.sms_accepted(phone(1), at(NOW) + ms(1));
    assert_eq!(one(&request).expires_at, at(NOW) + ms(1) + VALIDITY);
    request.held_until(phone(1), hold, at(NOW) + ms(2));
    assert_eq!(one(&request).expires_at, at(NOW) + ms(1) + VALIDITY);
}

#[test]
fn undeliverable_is_for_who_never_got_an_sms() {
    let mut request = of(FilingKind::NewFiling, pilot(), false, 2);
    request.sms_accepted(phone(1), at(NOW));
    assert!(request.undeliverable(phone(1), at(NOW)).is_empty());
    assert_eq!(
        words(&request.undeliverable(phone(2), at(NOW))),
        [
            "verification.failed",
            "verification.cancelled",
            "filing_request.returned"
        ]
    );
    assert_eq!(request.return_reason, Some(ReturnReason::Undeliverable));
    assert_eq!(states(&request), ["cancelled", "failed"]);
}

#[test]
fn resends_are_counted_once_the_first_sms_is_out() {
    let mut request = of(FilingKind::NewFiling, pilot(), false, 1);
    let now = at(NOW);
    assert_eq!(
        request.resend(phone(1), now),
        (Resent::FirstOnItsWay, vec![])
    );
    request.sms_accepted(phone(1), now);
    for left in [1, 0] {
        let (resent, events) = request.resend(phone(1), now);
        assert_eq!(resent, Resent::Yes);
        assert_eq!(events[0].data["resends_left"], left);
    }
    // the third has no effect (S3), and the window is what it was
    let before = request.clone();
    assert_eq!(request.resend(phone(1), now), (Resent::Limit, vec![]));
    assert_eq!(request, before);
    assert_eq!(one(&request).manual_resends, 2);
    assert_eq!(one(&request).expires_at, now + VALIDITY);
}

/// The first SMS of a 24-hour request accepted at `sent`; whether a noon resend is set.
fn noon_set(sent: &str) -> bool {
    let mut request = of(FilingKind::NewFiling, later(), false, 1);
    request.sms_accepted(phone(1), at(sent));
    one(&request).noon_at.is_some()
}

#[test]
fn noon_needs_five_minutes() {
    // 24 hours: what was sent before noon has run out by then, or leaves too little
    assert!(!noon_set("2018-09-10T11:59:59.999+08:00"));
    assert!(!noon_set("2018-09-10T12:00+08:00"));
    assert!(!noon_set("2018-09-10T12:04:59.999+08:00"));
    assert!(noon_set("2018-09-10T12:05+08:00"));
    assert!(noon_set("2018-09-10T23:59+08:00"));
    // 48 hours: always
    let noon = at("2018-09-11T12:00+08:00");
    assert_eq!(one(&sent(1)).noon_at, Some(noon));
    // where the policy has none
    let mut policy = pilot();
    policy.noon_resend = false;
    let mut without = of(FilingKind::NewFiling, policy, false, 1);
    without.sms_accepted(phone(1), at(NOW));
    assert_eq!(one(&without).noon_at, None);
}

#[test]
fn noon_comes_once_and_the_same_day_alone() {
    let noon = at("2018-09-11T12:00+08:00");
    let mut request = sent(1);
    assert_eq!(request.noon(phone(1), noon - ms(1)), (false, vec![]));
    let (due, events) = request.noon(phone(1), noon);
    assert!(due);
    assert_eq!(words(&events), ["verification.noon_resent"]);
    assert_eq!(request.noon(phone(1), noon), (false, vec![]));
    assert_eq!(one(&request).manual_resends, 0);

    // late, on the same day; the next day: no more, and settled
    let mut late = sent(1);
    assert!(late.noon(phone(1), at("2018-09-11T23:59:59.999+08:00")).0);
    let mut too_late = sent(1);
    assert!(!too_late.noon(phone(1), at("2018-09-12T00:00+08:00")).0);
    assert_eq!(one(&too_late).noon_at, None);

    // late, with 5:00 and with 4:59.999 left
    for (left, due) in [(300_000, true), (299_999, false)] {
        let mut request = sent(1);
        request.verifications[0].expires_at = noon + TimeDelta::hours(1);
        let now = noon + TimeDelta::hours(1) - ms(left);
        assert_eq!(request.noon(phone(1), now).0, due, "{left}");
    }
    // whoever has answered gets none
    let mut verified = sent(2);
    verified.pass(phone(1), at(NOW));
    assert!(!verified.noon(phone(1), noon).0);
    assert!(verified.noon(phone(2), noon).0);
}
