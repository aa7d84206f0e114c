//! A person's document and the last six characters of its number, the `id_tail` (证件号码后六位).

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::{
    policy::HkMacauTail,
    text::{TypedError, fold, redacted_debug},
    words::DocumentType,
};

/// The last six characters of a person's document, upper-cased.
#[derive(Clone, PartialEq, Eq)]
pub struct IdTail(String);

/// What is wrong with a document's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Unusable text.
    #[error(transparent)]
    Typed(#[from] TypedError),
    /// A resident ID that is not 17 digits and a digit or X.
    #[error("must be 17 digits and a digit or X")]
    ResidentForm,
    /// The check digit of GB 11643 does not fit.
    #[error("has a wrong check digit")]
    CheckDigit,
    /// Any other document's number.
    #[error("must be 6 to 20 letters and digits")]
    Form,
}

/// A person's document; its numbers are folded, without brackets.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: DocumentType,
    /// Its number.
    pub number: String,
    /// The Hong Kong or Macau identity card printed on the back of an `hk_macau_permit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card_number: Option<String>,
}

redacted_debug!(IdTail, Document);

impl IdTail {
    /// Reads a typed tail: six of 0-9 and A-Z.
    pub fn parse(typed: &str) -> Result<Self, TypedError> {
        let folded = fold(typed)?;
        if folded.len() == 6 && folded.bytes().all(|b| b.is_ascii_alphanumeric()) {
            Ok(Self(folded.to_string()))
        } else {
            Err(TypedError::Malformed)
        }
    }

    /// The six characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Drop for IdTail {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Document {
    /// The tail that its owner types; 浙江 takes the permit's from the card on its back (P).
    pub fn id_tail(&self, hk_macau_tail: HkMacauTail) -> IdTail {
        let number = match (&self.card_number, self.kind, hk_macau_tail) {
            (Some(card), DocumentType::HkMacauPermit, HkMacauTail::IdentityCard) => card,
            _ => &self.number,
        };
        let start = number.len().saturating_sub(6);
        IdTail(number[start..].to_owned())
    }

    /// Whether two papers are the same person's: one type and number, and no two different cards on the back.
    pub fn is_same(&self, other: &Self) -> bool {
        let cards_differ =
            matches!((&self.card_number, &other.card_number), (Some(a), Some(b)) if a != b);
        self.kind == other.kind && self.number == other.number && !cards_differ
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        self.number.zeroize();
        self.card_number.zeroize();
    }
}

/// Folds and judges the number of a document. Only a resident ID's check digit is judged.
pub fn parse_number(kind: DocumentType, typed: &str) -> Result<String, NumberError> {
    if kind != DocumentType::ResidentId {
        return parse_other_number(typed);
    }
    let number = fold(typed)?;
    let check_digit = resident_check_digit(&number).ok_or(NumberError::ResidentForm)?;
    if number.as_bytes().last() == Some(&check_digit) {
        Ok(number.to_string())
    } else {
        Err(NumberError::CheckDigit)
    }
}

/// Folds and judges any number but a resident ID's, such as `A123456(3)` of a Hong Kong card: brackets are dropped.
pub fn parse_other_number(typed: &str) -> Result<String, NumberError> {
    let folded = fold(typed)?;
    let number: String = folded
        .chars()
        .filter(|c| !matches!(c, '(' | ')' | '[' | ']'))
        .collect();
    if (6..=20).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_alphanumeric()) {
        Ok(number)
    } else {
        Err(NumberError::Form)
    }
}

