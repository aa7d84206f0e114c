//! One message as `submit_sm`, and what the SMSC answers.

use std::{str::FromStr, time::Duration};

use rusmpp::{
    pdus::SubmitSm,
    types::{COctetString, OctetString},
    values::{DataCoding, EsmClass, Npi, RegisteredDelivery, Ton},
};
use rusmppc::{Client, error::Error};
use tokio::time::timeout;

use super::{SmppSettings, text};
use crate::sms::SmsMessage;

/// After so long an answer is of no use to anybody; a task that waits for it ends.
const OLD: Duration = Duration::from_mins(10);

/// A message, ready to be submitted.
pub(super) struct Submission(Vec<SubmitSm>);

/// What became of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The SMSC has every part: their ids, in the form that receipts are looked up by.
    Accepted(Vec<String>),
    /// It does not take one of them.
    Status(u32),
    /// No answer will come: it may have them or not.
    Lost,
}

impl Submission {
    /// None: the text or the sender is longer than SMPP carries.
    pub fn new(settings: &SmppSettings, message: &SmsMessage) -> Option<Self> {
        // the same at every attempt; for two messages to one phone hardly ever
        let reference = *message.id.0.as_bytes().last()?;
        let parts = text::parts(&message.text, reference)?;
        let sender = message.sender.as_deref().unwrap_or_default();
        let phone = format!("{}{}", settings.phone_prefix, message.phone.as_str());
        let (sender_type, phone_type) = (settings.sender_type, settings.phone_type);
        let submissions = parts.into_iter().map(|part| {
            let class = EsmClass::from(0_u8);
            let class = if part.header {
                class.with_udhi_indicator()
            } else {
                class
            };
            let submission = SubmitSm::builder()
                .source_addr_ton(Ton::from(sender_type.0))
                .source_addr_npi(Npi::from(sender_type.1))
                .source_addr(COctetString::from_str(sender).ok()?)
                .dest_addr_ton(Ton::from(phone_type.0))
                .dest_addr_npi(Npi::from(phone_type.1))
                .destination_addr(COctetString::from_str(&phone).ok()?)
                .esm_class(class)
                .registered_delivery(RegisteredDelivery::from(u8::from(settings.receipts)))
                .data_coding(DataCoding::Ucs2)
                .short_message(OctetString::from_vec(part.octets).ok()?)
                .build();
            Some(submission)
        });
        submissions.collect::<Option<Vec<_>>>().map(Self)
    }

    /// How many parts it has.
    pub fn parts(&self) -> usize {
        self.0.len()
    }

    /// Submits one part after the other. A part that is not taken after another was leaves in doubt what is on the phone.
    pub async fn run(self, client: &Client, settings: &SmppSettings) -> Outcome {
        let mut references = Vec::with_capacity(self.0.len());
        for (number, part) in self.0.into_iter().enumerate() {
            match timeout(OLD, client.submit_sm(part)).await {
                Ok(Ok(answer)) => {
                    let id = answer.message_id().as_str();
                    if !id.is_empty() {
                        references.push(settings.message_ids.of_answer(id));
                    }
                }
                Ok(Err(error)) if number == 0 => return outcome_of(&error),
                Ok(Err(_)) | Err(_) => return Outcome::Lost,
            }
        }
        Outcome::Accepted(references)
    }
}

fn outcome_of(error: &Error) -> Outcome {
    match error {
        Error::UnexpectedResponse { response } => match u32::from(response.status()) {
            // some other answer than that of a submission
            0 => Outcome::Lost,
            status => Outcome::Status(status),
        },
        _ => Outcome::Lost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sms::smpp::settings::tests::settings;

    fn message(text: &str, sender: Option<&str>) -> SmsMessage {
        SmsMessage {
            sender: sender.map(str::to_owned),
            text: text.into(),
            ..crate::sms::tests::message()
        }
    }

    #[test]
    fn a_chinese_text_is_a_plain_message_in_ucs_2() {
        let message = message("【备案核验】验证码012345", Some("106575000130"));
        let submission = Submission::new(&settings(), &message).unwrap();
        let [part] = &submission.0[..] else {
            panic!("one part")
        };
        assert_eq!(u8::from(part.esm_class), 0);
        assert_eq!(u8::from(part.data_coding), 8);
        assert_eq!(u8::from(part.registered_delivery), 1);
        assert_eq!(part.source_addr.as_str(), "106575000130");
        assert_eq!(part.destination_addr.as_str(), "8613800138000");
        assert_eq!(part.short_message().to_vec()[..4], [0x30, 0x10, 0x59, 0x07]);
    }

    #[test]
    fn a_long_text_has_a_header_that_is_the_same_each_time() {
        let message = message(&"验".repeat(100), None);
        let [one, other] = [(); 2].map(|()| Submission::new(&settings(), &message).unwrap());
        assert_eq!(one.0, other.0);
        assert_eq!(one.parts(), 2);
        for part in &one.0 {
            assert_eq!(u8::from(part.esm_class), 0x40);
            assert_eq!(part.source_addr.as_str(), "");
        }
    }

    #[test]
    fn a_sender_that_smpp_has_no_room_for_is_none() {
        let message = message("验", Some(&"1".repeat(21)));
        assert!(Submission::new(&settings(), &message).is_none());
    }
}
