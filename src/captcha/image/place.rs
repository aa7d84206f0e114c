//! How the letters stand in the picture.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "pixels: small numbers, none below zero where it matters"
)]

use std::ops::Range;

use rand::Rng;
use rand_chacha::ChaCha12Rng;

use super::{HEIGHT, WIDTH, bend::wave, between, glyph::Glyph};

/// Left free at both ends of the row.
const EDGE: f32 = 14.0;

/// How far the row goes up and down, letters lean, taper and turn: little at the first level, which everybody is asked.
#[derive(Clone, Copy)]
struct Unrest {
    swing: f32,
    slant: f32,
    taper: f32,
    /// The tangent of half the angle.
    turn: f32,
}

impl Unrest {
    const fn of(level: u8) -> Self {
        match level {
            // ±16°
            0 => Self {
                swing: 18.0,
                slant: 0.1,
                taper: 0.1,
                turn: 0.14,
            },
            // ±33°
            _ => Self {
                swing: 34.0,
                slant: 0.15,
                taper: 0.2,
                turn: 0.3,
            },
        }
    }
}

/// How a letter stands.
pub(super) struct Place {
    middle: (f32, f32),
    height: f32,
    stretch: f32,
    slant: f32,
    taper: f32,
    turn: (f32, f32),
    /// How much bolder than its face, in heights.
    pub weight: f32,
}

impl Place {
    fn any(unrest: Unrest, rng: &mut ChaCha12Rng) -> Self {
        let either = |rng: &mut ChaCha12Rng, most: f32| between(rng, -most, most);
        Self {
            middle: (0.0, 0.0),
            height: between(rng, 46.0, 54.0),
            stretch: between(rng, 0.85, 1.15),
            slant: either(rng, unrest.slant),
            taper: either(rng, unrest.taper),
            turn: direction(either(rng, unrest.turn)),
            weight: between(rng, 0.02, 0.04),
        }
    }

    /// The columns and rows that the letter may lie on.
    pub fn reach(&self) -> (Range<usize>, Range<usize>) {
        let reach = self.height * 0.95;
        let along = |middle: f32, end: usize| {
            (middle - reach).max(0.0) as usize..((middle + reach).max(0.0) as usize).min(end)
        };
        (along(self.middle.0, WIDTH), along(self.middle.1, HEIGHT))
    }

    /// From the picture to the glyph's own middle, in heights.
    pub fn to_glyph(&self, (x, y): (f32, f32)) -> (f32, f32) {
        let x = (x - self.middle.0) / self.height;
        let y = (y - self.middle.1) / self.height;
        let (cos, sin) = self.turn;
        let (x, y) = (x * cos + y * sin, y * cos - x * sin);
        let x = (x + y * self.slant) * (1.0 + self.taper * y);
        (x / self.stretch, y)
    }

    /// About how much of the row it takes.
    fn width(&self, glyph: &Glyph) -> f32 {
        (glyph.width * 0.6 + 0.3) * self.height * self.stretch
    }
}

/// The letters from left to right, on a path that goes up and down within a few of them. Neighbours of one height stand
/// side by side; others reach a little over or under each other.
pub(super) fn row(glyphs: &[&Glyph], level: u8, rng: &mut ChaCha12Rng) -> Vec<Place> {
    let unrest = Unrest::of(level);
    let mut places: Vec<_> = glyphs.iter().map(|_| Place::any(unrest, rng)).collect();
    // five have the room; more are smaller
    let size = (5.0 / glyphs.len().max(5) as f32).sqrt();
    let (length, phase) = (between(rng, 2.6, 4.2), rng.random::<f32>());
    let (mut end, mut before) = (0.0, 0.0);
    for (n, (place, glyph)) in places.iter_mut().zip(glyphs).enumerate() {
        place.height *= size;
        let half = place.width(glyph) / 2.0;
        let swing = unrest.swing * wave(n as f32 / length + phase);
        let y = HEIGHT as f32 / 2.0 + swing + between(rng, -5.0, 5.0);
        let apart = ((y - before) / place.height).abs().min(1.0);
        let closer = if n == 0 { 1.0 } else { 1.2 - 0.2 * apart };
        place.middle = (end + half * closer, y);
        end += 2.0 * half * closer;
        before = y;
    }
    let room = WIDTH as f32 - 2.0 * EDGE;
    let press = (room / end.max(1.0)).min(1.15);
    let left = EDGE + (room - end * press) * rng.random::<f32>();
    for place in &mut places {
        place.middle.0 = left + place.middle.0 * press;
        place.stretch *= press.clamp(0.85, 1.0);
    }
    places
}

/// Cosine and sine, by the tangent of half the angle.
pub(super) fn direction(half: f32) -> (f32, f32) {
    let square = half * half;
    ((1.0 - square) / (1.0 + square), 2.0 * half / (1.0 + square))
}
