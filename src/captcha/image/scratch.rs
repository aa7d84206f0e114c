//! Lines and specks, half as wide as a letter's stroke. The eye passes over them; a program that looks for outlines finds
//! theirs, and what wipes them off takes the letters' corners along.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "pixels: small numbers, none below zero where it matters"
)]

use rand::Rng;
use rand_chacha::ChaCha12Rng;

use crate::captcha::curves::{between, direction, wave};

use super::{Canvas, HEIGHT, WIDTH};

impl Canvas {
    /// Lines aslant through the row of letters, each through a part of its own: all letters are crossed, none by many.
    pub(super) fn lines(&mut self, count: u8, rng: &mut ChaCha12Rng) {
        // the last line that a pixel lay on: it changes once for each
        let mut seen = vec![0; WIDTH * HEIGHT];
        for line in 1..=count {
            let part = f32::from(line) - between(rng, 0.1, 0.9);
            let x = WIDTH as f32 * part / f32::from(count);
            let y = HEIGHT as f32 / 2.0 + between(rng, -30.0, 30.0);
            // 33° to 70° steep
            let (across, down) = direction(between(rng, 0.3, 0.7));
            let across = if rng.random() { across } else { -across };
            let (length, phase) = (between(rng, 60.0, 140.0), rng.random::<f32>());
            let height = between(rng, 2.5, 7.5);
            let radius = between(rng, 1.3, 1.7);
            for step in -REACH..=REACH {
                let along = f32::from(step);
                let beside = height * wave(along / length + phase);
                let at = (
                    x + across * along - down * beside,
                    y + down * along + across * beside,
                );
                self.disc(at, radius, |pixel| {
                    std::mem::replace(&mut seen[pixel], line) != line
                });
            }
        }
    }

    /// Specks anywhere.
    pub(super) fn specks(&mut self, count: u8, rng: &mut ChaCha12Rng) {
        for _ in 0..count {
            let at = (
                between(rng, 0.0, WIDTH as f32),
                between(rng, 0.0, HEIGHT as f32),
            );
            self.disc(at, between(rng, 1.5, 2.8), |_| true);
        }
    }

    /// Ink and paper change places in a disc's pixels, where they may.
    fn disc(&mut self, (x, y): (f32, f32), radius: f32, mut may: impl FnMut(usize) -> bool) {
        let around = |middle: f32, end: usize| {
            let from = (middle - radius).ceil().max(0.0);
            from as usize..((middle + radius) as isize + 1).clamp(0, end as isize) as usize
        };
        for row in around(y, HEIGHT) {
            for column in around(x, WIDTH) {
                let (dx, dy) = (column as f32 - x, row as f32 - y);
                let pixel = row * WIDTH + column;
                if dx * dx + dy * dy <= radius * radius && may(pixel) {
                    self.0[pixel] ^= true;
                }
            }
        }
    }
}

/// Further than any line goes in the picture, in pixels from its middle.
const REACH: i16 = 200;
