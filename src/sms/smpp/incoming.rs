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

/// What the session is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// Go on.
    Nothing,
    /// End.
    Unbind,
}

/// Takes in what has come. Receipts are acknowledged once they have been written down; one that could not be is refused with
/// a passing error, so that the SMSC brings it again.
pub(super) async fn handle(
    client: &Client,
    events: Vec<Event>,
    settings: &SmppSettings,
    sink: &Sink,
) -> Told {
    let mut told = Told::Nothing;
    let (mut receipts, mut numbers) = (Vec::new(), Vec::new());
    for event in events {
        let Event::Incoming(command) = event else {
            // the connection's end, which its requests are told too
            continue;
        };
        let number = command.sequence_number();
        match (command.id(), command.pdu()) {
            (CommandId::DeliverSm, Some(Pdu::DeliverSm(message))) => {
                receipts.extend(receipt_of(message, settings));
                numbers.push(number);
            }
            (CommandId::Unbind, _) => {
                let _ = client.unbind_resp(number).await;
                told = Told::Unbind;
            }
            (id, _) if is_request(&command) => {
                tracing::debug!(?id, "the SMSC sends what nobody asked for");
                let answer = client.status(CommandStatus::EsmeRinvcmdid);
                let _ = answer.generic_nack(number).await;
            }
            _ => {}
        }
    }
    let written = receipts.is_empty() || sink.put(receipts).await;
    let status = if written {
        CommandStatus::EsmeRok
    } else {
        CommandStatus::EsmeRxTAppn
    };
    for number in numbers {
        // a connection that has ended brings them again
        let _ = client
            .status(status)
            .deliver_sm_resp(number, DeliverSmResp::default())
            .await;
    }
    told
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
