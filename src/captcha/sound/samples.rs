//! The recorded names, in the binary.

use super::{super::Language, WAV_HEADER};

#[derive(Debug, Clone, Copy)]
pub(super) enum Voice {
    Man,
    Woman,
    Elder,
    EnglishMan,
    EnglishWoman,
}

/// Those that speak a language.
pub(super) const fn voices(language: Language) -> &'static [Voice] {
    match language {
        Language::Mandarin => &[Voice::Man, Voice::Woman, Voice::Elder],
        Language::English => &[Voice::EnglishMan, Voice::EnglishWoman],
    }
}

macro_rules! names {
    ($voice:literal, $character:ident) => {
        names!(@ $voice, $character, '2' '4' '5' '8' '9' 'W' 'Y')
    };
    (@ $voice:literal, $character:ident, $($name:literal)*) => {{
        let file: &[u8] = match $character {
            $($name => include_bytes!(concat!("../samples/", $voice, "/", $name, ".wav")),)*
            _ => &[],
        };
        file
    }};
}

/// A character's samples, unsigned around 128.
pub(super) fn samples(voice: Voice, character: char) -> &'static [u8] {
    let file = match voice {
        Voice::Man => names!("mandarin/man", character),
        Voice::Woman => names!("mandarin/woman", character),
        Voice::Elder => names!("mandarin/elder", character),
        Voice::EnglishMan => names!("english/man", character),
        Voice::EnglishWoman => names!("english/woman", character),
    };
    file.get(WAV_HEADER..).unwrap_or_default()
}
