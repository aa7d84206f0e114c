//! Looking for whole values in bytes: as they are, in hex, in base64, in UTF-16, escaped.

use std::{collections::HashMap, fmt::Write};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

/// A value that must not be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    pub what: String,
    pub text: String,
}

pub struct Search {
    /// By their first two bytes.
    needles: HashMap<[u8; 2], Vec<Needle>>,
    /// Whether any needle begins with these.
    begins: Vec<bool>,
}

struct Needle {
    marker: Marker,
    how: &'static str,
    bytes: Vec<u8>,
    /// Too short to mean anything inside a longer word or number.
    whole_word: bool,
}

/// Every form in which a value might lie somewhere.
pub fn forms(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = text.as_bytes();
    let hex: String = bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    });
    let mut forms = vec![
        ("as it is", bytes.to_vec()),
        ("hex", hex.clone().into_bytes()),
        ("hex, upper case", hex.to_uppercase().into_bytes()),
        (
            "UTF-16 LE",
            text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ),
        (
            "UTF-16 BE",
            text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        ),
    ];
    // wherever it may begin within three bytes; what depends on its neighbours is left out
    for (before, how) in ["base64", "base64, one in", "base64, two in"]
        .into_iter()
        .enumerate()
    {
        let padded = [&vec![0; before], bytes].concat();
        let encoded = STANDARD_NO_PAD.encode(&padded);
        let first = (before * 8).div_ceil(6);
        let last = padded.len() * 8 / 6;
        let encoded = &encoded[first..last];
        forms.push((how, encoded.as_bytes().to_vec()));
        forms.push((
            how,
            encoded.replace('+', "-").replace('/', "_").into_bytes(),
        ));
    }
    if !text.is_ascii() {
        let escaped = text
            .encode_utf16()
            .fold(String::new(), |mut escaped, unit| {
                write!(escaped, "\\u{unit:04x}").unwrap();
                escaped
            });
        forms.push(("escaped", escaped.into_bytes()));
        let octal = bytes.iter().fold(String::new(), |mut octal, byte| {
            write!(octal, "\\{byte:03o}").unwrap();
            octal
        });
        forms.push(("octal", octal.into_bytes()));
        let percent = bytes.iter().fold(String::new(), |mut percent, byte| {
            write!(percent, "%{byte:02X}").unwrap();
            percent
        });
        forms.push(("percent", percent.into_bytes()));
    }
    forms
}

impl Search {
    pub fn new(markers: &[Marker]) -> Self {
        let mut needles: HashMap<[u8; 2], Vec<Needle>> = HashMap::new();
        let mut begins = vec![false; 1 << 16];
        for marker in markers {
            for (how, bytes) in forms(&marker.text) {
                let first = [bytes[0], bytes[1]];
                begins[usize::from(u16::from_be_bytes(first))] = true;
                needles.entry(first).or_default().push(Needle {
                    marker: marker.clone(),
                    how,
                    whole_word: how == "as it is" && marker.text.len() <= 6,
                    bytes,
                });
            }
        }
        Self { needles, begins }
    }

    /// Bytes, wherever they lie.
    pub fn of_bytes(all: &[(String, Vec<u8>)]) -> Self {
        let mut search = Self::new(&[]);
        for (what, bytes) in all {
            let first = [bytes[0], bytes[1]];
            search.begins[usize::from(u16::from_be_bytes(first))] = true;
            search.needles.entry(first).or_default().push(Needle {
                marker: Marker {
                    what: what.clone(),
                    text: String::new(),
                },
                how: "bytes",
                bytes: bytes.clone(),
                whole_word: false,
            });
        }
        search
    }

    /// What of the markers lies in there: which, how, and where.
    pub fn find(&self, hay: &[u8]) -> Vec<(Marker, &'static str, usize)> {
        let mut found = Vec::new();
        let mut place = 0;
        while place + 1 < hay.len() {
            let first = [hay[place], hay[place + 1]];
            if self.begins[usize::from(u16::from_be_bytes(first))] {
                for needle in &self.needles[&first] {
                    if needle.is_at(hay, place) {
                        found.push((needle.marker.clone(), needle.how, place));
                    }
                }
            }
            place += 1;
        }
        found
    }
}

impl Needle {
    fn is_at(&self, hay: &[u8], place: usize) -> bool {
        if !hay[place..].starts_with(&self.bytes) {
            return false;
        }
        let before = place.checked_sub(1).map(|place| hay[place]);
        let after = hay.get(place + self.bytes.len()).copied();
        let of_word = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
        // 0.123456 is a number, too
        let decimal = before == Some(b'.') && place > 1 && hay[place - 2].is_ascii_digit();
        !self.whole_word || !(of_word(before) || of_word(after) || decimal)
    }
}

#[test]
fn finds_every_form_anywhere() {
    let marker = Marker {
        what: "phone".into(),
        text: "13711122233".into(),
    };
    let search = Search::new(std::slice::from_ref(&marker));
    for text in ["13711122233", "张三丰", "012345"] {
        let marker = Marker {
            what: "x".into(),
            text: text.into(),
        };
        let search = Search::new(std::slice::from_ref(&marker));
        for (how, bytes) in forms(text) {
            let hay = [b"\x00\xff ", &bytes[..], b" \x00"].concat();
            assert!(
                search
                    .find(&hay)
                    .iter()
                    .any(|(found, _, place)| *found == marker && *place == 3),
                "{text} {how}"
            );
        }
        for before in 0..3 {
            let longer = format!("{}{text}{}", "x".repeat(before), "yy");
            let hay = base64::engine::general_purpose::STANDARD.encode(longer);
            assert!(!search.find(hay.as_bytes()).is_empty(), "{text} {hay}");
        }
    }
    assert!(search.find(b"1371112223313711122234").len() == 1);
    let code = Search::new(&[Marker {
        what: "code".into(),
        text: "012345".into(),
    }]);
    assert!(code.find("码012345，".as_bytes()).len() == 1);
    for other in ["0.012345", "9012345", "012345a"] {
        assert!(code.find(other.as_bytes()).is_empty(), "{other}");
    }
}
