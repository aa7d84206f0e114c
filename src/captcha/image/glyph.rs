//! The characters' shapes in two faces: that of the crate `captcha`, and strokes of our own. Each is kept as a field of
//! distances to its edge, so that one shape serves for every weight and for outlines.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    reason = "pixels: small numbers"
)]

use std::sync::LazyLock;

use rand::{SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha12Rng;

use crate::captcha::ALPHABET;

mod strokes;

/// Lower-case forms that are as easy to tell apart as the upper-case ones (an a under lines is read as 8 or 9).
const LOWER: &[char] = &['w'];

/// A shape is as many cells tall, and has so many around it.
const TALL: usize = 56;
const MARGIN: usize = 14;

/// A character's shape.
pub(super) struct Glyph {
    character: char,
    /// Of the shape itself, its height being 1.
    pub width: f32,
    columns: usize,
    rows: usize,
    /// For each cell how far it is to the edge, in heights: negative inside.
    distances: Vec<f32>,
}

static GLYPHS: LazyLock<Vec<Glyph>> = LazyLock::new(|| {
    let upper = ALPHABET.iter().map(|&byte| char::from(byte));
    let all = upper.chain(LOWER.iter().copied());
    let printed = all.filter_map(printed);
    printed.chain(strokes::all()).collect()
});

impl Glyph {
    /// One of the character's forms.
    pub fn of(character: char, rng: &mut ChaCha12Rng) -> Option<&'static Self> {
        let named = |glyph: &&Self| glyph.character.eq_ignore_ascii_case(&character);
        let forms: Vec<_> = GLYPHS.iter().filter(named).collect();
        forms.choose(rng).copied()
    }

    /// A shape of so many cells (with its margin), made by a function that tells how far a cell is from the edge.
    fn new(character: char, width: usize, distance: impl Fn(usize, usize) -> f32) -> Self {
        let (columns, rows) = (width + 2 * MARGIN, TALL + 2 * MARGIN);
        let cells = (0..rows).flat_map(|y| (0..columns).map(move |x| (x, y)));
        Self {
            character,
            width: width as f32 / TALL as f32,
            columns,
            rows,
            distances: cells.map(|(x, y)| distance(x, y) / TALL as f32).collect(),
        }
    }

    /// How far it is from a point to the edge; all in heights, the point counted from the middle. Far out: very far.
    #[inline]
    pub fn distance(&self, x: f32, y: f32) -> f32 {
        let x = x * TALL as f32 + (self.columns as f32 - 1.0) / 2.0;
        let y = y * TALL as f32 + (self.rows as f32 - 1.0) / 2.0;
        if !(x >= 0.0 && y >= 0.0) {
            return f32::MAX;
        }
        let (left, top) = (x as usize, y as usize);
        if left + 1 >= self.columns || top + 1 >= self.rows {
            return f32::MAX;
        }
        let (right, below) = (x - left as f32, y - top as f32);
        let at = top * self.columns + left;
        let (upper, lower) = (
            &self.distances[at..at + 2],
            &self.distances[at + self.columns..at + self.columns + 2],
        );
        let upper = upper[0] + (upper[1] - upper[0]) * right;
        let lower = lower[0] + (lower[1] - lower[0]) * right;
        upper + (lower - upper) * below
    }
}

/// Out of the crate's font, which it hands out in pictures only.
fn printed(character: char) -> Option<Glyph> {
    let mut text = captcha::RngCaptcha::from_rng(ChaCha12Rng::seed_from_u64(0));
    let area = text.set_chars(&[character]).add_char().text_area();
    let area = captcha::Geometry::new(area.left, area.right + 1, area.top, area.bottom + 1);
    let file = text.extract(area).as_png()?;
    let mut reader = png::Decoder::new(&file[..]).read_info().ok()?;
    let mut pixels = vec![0; reader.output_buffer_size()];
    let info = reader.next_frame(&mut pixels).ok()?;
    let bytes_a_pixel = info.color_type.samples();
    let (wide, tall) = (info.width as usize, info.height as usize);
    let scale = tall as f32 / TALL as f32;
    let width = (wide as f32 / scale) as usize;
    // between the four pixels around
    let inside = |x: i32, y: i32| {
        let at = |n: i32| (n as f32 - MARGIN as f32 + 0.5) * scale - 0.5;
        let (x, y) = (at(x), at(y));
        let pixel = |x: f32, y: f32| {
            if x < 0.0 || y < 0.0 || x >= wide as f32 || y >= tall as f32 {
                return 0.0;
            }
            1.0 - f32::from(pixels[(y as usize * wide + x as usize) * bytes_a_pixel]) / 255.0
        };
        let (left, top) = (x.floor(), y.floor());
        let (right, below) = (x - left, y - top);
        let upper = pixel(left, top) * (1.0 - right) + pixel(left + 1.0, top) * right;
        let lower = pixel(left, top + 1.0) * (1.0 - right) + pixel(left + 1.0, top + 1.0) * right;
        upper * (1.0 - below) + lower * below > 0.5
    };
    let (columns, rows) = (width + 2 * MARGIN, TALL + 2 * MARGIN);
    let shape: Vec<bool> = (0..rows)
        .flat_map(|y| (0..columns).map(move |x| (x as i32, y as i32)))
        .map(|(x, y)| inside(x, y))
        .collect();
    let (to_ink, to_paper) = (
        nearest(&shape, columns, true),
        nearest(&shape, columns, false),
    );
    Some(Glyph::new(character, width, |x, y| {
        let at = y * columns + x;
        if shape[at] {
            0.5 - to_paper[at]
        } else {
            to_ink[at] - 0.5
        }
    }))
}

/// For each cell, how far it is to the nearest cell of a kind: down the columns first, then along the rows.
fn nearest(shape: &[bool], columns: usize, kind: bool) -> Vec<f32> {
    let far = 2.0 * MARGIN as f32;
    let mut down: Vec<f32> = shape
        .iter()
        .map(|&cell| if cell == kind { 0.0 } else { far })
        .collect();
    for at in columns..down.len() {
        down[at] = down[at].min(down[at - columns] + 1.0);
    }
    for at in (0..down.len() - columns).rev() {
        down[at] = down[at].min(down[at + columns] + 1.0);
    }
    let along = |at: usize| {
        let (x, row) = (at % columns, at - at % columns);
        let cells = x.saturating_sub(MARGIN)..(x + MARGIN + 1).min(columns);
        let square = |length: f32| length * length;
        let squares = cells.map(|near| square(near as f32 - x as f32) + square(down[row + near]));
        squares.fold(far * far, f32::min).sqrt()
    };
    (0..down.len()).map(along).collect()
}
