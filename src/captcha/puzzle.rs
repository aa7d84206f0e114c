//! The puzzle: a picture with slots, each showing another thing, and a piece that shows the same thing as one of them, as
//! somebody else would have drawn it. The piece slides along one line through all slots; it belongs where the same thing
//! is. People see that at a glance; the slots' edges are all alike, and by their pixels the piece is no nearer to its own
//! slot than to another's (`layout`).

use rand::Rng;
use rand_chacha::ChaCha12Rng;

mod colour;
mod layout;
mod noise;
mod scene;
mod shape;
mod symbols;
#[cfg(test)]
mod tests;

pub(super) use layout::{Layout, Right};

/// A row's height, and the side of the square around a piece or slot, in pixels.
const ROW: u32 = 75;
const CELL: u32 = 54;
const COLUMNS: u32 = 6;
const WIDTH: u32 = 320;
/// From one end of a row to the other, in the piece's steps.
const ALONG: u32 = WIDTH - CELL;

/// What the browser must know to show one; none of it tells where the piece belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Width of the picture in pixels.
    pub width: u32,
    /// Its height, without the strip below it that holds the piece at its left end.
    pub height: u32,
    /// The piece's side.
    pub cell: u32,
    /// The line begins in the upper left cell, runs to the right, down, to the left, and so on: so many rows.
    pub rows: u32,
    /// The line's length in pixels: the piece stands at 0 to this.
    pub length: u32,
}

impl Frame {
    /// That of a level.
    #[must_use]
    pub const fn of(level: u8) -> Self {
        let rows = if level < 2 { 2 } else { 3 };
        Self {
            width: WIDTH,
            height: rows * ROW,
            cell: CELL,
            rows,
            length: rows * ALONG + (rows - 1) * ROW,
        }
    }
}

/// How hard a level is.
struct Hardness {
    decoys: usize,
    /// The piece may stand so many pixels to either side.
    tolerance: u32,
    /// What is strewn over the picture.
    noise: f32,
}

const fn hardness(level: u8) -> Hardness {
    let (decoys, tolerance, noise) = match level {
        0 => (10, 13, 1.0),
        1 => (10, 11, 1.2),
        2 => (13, 10, 1.3),
        _ => (15, 9, 1.4),
    };
    Hardness {
        decoys,
        tolerance,
        noise,
    }
}

/// The picture with the piece below it, a PNG of 15 colours. Takes some milliseconds.
pub(super) fn png(layout: &Layout, level: u8, rng: &mut ChaCha12Rng) -> Vec<u8> {
    scene::png(layout, Frame::of(level), hardness(level).noise, rng)
}

fn between(rng: &mut ChaCha12Rng, low: f32, high: f32) -> f32 {
    low + (high - low) * rng.random::<f32>()
}
