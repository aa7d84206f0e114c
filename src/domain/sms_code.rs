//! The SMS's code: six digits, leading zeros too (S0: 验证码为 6 位数字).

use zeroize::Zeroize;

use super::text::{TypedError, fold, redacted_debug};

/// The six digits of an SMS.
#[derive(Clone, PartialEq, Eq)]
pub struct SmsCode(String);

redacted_debug!(SmsCode);

impl SmsCode {
    /// How many codes there are.
    pub const COUNT: u32 = 1_000_000;

    /// The code of a random number below `COUNT` (a greater one counts from 0 again).
    pub fn from_number(number: u32) -> Self {
        Self(format!("{:06}", number % Self::COUNT))
    }

    /// Reads a typed code; the same six digits twice count as once, since iOS fills in some so.
    pub fn parse(typed: &str) -> Result<Self, TypedError> {
        let folded = fold(typed)?;
        let once = match folded.split_at_checked(6) {
            Some((first, second)) if first == second => first,
            _ => &folded,
        };
        if once.len() == 6 && once.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(once.to_owned()))
        } else {
            Err(TypedError::Malformed)
        }
    }

    /// The six digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Drop for SmsCode {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_people_and_phones_fill_in() {
        for typed in [
            "012345",
            " 012 345 ",
            "０１２３４５",
            "012-345",
            "012345012345",
            "012345 012345",
        ] {
            assert_eq!(SmsCode::parse(typed).unwrap().as_str(), "012345", "{typed}");
        }
    }

    #[test]
    fn refuses_what_is_no_code() {
        for typed in [
            "12345",
            "1234567",
            "12345a",
            "123456654321",
            "123456123456123456",
            "一二三四五六",
        ] {
            assert_eq!(SmsCode::parse(typed), Err(TypedError::Malformed), "{typed}");
        }
        assert_eq!(SmsCode::parse(""), Err(TypedError::Empty));
        assert_eq!(
            SmsCode::parse("12\u{0}456"),
            Err(TypedError::ControlCharacter)
        );
    }

    proptest! {
        #[test]
        fn every_number_is_a_code_that_reads_back(number in 0..SmsCode::COUNT) {
            let code = SmsCode::from_number(number);
            prop_assert_eq!(SmsCode::parse(code.as_str()), Ok(code.clone()));
            prop_assert_eq!(code.as_str().parse(), Ok(number));
        }
    }
}
