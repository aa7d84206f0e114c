//! The sandbox's gateway: accepts everything at once and sends it nowhere (the outbox row is the inbox), with a receipt that it
//! is on the phone; but for the phones that are there to show what can go wrong.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{FutureExt, future::BoxFuture};

use super::{About, Fate, Gateway, Receipt, Sent, Sink, SmsMessage};
use crate::domain::{carrier::Carrier, phone::Phone};

/// Its name.
pub(super) const NAME: &str = "sandbox";
/// Never accepted: each attempt is to be made again.
const NEVER: &str = "19900000001";
/// Refused for good.
const REFUSED: &str = "19900000002";
/// Accepted three minutes late.
const LATE: &str = "19900000003";
/// Its receipt comes twice.
const TWICE: &str = "19900000004";
/// Accepted, and never reaches the phone.
const LOST: &str = "19900000005";
/// Has moved from the carrier of its prefix to another (携号转网).
const MOVED: &str = "19900000006";

/// Sends nothing.
pub(super) struct Sandbox(Sink);

impl Sandbox {
    pub fn new(receipts: Sink) -> Self {
        Self(receipts)
    }
}

impl Gateway for Sandbox {
    fn name(&self) -> &'static str {
        NAME
    }

    fn send<'a>(&'a self, message: &'a SmsMessage, now: DateTime<Utc>) -> BoxFuture<'a, Sent> {
        let sent = answer(message, now);
        if let Sent::Accepted { .. } = sent {
            for fate in fates(&message.phone) {
                let about = About::Message(message.id);
                self.0.post(vec![Receipt { about, fate }]);
            }
        }
        std::future::ready(sent).boxed()
    }

    fn sends_receipts(&self) -> bool {
        true
    }
}

fn answer(message: &SmsMessage, now: DateTime<Utc>) -> Sent {
    let accepted = Sent::Accepted {
        references: Vec::new(),
    };
    match message.phone.as_str() {
        NEVER => Sent::Retry { after: None },
        REFUSED => Sent::Refused,
        LATE => match message.queued_at + TimeDelta::minutes(3) - now {
            wait if wait > TimeDelta::zero() => Sent::Retry { after: Some(wait) },
            _ => accepted,
        },
        MOVED if message.carrier == Some(Carrier::Telecom) => Sent::Next { foreign: true },
        _ => accepted,
    }
}

fn fates(phone: &Phone) -> Vec<Fate> {
    match phone.as_str() {
        LOST => vec![Fate::Undeliverable { foreign: false }],
        TWICE => vec![Fate::Delivered, Fate::Delivered],
        _ => vec![Fate::Delivered],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::MessageId;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_536_541_200 + seconds, 0).unwrap()
    }

    fn message(phone: &str) -> SmsMessage {
        SmsMessage {
            id: MessageId::new(at(0), [1; 10]),
            phone: Phone::parse(phone).unwrap(),
            carrier: Some(Carrier::Telecom),
            sender: Some("12381".into()),
            text: "【备案核验】验证码012345".into(),
            code: "012345".into(),
            queued_at: at(0),
            attempt: 1,
        }
    }

    #[test]
    fn each_phone_fails_in_its_own_way() {
        let accepted = || Sent::Accepted {
            references: Vec::new(),
        };
        let wait = |seconds| Sent::Retry {
            after: Some(TimeDelta::seconds(seconds)),
        };
        for (phone, seconds, expected) in [
            ("13800138000", 0, accepted()),
            ("19900000001", 0, Sent::Retry { after: None }),
            ("19900000001", 86_400, Sent::Retry { after: None }),
            ("19900000002", 0, Sent::Refused),
            ("19900000003", 0, wait(180)),
            ("19900000003", 179, wait(1)),
            ("19900000003", 180, accepted()),
            ("19900000004", 0, accepted()),
            ("19900000005", 0, accepted()),
            ("19900000006", 0, Sent::Next { foreign: true }),
        ] {
            assert_eq!(answer(&message(phone), at(seconds)), expected, "{phone}");
        }
        let moved = SmsMessage {
            carrier: Some(Carrier::Unicom),
            ..message("19900000006")
        };
        assert_eq!(answer(&moved, at(0)), accepted());
    }

    #[test]
    fn receipts_come_twice_or_say_that_it_was_lost() {
        let fates = |phone| fates(&Phone::parse(phone).unwrap());
        assert_eq!(fates("13800138000"), [Fate::Delivered]);
        assert_eq!(fates("19900000004"), [Fate::Delivered, Fate::Delivered]);
        let lost = Fate::Undeliverable { foreign: false };
        assert_eq!(fates("19900000005"), [lost]);
    }

    #[test]
    fn debug_shows_nothing_of_the_person() {
        let shown = format!("{:?}", message("13800138000"));
        for hidden in ["13800138000", "12381", "012345"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }
}
