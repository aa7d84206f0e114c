//! An opened captcha: what it asks, how it is drawn and spoken, what it accepts.

use chrono::{DateTime, Utc};
use rand::{SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha12Rng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    ALPHABET, CaptchaError, Drawing, FRAME, Form, Kind, LIFE, Language, Refusal, Trail, image,
    puzzle::{self, Layout, Right},
    sound,
    token::Token,
};
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

    pub(super) fn drawing(&self) -> &Drawing {
        &self.token.drawing
    }

    pub(super) fn proof(&self) -> Token {
        Token {
            kind: Kind::Proof,
            ..self.token.clone()
        }
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.token.kind
    }

    /// How hard it is, 0 to 3.
    #[must_use]
    pub fn level(&self) -> u8 {
        self.token.level
    }

    /// The picture, a PNG: of [`super::SIZE`] in about a millisecond, a puzzle's as [`FRAME`] says in some; none of a
    /// proof.
    #[must_use]
    pub fn png(&self) -> Vec<u8> {
        draw(self.token.kind, self.token.level, &self.token.drawing)
    }

    /// The bureau that it was drawn for; `None`: the national page.
    #[must_use]
    pub fn bureau(&self) -> Option<Province> {
        self.token.bureau
    }

    /// An image's sound, a WAV of some seconds. Takes some milliseconds.
    #[must_use]
    pub fn wav(&self, language: Language) -> Vec<u8> {
        let characters = characters(self.token.level, &self.token.drawing);
        sound::wav(
            &characters,
            language,
            self.token.level,
            &mut rng(&self.token.drawing, Stream::Sound),
        )
    }

    /// The right answer, to an image its characters, to a puzzle the position: for a sandbox's testers alone.
    #[must_use]
    pub fn answer(&self) -> Zeroizing<String> {
        match self.token.kind {
            Kind::Image => characters(self.token.level, &self.token.drawing),
            Kind::Puzzle => Zeroizing::new(self.right().place().to_string()),
            Kind::Proof => Zeroizing::default(),
        }
    }

    /// A form's answer is right: in any case and width, with spaces or without, and with a character that is never drawn for
    /// the one that it looks like. Compared in constant time. A proof needs none, a puzzle takes none.
    #[must_use]
    pub fn accepts(&self, answer: &str) -> bool {
        let meant = |given: &str| given.chars().map(meant).collect::<String>();
        match self.token.kind {
            Kind::Image => fold(answer).is_ok_and(|given| {
                let given = Zeroizing::new(meant(&given));
                given.as_bytes().ct_eq(self.answer().as_bytes()).into()
            }),
            Kind::Puzzle => false,
            Kind::Proof => true,
        }
    }

    /// A puzzle's piece is in its slot, and came there in the way of a person.
    #[must_use]
    pub fn is_solved_by(&self, position: u32, trail: &Trail) -> bool {
        self.token.kind == Kind::Puzzle
            && self.right().accepts(position)
            && trail.is_a_persons(position, FRAME.height / FRAME.rows, FRAME.length)
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

    fn right(&self) -> Right {
        Right::of(
            self.token.level,
            &mut rng(&self.token.drawing, Stream::Answer),
        )
    }
}

/// The picture of an image or a puzzle.
pub(super) fn draw(kind: Kind, level: u8, drawing: &Drawing) -> Vec<u8> {
    let mut rng = rng(drawing, Stream::Picture);
    match kind {
        Kind::Image => image::png(&characters(level, drawing), level, &mut rng),
        Kind::Puzzle => puzzle::png(&layout(level, drawing), level, &mut rng),
        Kind::Proof => Vec::new(),
    }
}

fn characters(level: u8, drawing: &Drawing) -> Zeroizing<String> {
    let mut rng = rng(drawing, Stream::Answer);
    let character = |_| ALPHABET.choose(&mut rng).map(|&byte| char::from(byte));
    Zeroizing::new((0..image::length(level)).filter_map(character).collect())
}

fn layout(level: u8, drawing: &Drawing) -> Layout {
    Layout::any(level, &mut rng(drawing, Stream::Answer))
}

fn rng(drawing: &Drawing, stream: Stream) -> ChaCha12Rng {
    let mut seed = Zeroizing::new([0; 32]);
    seed[..drawing.len()].copy_from_slice(&drawing[..]);
    let mut rng = ChaCha12Rng::from_seed(*seed);
    rng.set_stream(stream as u64);
    rng
}

/// What a reader of the picture meant who typed a character that is not in the alphabet.
const fn meant(typed: char) -> char {
    match typed {
        'Z' => '2',
        'A' => '4',
        'S' => '5',
        'B' => '8',
        '6' | 'G' | 'Q' => '9',
        'M' => 'W',
        'T' | 'V' => 'Y',
        other => other,
    }
}

impl std::fmt::Debug for Challenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Challenge(…)")
    }
}
