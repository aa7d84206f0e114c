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

use super::{
    CELL, Frame, Layout, between,
    colour::{encode, palette, step},
    noise::Noise,
    shape::{Point, Shape},
};

const SIDE: usize = CELL as usize;

pub(super) fn png(layout: &Layout, frame: Frame, noise: f32, rng: &mut ChaCha12Rng) -> Vec<u8> {
    let (width, height) = (frame.width as usize, frame.height as usize);
    let mut picture = Plane::new(width, height);
    picture.landscape(rng);
    let outline = layout.outline.fill(SIDE, MIDDLE);
    for slot in &layout.slots {
        let corner = (slot.middle.0 - MIDDLE.0, slot.middle.1 - MIDDLE.1);
        picture.cell(corner, &outline, &slot.symbol, Depth::Slot, rng);
    }
    picture.strokes(8, noise, rng);
    picture.grain(rng);

    let mut piece = Plane::new(SIDE, SIDE);
    piece.landscape(rng);
    piece.cell((0.0, 0.0), &outline, &layout.piece, Depth::Piece, rng);
    piece.strokes(3, noise, rng);
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

const MIDDLE: Point = (SIDE as f32 / 2.0, SIDE as f32 / 2.0);

/// Shades, row by row.
struct Plane {
    width: usize,
    height: usize,
    shades: Vec<f32>,
}

/// Whether a cell is let in or stands out.
#[derive(Clone, Copy, PartialEq)]
enum Depth {
    Slot,
    Piece,
}

/// How a symbol is drawn.
enum Style {
    Full,
    Line,
    Stripes { across: f32, down: f32, phase: f32 },
}

impl Plane {
    fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            shades: vec![0.5; width * height],
        }
    }

    fn paint(&mut self, shade: impl Fn(usize, usize, f32) -> f32) {
        for (y, row) in self.shades.chunks_mut(self.width).enumerate() {
            for (x, pixel) in row.iter_mut().enumerate() {
                *pixel = shade(x, y, *pixel);
            }
        }
    }

    /// Light from one side, hills, and the grain of the ground.
    fn landscape(&mut self, rng: &mut ChaCha12Rng) {
        let (across, down) = (between(rng, -0.12, 0.12), between(rng, -0.2, 0.2));
        let level = between(rng, 0.45, 0.6);
        let (width, height) = (self.width as f32, self.height as f32);
        let hills: Vec<_> = (0..3)
            .map(|_| {
                let line = Noise::any(self.width, 1, between(rng, 30.0, 70.0), rng);
                (
                    line,
                    between(rng, 0.15, 0.85) * height,
                    between(rng, -0.12, 0.12),
                )
            })
            .collect();
        let (coarse, fine) = (
            Noise::any(self.width, self.height, 26.0, rng),
            Noise::any(self.width, self.height, 8.0, rng),
        );
        let edges: Vec<Vec<f32>> = hills
            .iter()
            .map(|(line, middle, _)| {
                (0..self.width)
                    .map(|x| middle + (line.at(x as f32, 0.0) - 0.5) * 50.0)
                    .collect()
            })
            .collect();
        self.paint(|x, y, _| {
            let (fx, fy) = (x as f32, y as f32);
            let light = level + across * (fx / width - 0.5) + down * (fy / height - 0.5);
            let ground = hills.iter().zip(&edges).filter(|(_, edge)| fy > edge[x]);
            let ground: f32 = ground.map(|((_, _, shade), _)| shade).sum();
            light + ground + (coarse.at(fx, fy) - 0.5) * 0.16 + (fine.at(fx, fy) - 0.5) * 0.12
        });
    }

    /// A slot or the piece, its edge and its symbol. Which is darker, and from where its light comes, is drawn for each.
    fn cell(
        &mut self,
        corner: Point,
        outline: &[f32],
        symbol: &Shape,
        depth: Depth,
        rng: &mut ChaCha12Rng,
    ) {
        let tone = between(rng, 0.1, 0.2) * if rng.random() { 1.0 } else { -1.0 };
        // away from the tone, so that it shows
        let ink = -tone.signum() * between(rng, 0.3, 0.42);
        let (across, down) = (between(rng, -0.3, 0.3), between(rng, -0.3, 0.3));
        let edge = if depth == Depth::Slot { 0.16 } else { -0.16 };
        let style = Style::any(rng);
        let texture = Noise::any(SIDE, SIDE, between(rng, 5.0, 9.0), rng);
        let beside = (between(rng, -1.5, 1.5), between(rng, -1.5, 1.5));
        let symbol = symbol.fill(SIDE, (MIDDLE.0 + beside.0, MIDDLE.1 + beside.1));
        let line = line_of(&symbol);
        let at = |mask: &[f32], x: usize, y: usize| {
            if x < SIDE && y < SIDE {
                mask[y * SIDE + x]
            } else {
                0.0
            }
        };
        for y in 0..SIDE {
            for x in 0..SIDE {
                let (px, py) = (corner.0 as usize + x, corner.1 as usize + y);
                if px >= self.width || py >= self.height {
                    continue;
                }
                let place = y * SIDE + x;
                let (fx, fy) = (x as f32, y as f32);
                let inside = outline[place];
                let (before, after) = (
                    at(outline, x.wrapping_sub(1), y.wrapping_sub(1)),
                    at(outline, x + 1, y + 1),
                );
                let light = 1.0 + across * (fx / MIDDLE.0 - 1.0) + down * (fy / MIDDLE.1 - 1.0);
                let drawn = style.of(symbol[place], line[place], fx, fy);
                let own =
                    0.5 + tone * light + (texture.at(fx, fy) - 0.5) * 0.2 + ink * light * drawn;
                let pixel = &mut self.shades[py * self.width + px];
                let ground = *pixel + (0.5 - *pixel) * 0.75;
                *pixel += inside * (ground + own - 0.5 - *pixel) + (before - after) * edge;
            }
        }
    }

    /// Light and dark strokes from edge to edge.
    fn strokes(&mut self, count: u8, noise: f32, rng: &mut ChaCha12Rng) {
        let (width, height) = (self.width as f32, self.height as f32);
        for _ in 0..count {
            let shade = between(rng, 0.1, 0.2) * noise * if rng.random() { 1.0 } else { -1.0 };
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
            *shade += (f32::from(byte) / 255.0 - 0.5) * 0.09;
        }
    }
}

