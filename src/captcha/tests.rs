//! Captchas: what is bound to the id, how long it is good, and that it gives the same bytes wherever it is drawn.

use std::collections::HashSet;

use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use sha2::{Digest, Sha256};

use super::*;

const FORM: Form = Form::Verification;
const GANSU: Option<Province> = Some(Province::Gansu);

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn now() -> DateTime<Utc> {
    at("2018-09-10T01:00:00Z")
}

fn ring(active: &str, names: &[&str]) -> Keys {
    let key = |name: &str| (name.to_owned(), Zeroizing::new([name.as_bytes()[0]; 32]));
    Keys::new(active, active, names.iter().map(|name| key(name)).collect()).unwrap()
}

fn captchas(seed: u64) -> Captchas {
    Captchas::new(ring("a", &["a"]), Random::seeded(seed))
}

/// Admits and judges an answer.
fn judge(
    captchas: &Captchas,
    id: &str,
    form: Form,
    bureau: Option<Province>,
    answer: &str,
    now: DateTime<Utc>,
) -> Result<bool, Refusal> {
    let challenge = captchas.admit(id, form, bureau, answer, now)?;
    Ok(challenge.accepts(answer))
}

#[test]
fn an_id_opens_to_what_it_was_made_of() {
    let captchas = captchas(1);
    let mut seen = HashSet::new();
    let bureaus = Province::ALL.map(Some).into_iter().chain([None]);
    for (bureau, form) in bureaus.flat_map(|bureau| Form::ALL.map(|form| (bureau, form))) {
        let id = captchas.issue(Kind::Image, 0, form, bureau, now());
        let url_safe = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        assert!(id.as_str().len() <= 100 && id.as_str().chars().all(url_safe));
        let challenge = captchas.open(id.as_str()).unwrap();
        let answer = challenge.answer();
        assert!(answer.len() == image::length(0) && answer.bytes().all(|c| ALPHABET.contains(&c)));
        assert_eq!(challenge.expires_at(), at("2018-09-10T01:20:00Z"));
        assert_eq!(
            judge(&captchas, id.as_str(), form, bureau, &answer, now()),
            Ok(true)
        );
        assert!(seen.insert(answer.to_string()));
    }
}

#[test]
fn it_is_good_for_its_own_form_and_bureau() {
    let captchas = captchas(1);
    let id = captchas.issue(Kind::Image, 0, FORM, GANSU, now());
    let answer = captchas.open(id.as_str()).unwrap().answer().to_string();
    let judge = |form, bureau| judge(&captchas, id.as_str(), form, bureau, &answer, now());
    assert_eq!(judge(FORM, GANSU), Ok(true));
    assert_eq!(judge(Form::Resend, GANSU), Err(Refusal::NotOurs));
    assert_eq!(judge(FORM, None), Err(Refusal::NotOurs));
    assert_eq!(judge(FORM, Some(Province::Tianjin)), Err(Refusal::NotOurs));
    // and says so in its prefix, which is sealed in
    for prefix in ["ir62", "iv00", "iv12"] {
        let forged = format!("{prefix}{}", &id.as_str()[4..]);
        assert_eq!(captchas.open(&forged).err(), Some(CaptchaError));
    }
}

#[test]
fn no_altered_id_opens() {
    let captchas = captchas(1);
    let id = captchas
        .issue(Kind::Image, 0, FORM, GANSU, now())
        .to_string();
    for place in 0..id.len() {
        for other in ["A", "b", "0", "-", "=", "."] {
            let mut altered = id.clone();
            altered.replace_range(place..=place, other);
            assert_eq!(captchas.open(&altered).is_ok(), altered == id, "{altered}");
        }
        assert!(captchas.open(&id[..place]).is_err());
    }
    let long = format!("iv62{}", "A".repeat(10_000));
    for garbled in [
        "",
        "iv",
        "汉字汉字",
        "iv62",
        "iv62\0",
        &(id.clone() + "A"),
        &long,
    ] {
        assert!(captchas.open(garbled).is_err());
    }
    // another secret under the same name
    let zeros = [("a".to_owned(), Zeroizing::new([0; 32]))].into();
    let others = Captchas::new(Keys::new("a", "a", zeros).unwrap(), Random::seeded(1));
    assert!(others.open(&id).is_err());
}

