//! Keys: derivation, hashing, sealing, rotation, the sandbox's file.

use std::{collections::HashSet, fs, os::unix::fs::PermissionsExt};

use super::*;
use crate::random::Random;

fn keys(active: &str, index: &str, names: &[&str]) -> Keys {
    let bytes = |name: &str| Zeroizing::new([name.as_bytes()[0]; 32]);
    let all = names.iter().map(|name| ((*name).into(), bytes(name)));
    Keys::new(active, index, all.collect()).unwrap()
}

fn cell(row: &[u8]) -> Cell<'_> {
    Cell {
        table: "verifications",
        column: "person",
        row,
    }
}

#[test]
fn parts_do_not_run_together_and_purposes_differ() {
    let keys = keys("a", "a", &["a"]);
    let of = |parts: &[&[u8]]| keys.hash(Purpose::Code, parts).value;
    let seen: HashSet<_> = [
        of(&[b"ab", b"c"]),
        of(&[b"a", b"bc"]),
        of(&[b"abc"]),
        of(&[b"abc", b""]),
        of(&[]),
        keys.hash(Purpose::Phone, &[b"abc"]).value,
    ]
    .into();
    assert_eq!(seen.len(), 6);
    assert_eq!(Purpose::Derived as usize + 1, Purpose::LABELS.len());
    let labels: HashSet<_> = Purpose::LABELS.iter().collect();
    assert_eq!(labels.len(), Purpose::LABELS.len());
}

#[test]
fn known_values_stay_what_they_are() {
    // stored hashes depend on these; worked out with another implementation of HKDF and HMAC
    let keys = keys("a", "a", &["a"]);
    let hash = keys.hash(Purpose::Phone, &[b"13800138000"]);
    assert_eq!(hash.value[..8], 0x8918_f768_e711_1618_u64.to_be_bytes());
    let token = keys.link_token(&[7; 16], keys.index());
    assert_eq!(token.unwrap(), "4qd9gxkf8n");
}

#[test]
fn hashes_are_equal_by_key_and_value() {
    let keys = keys("b", "a", &["a", "b"]);
    let (first, again) = (
        keys.hash(Purpose::Tail, &[b"x"]),
        keys.hash(Purpose::Tail, &[b"x"]),
    );
    assert_eq!(first, again);
    assert!(first.matches(&again.value));
    assert!(!first.matches(&again.value[..31]));
    let under_both = keys.hashes(Purpose::Tail, &[b"x"]);
    assert_eq!(under_both.len(), 2);
    assert_eq!(under_both[0], first);
    assert_ne!(under_both[1], first);
    let b = "b".parse().unwrap();
    assert_eq!(
        keys.hash_with(&b, Purpose::Tail, &[b"x"]),
        Ok(under_both[1].clone())
    );
    let c: KeyId = "c".parse().unwrap();
    assert_eq!(
        keys.hash_with(&c, Purpose::Tail, &[b"x"]),
        Err(KeyError::Unknown(c))
    );
}

#[test]
fn a_sealed_value_opens_in_its_own_cell_alone() {
    let (keys, random) = (keys("a", "a", &["a"]), Random::seeded(1));
    let sealed = keys.seal(cell(b"1"), b"13800138000", &random);
    assert_eq!(&keys.open(cell(b"1"), &sealed).unwrap()[..], b"13800138000");
    let swapped = [
        cell(b"2"),
        Cell {
            column: "content",
            ..cell(b"1")
        },
        Cell {
            table: "filing_requests",
            ..cell(b"1")
        },
        Cell {
            table: "verificationsp",
            column: "erson",
            row: b"1",
        },
    ];
    for cell in swapped {
        assert_eq!(
            keys.open(cell, &sealed),
            Err(KeyError::Unreadable),
            "{cell:?}"
        );
    }
    // the same for another purpose
    let place: [&[u8]; 3] = [b"verifications", b"person", b"1"];
    assert!(keys.open_for(Purpose::Seal, &place, &sealed).is_ok());
    assert!(keys.open_for(Purpose::Captcha, &place, &sealed).is_err());
}

#[test]
fn no_altered_byte_goes_unnoticed() {
    let (keys, random) = (keys("a", "a", &["a", "b"]), Random::seeded(1));
    let sealed = keys.seal(cell(b"1"), b"x", &random);
    for at in 0..sealed.len() {
        for bit in 0..8 {
            let mut altered = sealed.clone();
            altered[at] ^= 1 << bit;
            assert!(
                keys.open(cell(b"1"), &altered).is_err(),
                "byte {at} bit {bit}"
            );
        }
        assert!(keys.open(cell(b"1"), &sealed[..at]).is_err());
    }
    assert_ne!(
        sealed,
        keys.seal(cell(b"1"), b"x", &random),
        "nonces differ"
    );
}

