//! Smooth noise, of which landscapes are made.

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

    /// At a point.
    pub fn at(&self, x: f32, y: f32) -> f32 {
        let column = x / self.spacing;
        let (left, right) = self.beside(column as usize, y);
        left + (right - left) * smooth(column.fract())
    }

    /// At each pixel of a row.
    pub fn row(&self, y: f32, row: &mut [f32]) {
        let mut from = 0;
        for column in 0.. {
            let begin = column as f32 * self.spacing;
            let end = ((begin + self.spacing).ceil() as usize).min(row.len());
            let (left, right) = self.beside(column, y);
            for (x, value) in (from..end).zip(&mut row[from..end]) {
                *value = left + (right - left) * smooth((x as f32 - begin) / self.spacing);
            }
            from = end;
            if from == row.len() {
                break;
            }
        }
    }

    /// The values at a height left and right of a column of the grid.
    fn beside(&self, column: usize, y: f32) -> (f32, f32) {
        let row = y / self.spacing;
        let (upper, down) = (row as usize * self.across + column, smooth(row.fract()));
        let mixed =
            |at: usize| self.values[at] + (self.values[at + self.across] - self.values[at]) * down;
        (mixed(upper), mixed(upper + 1))
    }
}

fn smooth(t: f32) -> f32 {
    t * t * (3.0 - 2.0 * t)
}
