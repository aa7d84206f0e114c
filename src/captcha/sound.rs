//! The sound: the characters' names in Mandarin or in English, by voices that change from one to the next
//! (`tools/captcha-samples.py`), each with a pitch, a tempo, a melody and a colour of its own and in a room of its own, above
//! a murmur of the same voices and a noise that swells and ebbs: a program that has our recordings does not find them again.
//! All that is random comes from the given source alone. A WAV of 11,025 Hz, one channel, 8 bits.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "samples: small numbers, none below zero"
)]

use std::ops::Range;

use rand::{Rng, RngCore, seq::IndexedRandom};
use rand_chacha::ChaCha12Rng;

mod colour;
mod samples;
mod tempo;

use super::{ALPHABET, Language};
use samples::{samples, voices};

/// Samples a second.
const RATE: u32 = 11_025;
const WAV_HEADER: usize = 44;

/// The noise's strength: about half of the voice's.
const NOISE: f32 = 0.26;

/// How loud each of the two murmuring voices is beside the one that is to be understood, at level 0 and more at each.
const MURMUR: f32 = 0.4;
const MURMUR_A_LEVEL: f32 = 0.03;

/// Samples from one strength of the noise to the next.
const SWELL: usize = 3000;

/// The WAV of an answer's characters; all that is random comes from `rng`.
pub fn wav(answer: &str, language: Language, level: u8, rng: &mut ChaCha12Rng) -> Vec<u8> {
    let mut speech = vec![0.0; pause(rng, 0.6..0.8)];
    for character in answer.chars() {
        let name = said(character, language, rng);
        let loudness = rng.random_range(0.75..0.95);
        speech.extend(name.iter().map(|sample| loudness * sample));
        speech.resize(speech.len() + pause(rng, 0.7..1.4), 0.0);
    }
    // a chunk of a RIFF file is of even length
    speech.resize(speech.len().next_multiple_of(2), 0.0);
    for _ in 0..2 {
        let loudness = MURMUR + MURMUR_A_LEVEL * f32::from(level.min(3));
        murmur(&mut speech, language, loudness, rng);
    }
    let mut file = header(speech.len());
    file.extend(with_noise(&speech, rng));
    file
}

fn pause(rng: &mut ChaCha12Rng, seconds: Range<f32>) -> usize {
    (rng.random_range(seconds) * RATE as f32) as usize
}

/// A character's name by one of the voices, higher or lower, rising or falling, slower or faster, bright or dull.
fn said(character: char, language: Language, rng: &mut ChaCha12Rng) -> Vec<f32> {
    let recorded = recording(character, language, rng);
    let (pitch, tempo) = (rng.random_range(0.8..1.22), rng.random_range(0.75..1.0));
    let higher = resampled(recorded, pitch, rng.random_range(-0.2..0.2));
    let mut name = tempo::stretched(&higher, pitch / tempo);
    colour::change(&mut name, rng);
    name
}

fn recording(character: char, language: Language, rng: &mut ChaCha12Rng) -> &'static [u8] {
    let voice = voices(language).choose(rng).copied();
    voice.map_or(&[], |voice| samples(voice, character))
}

/// Read so many times as fast, and by `rise` faster from the beginning to the end.
fn resampled(samples: &[u8], speed: f32, rise: f32) -> Vec<f32> {
    let sample = |at: usize| (f32::from(samples[at]) - 128.0) / 128.0;
    let length = (samples.len().saturating_sub(1) as f32 / speed) as usize;
    let between = |n: usize| {
        let part = n as f32 / length as f32;
        let at = n as f32 * speed * (1.0 + rise * (part - 1.0));
        let (before, after) = (at as usize, (at as usize + 1).min(samples.len() - 1));
        let along = at - at.floor();
        sample(before.min(after)) * (1.0 - along) + sample(after) * along
    };
    (0..length).map(between).collect()
}

/// Names said backwards, one after the other, from the beginning to the end: of the same voices, but nothing that one
/// could take for a character.
fn murmur(speech: &mut [f32], language: Language, loudness: f32, rng: &mut ChaCha12Rng) {
    let mut at = 0;
    while at < speech.len() {
        let character = ALPHABET.choose(rng).map_or('2', |&byte| char::from(byte));
        let recorded = recording(character, language, rng);
        let name = resampled(recorded, rng.random_range(0.85..1.2), 0.0);
        for (sample, murmured) in speech[at..].iter_mut().zip(name.iter().rev()) {
            *sample += loudness * murmured;
        }
        at += name.len() * rng.random_range(60..100) / 100 + 1;
    }
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
