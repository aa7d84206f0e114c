//! What the vendors' template channels have in common: how an answer's code is sorted, and what their templates are filled with.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{BadPush, Sent, SmsMessage};

/// What was pushed, report by report: one that does not read costs itself alone, for a push is whole or comes again and again.
///
/// # Errors
/// It is no list, or nothing in it reads.
pub(super) fn reports<T: DeserializeOwned>(body: &[u8]) -> Result<Vec<T>, BadPush> {
    let all: Vec<Value> = serde_json::from_slice(body).map_err(|_| BadPush)?;
    let count = all.len();
    let read = all.into_iter().map(serde_json::from_value);
    let reports: Vec<_> = read.filter_map(Result::ok).collect();
    if reports.is_empty() && count > 0 {
        return Err(BadPush);
    }
    Ok(reports)
}

/// What a vendor's code means for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It has the message.
    Accepted,
    /// The signature was too old or used before: a new one will do.
    SignAgain,
    /// Another attempt may succeed.
    Again,
    /// The phone has had enough of such messages for now.
    Wait(Window),
    /// This message never will succeed here.
    Refused,
    /// Account or configuration.
    Stop,
    /// It broke down over the message, and may have sent it.
    Unknown,
}

/// What a vendor counts a phone's messages in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Window {
    /// Half a minute from the last one on.
    ThirtySeconds,
    /// A minute of the clock.
    Minute,
    /// An hour of the clock.
    Hour,
    /// 24 hours, from an instant that is not known here.
    Day,
}

impl Window {
    /// When it is worth another attempt.
    fn end(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let next = |length: TimeDelta| {
            let begun = now.duration_trunc(length).unwrap_or(now);
            begun + length
        };
        match self {
            Self::ThirtySeconds => now + TimeDelta::seconds(30),
            Self::Minute => next(TimeDelta::minutes(1)),
            Self::Hour | Self::Day => next(TimeDelta::hours(1)),
        }
    }
}

impl Verdict {
    /// What it comes to; accepted with the vendor's own reference.
    pub fn sent(self, reference: Option<&str>, now: DateTime<Utc>) -> Sent {
        match self {
            Self::Accepted => Sent::Accepted {
                references: reference.map(str::to_owned).into_iter().collect(),
            },
            Self::SignAgain | Self::Again => Sent::Retry { after: None },
            Self::Wait(window) => Sent::Hold {
                until: window.end(now),
            },
            Self::Refused => Sent::Refused,
            Self::Stop => Sent::Stop,
            Self::Unknown => Sent::Unknown,
        }
    }
}

/// A template's parameter as it is configured, with `{code}` filled in: all that a template for codes may carry.
pub(super) fn filled(parameter: &str, message: &SmsMessage) -> String {
    parameter.replace("{code}", &message.code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_that_does_not_read_costs_itself_alone() {
        assert_eq!(reports::<u8>(b"[1, \"x\", 2]"), Ok(vec![1, 2]));
        assert_eq!(reports::<u8>(b"[]"), Ok(vec![]));
        for wrong in ["[\"x\"]", "{}", ""] {
            assert_eq!(reports::<u8>(wrong.as_bytes()), Err(BadPush), "{wrong}");
        }
    }

    #[test]
    fn minutes_and_hours_go_by_the_clock() {
        let now: DateTime<Utc> = "2026-11-26T03:59:40.500Z".parse().unwrap();
        for (window, end) in [
            (Window::ThirtySeconds, "2026-11-26T04:00:10.500Z"),
            (Window::Minute, "2026-11-26T04:00:00Z"),
            (Window::Hour, "2026-11-26T04:00:00Z"),
            (Window::Day, "2026-11-26T04:00:00Z"),
        ] {
            assert_eq!(window.end(now), end.parse::<DateTime<Utc>>().unwrap());
        }
        let sharp: DateTime<Utc> = "2026-11-26T04:00:00Z".parse().unwrap();
        assert_eq!(Window::Minute.end(sharp), sharp + TimeDelta::minutes(1));
    }
}
