//! Signs that somebody has SMS sent for their own sake (SMS pumping): few of an hour's are answered, or numbers come in
//! sequence. Watched by each instance for itself, in memory. (Twilio's advice against SMS pumping.)

use std::collections::{BTreeSet, HashMap, VecDeque};

use chrono::{DateTime, Utc};

use crate::domain::{ids::ProviderId, limit::Window, phone::Phone};

type At = DateTime<Utc>;

/// Hours that an hour is compared with.
const DAY: usize = 24;
/// An hour with fewer SMS says nothing, …
const LEAST: u64 = 50;
/// … nor does a day with fewer.
const LEAST_BEFORE: u64 = 100;
/// How far apart neighbours in a sequence may be, …
const NEAR: u64 = 10;
/// … and how many of them are one.
const SEQUENCE: usize = 10;
/// So many numbers of a provider's hour are looked at.
const MOST: usize = 10_000;

/// An alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// The share of SMS that lead to a verification has dropped to less than half.
    FewVerified,
    /// A provider's numbers lie close together.
    InSequence,
}

impl Sign {
    pub const fn word(self) -> &'static str {
        match self {
            Self::FewVerified => "sms_few_verified",
            Self::InSequence => "sms_numbers_in_sequence",
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Hour {
    sent: u64,
    verified: u64,
}

/// What has been seen of the last hours.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The end of the hour under way.
    end: Option<At>,
    under_way: Hour,
    /// The hours before it, the oldest first.
    before: VecDeque<Hour>,
    /// The numbers texted in the hour under way, of each provider; none: it has been told of them.
    numbers: HashMap<ProviderId, Option<BTreeSet<u64>>>,
}

impl Watch {
    /// It is now; what the hours that have ended came to.
    pub fn tick(&mut self, now: At) -> Option<Sign> {
        let end = *self.end.get_or_insert_with(|| Window::SmsHour.end(now));
        if now < end {
            return None;
        }
        let ended = std::mem::take(&mut self.under_way);
        self.end = Some(Window::SmsHour.end(now));
        self.numbers.clear();
        let sign = self.has_dropped(ended).then_some(Sign::FewVerified);
        // a sandbox may leap over years: hours without anything say nothing
        self.before.push_back(ended);
        if self.before.len() > DAY {
            self.before.pop_front();
        }
        sign
    }

    fn has_dropped(&self, hour: Hour) -> bool {
        let sum = |of: fn(&Hour) -> u64| self.before.iter().map(of).sum::<u64>();
        let (sent, verified) = (sum(|one| one.sent), sum(|one| one.verified));
        // verified / sent < half of what it was
        hour.sent >= LEAST
            && sent >= LEAST_BEFORE
            && hour.verified * sent * 2 < verified * hour.sent
    }

    /// A phone was verified.
    pub fn verified(&mut self) {
        self.under_way.verified += 1;
    }

    /// An SMS was accepted.
    pub fn texted(&mut self, provider: ProviderId, phone: &Phone) -> Option<Sign> {
        self.under_way.sent += 1;
        let numbers = self.numbers.entry(provider);
        let numbers = numbers.or_insert_with(|| Some(BTreeSet::new()));
        let number: u64 = phone.as_str().parse().ok()?;
        let seen = numbers.as_mut()?;
        if seen.len() < MOST {
            seen.insert(number);
        }
        if in_sequence(seen, number) {
            *numbers = None;
            return Some(Sign::InSequence);
        }
        None
    }

    /// Of the last whole hour, per cent of SMS that led to a verification; none where there were none.
    pub fn verified_percent(&self) -> Option<u64> {
        let hour = self.before.back()?;
        (hour.verified * 100).checked_div(hour.sent)
    }
}

/// Whether a number stands among so many, each near the next.
fn in_sequence(numbers: &BTreeSet<u64>, number: u64) -> bool {
    let mut run = 1;
    let mut last = number;
    for &next in numbers.range(number + 1..) {
        if next - last > NEAR || run >= SEQUENCE {
            break;
        }
        (run, last) = (run + 1, next);
    }
    last = number;
    for &next in numbers.range(..number).rev() {
        if last - next > NEAR || run >= SEQUENCE {
            break;
        }
        (run, last) = (run + 1, next);
    }
    run >= SEQUENCE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> At {
        // 09:00 in Shanghai
        DateTime::from_timestamp(1_536_541_200 + minutes * 60, 0).unwrap()
    }

    fn provider(n: u8) -> ProviderId {
        ProviderId::new(at(0), [n; 10])
    }

    fn phone(n: u64) -> Phone {
        Phone::parse(&(13_800_000_000 + n).to_string()).unwrap()
    }

    fn hour(watch: &mut Watch, n: i64, sent: u64, verified: u64) -> Option<Sign> {
        watch.tick(at(n * 60));
        for one in 0..sent {
            assert_eq!(watch.texted(provider(1), &phone(one * 997)), None);
        }
        for _ in 0..verified {
            watch.verified();
        }
        assert_eq!(watch.tick(at(n * 60 + 59)), None);
        watch.tick(at(n * 60 + 60))
    }

    #[test]
    fn an_hour_that_answers_less_than_half_as_often_is_a_sign() {
        let mut watch = Watch::default();
        assert_eq!(
            hour(&mut watch, 0, 60, 54),
            None,
            "nothing to compare it with"
        );
        assert_eq!(hour(&mut watch, 1, 60, 54), None);
        assert_eq!(watch.verified_percent(), Some(90));
        assert_eq!(hour(&mut watch, 2, 49, 0), None, "too few");
        assert_eq!(hour(&mut watch, 3, 100, 30), Some(Sign::FewVerified));
        assert_eq!(hour(&mut watch, 4, 100, 60), None);
    }

    #[test]
    fn ten_numbers_close_together_are_a_sign_once_an_hour() {
        let mut watch = Watch::default();
        watch.tick(at(0));
        let told: Vec<_> = (0..30)
            .filter_map(|n| watch.texted(provider(1), &phone(n * 10)))
            .collect();
        assert_eq!(told, [Sign::InSequence]);
        assert!((0..30).all(|n| watch.texted(provider(2), &phone(n * 11)).is_none()));
        // in whatever order they come
        let order = [5, 1, 9, 3, 7, 2, 8, 4, 6, 0];
        let told = order.map(|n| watch.texted(provider(3), &phone(n)));
        assert_eq!(told[9], Some(Sign::InSequence));
        watch.tick(at(60));
        let again = (0..10).filter_map(|n| watch.texted(provider(1), &phone(n)));
        assert_eq!(again.count(), 1);
    }
}
