//! The windows in which submissions are counted, and when the count begins anew.

use chrono::{DateTime, TimeDelta, Utc};

use super::time::SHANGHAI;

/// What is counted, over which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// Failures and resends of a phone in an hour.
    PhoneHour,
    /// The same in a day.
    PhoneDay,
    /// Wrong tries of a phone, over all its filings, since it was last verified: too many are an alarm (NIST SP 800-63B).
    PhoneMonth,
    /// Those of a client address in ten minutes.
    Address,
    /// Calls of an API key in a minute.
    Api,
    /// SMS to a phone in a day, over all its filings.
    SmsPhoneDay,
    /// SMS for a provider in an hour.
    SmsProviderHour,
    /// All SMS in an hour.
    SmsHour,
    /// SMS to a phone by one gateway in a minute, …
    PaceMinute,
    /// … in an hour, …
    PaceHour,
    /// … and in a day.
    PaceDay,
}

impl Window {
    /// Its name in a counter's bucket.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PhoneHour => "phone-hour",
            Self::PhoneDay => "phone-day",
            Self::PhoneMonth => "phone-month",
            Self::Address => "address",
            Self::Api => "api",
            Self::SmsPhoneDay => "sms-phone-day",
            Self::SmsProviderHour => "sms-provider-hour",
            Self::SmsHour => "sms-hour",
            Self::PaceMinute => "pace-minute",
            Self::PaceHour => "pace-hour",
            Self::PaceDay => "pace-day",
        }
    }

    /// How long it is.
    pub const fn length(self) -> TimeDelta {
        match self {
            Self::PhoneHour | Self::SmsProviderHour | Self::SmsHour | Self::PaceHour => {
                TimeDelta::hours(1)
            }
            Self::PhoneDay | Self::SmsPhoneDay | Self::PaceDay => TimeDelta::days(1),
            Self::PhoneMonth => TimeDelta::days(30),
            Self::Address => TimeDelta::minutes(10),
            Self::Api | Self::PaceMinute => TimeDelta::minutes(1),
        }
    }

    /// The end of the window that `now` is in; windows follow one another from midnight in Shanghai.
    pub fn end(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let offset = i64::from(SHANGHAI.local_minus_utc()) * 1000;
        let local = now.timestamp_millis() + offset;
        let length = self.length().num_milliseconds();
        let end = (local.div_euclid(length) + 1) * length - offset;
        DateTime::from_timestamp_millis(end).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

/// How hard a captcha is for who has failed so often where `most` failures are allowed: 0 to 3, harder at each fifth from
/// the first on, and never for a single mistake.
pub fn captcha_level(count: i64, most: i64) -> u8 {
    let reached = |fifths: &u8| count >= ((most * i64::from(*fifths) + 4) / 5).max(2);
    [1, 2, 3]
        .iter()
        .rfind(|fifths| reached(fifths))
        .copied()
        .unwrap_or(0)
}

/// Whole seconds until an instant, at least one: the value of `Retry-After`.
pub fn seconds_until(end: DateTime<Utc>, now: DateTime<Utc>) -> u64 {
    let millis = (end - now).num_milliseconds().max(1);
    u64::try_from(millis).unwrap_or(1).div_ceil(1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::parse_time;

    #[test]
    fn captchas_get_harder_long_before_the_limit() {
        let levels = |most: i64| {
            (0..=most)
                .map(|count| captcha_level(count, most))
                .collect::<Vec<_>>()
        };
        assert_eq!(levels(10), [0, 0, 1, 1, 2, 2, 3, 3, 3, 3, 3]);
        assert_eq!(
            [11, 12, 23, 24, 35, 36, 60].map(|count| captcha_level(count, 60)),
            [0, 1, 1, 2, 2, 3, 3]
        );
        assert_eq!(levels(1), [0, 0]);
    }

    #[test]
    fn windows_begin_anew_on_the_hour_and_at_midnight_in_shanghai() {
        let at = |text: &str| parse_time(text).unwrap();
        let now = at("2018-09-10T23:59:59.999+08:00");
        let midnight = at("2018-09-11T00:00+08:00");
        for window in [
            Window::PhoneHour,
            Window::PhoneDay,
            Window::Address,
            Window::Api,
        ] {
            assert_eq!(window.end(now), midnight, "{window:?}");
            assert_eq!(
                window.end(midnight),
                midnight + window.length(),
                "{window:?}"
            );
        }
        assert_eq!(seconds_until(midnight, now), 1);
        assert_eq!(seconds_until(midnight, midnight), 1);
        assert_eq!(
            seconds_until(midnight, midnight - TimeDelta::milliseconds(1001)),
            2
        );
    }
}
