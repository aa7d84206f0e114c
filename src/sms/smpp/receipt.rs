//! Delivery receipts of SMPP 3.4: a line of text that its specification gives as an example (appendix B), so that every
//! vendor writes it in its own way; or two optional parameters.

use crate::domain::words::words;

/// What a receipt says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Receipt {
    /// The message's id, as the vendor writes it here.
    pub id: String,
    /// What became of the message, …
    pub fate: Fate,
    /// … in the vendor's word.
    pub word: String,
    /// The vendor's or the network's own code; empty: none.
    pub error: String,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// On its way; nothing is decided.
    OnItsWay,
    /// The phone has it.
    Delivered,
    /// The phone will not get it.
    Undeliverable,
}

words!(/// How a vendor writes a message's id in its answer and in its receipts.
    MessageIds {
        /// Alike, leading zeros and the case of letters aside.
        Same = "same",
        /// In hexadecimal in the answer, in decimal in receipts.
        HexThenDecimal = "hex_then_decimal",
        /// The other way round.
        DecimalThenHex = "decimal_then_hex",
    }
);

impl MessageIds {
    /// The form that an answer's id is remembered in.
    pub(super) fn of_answer(self, id: &str) -> String {
        self.common(id, self == Self::HexThenDecimal)
    }

    /// The same of a receipt's.
    pub(super) fn of_receipt(self, id: &str) -> String {
        self.common(id, self == Self::DecimalThenHex)
    }

    fn common(self, id: &str, hex: bool) -> String {
        let id = id.trim().to_ascii_lowercase();
        let number = (self != Self::Same)
            .then(|| u128::from_str_radix(&id, if hex { 16 } else { 10 }).ok())
            .flatten();
        if let Some(number) = number {
            return number.to_string();
        }
        match id.trim_start_matches('0') {
            "" => id,
            rest => rest.to_owned(),
        }
    }
}

impl Receipt {
    /// Reads `id:… sub:001 dlvrd:001 submit date:… done date:… stat:DELIVRD err:000 text:…`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let word = field(text, "stat")?;
        Some(Self {
            id: field(text, "id")?.to_owned(),
            fate: Fate::of_word(word),
            word: word.to_owned(),
            error: field(text, "err").unwrap_or_default().to_owned(),
        })
    }
}

impl Fate {
    /// By `stat:`. Carriers of the mainland write codes of their own there (`MA:0054`, `DB:0141`, `CJ:0005`): each a failure.
    fn of_word(word: &str) -> Self {
        match word.to_ascii_uppercase().as_str() {
            "DELIVRD" => Self::Delivered,
            "ACCEPTD" | "ACKED" | "ENROUTE" | "BUFFERD" | "BUFFRED" | "SCHEDLD" | "UNKNOWN" => {
                Self::OnItsWay
            }
            _ => Self::Undeliverable,
        }
    }

    /// By the optional parameter `message_state`.
    pub(super) fn of_state(state: u8) -> Self {
        match state {
            2 => Self::Delivered,
            // expired, deleted, undeliverable, rejected, skipped
            3 | 4 | 5 | 8 | 9 => Self::Undeliverable,
            _ => Self::OnItsWay,
        }
    }
}

/// The value of a field: up to the next space. `text:`, the last one, holds what was sent and is not looked into.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let end = find(text, "text").unwrap_or(text.len());
    let text = &text[..end];
    let start = find(text, name)? + name.len() + 1;
    text[start..]
        .split_whitespace()
        .next()
        .filter(|_| !text[start..].starts_with(char::is_whitespace))
}

/// Where `name:` stands at the beginning of a word, in whatever case.
fn find(text: &str, name: &str) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    let wanted = format!("{name}:");
    let mut places = lower.match_indices(&wanted).map(|(at, _)| at);
    places.find(|&at| at == 0 || lower[..at].ends_with(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_vendors_write() {
        for (text, id, fate, error) in [
            (
                "id:0123456789 sub:001 dlvrd:001 submit date:2611261200 done date:2611261201 stat:DELIVRD err:000 text:【备",
                "0123456789",
                Fate::Delivered,
                "000",
            ),
            (
                "id:a1B2c3 sub:001 dlvrd:000 submit date:2611261200 done date:2611261201 stat:UNDELIV err:069 Text:stat:DELIVRD",
                "a1B2c3",
                Fate::Undeliverable,
                "069",
            ),
            (
                "ID:5 SUB:1 STAT:MA:0054 ERR:NE:0106",
                "5",
                Fate::Undeliverable,
                "NE:0106",
            ),
            ("id:5 stat:EXPIRED", "5", Fate::Undeliverable, ""),
            ("id:5 stat:REJECTD err: text:", "5", Fate::Undeliverable, ""),
            ("id:5 stat:ENROUTE err:000", "5", Fate::OnItsWay, "000"),
            ("stat:ACCEPTD id:5", "5", Fate::OnItsWay, ""),
            ("id:5 stat:UNKNOWN", "5", Fate::OnItsWay, ""),
        ] {
            let read = Receipt::parse(text).unwrap();
            assert_eq!(read.id, id, "{text}");
            assert_eq!(read.fate, fate, "{text}");
            assert_eq!(read.error, error, "{text}");
        }
        for none in [
            "",
            "TD",
            "id: stat:DELIVRD",
            "id:5",
            "stat:DELIVRD",
            "paid:5 stat:DELIVRD",
            "text:id:5 stat:DELIVRD",
        ] {
            assert_eq!(Receipt::parse(none), None, "{none}");
        }
    }

    #[test]
    fn states_of_the_optional_parameter() {
        for (state, fate) in [
            (1, Fate::OnItsWay),
            (2, Fate::Delivered),
            (3, Fate::Undeliverable),
            (4, Fate::Undeliverable),
            (5, Fate::Undeliverable),
            (6, Fate::OnItsWay),
            (7, Fate::OnItsWay),
            (8, Fate::Undeliverable),
            (9, Fate::Undeliverable),
        ] {
            assert_eq!(Fate::of_state(state), fate, "{state}");
        }
    }

    #[test]
    fn an_id_is_the_same_however_it_is_written() {
        use MessageIds::{DecimalThenHex, HexThenDecimal, Same};
        for (ids, answer, receipt) in [
            (Same, "000123", "123"),
            (Same, "00AbC", "aBc"),
            (Same, "0000", "0000"),
            (Same, "1f8e-77 ", "1F8E-77"),
            (HexThenDecimal, "0000ABCD", "0000043981"),
            (HexThenDecimal, "10", "16"),
            (DecimalThenHex, "43981", "abcd"),
            // no numbers after all
            (HexThenDecimal, "xyz", "XYZ"),
        ] {
            assert_eq!(
                ids.of_answer(answer),
                ids.of_receipt(receipt),
                "{answer} {receipt}"
            );
        }
        assert_ne!(Same.of_answer("10"), Same.of_receipt("16"));
    }
}
