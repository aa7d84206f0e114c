//! The gateways against what they are made for: a real SMSC, a real Kannel, and stand-ins for the vendors that answer as their
//! documents say.

mod fake;
mod kannel;
mod leaks;
mod outbox;
mod process;
mod serve;
mod settings;
mod smpp;
#[allow(dead_code, reason = "tests/load uses the rest")]
mod smsc;
mod vendors;

use chrono::DateTime;
use heyan::{
    domain::{ids::MessageId, phone::Phone},
    sms::SmsMessage,
};

/// What the tests send by a gateway of their own.
fn message() -> SmsMessage {
    let at = DateTime::from_timestamp(1_536_541_200, 0).unwrap();
    SmsMessage {
        id: MessageId::new(at, [9; 10]),
        phone: Phone::parse("13800138000").unwrap(),
        carrier: None,
        sender: Some("12381".into()),
        text: "【备案核验】甘肃通信管理局验证码012345，48小时内有效".into(),
        code: "012345".into(),
        queued_at: at,
        attempt: 1,
    }
}
