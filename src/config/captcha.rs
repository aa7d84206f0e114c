//! `[captcha]`: what a visitor's form asks for, by province.

use std::collections::BTreeMap;

use super::{
    reader::{Reader, text},
    sections::word,
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

/// `[captcha]`
#[derive(Debug, Clone)]
pub struct Captcha {
    /// Where nothing else is said.
    pub kind: CaptchaKind,
    /// `[captcha.provinces]`; `None`: the national page's.
    pub provinces: BTreeMap<Option<Province>, CaptchaKind>,
}

pub(super) fn captcha(all: &mut Reader<'_>) -> Captcha {
    let mut section = all.section("captcha");
    let kind = word(&mut section, "kind", CaptchaKind::ALL, CaptchaKind::as_str);
    let mut by_province = section.section("provinces");
    let mut provinces = BTreeMap::new();
    for (name, node) in by_province.others() {
        let province = Province::from_slug(&name);
        if province.is_none() && name != "national" {
            let message = "must be national or a province, such as gansu";
            by_province.wrong(&node.origin, &name, message);
            continue;
        }
        let kind = by_province.judge(&name, &node, |node| {
            let text = text(node)?;
            let must = || format!("`{text}` is wrong, must be one of puzzle, image");
            CaptchaKind::from_word(text).ok_or_else(must)
        });
        if let Some(kind) = kind {
            provinces.insert(province, kind);
        }
    }
    Captcha {
        kind: kind.unwrap_or(CaptchaKind::Puzzle),
        provinces,
    }
}
