//! Slower or faster at the same pitch: pieces of the sound are laid over each other, each where it fits the one before
//! best (waveform similarity overlap-add; Verhelst and Roelands 1993).

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "samples: small numbers, none below zero"
)]

/// Samples in a piece's half: it fades in over the first and out over the second.
const HALF: usize = 140;
/// How far a piece may be moved to fit.
const SHIFT: usize = 80;

/// So many times as long.
pub(super) fn stretched(samples: &[f32], times: f32) -> Vec<f32> {
    let length = (samples.len() as f32 * times) as usize;
    if samples.len() < 2 * HALF + SHIFT {
        return samples.to_vec();
    }
    let last = samples.len() - 2 * HALF;
    let mut out = vec![0.0; length + 2 * HALF];
    let mut follows = 0;
    for at in (0..length).step_by(HALF) {
        let wanted = ((at as f32 / times) as usize).min(last);
        let from = wanted.saturating_sub(SHIFT)..(wanted + SHIFT).min(last) + 1;
        // what would have come next in the sound itself
        let next = &samples[follows..follows + HALF];
        let fit = |start: usize| -> f32 {
            let piece = samples[start..start + HALF].iter().step_by(3);
            piece.zip(next.iter().step_by(3)).map(|(a, b)| a * b).sum()
        };
        let mut best = (f32::MIN, wanted);
        for start in from.step_by(3) {
            let fits = fit(start);
            if fits > best.0 {
                best = (fits, start);
            }
        }
        let start = if at == 0 { 0 } else { best.1 };
        for n in 0..2 * HALF {
            let far = (n as f32 - HALF as f32).abs() / HALF as f32;
            let full = if at == 0 && n < HALF { 1.0 } else { 1.0 - far };
            out[at + n] += full * samples[start + n];
        }
        follows = (start + HALF).min(last);
    }
    out.truncate(length);
    out
}
