//! The puzzle: a picture with slots, each showing another thing, and a piece that shows the same thing as one of them, as
//! somebody else would have drawn it. The piece slides along one line through all slots; it belongs where the same thing
//! is. People see that at a glance; the slots' edges are all alike, by their pixels the piece is no nearer to its own
//! slot than to another's (`layout`), and as in the image ink and ground change places in regions, so that no shade tells
//! a thing from what it lies on. (How well the programs do: `tests/captcha`.)

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

/// The side of the square around a piece or slot, and a row's height, in pixels.
const CELL: u32 = 64;
const ROW: u32 = 76;
const ROWS: u32 = 3;
const COLUMNS: u32 = 5;
const WIDTH: u32 = COLUMNS * CELL;
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

/// That of every puzzle.
pub const FRAME: Frame = Frame {
    width: WIDTH,
    height: ROWS * ROW,
    cell: CELL,
    rows: ROWS,
    length: ROWS * ALONG + (ROWS - 1) * ROW,
};

/// How hard a level is.
struct Hardness {
    decoys: usize,
    /// The piece may stand so many pixels to either side.
    tolerance: u32,
    /// About as far it is from one region in a slot to the next, in pixels.
    regions: f32,
    /// Strokes across the picture.
    strokes: u8,
}

const fn hardness(level: u8) -> Hardness {
    let (decoys, tolerance, regions, strokes) = match level {
        0 => (11, 24, 90.0, 4),
        1 => (12, 20, 82.0, 5),
        2 => (13, 17, 74.0, 6),
        _ => (13, 14, 66.0, 7),
    };
    Hardness {
        decoys,
        tolerance,
        regions,
        strokes,
    }
}

/// The picture with the piece below it, a PNG of 15 colours. Takes some milliseconds.
pub(super) fn png(layout: &Layout, level: u8, rng: &mut ChaCha12Rng) -> Vec<u8> {
    scene::png(layout, &hardness(level), rng)
}
