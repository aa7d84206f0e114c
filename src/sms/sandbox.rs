//! The sandbox's gateway: accepts everything at once and sends it nowhere (the outbox row is the inbox), but for the
//! phones that are there to show what can go wrong.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{FutureExt, future::BoxFuture};

use super::{Gateway, Sent, SmsMessage};

/// Never accepted: each attempt is to be made again.
const NEVER: &str = "19900000001";
/// Refused for good.
const REFUSED: &str = "19900000002";
/// Accepted three minutes late.
const LATE: &str = "19900000003";
/// Its acceptance is reported twice.
const TWICE: &str = "19900000004";

/// Sends nothing.
pub(super) struct Sandbox;

impl Gateway for Sandbox {
    fn name(&self) -> &'static str {
        "sandbox"
    }

    fn send<'a>(&'a self, message: &'a SmsMessage, now: DateTime<Utc>) -> BoxFuture<'a, Sent> {
        std::future::ready(answer(message, now)).boxed()
    }
}

fn answer(message: &SmsMessage, now: DateTime<Utc>) -> Sent {
    let accepted = |reports| Sent::Accepted {
        reference: Some(message.id.to_string()),
        reports,
    };
    match message.phone.as_str() {
        NEVER => Sent::Retry { after: None },
        REFUSED => Sent::Refused,
        LATE => match message.queued_at + TimeDelta::minutes(3) - now {
            wait if wait > TimeDelta::zero() => Sent::Retry { after: Some(wait) },
            _ => accepted(1),
        },
        TWICE => accepted(2),
        _ => accepted(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ids::MessageId, phone::Phone};

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_536_541_200 + seconds, 0).unwrap()
    }

    fn message(phone: &str) -> SmsMessage {
        SmsMessage {
            id: MessageId::new(at(0), [1; 10]),
            phone: Phone::parse(phone).unwrap(),
            sender: "12381".into(),
            text: "【备案核验】验证码012345".into(),
            queued_at: at(0),
        }
    }

    #[test]
    fn each_phone_fails_in_its_own_way() {
        let accepted = |reports| Sent::Accepted {
            reference: Some(message("13800138000").id.to_string()),
            reports,
        };
        let wait = |seconds| Sent::Retry {
            after: Some(TimeDelta::seconds(seconds)),
        };
        for (phone, seconds, expected) in [
            ("13800138000", 0, accepted(1)),
            ("19900000001", 0, Sent::Retry { after: None }),
            ("19900000001", 86_400, Sent::Retry { after: None }),
            ("19900000002", 0, Sent::Refused),
            ("19900000003", 0, wait(180)),
            ("19900000003", 179, wait(1)),
            ("19900000003", 180, accepted(1)),
            ("19900000004", 0, accepted(2)),
        ] {
            assert_eq!(answer(&message(phone), at(seconds)), expected, "{phone}");
        }
    }

    #[test]
    fn debug_shows_nothing_of_the_person() {
        let shown = format!("{:?}", message("13800138000"));
        for hidden in ["13800138000", "12381", "012345"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }
}
