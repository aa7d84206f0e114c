//! A captcha's id: kind, form and bureau in clear, then time, level and drawing sealed, bound to what stands in clear:
//! `i` (an image with its sound), `p` (a puzzle) or `s` (a solved one), the form's letter, two digits of GB/T 2260 (`00`:
//! national), base64 for URLs.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

use super::{Drawing, Form, Kind};
use crate::{
    domain::province::Province,
    keys::{KeyId, Keys, Purpose},
    random::Random,
};

const PREFIX: usize = 4;
/// A sealed token of the longest key name, in base64; longer ones are not even decoded.
const LONGEST: usize = 128;

#[derive(Clone)]
pub(super) struct Token {
    pub kind: Kind,
    pub form: Form,
    pub bureau: Option<Province>,
    pub issued_at: DateTime<Utc>,
    pub level: u8,
    pub drawing: Drawing,
}

impl Token {
    pub fn seal(&self, keys: &Keys, random: &Random) -> String {
        let issued_at = self.issued_at.timestamp_millis().to_be_bytes();
        let plain = Zeroizing::new([&issued_at[..], &[self.level], &self.drawing[..]].concat());
        let prefix = prefix(self.kind, self.form, self.bureau);
        let sealed = keys.seal_for(Purpose::Captcha, &[prefix.as_bytes()], &plain, random);
        prefix + &URL_SAFE_NO_PAD.encode(sealed)
    }

    /// With the key that sealed it; `None`: not one of ours.
    pub fn open(keys: &Keys, id: &str) -> Option<(Self, KeyId)> {
        let (prefix, sealed) = id.split_at_checked(PREFIX)?;
        if sealed.len() > LONGEST {
            return None;
        }
        let (kind, form, bureau) = read_prefix(prefix)?;
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let plain = keys.open_for(Purpose::Captcha, &[prefix.as_bytes()], &sealed);
        let plain = plain.ok()?;
        let (issued_at, rest) = plain.split_first_chunk()?;
        let (&level, drawing) = rest.split_first()?;
        let token = Self {
            kind,
            form,
            bureau,
            issued_at: DateTime::from_timestamp_millis(i64::from_be_bytes(*issued_at))?,
            level,
            drawing: Zeroizing::new(drawing.try_into().ok()?),
        };
        Some((token, keys.key_of(&sealed).ok()?))
    }
}

fn prefix(kind: Kind, form: Form, bureau: Option<Province>) -> String {
    let (kind, form) = (kind.letter(), letter(form));
    let bureau = bureau.map_or(0, two_digits);
    format!("{kind}{form}{bureau:02}")
}

fn read_prefix(text: &str) -> Option<(Kind, Form, Option<Province>)> {
    let bureaus = Province::ALL.into_iter().map(Some).chain([None]);
    let places = bureaus.flat_map(|bureau| Form::ALL.map(|form| (form, bureau)));
    let mut all = places.flat_map(|(form, bureau)| Kind::ALL.map(|kind| (kind, form, bureau)));
    all.find(|&(kind, form, bureau)| prefix(kind, form, bureau) == text)
}

const fn letter(form: Form) -> char {
    match form {
        Form::Verification => 'v',
        Form::Resend => 'r',
        Form::ShortLink => 'l',
        Form::Progress => 'p',
    }
}

/// The first two of a province's six digits; the others are zeros.
const fn two_digits(province: Province) -> u32 {
    province.code() / 10_000
}
