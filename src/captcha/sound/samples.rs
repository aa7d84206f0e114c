//! The recorded names, in the binary.

use super::WAV_HEADER;

#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Voice {
    #[default]
    Man,
    Woman,
    Elder,
}

/// All of them.
pub(super) const VOICES: [Voice; 3] = [Voice::Man, Voice::Woman, Voice::Elder];

macro_rules! names {
    ($voice:literal, $character:ident) => {
        names!(@ $voice, $character, '2' '3' '4' '5' '6' '7' '8' '9' 'W' 'Y')
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
        Voice::Man => names!("man", character),
        Voice::Woman => names!("woman", character),
        Voice::Elder => names!("elder", character),
    };
    file.get(WAV_HEADER..).unwrap_or_default()
}
