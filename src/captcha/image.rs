//! The picture: glyphs of the crate `captcha`, each turned, stretched and slanted, the whole bent, crossed by strokes of
//! ink and of paper. (The crate's own noise draws from a global source, and its pictures are of 24 bits a pixel.)
//!
//! Plain arithmetic only, no `sin`: its last bit differs from machine to machine, and the same id is to give the same
//! bytes on each.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "pixels: small numbers, none below zero where it matters"
)]

use rand::{Rng, seq::IndexedRandom};
use rand_chacha::ChaCha12Rng;

mod glyph;

use glyph::Glyph;

/// Width and height in pixels.
pub const SIZE: (u32, u32) = (220, 80);

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

/// The PNG of an answer's characters; all that is random comes from `rng`.
pub fn png(answer: &str, rng: &mut ChaCha12Rng) -> Vec<u8> {
    let mut canvas = Canvas(vec![0.0; WIDTH * HEIGHT]);
    for _ in 0..3 {
        canvas.stroke(&Stroke::across(rng, 0.8..1.6), Ink::Light);
    }
    canvas.letters(answer, rng);
    for _ in 0..2 {
        canvas.stroke(&Stroke::across(rng, 0.4..0.7), Ink::Paper);
        canvas.stroke(&Stroke::across(rng, 0.8..1.1), Ink::Dark);
    }
    for ink in [Ink::Paper, Ink::Dark].repeat(20) {
        let at = (
            between(rng, 0.0, WIDTH as f32),
            between(rng, 0.0, HEIGHT as f32),
        );
        canvas.dot(at, between(rng, 0.6, 1.4), ink);
    }
    let ink = INKS.choose(rng).copied().unwrap_or_default();
    canvas.encode(ink)
}

fn between(rng: &mut ChaCha12Rng, low: f32, high: f32) -> f32 {
    low + (high - low) * rng.random::<f32>()
}

/// How much ink lies on each pixel, 0 to 1.
struct Canvas(Vec<f32>);

#[derive(Clone, Copy)]
enum Ink {
    Dark,
    Light,
    Paper,
}

impl Canvas {
    /// Mixes `cover` (0 to 1) of an ink into a pixel; outside the canvas nothing happens.
    fn put(&mut self, x: i32, y: i32, cover: f32, ink: Ink) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else {
            return;
        };
        if x < WIDTH && y < HEIGHT {
            let pixel = &mut self.0[y * WIDTH + x];
            *pixel = match ink {
                Ink::Dark => pixel.max(cover),
                Ink::Light => pixel.max(cover * 0.34),
                Ink::Paper => pixel.min(1.0 - cover),
            };
        }
    }

    /// A disc with a soft edge.
    fn dot(&mut self, (x, y): (f32, f32), radius: f32, ink: Ink) {
        let reach = radius as i32 + 1;
        for py in y as i32 - reach..=y as i32 + reach {
            for px in x as i32 - reach..=x as i32 + reach {
                let (dx, dy) = (px as f32 - x, py as f32 - y);
                let cover = radius + 0.5 - (dx * dx + dy * dy).sqrt();
                if cover > 0.0 {
                    self.put(px, py, cover.min(1.0), ink);
                }
            }
        }
    }

    fn stroke(&mut self, stroke: &Stroke, ink: Ink) {
        for step in 0..=WIDTH {
            let at = stroke.at(step as f32 / WIDTH as f32);
            self.dot(at, stroke.radius, ink);
        }
    }

    fn letters(&mut self, answer: &str, rng: &mut ChaCha12Rng) {
        let glyphs: Vec<_> = answer
            .chars()
            .filter_map(|character| Glyph::of(character, rng))
            .collect();
        let mut places: Vec<_> = glyphs.iter().map(|glyph| Place::any(glyph, rng)).collect();
        // side by side, a little pressed together where they are too wide
        let wide: f32 = places.iter().map(|place| place.width).sum();
        let room = WIDTH as f32 - 16.0;
        let press = (room / wide).min(1.0);
        let gap = (room - wide * press) / places.len().max(1) as f32;
        let mut x = 8.0;
        for place in &mut places {
            place.scale.0 *= press;
            place.width *= press;
            place.centre.0 = x + place.width / 2.0 + gap * between(rng, 0.3, 0.7);
            x += place.width + gap;
        }
        let bend = Bend::any(rng);
        for (glyph, place) in glyphs.iter().zip(&places) {
            self.letter(glyph, place, &bend);
        }
    }

    fn letter(&mut self, glyph: &Glyph, place: &Place, bend: &Bend) {
        let (reach_x, reach_y) = (place.width as i32, 46);
        let (x, y) = (place.centre.0 as i32, place.centre.1 as i32);
        for py in y - reach_y..=y + reach_y {
            for px in x - reach_x..=x + reach_x {
                let cover = glyph.at(place.to_glyph(bend.at(px as f32, py as f32)));
                if cover > 0.0 {
                    self.put(px, py, cover, Ink::Dark);
                }
            }
        }
    }

    /// Four shades, two bits a pixel.
    fn encode(&self, ink: [u8; 3]) -> Vec<u8> {
        let shade =
            |level: u32| ink.map(|channel| (255 - (255 - u32::from(channel)) * level / 3) as u8);
        let palette: Vec<u8> = (0..4).flat_map(shade).collect();
        let level = |ink: &f32| (ink * 3.0 + 0.5) as u8;
        let rows = self.0.chunks(4).map(|four| {
            let bits = four.iter().map(level);
            bits.fold(0, |byte, level| byte << 2 | level)
        });
        let data: Vec<u8> = rows.collect();
        let mut file = Vec::with_capacity(3000);
        let mut encoder = png::Encoder::new(&mut file, SIZE.0, SIZE.1);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::Two);
        encoder.set_palette(palette);
        encoder.set_filter(png::FilterType::NoFilter);
        encoder
            .write_header()
            .and_then(|mut writer| writer.write_image_data(&data))
            .expect("a picture of the right length, written to memory");
        file
    }
}

