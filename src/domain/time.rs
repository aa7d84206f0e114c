//! Time is whole milliseconds in UTC; people and papers read it in Asia/Shanghai, a fixed +08:00 (no summer time since 1991).

use chrono::{
    DateTime, Datelike, FixedOffset, NaiveTime, SecondsFormat, SubsecRound, TimeDelta, Timelike,
    Utc,
};

/// Asia/Shanghai.
pub const SHANGHAI: FixedOffset = match FixedOffset::east_opt(8 * 60 * 60) {
    Some(offset) => offset,
    None => panic!("eight hours are an offset"),
};

/// The text is no instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time of RFC 3339, such as 2018-09-10T08:00+08:00")]
pub struct BadTime;

/// Reads RFC 3339, with or without seconds; an offset is needed. Parts of a millisecond are cut off.
pub fn parse_time(text: &str) -> Result<DateTime<Utc>, BadTime> {
    const MINUTES: usize = "2018-09-10T08:00".len();
    let with_seconds = match text.split_at_checked(MINUTES) {
        Some((minutes, rest)) if !rest.starts_with(':') => format!("{minutes}:00{rest}"),
        _ => text.to_owned(),
    };
    let time = DateTime::parse_from_rfc3339(&with_seconds).map_err(|_| BadTime)?;
    Ok(whole_millis(time.to_utc()))
}

/// RFC 3339 in +08:00, with milliseconds only where there are some.
pub fn rfc3339(at: DateTime<Utc>) -> String {
    let form = if at.timestamp_subsec_millis() == 0 {
        SecondsFormat::Secs
    } else {
        SecondsFormat::Millis
    };
    at.with_timezone(&SHANGHAI).to_rfc3339_opts(form, false)
}

/// Cuts off what is finer than a millisecond; a leap second becomes the next second.
pub fn whole_millis(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at.timestamp_millis()).unwrap_or_else(|| at.trunc_subsecs(3))
}

/// `9月11日 09:00`, in Asia/Shanghai.
pub fn chinese_time(at: DateTime<Utc>) -> String {
    let at = at.with_timezone(&SHANGHAI);
    format!(
        "{}月{}日 {:02}:{:02}",
        at.month(),
        at.day(),
        at.hour(),
        at.minute()
    )
}

/// `2018年9月11日 09:00`, in Asia/Shanghai: for what may be of another year.
pub fn chinese_date_time(at: DateTime<Utc>) -> String {
    format!(
        "{}年{}",
        at.with_timezone(&SHANGHAI).year(),
        chinese_time(at)
    )
}

/// When the noon resend is due: 12:00 of the calendar day after the first SMS (S0, S1, S4).
pub fn noon_after(first_sent: DateTime<Utc>) -> DateTime<Utc> {
    let midnight = first_sent
        .with_timezone(&SHANGHAI)
        .date_naive()
        .and_time(NaiveTime::MIN);
    midnight.and_utc() + TimeDelta::hours(24 + 12 - 8)
}

/// For serde: an instant as `rfc3339` writes and `parse_time` reads it.
pub mod serde_rfc3339 {
    use super::{DateTime, Utc, parse_time, rfc3339};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes the instant in +08:00.
    pub fn serialize<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&rfc3339(*at))
    }

    /// Reads any offset.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<DateTime<Utc>, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        parse_time(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        parse_time(text).unwrap()
    }

    #[test]
    fn reads_with_and_without_seconds_and_in_any_offset() {
        assert_eq!(
            at("2018-09-10T08:00+08:00"),
            at("2018-09-10T08:00:00+08:00")
        );
        assert_eq!(at("2018-09-10T08:00+08:00"), at("2018-09-10T00:00Z"));
        assert_eq!(
            at("2018-09-10T08:00:00.1239Z").timestamp_subsec_nanos(),
            123_000_000
        );
        assert_eq!(at("2016-12-31T23:59:60Z"), at("2017-01-01T00:00:00Z"));
        for bad in [
            "",
            "2018-09-10",
            "2018-09-10T08:00",
            "2018-09-10T08:00:00",
            "2018-09-10T25:00+08:00",
            "2018-02-30T08:00+08:00",
            "九月十日",
            "2018-09-10T08:0０+08:00",
        ] {
            assert_eq!(parse_time(bad), Err(BadTime), "{bad}");
        }
    }

    #[test]
    fn writes_in_shanghai_with_milliseconds_only_where_there_are_some() {
        assert_eq!(
            rfc3339(at("2018-09-10T00:00Z")),
            "2018-09-10T08:00:00+08:00"
        );
        assert_eq!(
            rfc3339(at("2018-09-10T00:00:00.120Z")),
            "2018-09-10T08:00:00.120+08:00"
        );
        assert_eq!(chinese_time(at("2018-09-11T01:05Z")), "9月11日 09:05");
    }

    #[test]
    fn noon_is_that_of_the_next_calendar_day_in_shanghai() {
        let noon = at("2018-09-11T12:00+08:00");
        for sent in [
            "2018-09-10T00:00+08:00",
            "2018-09-10T12:00+08:00",
            "2018-09-10T23:59:59.999+08:00",
            "2018-09-09T16:00Z",
        ] {
            assert_eq!(noon_after(at(sent)), noon, "{sent}");
        }
        assert_eq!(
            noon_after(at("2018-12-31T23:00+08:00")),
            at("2019-01-01T12:00+08:00")
        );
    }
}
