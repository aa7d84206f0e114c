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

use crate::captcha::curves::{between, direction};

use super::{HEIGHT, WIDTH, glyph::Glyph};

/// Left free at both ends of the row.
const EDGE: f32 = 14.0;

/// How far the letters' middles may lie above or below the picture's, in pixels.
const SWING: f32 = 40.0;

/// How far letters lean, taper and turn.
#[derive(Clone, Copy)]
struct Unrest {
    slant: f32,
    taper: f32,
    /// The tangent of half the angle.
    turn: f32,
}

impl Unrest {
    const fn of(level: u8) -> Self {
        // 41° and 47°: people read a letter as easily, until it is nearer to another one; programs read rows
        let (slant, taper, turn) = match level {
            0 => (0.1, 0.1, 0.37),
            _ => (0.15, 0.15, 0.44),
        };
        Self { slant, taper, turn }
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
            height: between(rng, 43.0, 49.0),
            stretch: between(rng, 0.92, 1.08),
            slant: either(rng, unrest.slant),
            taper: either(rng, unrest.taper),
            turn: direction(either(rng, unrest.turn)),
            weight: between(rng, 0.02, 0.04),
        }
    }

    /// The columns and rows that the letter may lie on.
    pub fn reach(&self, glyph: &Glyph) -> (Range<usize>, Range<usize>) {
        // half a letter, what turning and slanting add, and how far the picture is bent
        let half = glyph.width * self.stretch / 2.0;
        let (across, down) = (half + 0.25, 0.52 + half * self.turn.1.abs());
        let along = |middle: f32, reach: f32, end: usize| {
            let reach = reach * self.height + 6.0;
            (middle - reach).max(0.0) as usize..((middle + reach).max(0.0) as usize).min(end)
        };
        (
            along(self.middle.0, across, WIDTH),
            along(self.middle.1, down, HEIGHT),
        )
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

/// The letters from left to right, each well above or below the last and a little over or under it: a program that reads
/// column by column finds two in one, people see two.
pub(super) fn row(glyphs: &[&Glyph], level: u8, rng: &mut ChaCha12Rng) -> Vec<Place> {
    let unrest = Unrest::of(level);
    let mut places: Vec<_> = glyphs.iter().map(|_| Place::any(unrest, rng)).collect();
    // seven have the room; more are smaller
    let size = (7.0 / glyphs.len().max(7) as f32).sqrt();
    let (mut end, mut y) = (0.0, between(rng, -SWING, SWING));
    for (n, (place, glyph)) in places.iter_mut().zip(glyphs).enumerate() {
        place.height *= size;
        let half = place.width(glyph) / 2.0;
        if n > 0 {
            let next = beside(y, rng);
            end -= half * 0.8 * ((next - y).abs() / place.height).min(1.0);
            y = next;
        }
        place.middle = (end + half, HEIGHT as f32 / 2.0 + y);
        end += 2.0 * half;
    }
    let room = WIDTH as f32 - 2.0 * EDGE;
    let press = (room / end.max(1.0)).min(1.5);
    let left = EDGE + (room - end * press) * rng.random::<f32>();
    for place in &mut places {
        place.middle.0 = left + place.middle.0 * press;
        place.stretch *= press.clamp(0.9, 1.0);
    }
    places
}

/// A step up or down from a height, where there is room.
fn beside(y: f32, rng: &mut ChaCha12Rng) -> f32 {
    let step = between(rng, 22.0, 50.0);
    let down = if y.abs() + step > SWING {
        y < 0.0
    } else {
        rng.random()
    };
    (if down { y + step } else { y - step }).clamp(-SWING, SWING)
}
