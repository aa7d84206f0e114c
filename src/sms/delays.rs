//! How long a gateway's receipts take: where too many of a quarter of an hour's come late, it stands behind the others.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

type At = DateTime<Utc>;

/// Receipts are looked at for so long.
const WINDOW: TimeDelta = TimeDelta::minutes(15);
/// A receipt that takes longer is slow.
const SLOW: TimeDelta = TimeDelta::minutes(5);
/// Per cent of slow ones from which on the gateway is. (GOV.UK Notify's code)
const SHARE: usize = 15;
/// Fewer say nothing.
const LEAST: usize = 20;
/// So many of the last are looked at.
const MOST: usize = 10_000;

/// The receipts of a gateway, as this instance got them: when, and whether slow.
#[derive(Debug, Default)]
pub(super) struct Delays(Mutex<VecDeque<(At, bool)>>);

impl Delays {
    /// A receipt came, so long after the message was accepted.
    pub fn heard(&self, took: TimeDelta, now: At) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.len() == MOST {
            heard.pop_front();
        }
        heard.push_back((now, took > SLOW));
    }

    /// At least 15 % of the last 15 minutes' receipts took more than 5 minutes.
    pub fn are_long(&self, now: At) -> bool {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while heard.front().is_some_and(|(at, _)| *at + WINDOW <= now) {
            heard.pop_front();
        }
        let slow = heard.iter().filter(|(_, slow)| *slow).count();
        heard.len() >= LEAST && slow * 100 >= heard.len() * SHARE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_fifteen_per_cent_on_and_for_a_quarter_of_an_hour() {
        let at = |minutes: i64| At::from_timestamp(1_700_000_000 + minutes * 60, 0).unwrap();
        let delays = Delays::default();
        for _ in 0..17 {
            delays.heard(TimeDelta::minutes(5), at(0));
        }
        for _ in 0..2 {
            delays.heard(TimeDelta::minutes(6), at(1));
        }
        assert!(!delays.are_long(at(1)), "19 are too few");
        delays.heard(TimeDelta::minutes(6), at(1));
        assert!(delays.are_long(at(1)), "3 of 20");
        delays.heard(TimeDelta::seconds(3), at(1));
        assert!(!delays.are_long(at(1)), "3 of 21");
        for _ in 0..20 {
            delays.heard(TimeDelta::minutes(6), at(2));
        }
        assert!(delays.are_long(at(16)));
        assert!(!delays.are_long(at(17)), "over");
    }
}
