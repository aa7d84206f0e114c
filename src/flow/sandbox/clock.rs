//! The sandbox's clock: kept in the database, so that restarts and other instances share it. It goes forward only; on its
//! way it stands at every instant at which something falls due, and runs that.

mod kept;
mod turn;

use chrono::{DateTime, Days, Months, TimeDelta, TimeZone, Utc};

pub(super) use self::{kept::Kept, turn::Hold};
use super::super::{FlowError, Result, Services};
use crate::{domain::filing::FieldError, store::meta};

/// Where it can stand: a sandbox begins a little before the first pilot …
const EARLIEST: (i32, u32, u32) = (2017, 12, 1);
/// … and ends while everything that falls due later can still be written.
const LATEST: (i32, u32, u32) = (2200, 1, 1);

/// Where the clock is to be turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// To an instant.
    At(DateTime<Utc>),
    /// By so much from where it stands.
    By(Advance),
}

/// A duration of ISO 8601: months are as long as the calendar has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advance {
    months: Months,
    days: Days,
    rest: TimeDelta,
}

/// What became of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turned {
    /// It stood there, everything due had run, and it runs on.
    To(DateTime<Utc>),
    /// It goes forward only: a reset turns it back.
    Backwards,
}

impl Advance {
    /// Reads `PT24H`, `P1D`, `P2W` …; `None`: not a duration.
    pub fn parse(text: &str) -> Option<Self> {
        // the parser takes a bare `P` and leaves what it does not know
        let text = text.trim();
        let (left, duration) = iso8601::parsers::parse_duration(text.as_bytes()).ok()?;
        if !left.is_empty() || !text.bytes().any(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (months, days, rest) = match duration {
            iso8601::Duration::Weeks(weeks) => (0, u64::from(weeks) * 7, TimeDelta::zero()),
            iso8601::Duration::YMDHMS {
                year,
                month,
                day,
                hour,
                minute,
                second,
                millisecond,
            } => {
                let rest = TimeDelta::hours(hour.into())
                    + TimeDelta::minutes(minute.into())
                    + TimeDelta::seconds(second.into())
                    + TimeDelta::milliseconds(millisecond.into());
                (year.checked_mul(12)?.checked_add(month)?, day.into(), rest)
            }
        };
        Some(Self {
            months: Months::new(months),
            days: Days::new(days),
            rest,
        })
    }
}

impl Target {
    /// `None`: beyond all calendars.
    fn from(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::At(at) => Some(at),
            Self::By(Advance { months, days, rest }) => now
                .checked_add_months(months)?
                .checked_add_days(days)?
                .checked_add_signed(rest),
        }
    }
}

/// Takes over how the database says that the clock goes: at the start, at each look of the jobs, before each call of the
/// sandbox. A clock that was never turned stays as it is.
///
/// # Errors
/// What the database says.
pub async fn follow_clock(services: &Services) -> Result<()> {
    let mut tx = services.db.read().await?;
    if let Some(text) = meta::get(&mut tx, meta::SANDBOX_CLOCK).await? {
        Kept::read(&text)?.apply(&services.clock);
    }
    Ok(())
}

/// Turns the clock forward: runs what is due now, then stands at every due instant in turn and runs that, then at the one
/// asked for, with nothing in flight any more; from there it runs on. On a task of its own, to its end.
///
/// # Errors
/// `Invalid`: a time that no sandbox reaches; `Busy`: somebody else is turning it; what the database says.
pub async fn turn_clock(services: &Services, target: Target) -> Result<Turned> {
    let services = services.clone();
    let db = services.db.clone();
    let task = db.spawn(async move { turn::turn(&services, target).await });
    task.await.unwrap_or(Err(FlowError::Busy))
}

/// A time that a sandbox's clock can have.
pub(super) fn is_reachable(at: DateTime<Utc>) -> bool {
    let day = |(year, month, day)| {
        let shanghai = crate::domain::time::SHANGHAI;
        shanghai
            .with_ymd_and_hms(year, month, day, 0, 0, 0)
            .single()
    };
    day(EARLIEST).is_some_and(|from| from <= at) && day(LATEST).is_some_and(|to| at < to)
}

/// The answer to a time that it cannot have.
pub(super) fn unreachable(pointer: &str) -> FlowError {
    FlowError::Invalid(vec![FieldError {
        pointer: pointer.into(),
        detail: "the clock of a sandbox goes from 2017-12-01 to 2199-12-31 (+08:00)".into(),
    }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::parse_time;

    #[test]
    fn durations_are_iso_8601s() {
        let now = parse_time("2018-01-31T12:00:00Z").unwrap();
        for (text, expected) in [
            ("PT24H", "2018-02-01T12:00:00Z"),
            ("P1D", "2018-02-01T12:00:00Z"),
            ("P1M", "2018-02-28T12:00:00Z"),
            ("P1Y1M", "2019-02-28T12:00:00Z"),
            ("P2W", "2018-02-14T12:00:00Z"),
            ("P1DT1H1M1.5S", "2018-02-01T13:01:01.500Z"),
            ("PT0S", "2018-01-31T12:00:00Z"),
        ] {
            let advance = Advance::parse(text).unwrap();
            let at = Target::By(advance).from(now);
            assert_eq!(at, parse_time(expected).ok(), "{text}");
        }
        for bad in [
            "",
            "P",
            "PT",
            "24H",
            "PT24Hx",
            "-PT1H",
            "P-1D",
            "noon",
            "PT99999999999999H",
        ] {
            assert_eq!(Advance::parse(bad), None, "{bad}");
        }
        let far = Advance::parse("P4000000000D").unwrap();
        assert_eq!(Target::By(far).from(now), None);
    }

    #[test]
    fn it_begins_before_the_first_pilot() {
        let at = |text| parse_time(text).unwrap();
        assert!(is_reachable(at("2017-12-01T00:00+08:00")));
        assert!(!is_reachable(at("2017-11-30T23:59:59.999+08:00")));
        assert!(is_reachable(at("2199-12-31T23:59+08:00")));
        assert!(!is_reachable(at("2200-01-01T00:00+08:00")));
    }
}
