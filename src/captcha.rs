//! Captchas: a few characters, drawn and spoken, or a puzzle. A captcha's id is a sealed token that any instance can draw
//! and judge, so that showing one stores nothing; that each is used once is kept by the flows. A puzzle that was solved
//! becomes a proof, another such token.
//! All that is drawn or spoken comes from a random source seeded by the token: the same id gives the same bytes.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use zeroize::Zeroizing;

mod challenge;
mod curves;
mod hands;
mod image;
mod puzzle;
mod sound;
mod stock;
#[cfg(test)]
mod tests;
mod token;
mod trail;

pub use challenge::Challenge;
pub use image::SIZE;
pub use puzzle::{FRAME, Frame};
pub use trail::Trail;

use hands::Hands;
use stock::Stock;

use crate::{
    domain::{
        province::Province,
        text::{TypedError, fold},
    },
    keys::Keys,
    random::Random,
};

/// What a captcha is made of: nothing that a person took for another when turned and under specks (no 0/O/Q/D, 1/I/L/J,
/// 3/B by 8, S by 5, 6/G by 9, Z/7 by 2, A by 4, M/N by W, E/F/H/K/T/U/V/X by Y), or that sounds like another in Mandarin
/// or in English. `tools/captcha-samples.py` has it too. Of 823,543 guesses at an image of the easiest level one is right.
pub const ALPHABET: &[u8] = b"24589WY";

/// So long a captcha is good: people wait for the SMS with the page open.
pub const LIFE: TimeDelta = TimeDelta::minutes(20);

/// The level that nobody has to be kept waiting for; the others are rare.
const EASIEST: u8 = 0;

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

/// What the sound speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// 普通话
    #[default]
    Mandarin,
    /// English.
    English,
}

/// What a captcha's id stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Characters, drawn and spoken.
    Image,
    /// A picture with gaps, and the piece that belongs into one of them.
    Puzzle,
    /// That a puzzle has been solved.
    Proof,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Image, Self::Puzzle, Self::Proof];

    const fn letter(self) -> char {
        match self {
            Self::Image => 'i',
            Self::Puzzle => 'p',
            Self::Proof => 's',
        }
    }
}

/// What everything drawn and asked comes from.
type Drawing = Zeroizing<[u8; 16]>;

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

/// Makes captchas, and judges the answers. Clones share the stock.
#[derive(Clone)]
pub struct Captchas {
    keys: Keys,
    random: Random,
    stock: Option<Stock>,
    hands: Hands,
}

impl std::fmt::Debug for Captchas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Captchas({:?}, …)", self.keys)
    }
}

impl Captchas {
    /// With the keys that all instances share.
    #[must_use]
    pub fn new(keys: Keys, random: Random) -> Self {
        Self {
            keys,
            random,
            stock: None,
            hands: Hands::new(),
        }
    }

    /// The same with a stock of pictures, which [`Captchas::fill`] fills.
    #[must_use]
    pub fn stocked(self) -> Self {
        let stock = Some(Stock::default());
        Self { stock, ..self }
    }

    /// Fills the stock, one picture after the other, unless somebody does already.
    pub async fn fill(&self) {
        let Some(stock) = self.stock.as_ref().filter(|_| self.hands.begin_filling()) else {
            return;
        };
        while let Some(kind) = stock.lacks() {
            let drawing: Drawing = Zeroizing::new(self.random.bytes());
            let own = drawing.clone();
            let picture = self
                .hands
                .work(&[], move || challenge::draw(kind, EASIEST, &own));
            // too many visitors wait: they come first
            let Some(picture) = picture.await else { break };
            stock.add(kind, drawing, picture);
        }
        self.hands.end_filling();
    }

    /// A new captcha for a form of a bureau (`None`: the national page); the higher the level (0 to 3), the harder.
    #[must_use]
    pub fn issue(
        &self,
        kind: Kind,
        level: u8,
        form: Form,
        bureau: Option<Province>,
        now: DateTime<Utc>,
    ) -> CaptchaId {
        let stock = self.stock.as_ref().filter(|_| level == EASIEST);
        let ready = stock.and_then(|stock| stock.take(kind));
        let token = token::Token {
            kind,
            form,
            bureau,
            issued_at: now,
            level,
            drawing: ready.unwrap_or_else(|| Zeroizing::new(self.random.bytes())),
        };
        CaptchaId(token.seal(&self.keys, &self.random))
    }

    /// A captcha's picture ([`Challenge::png`]) for a client's network, out of the stock or drawn now; `None`: too many wait for
    /// theirs, or too many of this client's.
    pub async fn picture(&self, challenge: Arc<Challenge>, client: &[u8]) -> Option<Arc<[u8]>> {
        let ready = self
            .stock
            .as_ref()
            .and_then(|stock| stock.picture(challenge.drawing()));
        let picture = match ready {
            Some(picture) => picture,
            None => self
                .hands
                .work(client, move || challenge.png())
                .await?
                .into(),
        };
        if self
            .stock
            .as_ref()
            .is_some_and(|stock| stock.lacks().is_some())
        {
            let captchas = self.clone();
            tokio::spawn(async move { captchas.fill().await });
        }
        Some(picture)
    }

    /// An image's sound ([`Challenge::wav`]) for a client's network, made now; `None` as with pictures.
    pub async fn sound(
        &self,
        challenge: Arc<Challenge>,
        language: Language,
        client: &[u8],
    ) -> Option<Arc<[u8]>> {
        let sound = self.hands.work(client, move || challenge.wav(language));
        Some(sound.await?.into())
    }

    /// That this puzzle has been solved: goes into its form in place of an image's id, as long as the puzzle was good.
    #[must_use]
    pub fn prove(&self, solved: &Challenge) -> CaptchaId {
        CaptchaId(solved.proof().seal(&self.keys, &self.random))
    }

    /// Opens an id, however old it is.
    ///
    /// # Errors
    /// It is none of ours.
    pub fn open(&self, id: &str) -> Result<Challenge, CaptchaError> {
        let (token, key) = token::Token::open(&self.keys, id).ok_or(CaptchaError)?;
        Challenge::new(&self.keys, &key, token, id)
    }

    /// Whether a puzzle may be tried; where its piece was put has not been looked at yet.
    ///
    /// # Errors
    /// [`Refusal::NotOurs`] or [`Refusal::Expired`].
    pub fn admit_puzzle(&self, id: &str, now: DateTime<Utc>) -> Result<Challenge, Refusal> {
        let challenge = self.open(id).map_err(|CaptchaError| Refusal::NotOurs)?;
        if challenge.kind() != Kind::Puzzle {
            return Err(Refusal::NotOurs);
        }
        challenge.is_in_time(now)?;
        Ok(challenge)
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
        if !is_answered(id, answer) {
            return Err(Refusal::Missing);
        }
        let challenge = self.open(id).map_err(|CaptchaError| Refusal::NotOurs)?;
        // a puzzle answers no form; its proof does
        if challenge.kind() == Kind::Puzzle {
            return Err(Refusal::NotOurs);
        }
        challenge.is_for(form, bureau)?;
        challenge.is_in_time(now)?;
        Ok(challenge)
    }
}

/// A form has something in place of an answer: an image's characters, or a puzzle's proof, which needs none.
#[must_use]
pub fn is_answered(id: &str, answer: &str) -> bool {
    let is_proof = id.starts_with(Kind::Proof.letter());
    is_proof || (!id.is_empty() && fold(answer).err() != Some(TypedError::Empty))
}
