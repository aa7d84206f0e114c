//! The sound: the characters' names in Mandarin (`tools/captcha-samples.py`), slowly, each with a pitch and a tempo of
//! its own, in noise that comes from the given source alone. A WAV of 11,025 Hz, one channel, 8 bits.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "samples: small numbers, none below zero"
)]

use std::ops::Range;

use rand::{Rng, RngCore};
use rand_chacha::ChaCha12Rng;

/// Samples a second.
const RATE: u32 = 11_025;
const WAV_HEADER: usize = 44;

/// The noise's strength: about a third of the voice's.
const NOISE: f32 = 0.175;

/// Samples from one strength of the noise to the next.
const SWELL: usize = 3000;

macro_rules! samples {
    ($($character:literal)*) => {
        /// A character's samples, unsigned around 128.
        fn samples(character: char) -> &'static [u8] {
            let file: &[u8] = match character {
                $($character => include_bytes!(concat!("samples/", $character, ".wav")),)*
                _ => &[],
            };
            file.get(WAV_HEADER..).unwrap_or_default()
        }
    };
}

samples!('2' '3' '4' '5' '6' '7' '8' '9' 'A' 'F' 'H' 'J' 'K' 'M' 'W' 'Y');

/// The WAV of an answer's characters; all that is random comes from `rng`.
pub fn wav(answer: &str, rng: &mut ChaCha12Rng) -> Vec<u8> {
    let mut speech = vec![0.0; pause(rng, 0.6..0.8)];
    for character in answer.chars() {
        say(samples(character), rng, &mut speech);
        speech.resize(speech.len() + pause(rng, 1.1..1.4), 0.0);
    }
    // a chunk of a RIFF file is of even length
    speech.resize(speech.len().next_multiple_of(2), 0.0);
    let mut file = header(speech.len());
    file.extend(with_noise(&speech, rng));
    file
}

fn pause(rng: &mut ChaCha12Rng, seconds: Range<f32>) -> usize {
    (rng.random_range(seconds) * RATE as f32) as usize
}

/// Reads the samples a little faster or up to a sixth slower, louder or softer.
fn say(samples: &[u8], rng: &mut ChaCha12Rng, speech: &mut Vec<f32>) {
    let (tempo, loudness) = (rng.random_range(0.85..1.05), rng.random_range(0.75..0.95));
    let sample = |at: usize| (f32::from(samples[at]) - 128.0) / 128.0;
    let length = (samples.len().saturating_sub(1) as f32 / tempo) as usize;
    speech.extend((0..length).map(|n| {
        let at = n as f32 * tempo;
        let (before, after) = (at as usize, (at as usize + 1).min(samples.len() - 1));
        let between = at - at.floor();
        loudness * (sample(before) * (1.0 - between) + sample(after) * between)
    }));
}

/// Noise that swells and ebbs, darker than white so that it covers the voice and spares the ear.
fn with_noise(speech: &[f32], rng: &mut ChaCha12Rng) -> impl Iterator<Item = u8> {
    let mut white = vec![0; speech.len()];
    rng.fill_bytes(&mut white);
    let swell: Vec<f32> = (0..=speech.len() / SWELL + 1)
        .map(|_| rng.random_range(0.5..1.5))
        .collect();
    let mut dark = 0.0;
    let noisy = white.into_iter().zip(speech).enumerate();
    noisy.map(move |(n, (white, speech))| {
        dark += 0.4 * (f32::from(white) / 127.5 - 1.0 - dark);
        let (before, along) = (n / SWELL, (n % SWELL) as f32 / SWELL as f32);
        let swell = swell[before] * (1.0 - along) + swell[before + 1] * along;
        let sum = speech + NOISE * swell * dark;
        (128.0 + 127.0 * sum.clamp(-1.0, 1.0)) as u8
    })
}

fn header(samples: usize) -> Vec<u8> {
    let length = u32::try_from(samples).unwrap_or(u32::MAX);
    let mut file = Vec::with_capacity(WAV_HEADER + samples);
    file.extend(b"RIFF");
    file.extend((36 + length).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    // PCM, one channel
    file.extend([1, 0, 1, 0]);
    // samples a second, bytes a second
    file.extend(RATE.to_le_bytes());
    file.extend(RATE.to_le_bytes());
    // bytes and bits a sample
    file.extend([1, 0, 8, 0]);
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    file
}
