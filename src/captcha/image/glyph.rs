//! The characters' shapes, from the crate `captcha`'s font.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "pixels: small numbers"
)]

use std::sync::LazyLock;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

use crate::captcha::ALPHABET;

/// Lower-case forms that are as easy to tell apart as the upper-case ones.
const LOWER: &[char] = &['a', 'm', 'w', 'y'];

/// A character's shape: how much ink each pixel has, 0 to 1.
pub(super) struct Glyph {
    character: char,
    pub width: usize,
    pub height: usize,
    ink: Vec<f32>,
}

static GLYPHS: LazyLock<Vec<Glyph>> = LazyLock::new(|| {
    let upper = ALPHABET.iter().map(|&byte| char::from(byte));
    let all = upper.chain(LOWER.iter().copied());
    all.filter_map(Glyph::load).collect()
});

impl Glyph {
    /// One of the character's forms.
    pub fn of(character: char, rng: &mut ChaCha12Rng) -> Option<&'static Self> {
        let lower = rng.random_ratio(1, 3);
        let named = |glyph: &&Self| glyph.character.eq_ignore_ascii_case(&character);
        let mut forms = GLYPHS.iter().filter(named);
        let first = forms.next();
        if lower { forms.next().or(first) } else { first }
    }

    /// Out of the crate's font, which it hands out in pictures only.
    fn load(character: char) -> Option<Self> {
        let mut text = captcha::RngCaptcha::from_rng(ChaCha12Rng::seed_from_u64(0));
        let area = text.set_chars(&[character]).add_char().text_area();
        let area = captcha::Geometry::new(area.left, area.right + 1, area.top, area.bottom + 1);
        let file = text.extract(area).as_png()?;
        let mut reader = png::Decoder::new(&file[..]).read_info().ok()?;
        let mut pixels = vec![0; reader.output_buffer_size()];
        let info = reader.next_frame(&mut pixels).ok()?;
        let bytes_a_pixel = info.color_type.samples();
        let ink = pixels.chunks_exact(bytes_a_pixel);
        Some(Self {
            character,
            width: info.width as usize,
            height: info.height as usize,
            ink: ink.map(|pixel| 1.0 - f32::from(pixel[0]) / 255.0).collect(),
        })
    }

    /// The ink at a point counted from the middle, between its four pixels.
    pub fn at(&self, (x, y): (f32, f32)) -> f32 {
        let (x, y) = (
            x + (self.width as f32 - 1.0) / 2.0,
            y + (self.height as f32 - 1.0) / 2.0,
        );
        if x <= -1.0 || y <= -1.0 || x >= self.width as f32 || y >= self.height as f32 {
            return 0.0;
        }
        let (left, top) = (x.floor(), y.floor());
        let (right, below) = (x - left, y - top);
        let (left, top) = (left as i32, top as i32);
        let upper = self.pixel(left, top) * (1.0 - right) + self.pixel(left + 1, top) * right;
        let lower =
            self.pixel(left, top + 1) * (1.0 - right) + self.pixel(left + 1, top + 1) * right;
        upper * (1.0 - below) + lower * below
    }

    fn pixel(&self, x: i32, y: i32) -> f32 {
        match (usize::try_from(x), usize::try_from(y)) {
            (Ok(x), Ok(y)) if x < self.width && y < self.height => self.ink[y * self.width + x],
            _ => 0.0,
        }
    }
}
