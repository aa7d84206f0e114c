//! Captchas: what is bound to the id, how long it is good, and that it gives the same bytes wherever it is drawn.

use std::collections::HashSet;

use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use sha2::{Digest, Sha256};

use super::*;

mod puzzles;
mod sounds;

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
