//! What a name sounds like from another mouth, in another room: brighter or duller, and with echoes.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "samples: small numbers, none below zero"
)]

use rand::Rng;
use rand_chacha::ChaCha12Rng;

use super::RATE;

/// Bands are made louder or softer by up to about 10 dB, and two echoes follow; as loud as before in the end.
pub(super) fn change(name: &mut [f32], rng: &mut ChaCha12Rng) {
    let before = power(name);
    // under some 500 Hz, under some 1500 Hz, and the rest
    let (low, high) = (rng.random_range(0.18..0.32), rng.random_range(0.5..0.7));
    let strengths = [(); 3].map(|()| rng.random_range(0.3..1.0_f32));
    let (mut lower, mut upper) = (0.0, 0.0);
    for sample in name.iter_mut() {
        lower += low * (*sample - lower);
        upper += high * (*sample - upper);
        *sample = strengths[0] * lower
            + strengths[1] * (upper - lower)
            + strengths[2] * (*sample - upper);
    }
    // the near one takes bands out as a comb does, the far one smears
    let near = if rng.random() { 0.7 } else { -0.7 };
    for (delay, strength) in [(0.0006..0.003, near), (0.015..0.05, 0.35)] {
        let delay = (rng.random_range(delay) * RATE as f32) as usize;
        let strength = strength * rng.random_range(0.6..1.0);
        for at in delay..name.len() {
            name[at] += strength * name[at - delay];
        }
    }
    let louder = (before / power(name).max(1e-6)).sqrt();
    for sample in name {
        *sample *= louder;
    }
}

fn power(samples: &[f32]) -> f32 {
    samples.iter().map(|sample| sample * sample).sum()
}
