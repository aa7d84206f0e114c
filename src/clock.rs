//! The time: the system's, or one that the sandbox and the tests turn. Whole milliseconds, and never earlier than a
//! time it has given before, unless it is turned.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};

/// Gives the time; clones share it.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Mutex<State>>);

/// How a clock goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pace {
    /// With the system's.
    System,
    /// Not at all.
    Still(DateTime<Utc>),
    /// As fast as the system's: `test_base` where that reads `real_base`.
    Moving {
        /// An instant of the system's clock …
        real_base: DateTime<Utc>,
        /// … and what this clock reads at it.
        test_base: DateTime<Utc>,
    },
}

#[derive(Debug)]
struct State {
    pace: Pace,
    floor: DateTime<Utc>,
    /// Of the pace, where it is shared through a database.
    revision: u64,
    /// What the system's clock is made to read.
    real: Option<DateTime<Utc>>,
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::new(Pace::System)
    }

    /// A clock that stands at `at`.
    #[must_use]
    pub fn still(at: DateTime<Utc>) -> Self {
        Self::new(Pace::Still(at))
    }

    /// A clock that reads `test_base` when the system's reads `real_base`, and runs on from there.
    #[must_use]
    pub fn moving(real_base: DateTime<Utc>, test_base: DateTime<Utc>) -> Self {
        Self::new(Pace::Moving {
            real_base,
            test_base,
        })
    }

    fn new(pace: Pace) -> Self {
        Self(Arc::new(Mutex::new(State {
            pace,
            floor: DateTime::<Utc>::MIN_UTC,
            revision: 0,
            real: None,
        })))
    }

    /// Now, in whole milliseconds, never before the last value it gave.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let mut state = self.state();
        let real = state.real_now();
        let reading = match state.pace {
            Pace::System => real,
            Pace::Still(at) => at.trunc_subsecs(3),
            Pace::Moving {
                real_base,
                test_base,
            } => test_base
                .checked_add_signed(real - real_base)
                .unwrap_or(test_base)
                .trunc_subsecs(3),
        };
        state.floor = state.floor.max(reading);
        state.floor
    }

    /// The system's clock, for what must not follow a test clock (staff sessions, signatures, readiness).
    #[must_use]
    pub fn real_now(&self) -> DateTime<Utc> {
        self.state().real_now()
    }

    /// Lets the system's clock stand at `at`: for tests alone.
    pub fn set_real(&self, at: DateTime<Utc>) {
        self.state().real = Some(at);
    }

    /// How it goes at present.
    #[must_use]
    pub fn pace(&self) -> Pace {
        self.state().pace
    }

    /// Turns the clock, backwards too (a sandbox's reset). The pace that it has already changes nothing.
    pub fn set(&self, pace: Pace) {
        self.state().set(pace);
    }

    /// Takes a pace that is shared through a database, unless it is older than the one it has: whoever read it may have
    /// been overtaken.
    pub fn follow(&self, revision: u64, pace: Pace) {
        let mut state = self.state();
        if revision >= state.revision {
            state.revision = revision;
            state.set(pace);
        }
    }

    /// Nothing before `at` is given any more: the last tick that the database knows of.
    pub fn not_before(&self, at: DateTime<Utc>) {
        let mut state = self.state();
        state.floor = state.floor.max(at.trunc_subsecs(3));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // two plain values, whole whatever happened to the thread that held them
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system's clock"
    )]
    fn real_now(&self) -> DateTime<Utc> {
        self.real.unwrap_or_else(Utc::now).trunc_subsecs(3)
    }

    fn set(&mut self, pace: Pace) {
        if self.pace != pace {
            self.pace = pace;
            self.floor = DateTime::<Utc>::MIN_UTC;
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, Timelike};

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn system_time_is_whole_milliseconds_and_never_falls() {
        let clock = Clock::system();
        let mut last = clock.now();
        for _ in 0..1000 {
            let now = clock.now();
            assert!(now >= last);
            assert_eq!(now.nanosecond() % 1_000_000, 0);
            last = now;
        }
        assert!((clock.real_now() - last).abs() < TimeDelta::seconds(5));
    }

    #[test]
    fn a_still_clock_stands_and_clones_share_it() {
        let clock = Clock::still(at("2018-09-10T01:00:00.123456Z"));
        let other = clock.clone();
        assert_eq!(clock.now(), at("2018-09-10T01:00:00.123Z"));
        other.set(Pace::Still(at("2018-09-11T01:00:00Z")));
        assert_eq!(clock.now(), at("2018-09-11T01:00:00Z"));
        assert!(clock.real_now() > at("2024-01-01T00:00:00Z"));
    }

    #[test]
    fn a_moving_clock_runs_from_its_base() {
        let clock = Clock::still(at("2017-12-01T00:00:00Z"));
        let real_base = clock.real_now();
        let test_base = at("2018-09-10T01:00:00Z");
        clock.set(Pace::Moving {
            real_base,
            test_base,
        });
        let moved = clock.now() - test_base;
        assert!(moved >= TimeDelta::zero() && moved < TimeDelta::seconds(5));
        // an hour of real time later
        let later = Clock::moving(real_base - TimeDelta::hours(1), test_base);
        assert!(later.now() >= test_base + TimeDelta::hours(1));
    }

    #[test]
    fn a_real_clock_put_back_does_not_take_time_back() {
        let clock = Clock::system();
        let tick = clock.real_now() + TimeDelta::hours(1);
        clock.not_before(tick);
        assert_eq!(clock.now(), tick);
        assert_eq!(clock.now(), tick);
    }

    #[test]
    fn who_was_overtaken_turns_nothing() {
        let clock = Clock::still(at("2018-09-10T01:00:00Z"));
        let later = Pace::Still(at("2018-09-12T01:00:00Z"));
        clock.follow(2, later);
        clock.follow(1, Pace::Still(at("2018-09-11T01:00:00Z")));
        assert_eq!(clock.pace(), later);
        clock.follow(3, Pace::System);
        assert_eq!(clock.pace(), Pace::System);
    }

    #[test]
    fn only_another_pace_turns_it_back() {
        let clock = Clock::still(at("2018-09-10T01:00:00Z"));
        clock.not_before(at("2018-09-10T02:00:00Z"));
        clock.set(clock.pace());
        assert_eq!(clock.now(), at("2018-09-10T02:00:00Z"));
        clock.set(Pace::Still(at("2017-12-01T00:00:00Z")));
        assert_eq!(clock.now(), at("2017-12-01T00:00:00Z"));
    }
}
