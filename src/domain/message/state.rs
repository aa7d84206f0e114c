//! How far an SMS is, as its provider and the pages are told.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::words::words;

words!(/// What receipts came to, of an accepted message.
    Arrival {
        /// It is on the phone.
        Delivered = "delivered",
        /// It has not reached the phone, for good.
        Undeliverable = "undeliverable",
        /// Nobody can tell: it was handed over twice, and never answered for.
        Unknown = "unknown",
    }
);

words!(/// How far an SMS is.
    SmsState {
        /// Waits to be sent, or to be tried again.
        Queued = "queued",
        /// A gateway has it.
        Accepted = "accepted",
        /// It is on the phone.
        Delivered = "delivered",
        /// A gateway took it, and it has not reached the phone, for good.
        Undeliverable = "undeliverable",
        /// A gateway took it, and nobody can tell what became of it.
        Unknown = "unknown",
        /// Every gateway refused the number for good.
        Failed = "failed",
        /// Its verification ended, or a newer code took its place, before it was sent.
        Cancelled = "cancelled",
    }
);

/// After so long no receipt is expected any more.
const RECEIPT: TimeDelta = TimeDelta::hours(24);

/// How far a message is, of what is stored of it.
pub fn state(
    stored: SmsState,
    accepted_at: Option<DateTime<Utc>>,
    receipt: Option<Arrival>,
    now: DateTime<Utc>,
) -> SmsState {
    match (stored, receipt) {
        (SmsState::Accepted, Some(Arrival::Delivered)) => SmsState::Delivered,
        (SmsState::Accepted, Some(Arrival::Undeliverable)) => SmsState::Undeliverable,
        (SmsState::Accepted, Some(Arrival::Unknown)) => SmsState::Unknown,
        (SmsState::Accepted, None) if accepted_at.is_some_and(|at| at + RECEIPT <= now) => {
            SmsState::Unknown
        }
        (other, _) => other,
    }
}

/// What the receipts of a message's parts come to: lost where one is, on the phone when all are; none: not all have come.
pub fn overall(parts: &[Option<Arrival>]) -> Option<Arrival> {
    let is = |arrival| move |part: &Option<Arrival>| *part == Some(arrival);
    if parts.iter().any(is(Arrival::Undeliverable)) {
        return Some(Arrival::Undeliverable);
    }
    let all = !parts.is_empty() && parts.iter().all(is(Arrival::Delivered));
    all.then_some(Arrival::Delivered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_or_a_day_without_one() {
        let at = |hours: i64| DateTime::from_timestamp(1_700_000_000 + hours * 3600, 0).unwrap();
        let of = |stored, receipt, now| state(stored, Some(at(0)), receipt, at(now));
        assert_eq!(of(SmsState::Accepted, None, 23), SmsState::Accepted);
        assert_eq!(of(SmsState::Accepted, None, 24), SmsState::Unknown);
        for (receipt, expected) in [
            (Arrival::Delivered, SmsState::Delivered),
            (Arrival::Undeliverable, SmsState::Undeliverable),
            (Arrival::Unknown, SmsState::Unknown),
        ] {
            assert_eq!(of(SmsState::Accepted, Some(receipt), 99), expected);
        }
        assert_eq!(of(SmsState::Cancelled, None, 99), SmsState::Cancelled);
        assert_eq!(
            state(SmsState::Queued, None, None, at(99)),
            SmsState::Queued
        );
    }

    #[test]
    fn a_long_message_is_there_when_all_of_it_is() {
        use Arrival::{Delivered, Undeliverable};
        for (parts, expected) in [
            (&[][..], None),
            (&[None], None),
            (&[Some(Delivered), None], None),
            (&[Some(Delivered), Some(Delivered)], Some(Delivered)),
            (&[Some(Delivered), Some(Undeliverable)], Some(Undeliverable)),
            (&[None, Some(Undeliverable)], Some(Undeliverable)),
        ] {
            assert_eq!(overall(parts), expected, "{parts:?}");
        }
    }
}
