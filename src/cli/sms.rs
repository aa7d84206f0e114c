//! `sms test`: one SMS by one gateway, and what it says: whether a channel works at all, before anybody needs it.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::{Failure, print};
use crate::{
    clock::Clock,
    domain::{carrier::Carriers, ids::MessageId, message::demo, phone::Phone, policy::Timeline},
    random::Random,
    sms::{Fate, Gateways, Sent, SmsMessage},
};

/// How long an answer is waited for, …
const ANSWER: Duration = Duration::from_secs(30);
/// … and then a receipt.
const RECEIPT: Duration = Duration::from_mins(1);
/// Between two attempts while a session is still being made.
const PAUSE: Duration = Duration::from_secs(1);

/// What is to be tried.
pub struct Test<'a> {
    /// To whom.
    pub phone: &'a str,
    /// By which gateway.
    pub gateway: &'a str,
    /// In 【】.
    pub signature: &'a str,
    /// A sandbox: the numbers that it may text.
    pub sends_to: Option<&'a [Phone]>,
    /// Whose senders are used, but in a sandbox.
    pub timeline: &'a Timeline,
}

/// Sends it.
///
/// # Errors
/// No such gateway, a number that may not be texted; or the gateway did not take it.
pub async fn test(
    gateways: &Gateways,
    wanted: &Test<'_>,
    clock: &Clock,
    random: &Random,
) -> Result<(), Failure> {
    let phone = Phone::parse(wanted.phone).map_err(|_| {
        Failure::Arguments("PHONE must be a mobile number, 11 digits such as 13800138000".into())
    })?;
    if !gateways.names().any(|name| name == wanted.gateway) {
        let names: Vec<_> = gateways.names().collect();
        return Err(Failure::Arguments(format!(
            "--gateway: there is no gateway `{}` in [sms.gateways]; there are: {}",
            wanted.gateway,
            names.join(", ")
        )));
    }
    if wanted
        .sends_to
        .is_some_and(|listed| !listed.contains(&phone))
    {
        return Err(Failure::Arguments(
            "a sandbox texts listed numbers alone: add this one to sandbox.sends_to".into(),
        ));
    }
    let text = format!(
        "【{}】短信通道测试，验证码000000，请忽略。",
        wanted.signature
    );
    let carriers = Carriers::built_in().map_err(|error| Failure::Work(error.to_string()))?;
    let carrier = carriers.of(&phone);
    // an SMSC may take nothing without one
    let policy = wanted.timeline.national_at(clock.now());
    let sender = policy.map(|policy| policy.senders.for_carrier(carrier).to_owned());
    let message = SmsMessage {
        id: MessageId::new(clock.now(), random.bytes()),
        phone,
        carrier,
        sender: sender.filter(|_| wanted.sends_to.is_none()),
        text: if wanted.sends_to.is_some() {
            demo(&text)
        } else {
            text
        },
        code: "000000".into(),
        queued_at: clock.now(),
        attempt: 1,
    };
    gateways.start();
    let done = tried(gateways, wanted.gateway, &message, clock).await;
    gateways.stop().await;
    done
}

async fn tried(
    gateways: &Gateways,
    gateway: &str,
    message: &SmsMessage,
    clock: &Clock,
) -> Result<(), Failure> {
    let began = Instant::now();
    let sent = loop {
        let sending = gateways.send(gateway, message, clock.now());
        match timeout(ANSWER, sending).await.unwrap_or(Sent::Unknown) {
            // a session may not be there yet
            Sent::Retry { .. } if began.elapsed() < ANSWER => sleep(PAUSE).await,
            sent => break sent,
        }
    };
    let refused = |why: &str| Failure::Work(format!("{gateway}: {why}; the log above says more"));
    let references = match sent {
        Sent::Accepted { references } => references,
        Sent::Retry { .. } => return Err(refused("takes nothing now (retry)")),
        Sent::Full => return Err(refused("has too much to do here (full)")),
        Sent::Hold { .. } => return Err(refused("takes no more for this phone now (hold)")),
        Sent::Next { foreign: true } => {
            return Err(refused("says that the number is another carrier's (next)"));
        }
        Sent::Next { foreign: false } => return Err(refused("does not take it now (next)")),
        Sent::Refused => return Err(refused("refuses this number or text for good (refused)")),
        Sent::Stop => {
            return Err(refused("can send nothing: account or configuration (stop)"));
        }
        Sent::Unknown => {
            return Err(refused(
                "did not answer, or nothing sure: it may have it (unknown)",
            ));
        }
    };
    let took = began.elapsed().as_millis();
    let accepted = format!("{gateway}: accepted in {took} ms {}", references.join(" "));
    print(&format!("{}\n", accepted.trim_end()))?;
    if !gateways.sends_receipts(gateway) {
        return Ok(());
    }
    if gateways.has_pushed_receipts(gateway) {
        return print(&format!(
            "{gateway}: its receipts are pushed to a running server\n"
        ));
    }
    let receipt = timeout(RECEIPT, receipt(gateways)).await;
    let told = match receipt {
        Ok(Fate::Delivered) => "delivered".to_owned(),
        Ok(Fate::Undeliverable { .. }) => return Err(refused("could not deliver it")),
        _ => format!("no receipt within {} s", RECEIPT.as_secs()),
    };
    print(&format!("{gateway}: {told}\n"))
}

/// The first receipt: nothing else has been sent by these sessions.
async fn receipt(gateways: &Gateways) -> Fate {
    loop {
        gateways.receipt_arrived().await;
        for received in gateways.receipts(100) {
            let mut fates = received.receipts.iter().map(|receipt| receipt.fate.clone());
            let last =
                fates.rfind(|fate| matches!(fate, Fate::Delivered | Fate::Undeliverable { .. }));
            received.written();
            if let Some(last) = last {
                return last;
            }
        }
    }
}
