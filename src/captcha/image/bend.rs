//! Waves that a picture is bent by.

#![expect(clippy::cast_precision_loss, reason = "pixels: small numbers")]

use rand::Rng;
use rand_chacha::ChaCha12Rng;

use crate::captcha::curves::{between, wave};

use super::{HEIGHT, WIDTH};

/// How far each row is shifted sideways, and each column up or down.
pub(super) struct Bend {
    rows: Vec<f32>,
    columns: Vec<f32>,
}

impl Bend {
    /// Strength 1 shifts by a few pixels.
    pub fn any(strength: f32, rng: &mut ChaCha12Rng) -> Self {
        let mut shifts = |count: usize, height: f32, length: f32| {
            let height = strength * height * between(rng, 0.6, 1.2);
            let (length, phase) = (length * between(rng, 0.7, 1.3), rng.random::<f32>());
            let shift = |n| height * wave(n as f32 / length + phase);
            (0..count).map(shift).collect()
        };
        Self {
            rows: shifts(HEIGHT, 3.5, 62.0),
            columns: shifts(WIDTH, 5.0, 100.0),
        }
    }

    /// Where a pixel of the bent picture comes from.
    pub fn at(&self, x: usize, y: usize) -> (f32, f32) {
        (x as f32 + self.rows[y], y as f32 + self.columns[x])
    }
}
