//! What the tests of gateways begin with.

use chrono::DateTime;

use super::SmsMessage;
use crate::domain::{ids::MessageId, phone::Phone};

pub(super) fn message() -> SmsMessage {
    let at = DateTime::from_timestamp(1_536_541_200, 0).unwrap();
    SmsMessage {
        id: MessageId::new(at, [9; 10]),
        phone: Phone::parse("13800138000").unwrap(),
        carrier: None,
        sender: Some("12381".into()),
        text: "【备案核验】验证码012345".into(),
        code: "012345".into(),
        queued_at: at,
        attempt: 1,
    }
}
