//! How a puzzle is painted: a landscape of one's own for each, slots let into it with their symbols, and over it strokes
//! and grain. All in shades from 0 to 1, which a palette of 15 makes colours of; below the picture the piece.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "pixels: small numbers, none below zero where it matters"
)]

use rand::{Rng, RngCore};
use rand_chacha::ChaCha12Rng;

use crate::captcha::curves::{Waves, between};

use super::{
    CELL, FRAME, Hardness, Layout,
    colour::{encode, palette, step},
    noise::Noise,
    shape::{Point, Shape},
};

const SIDE: usize = CELL as usize;
const MIDDLE: Point = (SIDE as f32 / 2.0, SIDE as f32 / 2.0);

pub(super) fn png(layout: &Layout, hardness: &Hardness, rng: &mut ChaCha12Rng) -> Vec<u8> {
    let (width, height) = (FRAME.width as usize, FRAME.height as usize);
    let outline = layout.outline.fill(SIDE, MIDDLE);
    let mut picture = Plane::new(width, height);
    picture.landscape(rng);
    for slot in &layout.slots {
        let corner = (slot.middle.0 - MIDDLE.0, slot.middle.1 - MIDDLE.1);
        let cell = Cell::any(&slot.symbol, hardness.regions, rng);
        picture.cell(corner, &outline, &cell, Depth::Slot);
    }
    picture.strokes(hardness.strokes, rng);
    picture.grain(rng);

    let mut piece = Plane::new(SIDE, SIDE);
    piece.landscape(rng);
    let cell = Cell::any(&layout.piece, hardness.regions, rng);
    piece.cell((0.0, 0.0), &outline, &cell, Depth::Piece);
    piece.strokes(1, rng);
    piece.grain(rng);

    let mut pixels = vec![0; width * (height + SIDE)];
    for (pixel, shade) in pixels.iter_mut().zip(&picture.shades) {
        *pixel = step(*shade);
    }
    for (at, (shade, cover)) in piece.shades.iter().zip(&outline).enumerate() {
        if *cover > 0.5 {
            pixels[(height + at / SIDE) * width + at % SIDE] = step(*shade);
        }
    }
    encode(&pixels, width, palette(rng))
}

/// Whether a cell is let in or stands out.
#[derive(Clone, Copy, PartialEq)]
enum Depth {
    Slot,
    Piece,
}

/// What lies within a slot's or the piece's edge. Which is darker, and from where its light comes, is drawn for each.
struct Cell {
    /// How much of each pixel is of ink: of the symbol or its line, and in regions of the ground instead.
    inked: Vec<f32>,
    /// How much lighter ground and ink are than a middle shade.
    ground: f32,
    ink: f32,
    /// How much stronger it all is at the right and at the lower edge.
    light: (f32, f32),
}

impl Cell {
    fn any(symbol: &Shape, regions: f32, rng: &mut ChaCha12Rng) -> Self {
        let beside = (between(rng, -1.5, 1.5), between(rng, -1.5, 1.5));
        let mut inked = symbol.fill(SIDE, (MIDDLE.0 + beside.0, MIDDLE.1 + beside.1));
        // two of three are drawn as lines
        if rng.random_ratio(2, 3) {
            inked = line_of(&inked);
        }
        let waves = Waves::<2>::any(regions, rng);
        // from one region to the next within a pixel or so
        let sharp = regions * 0.15;
        for (place, ink) in inked.iter_mut().enumerate() {
            let (x, y) = ((place % SIDE) as f32, (place / SIDE) as f32);
            let region = (waves.at(x, y) * sharp + 0.5).clamp(0.0, 1.0);
            *ink += region - 2.0 * *ink * region;
        }
        let ground = between(rng, 0.12, 0.2) * if rng.random() { 1.0 } else { -1.0 };
        Self {
            inked,
            ground,
            ink: ground - ground.signum() * between(rng, 0.36, 0.46),
            light: (between(rng, -0.3, 0.3), between(rng, -0.3, 0.3)),
        }
    }
}

/// Shades, row by row.
struct Plane {
    width: usize,
    height: usize,
    shades: Vec<f32>,
}

