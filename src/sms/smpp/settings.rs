//! What an SMPP gateway is configured with.

use std::{path::PathBuf, time::Duration};

use secrecy::SecretString;

use super::MessageIds;

/// `[sms.gateways.NAME]` of kind `smpp`.
#[derive(Debug, Clone)]
pub struct SmppSettings {
    /// Name or address of the SMSC.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// TLS; none: plain text.
    pub tls: Option<Tls>,
    /// The account: ASCII, at most 15 characters.
    pub system_id: String,
    /// Its password: ASCII, at most 8 characters.
    pub password: SecretString,
    /// What the SMSC wants to be told of us, mostly nothing: ASCII, at most 12 characters.
    pub system_type: String,
    /// Sessions bound at once, at least one.
    pub sessions: u16,
    /// Messages in flight on each session, at least one.
    pub window: u16,
    /// Submissions a second on all sessions together; none: as fast as they go.
    pub per_second: Option<u32>,
    /// What stands before the eleven digits of a phone, such as `86`.
    pub phone_prefix: String,
    /// Type of number and numbering plan of the sender.
    pub sender_type: (u8, u8),
    /// The same of the phone.
    pub phone_type: (u8, u8),
    /// Whether delivery receipts are asked for.
    pub receipts: bool,
    /// How the SMSC writes a message's id.
    pub message_ids: MessageIds,
    /// Codes that say that a number belongs to another carrier: of a receipt (`stat` or `err`), or a status such as `0x40B`.
    pub foreign: Vec<String>,
    /// How long an answer is waited for; a later one goes the way of receipts.
    pub answer: Duration,
    /// The time between two `enquire_link`.
    pub enquire_link: Duration,
}

/// How TLS is spoken.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// A file of certificates (PEM) that are trusted besides the system's and the usual public ones.
    pub authority: Option<PathBuf>,
}

impl SmppSettings {
    /// Whether a receipt's code says that the number belongs to another carrier.
    pub(super) fn is_foreign(&self, code: &str) -> bool {
        let alike = |foreign: &String| foreign.eq_ignore_ascii_case(code);
        self.foreign.iter().any(alike)
    }

    /// The same of an answer's status.
    pub(super) fn is_foreign_status(&self, status: u32) -> bool {
        let number = |code: &String| {
            let digits = code
                .strip_prefix("0x")
                .or_else(|| code.strip_prefix("0X"))?;
            u32::from_str_radix(digits, 16).ok()
        };
        self.foreign
            .iter()
            .filter_map(number)
            .any(|foreign| foreign == status)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What the tests of other files begin with.
    pub fn settings() -> SmppSettings {
        SmppSettings {
            host: "127.0.0.1".into(),
            port: 2775,
            tls: None,
            system_id: "heyan".into(),
            password: "secret".into(),
            system_type: String::new(),
            sessions: 1,
            window: 16,
            per_second: None,
            phone_prefix: "86".into(),
            sender_type: (0, 0),
            phone_type: (0, 0),
            receipts: true,
            message_ids: MessageIds::Same,
            foreign: vec!["NE:0106".into(), "0x40B".into()],
            answer: Duration::from_secs(10),
            enquire_link: Duration::from_secs(30),
        }
    }

    #[test]
    fn foreign_numbers_are_known_by_code_and_by_status() {
        let settings = settings();
        assert!(settings.is_foreign("ne:0106"));
        assert!(!settings.is_foreign("NE:0107"));
        assert!(settings.is_foreign_status(0x40B));
        assert!(!settings.is_foreign_status(0x106));
    }
}