#[test]
fn it_is_good_for_twenty_minutes() {
    let captchas = captchas(1);
    let id = captchas.issue(Kind::Image, 0, FORM, None, now());
    let answer = captchas.open(id.as_str()).unwrap().answer().to_string();
    let judge = |text| judge(&captchas, id.as_str(), FORM, None, &answer, at(text));
    assert_eq!(judge("2018-09-10T01:19:59.999Z"), Ok(true));
    assert_eq!(judge("2018-09-10T01:20:00Z"), Err(Refusal::Expired));
    // a sandbox's clock that was turned back
    assert_eq!(judge("2017-12-01T00:00:00Z"), Err(Refusal::Expired));
    // another instance's clock is a little behind
    assert_eq!(judge("2018-09-10T00:59:59Z"), Ok(true));
}

#[test]
fn answers_are_folded() {
    let captchas = captchas(1);
    let id = captchas.issue(Kind::Image, 0, FORM, None, now());
    let answer = captchas.open(id.as_str()).unwrap().answer().to_string();
    let judge = |given: &str| judge(&captchas, id.as_str(), FORM, None, given, now());
    let wide = |c: char| char::from_u32(u32::from(c) + 0xFEE0).unwrap();
    for right in [
        answer.to_lowercase(),
        format!("  {} {}\u{3000}", &answer[..2], &answer[2..]),
        answer.chars().map(wide).collect(),
    ] {
        assert_eq!(judge(&right), Ok(true), "{right}");
    }
    for missing in ["", "  ", "\u{3000}"] {
        assert_eq!(judge(missing), Err(Refusal::Missing));
    }
    assert_eq!(
        captchas.admit("", FORM, None, &answer, now()).err(),
        Some(Refusal::Missing)
    );
    for wrong in [
        &answer[1..],
        &format!("{answer}2"),
        &format!("{answer}\0"),
        "00000",
        "验证",
    ] {
        assert_eq!(judge(wrong), Ok(false), "{wrong}");
    }
}

#[test]
fn the_same_id_gives_the_same_bytes_on_every_instance() {
    let (here, there) = (captchas(1), captchas(2));
    let id = here.issue(Kind::Image, 0, FORM, GANSU, now());
    let first = here.open(id.as_str()).unwrap();
    let (png, wav) = (first.png(), first.wav(Language::Mandarin));
    for _ in 0..100 {
        let again = there.open(id.as_str()).unwrap();
        assert!(again.png() == png && again.wav(Language::Mandarin) == wav);
        assert_eq!(again.use_hash(), first.use_hash());
    }
}

/// Other machines must draw the same bytes as this one. (A library may encode anew in a later version: then the digests
/// change, for all instances alike.)
#[test]
fn what_is_drawn_is_the_same_on_every_machine() {
    let drawing = Drawing::new([7; 16]);
    let wav = |language| sound::wav("24589WY", language, 0, &mut ChaCha12Rng::from_seed([7; 32]));
    let all = [
        challenge::draw(Kind::Image, 0, &drawing),
        challenge::draw(Kind::Image, 3, &drawing),
        challenge::draw(Kind::Puzzle, 0, &drawing),
        challenge::draw(Kind::Puzzle, 3, &drawing),
        wav(Language::Mandarin),
        wav(Language::English),
    ];
    let digests = all.map(|bytes| hex::encode(&Sha256::digest(bytes)[..4]));
    assert_eq!(
        digests,
        [
            "9dc663c9", "dee8fd40", "0882eb66", "81cfe69b", "37473672", "3c44e4e7"
        ]
    );
}

