//! What is counted of filings, day by day, and what the counts say: pure.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::words::{EventType, ReturnReason, words};

words!(/// Something that is counted, once for each time that it happens.
    Counted {
    /// Requests filed.
    Filed = "filed",
    /// Phones to be verified.
    Phones = "phones",
    /// Phones whose first SMS was accepted by a gateway.
    Sent = "sent",
    /// Phones that have an SMS, as a receipt says.
    Delivered = "delivered",
    /// Phones verified.
    Verified = "verified",
    /// Requests handed over to the bureau.
    HandedOver = "handed_over",
    /// Requests returned: out of time.
    Expired = "returned_expired",
    /// Requests returned: tries used up.
    TooManyWrongTries = "returned_too_many_wrong_tries",
    /// Requests returned: a number that no SMS reaches.
    Undeliverable = "returned_undeliverable",
    /// Requests returned: the bureau rejected the new number.
    PhoneChangeRejected = "returned_phone_change_rejected",
    /// Requests withdrawn.
    Withdrawn = "withdrawn",
    /// Verified within 30 seconds of the first SMS.
    Within30S = "within_30s",
    /// … within 1 minute, and so on.
    Within1M = "within_1m",
    /// 2 minutes
    Within2M = "within_2m",
    /// 3 minutes
    Within3M = "within_3m",
    /// 5 minutes
    Within5M = "within_5m",
    /// 10 minutes
    Within10M = "within_10m",
    /// 15 minutes
    Within15M = "within_15m",
    /// 30 minutes
    Within30M = "within_30m",
    /// 1 hour
    Within1H = "within_1h",
    /// 2 hours
    Within2H = "within_2h",
    /// 4 hours
    Within4H = "within_4h",
    /// 8 hours
    Within8H = "within_8h",
    /// 12 hours
    Within12H = "within_12h",
    /// 24 hours
    Within24H = "within_24h",
    /// 48 hours
    Within48H = "within_48h",
    /// Longer than any window.
    Later = "later",
});

/// The upper bounds of the buckets, in seconds, a time equal to one included; `Later` has none.
pub const BUCKETS: [(i64, Counted); 15] = [
    (30, Counted::Within30S),
    (60, Counted::Within1M),
    (2 * 60, Counted::Within2M),
    (3 * 60, Counted::Within3M),
    (5 * 60, Counted::Within5M),
    (10 * 60, Counted::Within10M),
    (15 * 60, Counted::Within15M),
    (30 * 60, Counted::Within30M),
    (3_600, Counted::Within1H),
    (2 * 3_600, Counted::Within2H),
    (4 * 3_600, Counted::Within4H),
    (8 * 3_600, Counted::Within8H),
    (12 * 3_600, Counted::Within12H),
    (24 * 3_600, Counted::Within24H),
    (48 * 3_600, Counted::Within48H),
];

impl Counted {
    /// The bucket of a time from first SMS to verification.
    #[must_use]
    pub fn within(took: TimeDelta) -> Self {
        let seconds = TimeDelta::seconds;
        let bucket = BUCKETS.iter().find(|(most, _)| took <= seconds(*most));
        bucket.map_or(Self::Later, |(_, bucket)| *bucket)
    }

    /// How returns for a reason are counted.
    #[must_use]
    pub const fn returned(reason: ReturnReason) -> Self {
        match reason {
            ReturnReason::Expired => Self::Expired,
            ReturnReason::TooManyWrongTries => Self::TooManyWrongTries,
            ReturnReason::Undeliverable => Self::Undeliverable,
            ReturnReason::PhoneChangeRejected => Self::PhoneChangeRejected,
        }
    }
}

/// What one event counts for. `phones`: of `Verifying`, how many there are; `took`: of a verification, since its first SMS;
/// `reason`: of a return.
#[must_use]
pub fn counts_of(
    event: EventType,
    phones: i64,
    took: Option<TimeDelta>,
    reason: Option<ReturnReason>,
) -> Vec<(Counted, i64)> {
    let one = |counted| vec![(counted, 1)];
    match event {
        EventType::Submitted => one(Counted::Filed),
        EventType::Verifying => vec![(Counted::Phones, phones)],
        EventType::VerificationSent => one(Counted::Sent),
        EventType::VerificationDelivered => one(Counted::Delivered),
        EventType::VerificationVerified => [Some(Counted::Verified), took.map(Counted::within)]
            .into_iter()
            .flatten()
            .map(|counted| (counted, 1))
            .collect(),
        EventType::HandedOver => one(Counted::HandedOver),
        EventType::Returned => reason.map_or(Vec::new(), |reason| one(Counted::returned(reason))),
        EventType::Withdrawn => one(Counted::Withdrawn),
        _ => Vec::new(),
    }
}

