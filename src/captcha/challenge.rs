//! An opened captcha: what it asks, how it is drawn and spoken, what it accepts.

use chrono::{DateTime, Utc};
use rand::{SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha12Rng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{ALPHABET, CaptchaError, Form, LIFE, Refusal, image, sound, token::Token};
use crate::{
    domain::{province::Province, text::fold},
    keys::{Hash, KeyId, Keys, Purpose},
};

/// An opened captcha.
pub struct Challenge {
    token: Token,
    use_hash: Hash,
}

/// What the random numbers are for; none tells of the others.
#[derive(Clone, Copy)]
enum Stream {
    Picture,
    Sound,
    Answer,
}

impl Challenge {
    pub(super) fn new(
        keys: &Keys,
        key: &KeyId,
        token: Token,
        id: &str,
    ) -> Result<Self, CaptchaError> {
        let use_hash = keys.hash_with(key, Purpose::CaptchaUse, &[id.as_bytes()]);
        Ok(Self {
            token,
            use_hash: use_hash.map_err(|_| CaptchaError)?,
        })
    }

    pub(super) fn is_for(&self, form: Form, bureau: Option<Province>) -> Result<(), Refusal> {
        let own = (self.token.form, self.token.bureau) == (form, bureau);
        own.then_some(()).ok_or(Refusal::NotOurs)
    }

    /// One from the future (a sandbox's clock was turned back) is no better than an old one.
    pub(super) fn is_in_time(&self, now: DateTime<Utc>) -> Result<(), Refusal> {
        let in_time = (now - self.token.issued_at).abs() < LIFE;
        in_time.then_some(()).ok_or(Refusal::Expired)
    }

    /// The picture, a PNG of [`super::SIZE`]. Takes about a millisecond.
    #[must_use]
    pub fn png(&self) -> Vec<u8> {
        image::png(&self.answer(), self.level(), &mut self.rng(Stream::Picture))
    }

    /// The sound, a WAV of some seconds. Takes about a millisecond.
    #[must_use]
    pub fn wav(&self) -> Vec<u8> {
        sound::wav(&self.answer(), self.level(), &mut self.rng(Stream::Sound))
    }

    /// The right answer: for a sandbox's testers alone.
    #[must_use]
    pub fn answer(&self) -> Zeroizing<String> {
        let mut rng = self.rng(Stream::Answer);
        let character = |_| ALPHABET.choose(&mut rng).map(|&byte| char::from(byte));
        Zeroizing::new(
            (0..image::length(self.level()))
                .filter_map(character)
                .collect(),
        )
    }

    /// How hard it is, 0 to 3.
    #[must_use]
    pub fn level(&self) -> u8 {
        self.token.level
    }

    /// The answer is right: in any case and width, with spaces or without, and with a letter that is never drawn for the
    /// digit that it looks like. Takes constant time.
    #[must_use]
    pub fn accepts(&self, answer: &str) -> bool {
        let meant = |given: &str| given.chars().map(meant).collect::<String>();
        fold(answer).is_ok_and(|given| {
            let given = Zeroizing::new(meant(&given));
            given.as_bytes().ct_eq(self.answer().as_bytes()).into()
        })
    }

    /// Good before this instant.
    #[must_use]
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.token.issued_at + LIFE
    }

    /// What is kept of it once it is used up; the same on every instance, whatever key is active.
    #[must_use]
    pub fn use_hash(&self) -> &Hash {
        &self.use_hash
    }

    fn rng(&self, stream: Stream) -> ChaCha12Rng {
        let mut seed = Zeroizing::new([0; 32]);
        seed[..16].copy_from_slice(&self.token.drawing[..]);
        let mut rng = ChaCha12Rng::from_seed(*seed);
        rng.set_stream(stream as u64);
        rng
    }
}

/// What a reader of the picture meant who typed a character that is not in the alphabet.
const fn meant(typed: char) -> char {
    match typed {
        'Z' => '2',
        'S' => '5',
        'B' => '8',
        'G' | 'Q' => '9',
        other => other,
    }
}

impl std::fmt::Debug for Challenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Challenge(…)")
    }
}
