//! Smooth noise, of which landscapes and textures are made.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "points of a grid: small numbers, none below zero"
)]

use rand::Rng;
use rand_chacha::ChaCha12Rng;

/// Smooth noise from 0 to 1: random at the points of a grid, and between them in between.
pub(super) struct Noise {
    across: usize,
    spacing: f32,
    values: Vec<f32>,
}

impl Noise {
    pub fn any(width: usize, height: usize, spacing: f32, rng: &mut ChaCha12Rng) -> Self {
        let points = |length: usize| (length as f32 / spacing) as usize + 2;
        let across = points(width);
        let values = (0..across * points(height)).map(|_| rng.random()).collect();
        Self {
            across,
            spacing,
            values,
        }
    }

    pub fn at(&self, x: f32, y: f32) -> f32 {
        let (x, y) = (x / self.spacing, y / self.spacing);
        let (column, row) = (x as usize, y as usize);
        let (across, down) = (smooth(x - column as f32), smooth(y - row as f32));
        let value = |column: usize, row: usize| {
            self.values
                .get(row * self.across + column)
                .copied()
                .unwrap_or(0.5)
        };
        let upper = value(column, row) + (value(column + 1, row) - value(column, row)) * across;
        let lower =
            value(column, row + 1) + (value(column + 1, row + 1) - value(column, row + 1)) * across;
        upper + (lower - upper) * down
    }
}

fn smooth(t: f32) -> f32 {
    t * t * (3.0 - 2.0 * t)
}