/// The 18th character that GB 11643 asks for (ISO 7064 MOD 11-2), whatever the number has there; `None` where it is not of
/// that form.
pub fn resident_check_digit(number: &str) -> Option<u8> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let (body, last) = number.split_at_checked(17)?;
    if !matches!(last.as_bytes(), [b'0'..=b'9' | b'X']) {
        return None;
    }
    let mut sum = 0;
    for (character, weight) in body.chars().zip(WEIGHTS) {
        sum += character.to_digit(10)? * weight;
    }
    b"10X98765432".get(usize::try_from(sum % 11).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn document(kind: DocumentType, number: &str, card: Option<&str>) -> Document {
        Document {
            kind,
            number: parse_number(kind, number).unwrap(),
            card_number: card.map(|card| parse_other_number(card).unwrap()),
        }
    }

    #[test]
    fn a_tail_is_six_letters_and_digits_upper_cased() {
        for typed in ["31002x", " 31002X ", "３１００２ｘ", "310-02x"] {
            assert_eq!(IdTail::parse(typed).unwrap().as_str(), "31002X", "{typed}");
        }
        for typed in ["31002", "3100023", "3100２é", "31002?", "一二三四五六"] {
            assert_eq!(IdTail::parse(typed), Err(TypedError::Malformed), "{typed}");
        }
        assert_eq!(IdTail::parse("  "), Err(TypedError::Empty));
        assert_eq!(
            IdTail::parse("31\u{0}002"),
            Err(TypedError::ControlCharacter)
        );
    }

    #[test]
    fn a_resident_id_is_judged_by_its_check_digit() {
        use DocumentType::ResidentId;
        assert_eq!(
            parse_number(ResidentId, "11010519491231002x").as_deref(),
            Ok("11010519491231002X")
        );
        assert_eq!(
            parse_number(ResidentId, "110105 19491231 002X").as_deref(),
            Ok("11010519491231002X")
        );
        assert_eq!(
            parse_number(ResidentId, "440524188001010014").as_deref(),
            Ok("440524188001010014")
        );
        assert_eq!(
            parse_number(ResidentId, "110105194912310021"),
            Err(NumberError::CheckDigit)
        );
        for wrong in [
            "110105491231002",
            "1101051949123100２XX",
            "1101051949X231002X",
            "1101051949123１00Y",
            "证件",
        ] {
            assert_eq!(
                parse_number(ResidentId, wrong),
                Err(NumberError::ResidentForm),
                "{wrong}"
            );
        }
        assert_eq!(
            parse_number(ResidentId, ""),
            Err(NumberError::Typed(TypedError::Empty))
        );
    }

    #[test]
    fn other_numbers_are_letters_and_digits() {
        use DocumentType::Passport;
        assert_eq!(
            parse_number(Passport, " e-1234 5678 ").as_deref(),
            Ok("E12345678")
        );
        assert_eq!(
            parse_other_number("A123456（3）").as_deref(),
            Ok("A1234563")
        );
        for wrong in [
            "12345",
            "A12345678901234567890",
            "E1234567/8",
            "护照12345678",
        ] {
            assert_eq!(
                parse_number(Passport, wrong),
                Err(NumberError::Form),
                "{wrong}"
            );
        }
    }

    #[test]
    fn the_tail_is_the_numbers_and_in_zhejiang_the_cards() {
        let permit = document(DocumentType::HkMacauPermit, "H01234567", Some("A123456(3)"));
        assert_eq!(permit.id_tail(HkMacauTail::Permit).as_str(), "234567");
        assert_eq!(permit.id_tail(HkMacauTail::IdentityCard).as_str(), "234563");
        let passport = document(DocumentType::Passport, "E12345678", Some("A123456(3)"));
        assert_eq!(
            passport.id_tail(HkMacauTail::IdentityCard).as_str(),
            "345678"
        );
        let resident = document(DocumentType::ResidentId, "11010519491231002x", None);
        assert_eq!(resident.id_tail(HkMacauTail::Permit).as_str(), "31002X");
    }

    #[test]
    fn the_same_paper_is_the_same_type_and_number() {
        let permit = |card| document(DocumentType::HkMacauPermit, "H01234567", card);
        assert!(permit(None).is_same(&permit(Some("A123456(3)"))));
        assert!(!permit(Some("B123456(4)")).is_same(&permit(Some("A123456(3)"))));
        assert!(!document(DocumentType::Passport, "H01234567", None).is_same(&permit(None)));
    }

    #[test]
    fn debug_shows_nothing() {
        let permit = document(DocumentType::HkMacauPermit, "H01234567", None);
        assert_eq!(
            format!("{permit:?} {:?}", permit.id_tail(HkMacauTail::Permit)),
            "Document(…) IdTail(…)"
        );
    }

    proptest! {
        #[test]
        fn one_check_digit_fits_every_resident_id(body in "[1-9][0-9]{16}") {
            let fitting = "0123456789X".chars()
                .filter(|last| parse_number(DocumentType::ResidentId, &format!("{body}{last}")).is_ok())
                .count();
            prop_assert_eq!(fitting, 1);
        }

        #[test]
        fn a_changed_digit_is_noticed(body in "[1-9][0-9]{16}", place in 0_usize..17, step in 1_u8..10) {
            let last = char::from(resident_check_digit(&format!("{body}0")).unwrap());
            let mut changed = body.into_bytes();
            changed[place] = b'0' + (changed[place] - b'0' + step) % 10;
            let changed = String::from_utf8(changed).unwrap();
            let typed = format!("{changed}{last}");
            prop_assert_eq!(parse_number(DocumentType::ResidentId, &typed), Err(NumberError::CheckDigit));
        }
    }
}
