//! Draws puzzles with their answers, for the attacks on them: `cargo run --release --example draw-puzzles -- FOLDER COUNT LEVEL`
//! writes `0000.png` … and `answers.txt` (name and position a line), and says how long it took and how large they are.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path, time::Instant};

use heyan::{
    captcha::{Captchas, Form, Kind},
    clock::Clock,
    keys::{KeyBytes, Keys},
    random::Random,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, count, level] = &arguments[..] else {
        return Err("name a folder, how many, and the level (0 to 3)".into());
    };
    let (count, level): (usize, u8) = (count.parse()?, level.parse()?);
    let keys = BTreeMap::from([("draw".to_owned(), KeyBytes::new([7; 32]))]);
    let captchas = Captchas::new(Keys::new("draw", "draw", keys)?, Random::seeded(1));
    fs::create_dir_all(folder)?;
    let (mut answers, mut sizes, mut took) = (String::new(), Vec::new(), std::time::Duration::ZERO);
    for name in 0..count {
        let now = Clock::system().now();
        let id = captchas.issue(Kind::Puzzle, level, Form::Verification, None, now);
        let started = Instant::now();
        let puzzle = captchas.open(id.as_str())?;
        let file = puzzle.png();
        took += started.elapsed();
        writeln!(answers, "{name:04} {}", *puzzle.answer()).expect("a string takes all");
        sizes.push(file.len());
        fs::write(Path::new(folder).join(format!("{name:04}.png")), file)?;
    }
    fs::write(Path::new(folder).join("answers.txt"), answers)?;
    let each = took.as_secs_f64() * 1000.0 / f64::from(u32::try_from(count)?);
    let most = sizes.iter().max().copied().unwrap_or(0);
    let mean = sizes.iter().sum::<usize>() / count.max(1);
    println!("{count} puzzles of level {level}: {each:.2} ms each, {mean} bytes, {most} at most");
    Ok(())
}
