//! Pictures: small at every level, of one ink on white, and longer the harder they are.

use std::collections::HashSet;

use rand::SeedableRng;

use super::*;
use crate::captcha::ALPHABET;

fn drawn(level: u8, seed: u64) -> Vec<u8> {
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    let character = |_| ALPHABET.choose(&mut rng).map(|&byte| char::from(byte));
    let answer: String = (0..length(level)).filter_map(character).collect();
    png(&answer, level, &mut rng)
}

#[test]
fn at_each_level_a_picture_is_at_most_three_kilobytes() {
    for (level, seed) in (0..=3).flat_map(|level| (0..60).map(move |seed| (level, seed))) {
        let bytes = drawn(level, seed).len();
        assert!(bytes <= 3072, "level {level}, seed {seed}: {bytes} bytes");
    }
}

#[test]
fn a_picture_has_one_ink_on_white_in_about_equal_parts() {
    let mut inks = HashSet::new();
    for seed in 0..100 {
        let file = drawn(0, seed);
        let mut reader = png::Decoder::new(&file[..]).read_info().unwrap();
        let palette = reader.info().palette.clone().unwrap();
        let (paper, ink) = palette.split_at(3);
        assert_eq!((paper, ink.len()), (&[255; 3][..], 3));
        inks.insert(ink.to_vec());
        let mut pixels = vec![0; reader.output_buffer_size()];
        reader.next_frame(&mut pixels).unwrap();
        let dark: u32 = pixels.iter().map(|byte| byte.count_ones()).sum();
        let share = f64::from(dark) / f64::from(SIZE.0 * SIZE.1);
        assert!((0.25..0.75).contains(&share), "seed {seed}: {share}");
    }
    assert_eq!(inks.len(), INKS.len());
}

#[test]
fn harder_is_longer() {
    assert_eq!([0, 1, 2, 3].map(length), [7, 7, 8, 8]);
    assert_eq!(length(u8::MAX), length(3));
}

#[test]
fn an_empty_answer_and_unknown_characters_are_regions_alone() {
    let picture = |answer| png(answer, 0, &mut ChaCha12Rng::seed_from_u64(7));
    assert_eq!(picture(""), picture("é☃"));
}

#[test]
fn every_character_has_more_than_one_form_each_with_ink_within() {
    for &byte in ALPHABET {
        let mut rng = ChaCha12Rng::seed_from_u64(1);
        let mut forms = HashSet::new();
        for glyph in (0..50).filter_map(|_| Glyph::of(char::from(byte), &mut rng)) {
            let grid = (-10..=10).flat_map(|x| (-10..=10).map(move |y| (x, y)));
            let at = |(x, y): (i8, i8)| glyph.distance(f32::from(x) / 20.0, f32::from(y) / 20.0);
            assert!(grid.map(at).any(|distance| distance < 0.0));
            forms.insert(std::ptr::from_ref(glyph));
        }
        assert!(forms.len() >= 2, "{}", char::from(byte));
    }
}