impl Plane {
    fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            shades: vec![0.5; width * height],
        }
    }

    /// Light from one side, hills, and the ground's unevenness.
    fn landscape(&mut self, rng: &mut ChaCha12Rng) {
        let (across, down) = (between(rng, -0.12, 0.12), between(rng, -0.2, 0.2));
        let level = between(rng, 0.45, 0.6);
        let (width, height) = (self.width as f32, self.height as f32);
        let hills = [(); 3].map(|()| {
            let line = Noise::any(self.width, 1, between(rng, 30.0, 70.0), rng);
            let (middle, shade) = (between(rng, 0.15, 0.85) * height, between(rng, -0.12, 0.12));
            let edge = move |x: usize| middle + (line.at(x as f32, 0.0) - 0.5) * 50.0;
            ((0..self.width).map(edge).collect::<Vec<_>>(), shade)
        });
        let uneven = Noise::any(self.width, self.height, 22.0, rng);
        let mut row = vec![0.0; self.width];
        for (y, shades) in self.shades.chunks_mut(self.width).enumerate() {
            let fy = y as f32;
            uneven.row(fy, &mut row);
            for (x, (shade, uneven)) in shades.iter_mut().zip(&row).enumerate() {
                let ground = hills.iter().filter(|(edge, _)| fy > edge[x]);
                let ground: f32 = ground.map(|(_, shade)| shade).sum();
                let light = across * (x as f32 / width - 0.5) + down * (fy / height - 0.5);
                *shade = level + light + ground + (uneven - 0.5) * 0.24;
            }
        }
    }

    /// A slot or the piece, with its edge.
    fn cell(&mut self, corner: Point, outline: &[f32], cell: &Cell, depth: Depth) {
        let edge = if depth == Depth::Slot { 0.16 } else { -0.16 };
        let at = |x: usize, y: usize| {
            if x < SIDE && y < SIDE {
                outline[y * SIDE + x]
            } else {
                0.0
            }
        };
        let (left, top) = (corner.0 as usize, corner.1 as usize);
        for y in 0..SIDE {
            let row = &mut self.shades[(top + y) * self.width + left..][..SIDE];
            for (x, pixel) in row.iter_mut().enumerate() {
                let inside = outline[y * SIDE + x];
                let rim = at(x.wrapping_sub(1), y.wrapping_sub(1)) - at(x + 1, y + 1);
                let light = 1.0
                    + cell.light.0 * (x as f32 / MIDDLE.0 - 1.0)
                    + cell.light.1 * (y as f32 / MIDDLE.1 - 1.0);
                let inked = cell.inked[y * SIDE + x];
                let own = (cell.ground + (cell.ink - cell.ground) * inked) * light;
                // a quarter of what lies below shines through
                *pixel +=
                    inside * (0.5 + own - *pixel) + inside * 0.25 * (*pixel - 0.5) + rim * edge;
            }
        }
    }

    /// Light and dark strokes from edge to edge.
    fn strokes(&mut self, count: u8, rng: &mut ChaCha12Rng) {
        let (width, height) = (self.width as f32, self.height as f32);
        for _ in 0..count {
            let shade = between(rng, 0.1, 0.2) * if rng.random() { 1.0 } else { -1.0 };
            let line = Noise::any(self.width, 1, between(rng, 25.0, 60.0), rng);
            let (from, tilt) = (
                between(rng, -0.1, 1.1) * height,
                between(rng, -1.0, 1.0) * height / width,
            );
            let radius = between(rng, 0.6, 1.3);
            for x in 0..self.width {
                let middle = from + tilt * x as f32 + (line.at(x as f32, 0.0) - 0.5) * 60.0;
                let rows = (middle - radius - 1.0).max(0.0) as usize
                    ..((middle + radius + 2.0).max(0.0) as usize).min(self.height);
                for y in rows {
                    let cover = (radius + 0.5 - (y as f32 - middle).abs()).clamp(0.0, 1.0);
                    self.shades[y * self.width + x] += shade * cover;
                }
            }
        }
    }

    fn grain(&mut self, rng: &mut ChaCha12Rng) {
        let mut bytes = vec![0; self.shades.len()];
        rng.fill_bytes(&mut bytes);
        for (shade, byte) in self.shades.iter_mut().zip(bytes) {
            *shade += (f32::from(byte) / 255.0 - 0.5) * 0.07;
        }
    }
}

/// The edge of what a mask covers, some two pixels wide: where a pixel's surroundings are neither empty nor full.
fn line_of(mask: &[f32]) -> Vec<f32> {
    // sums of three, along the rows and then down the columns; the mask's own rim does not count
    let mut along = vec![0.0; mask.len()];
    for (sums, row) in along.chunks_mut(SIDE).zip(mask.chunks(SIDE)) {
        for (sum, three) in sums[1..].iter_mut().zip(row.windows(3)) {
            *sum = three.iter().sum();
        }
    }
    let mut line = vec![0.0; mask.len()];
    for (at, ink) in line
        .iter_mut()
        .enumerate()
        .take(mask.len() - SIDE)
        .skip(SIDE)
    {
        let mean = (along[at - SIDE] + along[at] + along[at + SIDE]) / 9.0;
        *ink = (4.4 * mean * (1.0 - mean)).min(1.0);
    }
    line
}
