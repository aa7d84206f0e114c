//! What a picture costs, beside the crate that one would take: `cargo run --release --example captcha-bench -- COUNT` prints
//! for each the median of the milliseconds and of the bytes.

use std::{collections::BTreeMap, error::Error, hint::black_box, time::Instant};

use heyan::{
    captcha::{Captchas, FRAME, Form, Kind, Language, SIZE},
    clock::Clock,
    keys::{KeyBytes, Keys},
    random::Random,
};

/// Makes so many after one that warms up, and prints a line.
fn measure(name: &str, count: usize, mut make: impl FnMut() -> Vec<u8>) {
    black_box(make());
    let mut took = Vec::new();
    let mut sizes = Vec::new();
    for _ in 0..count {
        let started = Instant::now();
        let file = black_box(make());
        took.push(started.elapsed());
        sizes.push(file.len());
    }
    took.sort_unstable();
    sizes.sort_unstable();
    let (time, size) = (took[count / 2].as_secs_f64() * 1000.0, sizes[count / 2]);
    println!("{name:44} {time:8.2} ms {size:8} bytes");
}

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).ok_or("say how many")?.parse()?;
    let keys = BTreeMap::from([("bench".to_owned(), KeyBytes::new([7; 32]))]);
    let captchas = Captchas::new(Keys::new("bench", "bench", keys)?, Random::seeded(1));
    let now = Clock::system().now();
    let opened = |kind, level| {
        let id = captchas.issue(kind, level, Form::Verification, None, now);
        captchas.open(id.as_str()).expect("an id just made")
    };
    for level in 0..4 {
        let name = format!("our image, level {level}, {}×{}", SIZE.0, SIZE.1);
        measure(&name, count, || opened(Kind::Image, level).png());
    }
    for level in [0, 3] {
        let name = format!(
            "our puzzle, level {level}, {}×{}",
            FRAME.width, FRAME.height
        );
        measure(&name, count, || opened(Kind::Puzzle, level).png());
    }
    for language in [Language::Mandarin, Language::English] {
        let name = format!("our sound, {language:?}");
        measure(&name, count, || opened(Kind::Image, 0).wav(language));
    }
    for word in ["easy", "medium", "hard"] {
        let difficulty = || match word {
            "easy" => captcha::Difficulty::Easy,
            "medium" => captcha::Difficulty::Medium,
            _ => captcha::Difficulty::Hard,
        };
        measure(&format!("crate captcha, {word}"), count, || {
            captcha::generate(difficulty()).as_png().unwrap_or_default()
        });
    }
    Ok(())
}
