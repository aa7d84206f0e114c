//! What both kinds of pictures are drawn with. Plain arithmetic only, no `sin`: its last bit differs from machine to
//! machine, and the same id is to give the same bytes on each.

use rand::Rng;
use rand_chacha::ChaCha12Rng;

pub(super) fn between(rng: &mut ChaCha12Rng, low: f32, high: f32) -> f32 {
    low + (high - low) * rng.random::<f32>()
}

/// Cosine and sine of an angle, by the tangent of half of it.
pub(super) fn direction(half: f32) -> (f32, f32) {
    let square = half * half;
    ((1.0 - square) / (1.0 + square), 2.0 * half / (1.0 + square))
}

/// Much like a sine of period 1: two parabolas.
pub(super) fn wave(t: f32) -> f32 {
    // `floor` is a call on processors without SSE 4.1
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "a few periods"
    )]
    let t = t - t as i32 as f32;
    let t = if t < 0.0 { t + 1.0 } else { t };
    if t < 0.5 {
        16.0 * t * (0.5 - t)
    } else {
        16.0 * (t - 0.5) * (t - 1.0)
    }
}

/// Waves across a picture, each of a direction and a length of its own: where they add up high is one region, where low
/// another.
pub(super) struct Waves<const N: usize>([(f32, f32, f32); N]);

impl<const N: usize> Waves<N> {
    /// About so many pixels long.
    pub fn any(length: f32, rng: &mut ChaCha12Rng) -> Self {
        let turn = rng.random::<f32>();
        let mut apart = 0.0;
        Self([(); N].map(|()| {
            let (x, y) = direction(turn + apart + between(rng, -0.2, 0.2));
            apart += 0.85;
            let length = length * between(rng, 0.8, 1.25);
            (x / length, y / length, rng.random::<f32>())
        }))
    }

    /// How high they add up, -N to N.
    pub fn at(&self, x: f32, y: f32) -> f32 {
        let heights = self.0.map(|(a, b, phase)| wave(a * x + b * y + phase));
        heights.iter().sum()
    }
}
