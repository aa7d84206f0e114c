//! How many messages go through the SMPP gateway in a second, on loopback, by the size of its window; and whose time it takes.
//! `tests/load/run` starts it. It asserts no speed.

#[path = "../it/sms/process.rs"]
#[allow(dead_code, reason = "the tests' own")]
mod process;
#[path = "../it/sms/smsc.rs"]
#[allow(dead_code, reason = "the tests' own")]
mod smsc;

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream};
use heyan::{
    domain::{ids::MessageId, phone::Phone},
    random::Random,
    sms::{
        Gateways, Sent, SmsMessage,
        smpp::{MessageIds, Smpp, SmppSettings},
    },
};
use serde_json::json;

use smsc::{PASSWORD, Smsc};

const WINDOWS: [u16; 3] = [1, 16, 64];

#[tokio::main]
async fn main() {
    let count = std::env::args().nth(1).and_then(|count| count.parse().ok());
    let count: usize = count.expect("usage: load-smpp COUNT");
    println!(
        "{count} SMS a row, each submitted and answered, without receipts; CPU in microseconds a message"
    );
    println!("window   per second   CPU of heyan   CPU of the SMSC");
    for window in WINDOWS {
        let mut smsc = Smsc::start().await;
        smsc.set(json!({"quiet": true, "receipts": ""})).await;
        let gateways = Gateways::one(Smpp::new("main", settings(smsc.port, window), Random::os()));
        gateways.start();
        send(&gateways, message(0)).await;
        let (own, other) = (cpu("self"), cpu(&smsc.id().to_string()));
        let began = Instant::now();
        let sending = stream::iter(0..count).map(|n| send(&gateways, message(n)));
        sending
            .buffer_unordered(usize::from(window) * 2)
            .collect::<()>()
            .await;
        let wall = began.elapsed();
        let own = cpu("self").saturating_sub(own);
        let other = cpu(&smsc.id().to_string()).saturating_sub(other);
        #[expect(clippy::cast_precision_loss, reason = "some thousands")]
        let messages = count as f64;
        let each = |time: Duration| time.as_secs_f64() * 1e6 / messages;
        println!(
            "{window:>6}{:>13.0}{:>15.0}{:>18.0}",
            messages / wall.as_secs_f64(),
            each(own),
            each(other)
        );
        gateways.stop().await;
    }
}

async fn send(gateways: &Gateways, message: SmsMessage) {
    let sent = gateways.send("main", &message, message.queued_at).await;
    assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
}

fn message(n: usize) -> SmsMessage {
    let at: DateTime<Utc> = DateTime::from_timestamp(1_536_541_200, 0).expect("a time");
    SmsMessage {
        id: MessageId::new(at, [9; 10]),
        phone: Phone::parse(&format!("138{n:08}")).expect("a phone"),
        carrier: None,
        sender: Some("106575000130".into()),
        text: "【备案核验】甘肃通信管理局验证码012345，48小时内有效 https://beian.example.cn/v/0123456789".into(),
        code: "012345".into(),
        queued_at: at,
        attempt: 1,
    }
}

fn settings(port: u16, window: u16) -> SmppSettings {
    SmppSettings {
        host: "127.0.0.1".into(),
        port,
        tls: None,
        system_id: "heyan".into(),
        password: PASSWORD.into(),
        system_type: String::new(),
        sessions: 1,
        window,
        per_second: None,
        phone_prefix: String::new(),
        sender_type: (0, 0),
        phone_type: (0, 0),
        receipts: false,
        message_ids: MessageIds::Same,
        foreign: Vec::new(),
        answer: Duration::from_secs(10),
        enquire_link: Duration::from_secs(30),
    }
}

/// What a process has used, in the kernel and outside; in steps of 10 ms.
fn cpu(process: &str) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("its figures");
    let (_, rest) = stat.rsplit_once(')').expect("a name in brackets");
    let field = |number: usize| {
        rest.split_whitespace()
            .nth(number)
            .and_then(|text| text.parse::<u64>().ok())
    };
    let ticks = field(11).unwrap_or(0) + field(12).unwrap_or(0);
    Duration::from_millis(ticks * 10)
}
