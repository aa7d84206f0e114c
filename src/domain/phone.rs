//! A mobile number of the mainland: eleven digits, `1[3-9]` and nine more. Who carries it stands in `carrier`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroize;

use super::text::{TypedError, fold, redacted_debug};

/// A mobile number without its country code.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Phone(String);

redacted_debug!(Phone);

impl Phone {
    /// Reads a typed number: folded, a leading +86, 0086 or 86 dropped.
    pub fn parse(typed: &str) -> Result<Self, TypedError> {
        let folded = fold(typed)?;
        let number = ["+86", "0086", "86"]
            .iter()
            .find_map(|code| folded.strip_prefix(code))
            .unwrap_or(&folded);
        let digits = number.len() == 11 && number.bytes().all(|b| b.is_ascii_digit());
        let mobile =
            number.starts_with('1') && matches!(number.as_bytes().get(1), Some(b'3'..=b'9'));
        if digits && mobile {
            Ok(Self(number.to_owned()))
        } else {
            Err(TypedError::Malformed)
        }
    }

    /// The eleven digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `138****8000`, as pages, the API and the console show it.
    pub fn masked(&self) -> String {
        format!("{}****{}", &self.0[..3], &self.0[7..])
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Serialize for Phone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Phone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(|problem| serde::de::Error::custom(format!("phone {problem}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_people_type() {
        for typed in [
            "13800138000",
            " 138 0013 8000 ",
            "138-0013-8000",
            "+86 138 0013 8000",
            "+8613800138000",
            "008613800138000",
            "8613800138000",
            "１３８００１３８０００",
            "＋８６　１３８－００１３－８０００",
        ] {
            assert_eq!(
                Phone::parse(typed).unwrap().as_str(),
                "13800138000",
                "{typed}"
            );
        }
        assert_eq!(Phone::parse("18613800138").unwrap().as_str(), "18613800138");
    }

    #[test]
    fn refuses_what_is_no_mobile_number() {
        for typed in [
            "12800138000",
            "1380013800",
            "138001380000",
            "23800138000",
            "010-88886666",
            "1380013800a",
            "+1 13800138000",
            "868613800138000",
            "١٣٨٠٠١٣٨٠٠٠",
            "1380013800王",
        ] {
            assert_eq!(Phone::parse(typed), Err(TypedError::Malformed), "{typed}");
        }
        assert_eq!(Phone::parse(" "), Err(TypedError::Empty));
        assert_eq!(
            Phone::parse("138\u{0}00138000"),
            Err(TypedError::ControlCharacter)
        );
    }

    #[test]
    fn shows_itself_masked_and_in_debug_not_at_all() {
        let phone = Phone::parse("13800138000").unwrap();
        assert_eq!(phone.masked(), "138****8000");
        assert_eq!(format!("{phone:?}"), "Phone(…)");
    }

    proptest! {
        #[test]
        fn every_number_reads_back_and_its_mask_hides_the_middle(number in "1[3-9][0-9]{9}") {
            let phone = Phone::parse(&number).unwrap();
            prop_assert_eq!(phone.as_str(), &number);
            prop_assert_eq!(&phone.masked()[3..7], "****");
        }

        #[test]
        fn no_input_breaks_it(typed in ".*") {
            let _ = Phone::parse(&typed);
        }
    }
}