#[test]
fn rotation_changes_no_captcha_under_way() {
    let old = captchas(1);
    let id = old.issue(Kind::Image, 0, FORM, GANSU, now());
    let rotated = Captchas::new(ring("b", &["a", "b"]), Random::seeded(2));
    let (before, after) = (
        old.open(id.as_str()).unwrap(),
        rotated.open(id.as_str()).unwrap(),
    );
    assert_eq!(after.answer(), before.answer());
    assert_eq!(after.png(), before.png());
    let used = |captchas: &Captchas| captchas.open(id.as_str()).unwrap().use_hash().clone();
    assert_eq!(used(&old), used(&rotated));
    let fresh = rotated.issue(Kind::Image, 0, FORM, GANSU, now());
    assert!(rotated.open(fresh.as_str()).is_ok());
    assert!(old.open(fresh.as_str()).is_err());
}

#[test]
fn pictures_are_small_and_no_two_alike() {
    let captchas = captchas(1);
    let mut seen = HashSet::new();
    for _ in 0..100 {
        let id = captchas.issue(Kind::Image, 0, FORM, None, now());
        let picture = captchas.open(id.as_str()).unwrap().png();
        assert!(picture.len() <= 3072, "{} bytes", picture.len());
        let reader = png::Decoder::new(&picture[..]).read_info().unwrap();
        let info = reader.info();
        assert_eq!((info.width, info.height), SIZE);
        assert!(seen.insert(picture));
    }
}

#[test]
fn the_same_characters_are_drawn_and_spoken_differently_each_time() {
    let seeded = |seed| ChaCha12Rng::seed_from_u64(seed);
    assert_ne!(
        image::png("2468W", 0, &mut seeded(1)),
        image::png("2468W", 0, &mut seeded(2))
    );
    assert_ne!(
        sound::wav("2468W", Language::Mandarin, 0, &mut seeded(1)),
        sound::wav("2468W", Language::Mandarin, 0, &mut seeded(2))
    );
}

#[test]
fn every_character_is_drawn() {
    let blank = image::png("", 0, &mut ChaCha12Rng::seed_from_u64(1));
    let mut seen = HashSet::from([blank]);
    for &character in ALPHABET {
        let text = char::from(character).to_string();
        let picture = image::png(&text, 0, &mut ChaCha12Rng::seed_from_u64(1));
        assert!(seen.insert(picture), "{text}");
    }
}

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

#[test]
fn debug_shows_no_answer() {
    let captchas = captchas(1);
    let id = captchas.issue(Kind::Image, 0, FORM, None, now());
    let challenge = captchas.open(id.as_str()).unwrap();
    assert!(!format!("{challenge:?} {captchas:?}").contains(&*challenge.answer()));
}

#[test]
fn a_character_never_drawn_counts_as_what_it_looks_like() {
    let captchas = captchas(1);
    let challenges = (0..200).map(|_| captchas.issue(Kind::Image, 0, FORM, GANSU, now()));
    let mut seen = HashSet::new();
    for challenge in challenges.map(|id| captchas.open(id.as_str()).unwrap()) {
        let like = [
            ('2', "zZ"),
            ('4', "aA"),
            ('5', "sS"),
            ('8', "bB"),
            ('9', "6gGqQ"),
            ('W', "mM"),
            ('Y', "tTvV"),
        ];
        for (drawn, letters) in like {
            for letter in letters
                .chars()
                .filter(|_| challenge.answer().contains(drawn))
            {
                let typed = challenge.answer().replace(drawn, &letter.to_string());
                assert!(challenge.accepts(&typed), "{typed}");
                assert!(!challenge.accepts(&challenge.answer().replace(drawn, "X")));
                seen.insert(letter);
            }
        }
    }
    assert_eq!(seen.len(), 19);
}

/// A puzzle of a form in Gansu, and a trail of a person to a position.
fn puzzle(captchas: &Captchas, level: u8) -> Challenge {
    let id = captchas.issue(Kind::Puzzle, level, FORM, GANSU, now());
    captchas.admit_puzzle(id.as_str(), now()).unwrap()
}

fn tap(position: u32) -> Trail {
    Trail::parse(&format!("t1200,{position}")).unwrap()
}

