//! Captchas: a few characters, drawn and spoken. A captcha's id is a sealed token that any instance can draw and judge,
//! so that showing one stores nothing; that each is used once is kept by the flows.
//! All that is drawn or spoken comes from a random source seeded by the id: the same id gives the same bytes.

use chrono::{DateTime, TimeDelta, Utc};
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

mod image;
mod sound;
#[cfg(test)]
mod tests;
mod token;

pub use image::SIZE;

use crate::{
    domain::{
        province::Province,
        text::{TypedError, fold},
    },
    keys::{Hash, KeyBytes, Keys, Purpose},
    random::Random,
};

/// What a captcha is made of: nothing that looks like another (no 0/O/Q/D, 1/I/L, 2/Z, 5/S, 8/B, 6/G, U/V, P/R) or
/// sounds like another in Mandarin (no C by 4, E, P, T by 7, R by 2, U by 6). `tools/captcha-samples.py` has it too.
pub const ALPHABET: &[u8] = b"23456789AFHJKMWY";

const LENGTH: usize = 5;

/// People wait for the SMS with the page open.
const LIFE: TimeDelta = TimeDelta::minutes(20);

/// The forms that carry a captcha; each is good for its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// 短信核验
    Verification,
    /// 短信重发
    Resend,
    /// 短信核验 by short link; the bureau is the link's.
    ShortLink,
    /// 公共查询
    Progress,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Verification,
        Self::Resend,
        Self::ShortLink,
        Self::Progress,
    ];

    /// Its word, as `POST /captcha` takes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verification => "verification",
            Self::Resend => "resend",
            Self::ShortLink => "link",
            Self::Progress => "progress",
        }
    }
}

/// A captcha's id as it stands in the form and in `/captcha/{id}.png`: letters, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CaptchaId(String);

impl CaptchaId {
    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for CaptchaId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id was not made here: forged, garbled, or of a key that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a captcha of ours")]
pub struct CaptchaError;

/// Why a captcha does not let a submission pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// 请完成图形验证: no id or no answer.
    Missing,
    /// 图形验证已过期: more than twenty minutes old.
    Expired,
    /// Forged, garbled, or drawn for another form or bureau.
    NotOurs,
}

/// Makes captchas, and judges the answers.
#[derive(Debug, Clone)]
pub struct Captchas {
    keys: Keys,
    random: Random,
}

impl Captchas {
    /// With the keys that all instances share.
    #[must_use]
    pub fn new(keys: Keys, random: Random) -> Self {
        Self { keys, random }
    }

    /// A new captcha for a form of a bureau (`None`: the national page).
    #[must_use]
    pub fn issue(&self, form: Form, bureau: Option<Province>, now: DateTime<Utc>) -> CaptchaId {
        let count = u32::try_from(ALPHABET.len()).unwrap_or(u32::MAX);
        let character = || char::from(ALPHABET[self.random.below(count) as usize]);
        let token = token::Token {
            form,
            bureau,
            issued_at: now,
            answer: (0..LENGTH).map(|_| character()).collect::<String>().into(),
        };
        CaptchaId(token.seal(&self.keys, &self.random))
    }

    /// Opens an id, however old it is.
    ///
    /// # Errors
    /// It is none of ours.
    pub fn open(&self, id: &str) -> Result<Challenge, CaptchaError> {
        let (token, key) = token::Token::open(&self.keys, id).ok_or(CaptchaError)?;
        let hash = |purpose| {
            let hash = self.keys.hash_with(&key, purpose, &[id.as_bytes()]);
            hash.map_err(|_| CaptchaError)
        };
        Ok(Challenge {
            use_hash: hash(Purpose::CaptchaUse)?,
            seed: Zeroizing::new(hash(Purpose::CaptchaDrawing)?.value),
            token,
        })
    }

    /// Whether a submission may use this captcha up; what it answered has not been looked at yet.
    ///
    /// # Errors
    /// [`Refusal::Missing`], [`Refusal::NotOurs`] or [`Refusal::Expired`]: nothing is used up then.
    pub fn admit(
        &self,
        id: &str,
        form: Form,
        bureau: Option<Province>,
        answer: &str,
        now: DateTime<Utc>,
    ) -> Result<Challenge, Refusal> {
        if id.is_empty() || fold(answer).err() == Some(TypedError::Empty) {
            return Err(Refusal::Missing);
        }
        let challenge = self.open(id).map_err(|CaptchaError| Refusal::NotOurs)?;
        if (challenge.token.form, challenge.token.bureau) != (form, bureau) {
            return Err(Refusal::NotOurs);
        }
        // one from the future (a sandbox's clock was turned back) is no better than an old one
        if (now - challenge.token.issued_at).abs() >= LIFE {
            return Err(Refusal::Expired);
        }
        Ok(challenge)
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

/// An opened captcha. (A puzzle will be another kind of it.)
pub struct Challenge {
    token: token::Token,
    seed: KeyBytes,
    use_hash: Hash,
}

impl Challenge {
    /// The picture, a PNG of [`SIZE`]. Takes about a millisecond.
    #[must_use]
    pub fn png(&self) -> Vec<u8> {
        image::png(&self.token.answer, &mut self.rng(0))
    }

    /// The sound, a WAV of some seconds. Takes about a millisecond.
    #[must_use]
    pub fn wav(&self) -> Vec<u8> {
        sound::wav(&self.token.answer, &mut self.rng(1))
    }

    /// The right answer: for a sandbox's testers alone.
    #[must_use]
    pub fn answer(&self) -> &str {
        &self.token.answer
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

    /// One source for the picture and another for the sound: neither tells of the other's noise.
    fn rng(&self, stream: u64) -> ChaCha12Rng {
        let mut rng = ChaCha12Rng::from_seed(*self.seed);
        rng.set_stream(stream);
        rng
    }
}

impl std::fmt::Debug for Challenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Challenge(…)")
    }
}