impl Style {
    fn any(rng: &mut ChaCha12Rng) -> Self {
        match rng.random_range(0..3) {
            0 => Self::Full,
            1 => Self::Line,
            _ => Self::Stripes {
                across: between(rng, -0.3, 0.3),
                down: between(rng, -0.3, 0.3),
                phase: rng.random(),
            },
        }
    }

    /// How strong the ink is where the symbol and its line cover so much.
    fn of(&self, symbol: f32, line: f32, x: f32, y: f32) -> f32 {
        match self {
            Self::Full => symbol,
            Self::Line => line,
            Self::Stripes {
                across,
                down,
                phase,
            } => {
                let along = across * x + down * y + phase;
                let stripe = if along - along.floor() < 0.5 {
                    0.9
                } else {
                    0.4
                };
                (symbol * stripe).max(line)
            }
        }
    }
}

/// The edge of what a mask covers, some two pixels wide.
fn line_of(mask: &[f32]) -> Vec<f32> {
    let at = |x: usize, y: usize| {
        if x < SIDE && y < SIDE {
            mask[y * SIDE + x]
        } else {
            0.0
        }
    };
    let around = |place: usize| {
        let (x, y) = (place % SIDE, place / SIDE);
        let near = [x.wrapping_sub(1), x, x + 1]
            .into_iter()
            .flat_map(|x| [y.wrapping_sub(1), y, y + 1].map(|y| at(x, y)));
        near.sum::<f32>() / 9.0
    };
    (0..mask.len())
        .map(around)
        .map(|mean| (4.4 * mean * (1.0 - mean)).min(1.0))
        .collect()
}