#[test]
fn a_puzzle_is_solved_by_its_place_and_a_persons_way_to_it() {
    let captchas = captchas(1);
    for level in 0..4 {
        let challenge = puzzle(&captchas, level);
        let place: u32 = challenge.answer().parse().unwrap();
        assert!(challenge.is_solved_by(place, &tap(place)));
        assert!(!challenge.is_solved_by(place - 30, &tap(place - 30)));
        assert!(!challenge.is_solved_by(place, &tap(place + 1)));
        let machine = Trail::parse(&format!("t1,{place}")).unwrap();
        assert!(!challenge.is_solved_by(place, &machine));
        assert!(
            !challenge.accepts(&challenge.answer()),
            "it answers no form"
        );
    }
}

#[test]
fn a_proof_is_good_for_its_form_as_long_as_its_puzzle_was() {
    let captchas = captchas(1);
    let id = captchas.issue(Kind::Puzzle, 2, FORM, GANSU, now());
    let solved = captchas.admit_puzzle(id.as_str(), now()).unwrap();
    let proof = captchas.prove(&solved);
    let admit = |form, bureau, now: &str| captchas.admit(proof.as_str(), form, bureau, "", at(now));
    let used = admit(FORM, GANSU, "2018-09-10T01:19:59.999Z").unwrap();
    assert!(used.accepts("") && used.level() == 2 && used.kind() == Kind::Proof);
    assert_ne!(used.use_hash(), solved.use_hash());
    assert_eq!(
        admit(FORM, GANSU, "2018-09-10T01:20:00Z").err(),
        Some(Refusal::Expired)
    );
    for (form, bureau) in [
        (Form::Resend, GANSU),
        (FORM, None),
        (FORM, Some(Province::Tianjin)),
    ] {
        assert_eq!(
            admit(form, bureau, "2018-09-10T01:01:00Z").err(),
            Some(Refusal::NotOurs)
        );
    }
    // one is not the other: neither a puzzle in a form, nor an image or a proof tried as a puzzle, nor a prefix changed
    assert_eq!(
        captchas.admit(id.as_str(), FORM, GANSU, "1", now()).err(),
        Some(Refusal::NotOurs)
    );
    assert_eq!(
        captchas.admit_puzzle(proof.as_str(), now()).err(),
        Some(Refusal::NotOurs)
    );
    let image = captchas.issue(Kind::Image, 0, FORM, GANSU, now());
    assert_eq!(
        captchas.admit_puzzle(image.as_str(), now()).err(),
        Some(Refusal::NotOurs)
    );
    for letter in ["s", "i"] {
        let forged = format!("{letter}{}", &id.as_str()[1..]);
        assert_eq!(captchas.open(&forged).err(), Some(CaptchaError));
    }
    let late = at("2018-09-10T01:20:00Z");
    assert_eq!(
        captchas.admit_puzzle(id.as_str(), late).err(),
        Some(Refusal::Expired)
    );
    assert!(
        is_answered(proof.as_str(), "")
            && !is_answered(image.as_str(), " ")
            && !is_answered("", "2")
    );
}

#[test]
fn a_puzzle_is_the_same_on_every_instance_and_after_rotation() {
    let (here, there) = (
        captchas(1),
        Captchas::new(ring("b", &["a", "b"]), Random::seeded(2)),
    );
    let id = here.issue(Kind::Puzzle, 0, FORM, GANSU, now());
    let (one, other) = (
        here.open(id.as_str()).unwrap(),
        there.open(id.as_str()).unwrap(),
    );
    assert_eq!((one.png(), one.answer()), (other.png(), other.answer()));
    assert_eq!(one.use_hash(), other.use_hash());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stock_gives_the_bytes_that_are_drawn_anew() {
    let stocked = captchas(1).stocked();
    stocked.fill().await;
    for kind in [Kind::Image, Kind::Puzzle] {
        let ids: Vec<_> = (0..10)
            .map(|_| stocked.issue(kind, 0, FORM, GANSU, now()))
            .collect();
        let mut seen = HashSet::new();
        for id in ids {
            let challenge = Arc::new(stocked.open(id.as_str()).unwrap());
            let drawn = captchas(2).open(id.as_str()).unwrap().png();
            let given = stocked.picture(challenge).await.unwrap();
            assert_eq!(given[..], drawn);
            assert!(seen.insert(drawn), "each is handed out once");
        }
    }
}
