//! What the SMSC says of itself: receipts, and that it ends the session.

use rusmpp::{
    Command, CommandId, CommandStatus, Pdu,
    pdus::{DeliverSm, DeliverSmResp},
    tlvs::TlvValue,
};
use rusmppc::{Client, Event};

use super::{
    SmppSettings,
    receipt::{self, Fate as Reported},
};
use crate::sms::{About, Fate, Receipt, Sink};

/// What has come.
pub(super) struct Brought {
    pub receipts: Receipts,
    /// The SMSC ends the session.
    pub unbind: bool,
}

/// Receipts that have yet to be written down.
#[derive(Default)]
pub(super) struct Receipts {
    receipts: Vec<Receipt>,
    /// What each is to be acknowledged by.
    numbers: Vec<u32>,
}

/// Takes in what has come, and answers what is to be answered at once.
pub(super) async fn read(client: &Client, events: Vec<Event>, settings: &SmppSettings) -> Brought {
    let (mut receipts, mut unbind) = (Receipts::default(), false);
    for event in events {
        let Event::Incoming(command) = event else {
            // the connection's end, which its requests are told too
            continue;
        };
        let number = command.sequence_number();
        match (command.id(), command.pdu()) {
            (CommandId::DeliverSm, Some(Pdu::DeliverSm(message))) => {
                receipts.receipts.extend(receipt_of(message, settings));
                receipts.numbers.push(number);
            }
            (CommandId::Unbind, _) => {
                let _ = client.unbind_resp(number).await;
                unbind = true;
            }
            (id, _) if is_request(&command) && id != CommandId::AlertNotification => {
                tracing::debug!(?id, "the SMSC sends what nobody asked for");
                let answer = client.status(CommandStatus::EsmeRinvcmdid);
                let _ = answer.generic_nack(number).await;
            }
            _ => {}
        }
    }
    Brought { receipts, unbind }
}

impl Receipts {
    /// They are acknowledged once they have been written down; what could not be is refused with a passing error, so that the
    /// SMSC brings it again.
    pub async fn written_down(self, client: &Client, sink: &Sink) {
        let written = self.receipts.is_empty() || sink.put(self.receipts).await;
        let status = if written {
            CommandStatus::EsmeRok
        } else {
            CommandStatus::EsmeRxTAppn
        };
        for number in self.numbers {
            // a connection that has ended brings them again
            let _ = client
                .status(status)
                .deliver_sm_resp(number, DeliverSmResp::default())
                .await;
        }
    }
}

/// None of those that answer something: the upper bit of the identifier.
fn is_request(command: &Command) -> bool {
    u32::from(command.id()) & 0x8000_0000 == 0
}

/// A receipt that says something; nothing is made of replies that people write.
fn receipt_of(message: &DeliverSm, settings: &SmppSettings) -> Option<Receipt> {
    // the kind of message, and of acknowledgement
    if u8::from(message.esm_class) & 0x3C != 0x04 {
        return None;
    }
    let text = message.tlvs().iter().find_map(|tlv| match tlv.value() {
        Some(TlvValue::MessagePayload(payload)) => Some(&payload.value[..]),
        _ => None,
    });
    let text = String::from_utf8_lossy(text.unwrap_or(message.short_message().as_ref()));
    let read = receipt::Receipt::parse(&text);
    let id = message.tlvs().iter().find_map(|tlv| match tlv.value() {
        Some(TlvValue::ReceiptedMessageId(id)) => Some(id.as_str().to_owned()),
        _ => None,
    });
    let state = message.tlvs().iter().find_map(|tlv| match tlv.value() {
        Some(TlvValue::MessageState(state)) => Some(Reported::of_state((*state).into())),
        _ => None,
    });
    let id = id.or_else(|| read.as_ref().map(|read| read.id.clone()))?;
    // the text knows more states than the parameter
    let fate = match read.as_ref().map(|read| read.fate).or(state)? {
        Reported::OnItsWay => return None,
        Reported::Delivered => Fate::Delivered,
        Reported::Undeliverable => Fate::Undeliverable {
            foreign: read.is_some_and(|read| {
                settings.is_foreign(&read.error) || settings.is_foreign(&read.word)
            }),
        },
    };
    Some(Receipt {
        about: About::Reference(settings.message_ids.of_receipt(&id)),
        fate,
    })
}