#[test]
fn rotated_keys_open_old_values() {
    let random = Random::seeded(1);
    let old = keys("a", "a", &["a"]);
    let sealed = old.seal(cell(b"1"), b"x", &random);
    let rotated = keys("b", "a", &["a", "b"]);
    assert_eq!(&rotated.open(cell(b"1"), &sealed).unwrap()[..], b"x");
    assert_eq!(rotated.key_of(&sealed).unwrap().as_str(), "a");
    let resealed = rotated.seal(cell(b"1"), b"x", &random);
    assert_eq!(rotated.key_of(&resealed).unwrap(), *rotated.active());
    assert_eq!(
        old.open(cell(b"1"), &resealed),
        Err(KeyError::Unknown("b".parse().unwrap()))
    );
    // the same name with other bytes
    let other = Keys::new("a", "a", [("a".into(), Zeroizing::new([0; 32]))].into()).unwrap();
    assert_eq!(other.open(cell(b"1"), &sealed), Err(KeyError::Unreadable));
}

#[test]
fn roles_name_keys_that_are_there() {
    let one = || [("a".to_owned(), Zeroizing::new([1; 32]))].into();
    let absent = |role, id: &str| {
        Some(KeyError::Absent {
            role,
            id: id.into(),
        })
    };
    assert_eq!(Keys::new("b", "a", one()).err(), absent("active", "b"));
    assert_eq!(Keys::new("a", "c", one()).err(), absent("index", "c"));
    let nameless = [(String::new(), Zeroizing::new([1; 32]))].into();
    assert_eq!(
        Keys::new("", "", nameless).err(),
        Some(KeyError::BadId(String::new()))
    );
    let three = keys("a", "c", &["a", "b", "c"]);
    let ids: Vec<_> = three.ids().map(KeyId::as_str).collect();
    assert_eq!((ids[0], ids.len()), ("c", 3));
    assert_eq!(
        (three.active().as_str(), three.index().as_str()),
        ("a", "c")
    );
}

#[test]
fn debug_shows_no_key() {
    let keys = keys("a", "a", &["a"]);
    assert_eq!(format!("{keys:?}"), "Keys(active a, index a, 1 loaded)");
    assert_eq!(
        format!("{:?}", keys.hash(Purpose::Phone, &[b"x"])),
        "Hash(a, …)"
    );
}

#[test]
fn a_configured_key_is_32_bytes_of_base64() {
    assert_eq!(
        Keys::decode("a", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n").unwrap(),
        Zeroizing::new([0; 32])
    );
    for bad in [
        "",
        "AAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "secret!",
    ] {
        let error = Keys::decode("a", bad).unwrap_err();
        assert_eq!(error, KeyError::BadKey("a".into()));
        assert!(bad.is_empty() || !error.to_string().contains(bad));
    }
}

#[test]
fn link_tokens_are_ten_plain_characters() {
    let keys = keys("b", "a", &["a", "b"]);
    let mut seen = HashSet::new();
    for n in 0..1000_u128 {
        let token = keys.link_token(&n.to_be_bytes(), keys.index()).unwrap();
        assert!(token.len() == 10 && token.bytes().all(|c| c.is_ascii_alphanumeric()));
        assert!(!token.contains(['o', '1', 'l', 'i']), "{token}");
        assert!(seen.insert(token));
    }
    let one = [1; 16];
    assert_ne!(
        keys.link_token(&one, keys.index()),
        keys.link_token(&one, keys.active())
    );
}

#[test]
fn a_sandbox_makes_its_file_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("heyan.keys");
    let random = Random::seeded(1);
    let made = Keys::sandbox_file(&path, &random).unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let loaded = Keys::sandbox_file(&path, &random).unwrap();
    assert_eq!(made.derive_secret("demo"), loaded.derive_secret("demo"));
    assert_ne!(made.derive_secret("demo"), made.derive_secret("other"));
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing else is left behind"
    );
}

#[test]
fn a_key_file_others_may_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("heyan.keys");
    Keys::sandbox_file(&path, &Random::seeded(1)).unwrap();
    for mode in [0o640, 0o604, 0o660] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = Keys::sandbox_file(&path, &Random::seeded(1))
            .unwrap_err()
            .to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }
}

#[test]
fn a_broken_key_file_is_told_without_its_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("heyan.keys");
    for text in [
        "active = \"a\"\na = \"hunter2hunter2",
        "active = \"a\"\na = \"hunter2hunter2\"",
        "a = \"hunter2hunter2\"",
    ] {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let error = Keys::sandbox_file(&path, &Random::seeded(1))
            .unwrap_err()
            .to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
    let nowhere = folder.path().join("none/heyan.keys");
    assert!(matches!(
        Keys::sandbox_file(&nowhere, &Random::seeded(1)),
        Err(KeyError::File { .. })
    ));
}
