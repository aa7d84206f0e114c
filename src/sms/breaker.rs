//! The circuit breaker: a gateway that fails again and again is left alone for a while, then probed with one message.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::Sent;

type At = DateTime<Utc>;

/// Failures in a row after which it rests.
const FAILURES: u32 = 5;
/// The first rest; each further one without a success in between is twice as long, …
const REST: TimeDelta = TimeDelta::seconds(30);
/// … up to this.
const LONGEST: TimeDelta = TimeDelta::minutes(10);
/// The rest after an error of account or configuration, which does not mend itself.
const STOPPED: TimeDelta = TimeDelta::minutes(5);
/// An answer to a probe that has not come by then never comes; …
const PROBE: TimeDelta = TimeDelta::seconds(60);
/// … whether it has is looked at again so soon.
const LOOK: TimeDelta = TimeDelta::seconds(5);

/// How a gateway has been doing. What it knows is this instance's own.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    rests: u32,
    /// Until when it rests; past: the next message is a probe.
    until: Option<At>,
    /// Until when a probe's answer is waited for.
    probed: Option<At>,
}

impl Breaker {
    /// Whether a message may be tried now, which may be a probe; else when to look again.
    pub fn admits(&self, now: At) -> Result<(), At> {
        let mut state = self.state();
        match (state.until, state.probed) {
            (None, _) => Ok(()),
            (Some(until), _) if now < until => Err(until),
            (Some(_), Some(probed)) if now < probed => Err(probed.min(now + LOOK)),
            (Some(_), _) => {
                state.probed = Some(now + PROBE);
                Ok(())
            }
        }
    }

    /// What was admitted was not tried after all: another message may be the probe.
    pub fn put_back(&self) {
        self.state().probed = None;
    }

    /// It rests, or its probe is under way.
    pub fn rests(&self) -> bool {
        self.state().until.is_some()
    }

    /// Takes note of an answer.
    pub fn heard(&self, sent: &Sent, now: At) {
        let mut state = self.state();
        // what was under way when it was told to rest neither ends the rest nor makes it longer
        let is_resting = state.until.is_some_and(|until| now < until);
        match sent {
            Sent::Accepted { .. } | Sent::Hold { .. } | Sent::Next { .. } | Sent::Refused => {
                if !is_resting {
                    *state = State::default();
                }
            }
            Sent::Full => state.probed = None,
            Sent::Retry { after: Some(after) } => state.rest(now + *after),
            Sent::Retry { after: None } | Sent::Unknown if is_resting => {}
            Sent::Retry { after: None } | Sent::Unknown => {
                state.failures += 1;
                // a probe that fails is enough
                if state.failures >= FAILURES || state.probed.is_some() {
                    let longer = i32::try_from(2_u64.saturating_pow(state.rests.min(16)));
                    let rest = REST * longer.unwrap_or(i32::MAX);
                    state.rests += 1;
                    state.rest(now + rest.min(LONGEST));
                }
            }
            Sent::Stop => state.rest(now + STOPPED),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // plain values, whole whatever happened to the thread that held them
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Until then, or longer if that was told before.
    fn rest(&mut self, until: At) {
        self.failures = 0;
        self.probed = None;
        self.until = self.until.max(Some(until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> At {
        DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    const FAILED: Sent = Sent::Retry { after: None };
    const ACCEPTED: Sent = Sent::Accepted {
        references: Vec::new(),
    };

    #[test]
    fn five_failures_in_a_row_are_a_rest_and_then_one_probe() {
        let breaker = Breaker::default();
        for _ in 0..4 {
            breaker.heard(&FAILED, at(0));
        }
        breaker.heard(&ACCEPTED, at(0));
        for _ in 0..4 {
            breaker.heard(&FAILED, at(0));
        }
        assert!(breaker.admits(at(0)).is_ok() && !breaker.rests());
        breaker.heard(&Sent::Unknown, at(0));
        assert_eq!(breaker.admits(at(0)), Err(at(30)));
        assert_eq!(breaker.admits(at(29)), Err(at(30)));
        assert_eq!(breaker.admits(at(30)), Ok(()));
        // that was the probe: nobody else, until it is answered or given up
        assert_eq!(breaker.admits(at(31)), Err(at(36)));
        assert_eq!(breaker.admits(at(89)), Err(at(90)));
        assert_eq!(breaker.admits(at(90)), Ok(()));
        breaker.heard(&ACCEPTED, at(91));
        assert!(breaker.admits(at(91)).is_ok() && !breaker.rests());
    }

    #[test]
    fn what_was_under_way_when_it_was_told_to_rest_changes_nothing() {
        let breaker = Breaker::default();
        for _ in 0..32 {
            breaker.heard(&FAILED, at(0));
        }
        let after = Some(TimeDelta::seconds(1));
        breaker.heard(&Sent::Retry { after }, at(1));
        breaker.heard(&ACCEPTED, at(2));
        assert_eq!(breaker.admits(at(29)), Err(at(30)));
        // nor what comes after it, before there is a probe
        breaker.heard(&FAILED, at(30));
        assert_eq!(breaker.admits(at(30)), Ok(()));
        // only a probe that fails makes the next rest longer
        breaker.heard(&FAILED, at(30));
        assert_eq!(breaker.admits(at(31)), Err(at(90)));
    }

    #[test]
    fn a_probe_that_was_not_made_is_made_by_another() {
        let breaker = Breaker::default();
        for _ in 0..5 {
            breaker.heard(&FAILED, at(0));
        }
        assert_eq!(breaker.admits(at(30)), Ok(()));
        breaker.put_back();
        assert_eq!(breaker.admits(at(30)), Ok(()));
        assert!(breaker.rests());
    }

    #[test]
    fn each_failed_probe_is_a_longer_rest() {
        let breaker = Breaker::default();
        for _ in 0..5 {
            breaker.heard(&FAILED, at(0));
        }
        let mut now = at(0);
        let mut rests = Vec::new();
        for _ in 0..7 {
            let until = breaker.admits(now).unwrap_err();
            rests.push((until - now).num_seconds());
            now = until;
            assert!(breaker.admits(now).is_ok());
            breaker.heard(&FAILED, now);
        }
        assert_eq!(rests, [30, 60, 120, 240, 480, 600, 600]);
    }

    #[test]
    fn it_may_ask_to_be_left_alone_or_be_stopped() {
        let breaker = Breaker::default();
        let after = Some(TimeDelta::seconds(2));
        breaker.heard(&Sent::Retry { after }, at(0));
        // whatever else was under way
        breaker.heard(&ACCEPTED, at(1));
        breaker.heard(&Sent::Full, at(1));
        assert_eq!(breaker.admits(at(1)), Err(at(2)));
        assert_eq!(breaker.admits(at(2)), Ok(()));
        breaker.heard(&Sent::Stop, at(2));
        assert_eq!(breaker.admits(at(3)), Err(at(302)));
    }
}
