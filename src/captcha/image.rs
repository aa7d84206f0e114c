//! The picture: letters and regions of one ink on white paper. Where a letter lies on a region, or on another letter, ink
//! and paper change places, so that neither shade nor thickness tells a letter from what it lies on: the eye follows its
//! outline, and programs that look for dark letters do not find any. One that looks at the outlines alone finds those of
//! specks (at the harder levels of lines too) among them, half a stroke wide: whoever wipes them off wipes the letters'
//! corners off. Letters are turned, stretched and slanted each for itself, go up and down, and the whole is bent. (The
//! crate `captcha` gives one of the two faces; its own noise draws from a global source, and its pictures are of 24 bits
//! a pixel. How well the programs do: `tests/captcha`.)

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "pixels: small numbers, none below zero where it matters"
)]

use rand::seq::IndexedRandom;
use rand_chacha::ChaCha12Rng;

mod bend;
mod glyph;
mod place;
mod scratch;
#[cfg(test)]
mod tests;

use super::curves::Waves;
use bend::Bend;
use glyph::Glyph;
use place::Place;

/// Width and height in pixels.
pub const SIZE: (u32, u32) = (304, 152);

const WIDTH: usize = SIZE.0 as usize;
const HEIGHT: usize = SIZE.1 as usize;

/// Dark on white, 9:1 and more.
const INKS: [[u8; 3]; 6] = [
    [20, 40, 90],
    [70, 20, 90],
    [10, 70, 60],
    [110, 30, 20],
    [50, 50, 50],
    [80, 55, 0],
];

/// How many characters are asked for at a level (0 to 3), in the picture and in the sound.
pub const fn length(level: u8) -> usize {
    match level {
        0 | 1 => 7,
        _ => 8,
    }
}

/// What hides the letters.
struct Hiding {
    /// About as far it is from one region to the next, in pixels.
    regions: f32,
    lines: u8,
    specks: u8,
}

const fn hiding(level: u8) -> Hiding {
    let (regions, lines, specks) = match level {
        0 => (132.0, 0, 95),
        1 => (118.0, 1, 85),
        2 => (112.0, 2, 85),
        _ => (106.0, 3, 85),
    };
    Hiding {
        regions,
        lines,
        specks,
    }
}

/// The PNG of an answer's characters; all that is random comes from `rng`.
pub fn png(answer: &str, level: u8, rng: &mut ChaCha12Rng) -> Vec<u8> {
    let mut canvas = Canvas(vec![false; WIDTH * HEIGHT]);
    let hiding = hiding(level);
    canvas.regions(hiding.regions, rng);
    canvas.letters(answer, level, rng);
    canvas.lines(hiding.lines, rng);
    canvas.specks(hiding.specks, rng);
    let ink = INKS.choose(rng).copied().unwrap_or_default();
    canvas.encode(ink)
}

/// Which pixels are of ink.
struct Canvas(Vec<bool>);

impl Canvas {
    /// Regions wider than letters: where three waves, each of its own direction and length, add up high. They are added
    /// up at every eighth pixel; between those the sum is as good as straight.
    fn regions(&mut self, length: f32, rng: &mut ChaCha12Rng) {
        const STEP: usize = 8;
        const ACROSS: usize = WIDTH / STEP + 2;
        let waves = Waves::<3>::any(length, rng);
        let height = |at: usize| {
            let (x, y) = ((at % ACROSS * STEP) as f32, (at / ACROSS * STEP) as f32);
            waves.at(x, y)
        };
        let heights: Vec<f32> = (0..ACROSS * (HEIGHT / STEP + 2)).map(height).collect();
        for (y, row) in self.0.chunks_exact_mut(WIDTH).enumerate() {
            let (above, down) = (y / STEP * ACROSS, (y % STEP) as f32 / STEP as f32);
            let along = |column: usize| {
                let (upper, lower) = (heights[above + column], heights[above + ACROSS + column]);
                upper + (lower - upper) * down
            };
            for (column, pixels) in row.chunks_mut(STEP).enumerate() {
                let (mut height, next) = (along(column), along(column + 1));
                let rise = (next - height) / STEP as f32;
                for pixel in pixels {
                    *pixel = height > 0.0;
                    height += rise;
                }
            }
        }
    }

    fn letters(&mut self, answer: &str, level: u8, rng: &mut ChaCha12Rng) {
        let glyphs: Vec<_> = answer
            .chars()
            .filter_map(|character| Glyph::of(character, rng))
            .collect();
        let places = place::row(&glyphs, level, rng);
        let bend = Bend::any(1.1, rng);
        for (glyph, place) in glyphs.iter().zip(&places) {
            self.letter(glyph, place, &bend);
        }
    }

    fn letter(&mut self, glyph: &Glyph, place: &Place, bend: &Bend) {
        let (columns, rows) = place.reach(glyph);
        for y in rows {
            for x in columns.clone() {
                let (u, v) = place.to_glyph(bend.at(x, y));
                self.0[y * WIDTH + x] ^= glyph.distance(u, v) < place.weight;
            }
        }
    }

    /// One bit a pixel.
    fn encode(&self, ink: [u8; 3]) -> Vec<u8> {
        let byte = |bits: &[bool]| bits.iter().fold(0, |byte, &bit| byte << 1 | u8::from(bit));
        let data: Vec<u8> = self.0.chunks(8).map(byte).collect();
        let mut file = Vec::with_capacity(3000);
        let mut encoder = png::Encoder::new(&mut file, SIZE.0, SIZE.1);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::One);
        encoder.set_palette([[255; 3], ink].concat());
        encoder.set_filter(png::FilterType::NoFilter);
        encoder.set_compression(png::Compression::Default);
        encoder
            .write_header()
            .and_then(|mut writer| writer.write_image_data(&data))
            .expect("a picture of the right length, written to memory");
        file
    }
}
