//! Draws and speaks captchas with their answers, for the attacks on them: `cargo run --release --example captcha-draw --
//! FOLDER COUNT LEVEL [english]` writes `0000.png`, `0000.wav` … and `answers.txt` (name and answer a line), and says how long a
//! picture and a sound took and how large they are.

use std::{
    collections::BTreeMap,
    error::Error,
    fmt::Write as _,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use heyan::{
    captcha::{Captchas, Form, Kind, Language},
    clock::Clock,
    keys::{KeyBytes, Keys},
    random::Random,
};

#[derive(Default)]
struct Measured {
    sizes: Vec<usize>,
    took: Duration,
}

impl Measured {
    fn of(&mut self, make: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
        let started = Instant::now();
        let bytes = make();
        self.took += started.elapsed();
        self.sizes.push(bytes.len());
        bytes
    }
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = self.sizes.len().max(1);
        let each = self.took / u32::try_from(count).unwrap_or(u32::MAX);
        let mean = self.sizes.iter().sum::<usize>() / count;
        let most = self.sizes.iter().max().copied().unwrap_or(0);
        write!(f, "{each:.3?} each, {mean} bytes, {most} at most")
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, count, level, rest @ ..] = &arguments[..] else {
        return Err("name a folder, how many, and the level (0 to 3)".into());
    };
    let language = match rest {
        [word] if word == "english" => Language::English,
        _ => Language::Mandarin,
    };
    let (folder, count, level) = (Path::new(folder), count.parse::<usize>()?, level.parse()?);
    let keys = BTreeMap::from([("draw".to_owned(), KeyBytes::new([7; 32]))]);
    let captchas = Captchas::new(Keys::new("draw", "draw", keys)?, Random::seeded(1));
    fs::create_dir_all(folder)?;
    let now = Clock::system().now();
    let mut answers = String::new();
    let (mut pictures, mut sounds) = (Measured::default(), Measured::default());
    for name in 0..count {
        let id = captchas.issue(Kind::Image, level, Form::Verification, None, now);
        let captcha = captchas.open(id.as_str())?;
        if name == 0 {
            // the shapes are made once
            std::hint::black_box(captcha.png());
        }
        writeln!(answers, "{name:04} {}", *captcha.answer()).expect("a string takes all");
        let picture = pictures.of(|| captcha.png());
        let sound = sounds.of(|| captcha.wav(language));
        fs::write(folder.join(format!("{name:04}.png")), picture)?;
        fs::write(folder.join(format!("{name:04}.wav")), sound)?;
    }
    fs::write(folder.join("answers.txt"), answers)?;
    println!("{count} pictures of level {level}: {pictures}");
    println!("{count} sounds of level {level}: {sounds}");
    Ok(())
}