/// A curve from one edge to the other.
struct Stroke {
    points: [(f32, f32); 4],
    radius: f32,
}

impl Stroke {
    fn across(rng: &mut ChaCha12Rng, radius: std::ops::Range<f32>) -> Self {
        let third = WIDTH as f32 / 3.0;
        let point = |n: u8| {
            let x = third * (f32::from(n) + between(rng, -0.15, 0.15));
            (x, HEIGHT as f32 * between(rng, 0.1, 0.9))
        };
        Self {
            points: [0, 1, 2, 3].map(point),
            radius: between(rng, radius.start, radius.end),
        }
    }

    /// The point of a cubic Bézier curve, `t` from 0 to 1.
    fn at(&self, t: f32) -> (f32, f32) {
        let s = 1.0 - t;
        let weights = [s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t];
        let weighted = self.points.iter().zip(weights);
        weighted.fold((0.0, 0.0), |(x, y), (point, weight)| {
            (x + point.0 * weight, y + point.1 * weight)
        })
    }
}

/// A wave through the whole picture, each way.
struct Bend {
    x: (f32, f32, f32),
    y: (f32, f32, f32),
}

impl Bend {
    fn any(rng: &mut ChaCha12Rng) -> Self {
        Self {
            x: (
                between(rng, 1.5, 3.0),
                between(rng, 45.0, 70.0),
                rng.random(),
            ),
            y: (
                between(rng, 2.5, 5.0),
                between(rng, 80.0, 130.0),
                rng.random(),
            ),
        }
    }

    /// Where a pixel of the bent picture comes from.
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        let shift = |(amplitude, length, phase): (f32, f32, f32), at: f32| {
            amplitude * wave(at / length + phase)
        };
        (x + shift(self.x, y), y + shift(self.y, x))
    }
}

/// Much like a sine of period 1: two parabolas.
fn wave(t: f32) -> f32 {
    let t = t - t.floor();
    if t < 0.5 {
        16.0 * t * (0.5 - t)
    } else {
        16.0 * (t - 0.5) * (t - 1.0)
    }
}

/// How a letter stands in the picture.
struct Place {
    centre: (f32, f32),
    scale: (f32, f32),
    slant: f32,
    cos: f32,
    sin: f32,
    width: f32,
}

impl Place {
    fn any(glyph: &Glyph, rng: &mut ChaCha12Rng) -> Self {
        // half the angle's tangent: ±18°
        let half = between(rng, -0.158, 0.158);
        let square = half * half;
        // small glyphs grow more, so that none is hard to read for its size
        let height = between(rng, 42.0, 52.0) * if glyph.height < 30 { 0.86 } else { 1.0 };
        let tall = height / glyph.height as f32;
        let scale = (tall * between(rng, 0.85, 1.1), tall);
        Self {
            centre: (0.0, HEIGHT as f32 / 2.0 + between(rng, -6.0, 6.0)),
            scale,
            slant: between(rng, -0.15, 0.15),
            cos: (1.0 - square) / (1.0 + square),
            sin: 2.0 * half / (1.0 + square),
            width: glyph.width as f32 * scale.0 + 3.0,
        }
    }

    /// From the picture to the glyph's own middle.
    fn to_glyph(&self, (x, y): (f32, f32)) -> (f32, f32) {
        let (x, y) = (x - self.centre.0, y - self.centre.1);
        let (x, y) = (x * self.cos + y * self.sin, y * self.cos - x * self.sin);
        ((x + y * self.slant) / self.scale.0, y / self.scale.1)
    }
}
