//! Puzzles and their proofs: who solves one, and what a proof is good for.

use super::*;

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
            let given = stocked.picture(challenge, &[1]).await.unwrap();
            assert_eq!(given[..], drawn);
            assert!(seen.insert(drawn), "each is handed out once");
        }
    }
}
