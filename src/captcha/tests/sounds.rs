//! Sounds: how loud, how long, and of how many samples.

use super::*;

/// How loud each hundredth of a second is, 0 to 1 (root mean square), and the samples as numbers.
fn loudness(wav: &[u8]) -> Vec<f32> {
    assert_eq!(&wav[..4], b"RIFF");
    assert_eq!(&wav[8..16], b"WAVEfmt ");
    let samples = &wav[44..];
    let number = |at: usize| u32::from_le_bytes(wav[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!((number(4), number(40)), (wav.len() - 8, samples.len()));
    assert_eq!((number(24), wav[22], wav[34]), (11_025, 1, 8));
    let power = |window: &[u8]| {
        let squares = window
            .iter()
            .map(|&s| ((f32::from(s) - 128.0) / 128.0).powi(2));
        (squares.sum::<f32>() / 110.0).sqrt()
    };
    samples.chunks_exact(110).map(power).collect()
}

const LANGUAGES: [Language; 2] = [Language::Mandarin, Language::English];

#[test]
fn names_are_spoken_slowly_and_never_in_silence() {
    let each = LANGUAGES.map(|language| (0..=3).map(move |level| (level, language)));
    for (level, language) in each.into_iter().flatten() {
        let captchas = captchas(1);
        let id = captchas.issue(Kind::Image, level, FORM, None, now());
        let wav = captchas.open(id.as_str()).unwrap().wav(language);
        assert!(wav.len() <= 200_000, "{} bytes", wav.len());
        let loud = loudness(&wav);
        // no pause tells where a name begins
        let quietest = loud.iter().copied().fold(1.0, f32::min);
        assert!(quietest > 0.01, "level {level}: {quietest}");
        let mean =
            |loud: &[f32]| loud.iter().sum::<f32>() / f32::from(u16::try_from(loud.len()).unwrap());
        assert!(mean(&loud[..50]) < mean(&loud), "a pause leads in");
        let seconds = loud.len() / 100;
        let names = image::length(level);
        assert!(
            (names..=3 * names).contains(&seconds),
            "{names} names, {seconds} s"
        );
    }
}

#[test]
fn all_samples_are_at_most_three_hundred_kilobytes() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/captcha/samples");
    let files = |folder: std::path::PathBuf| {
        std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path())
    };
    let sizes = files(folder)
        .flat_map(files)
        .flat_map(files)
        .map(|file| file.metadata().unwrap().len());
    let (count, bytes) = sizes.fold((0, 0), |(count, bytes), size| (count + 1, bytes + size));
    // three voices in Mandarin, two in English
    assert_eq!(count, (3 + 2) * ALPHABET.len());
    assert!(bytes <= 300_000, "{bytes} bytes");
}

#[test]
fn every_character_has_a_voice_of_its_own_in_each_language() {
    let mut seen = HashSet::new();
    let each = LANGUAGES.map(|language| ALPHABET.iter().map(move |&byte| (byte, language)));
    for (character, language) in each.into_iter().flatten() {
        let wav = sound::wav(
            &char::from(character).to_string(),
            language,
            0,
            &mut ChaCha12Rng::seed_from_u64(1),
        );
        let peak = loudness(&wav).into_iter().fold(0.0, f32::max);
        assert!(peak > 0.15, "{} is heard: {peak}", char::from(character));
        assert!(seen.insert(wav));
    }
}