/// Counts summed up over some days, provinces or providers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals(BTreeMap<Counted, i64>);

/// How long so many of a hundred took at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Took {
    /// About so long: within its bucket times are taken to be spread evenly.
    About(TimeDelta),
    /// Longer than the longest bucket's bound.
    Longer(TimeDelta),
}

impl Totals {
    /// Adds to a count.
    pub fn add(&mut self, what: Counted, count: i64) {
        *self.0.entry(what).or_default() += count;
    }

    /// Adds all of another's counts.
    pub fn add_all(&mut self, other: &Self) {
        for (&what, &count) in &other.0 {
            self.add(what, count);
        }
    }

    /// A count.
    #[must_use]
    pub fn get(&self, what: Counted) -> i64 {
        self.0.get(&what).copied().unwrap_or(0)
    }

    /// Requests returned, for whatever reason.
    #[must_use]
    pub fn returned(&self) -> i64 {
        let reasons = ReturnReason::ALL.iter();
        reasons
            .map(|&reason| self.get(Counted::returned(reason)))
            .sum()
    }

    /// The time that `percent` of the verifications took at most; `None`: there were none.
    #[must_use]
    pub fn took(&self, percent: i64) -> Option<Took> {
        let all: i64 = BUCKETS.iter().map(|(_, bucket)| self.get(*bucket)).sum();
        let all = all + self.get(Counted::Later);
        if all == 0 {
            return None;
        }
        // the rank of the one asked for, 1 the quickest
        let rank = (all * percent + 99).div_euclid(100).max(1);
        let mut before = 0;
        let mut lower = 0;
        for (upper, bucket) in BUCKETS {
            let here = self.get(bucket);
            if rank <= before + here {
                let millis = (upper - lower) * 1000 * (rank - before) / here;
                return Some(Took::About(TimeDelta::milliseconds(lower * 1000 + millis)));
            }
            before += here;
            lower = upper;
        }
        Some(Took::Longer(TimeDelta::seconds(lower)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_falls_into_the_first_bucket_that_takes_it() {
        for (millis, bucket) in [
            (-5, Counted::Within30S),
            (0, Counted::Within30S),
            (30_000, Counted::Within30S),
            (30_001, Counted::Within1M),
            (86_400_000, Counted::Within24H),
            (172_800_000, Counted::Within48H),
            (172_800_001, Counted::Later),
        ] {
            let took = TimeDelta::milliseconds(millis);
            assert_eq!(Counted::within(took), bucket, "{millis}");
        }
    }

    #[test]
    fn the_buckets_rise_and_none_is_left_out() {
        assert!(BUCKETS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let named = Counted::ALL
            .iter()
            .filter(|word| word.as_str().starts_with("within_"));
        assert!(named.eq(BUCKETS.iter().map(|(_, bucket)| bucket)));
    }

    #[test]
    fn median_and_ninth_decile_come_of_the_buckets() {
        let mut totals = Totals::default();
        assert_eq!(totals.took(50), None);
        for (bucket, count) in [
            (Counted::Within30S, 4),
            (Counted::Within1M, 4),
            (Counted::Within1H, 2),
        ] {
            totals.add(bucket, count);
        }
        let about = |seconds| Some(Took::About(TimeDelta::seconds(seconds)));
        // the fifth of ten is the first of the four between 30 s and 60 s
        assert_eq!(
            totals.took(50),
            Some(Took::About(TimeDelta::milliseconds(37_500)))
        );
        assert_eq!(totals.took(80), about(60));
        assert_eq!(totals.took(90), about(45 * 60));
        assert_eq!(totals.took(100), about(3600));
        totals.add(Counted::Later, 90);
        assert_eq!(
            totals.took(90),
            Some(Took::Longer(TimeDelta::seconds(172_800)))
        );
    }

    #[test]
    fn events_count_once_each() {
        let took = Some(TimeDelta::seconds(45));
        let count = |event| counts_of(event, 3, took, Some(ReturnReason::Undeliverable));
        assert_eq!(count(EventType::Submitted), [(Counted::Filed, 1)]);
        assert_eq!(count(EventType::Verifying), [(Counted::Phones, 3)]);
        assert_eq!(
            count(EventType::VerificationVerified),
            [(Counted::Verified, 1), (Counted::Within1M, 1)]
        );
        assert_eq!(count(EventType::Returned), [(Counted::Undeliverable, 1)]);
        assert_eq!(count(EventType::WrongTry), []);
        let mut totals = Totals::default();
        totals.add(Counted::Expired, 2);
        totals.add(Counted::Undeliverable, 1);
        let mut both = totals.clone();
        both.add_all(&totals);
        assert_eq!((both.returned(), both.get(Counted::Expired)), (6, 4));
    }
}
