//! `[captcha]`: what a visitor's form asks for, by province.

use std::collections::BTreeMap;

use super::{
    reader::Reader,
    sections::{one_of, word},
};
use crate::domain::{province::Province, words::words};

words!(/// What a form's captcha is where a script runs; without one it is an image with its sound.
    CaptchaKind {
        /// A puzzle, with the image one click away.
        Puzzle = "puzzle",
        /// The image alone.
        Image = "image",
    }
);

words!(/// What an image's sound speaks.
    CaptchaSound {
        /// 普通话
        Mandarin = "mandarin",
        /// English.
        English = "english",
    }
);

/// By province; `None`: the national page's.
type ByProvince<T> = BTreeMap<Option<Province>, T>;

/// `[captcha]`
#[derive(Debug, Clone)]
pub struct Captcha {
    /// Where nothing else is said.
    pub kind: CaptchaKind,
    /// `[captcha.provinces]`
    pub provinces: ByProvince<CaptchaKind>,
    /// Where nothing else is said.
    pub sound: CaptchaSound,
    /// `[captcha.sounds]`
    pub sounds: ByProvince<CaptchaSound>,
}

pub(super) fn captcha(all: &mut Reader<'_>) -> Captcha {
    let mut section = all.section("captcha");
    let kind = word(&mut section, "kind", CaptchaKind::ALL, CaptchaKind::as_str);
    let sound = word(
        &mut section,
        "sound",
        CaptchaSound::ALL,
        CaptchaSound::as_str,
    );
    Captcha {
        kind: kind.unwrap_or(CaptchaKind::Puzzle),
        provinces: by_province(
            section.section("provinces"),
            CaptchaKind::ALL,
            CaptchaKind::as_str,
        ),
        sound: sound.unwrap_or(CaptchaSound::Mandarin),
        sounds: by_province(
            section.section("sounds"),
            CaptchaSound::ALL,
            CaptchaSound::as_str,
        ),
    }
}

fn by_province<T: Copy>(
    mut section: Reader<'_>,
    all: &[T],
    name: fn(T) -> &'static str,
) -> ByProvince<T> {
    let mut found = BTreeMap::new();
    for (place, node) in section.others() {
        let province = Province::from_slug(&place);
        if province.is_none() && place != "national" {
            let message = "must be national or a province, such as gansu";
            section.wrong(&node.origin, &place, message);
            continue;
        }
        let value = section.judge(&place, &node, |node| one_of(node, all, name));
        if let Some(value) = value {
            found.insert(province, value);
        }
    }
    found
}
