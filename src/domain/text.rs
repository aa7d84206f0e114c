//! Typed text: folded before it is read, judged before it is kept, masked before it is shown.

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// What is wrong with a typed value; the pages' sentences stand in their templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TypedError {
    /// Nothing, or nothing but spaces and hyphens.
    #[error("is empty")]
    Empty,
    /// Not of the right form.
    #[error("is malformed")]
    Malformed,
    /// NUL or another control character.
    #[error("holds a control character")]
    ControlCharacter,
}

/// Implements a `Debug` that shows the type and never the value.
macro_rules! redacted_debug {
    ($($type:ident),*) => { $(
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($type), "(…)"))
            }
        }
    )* };
}
pub(crate) use redacted_debug;

/// Folds a typed number: trimmed, full-width to half-width (NFKC), spaces and hyphens dropped, letters upper-cased.
///
/// Invisible characters are dropped with the spaces: numbers copied from an address book come wrapped in them.
pub fn fold(typed: &str) -> Result<Zeroizing<String>, TypedError> {
    let typed = typed.trim();
    if typed.chars().any(char::is_control) {
        return Err(TypedError::ControlCharacter);
    }
    let folded: String = typed
        .nfkc()
        .filter(|&c| !c.is_whitespace() && !is_hyphen(c) && !is_invisible(c))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    if folded.is_empty() {
        return Err(TypedError::Empty);
    }
    Ok(Zeroizing::new(folded))
}

/// Hyphens and dashes, as they are after NFKC.
fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{00AD}')
}

/// Zero-width characters and those that turn the direction of writing; in a name they can disguise another.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// A person's name as strangers may see it: the first character, then one * for each other; a name with · or
/// letters (Latin and the like) the first character and ** (S2 writes XXX; the form is ours).
pub fn mask_name(name: &str) -> String {
    let mut characters = name.trim().chars();
    let Some(first) = characters.next() else {
        return String::new();
    };
    let spelt = name.chars().any(is_letter_or_dot);
    let stars = if spelt {
        2
    } else {
        characters.filter(|c| !c.is_whitespace()).count()
    };
    format!("{first}{}", "*".repeat(stars))
}

/// A letter of an alphabet (they all stand before the CJK blocks, but for full-width Latin), or a middle dot.
fn is_letter_or_dot(c: char) -> bool {
    let letter = c.is_alphabetic() && (c < '\u{2E80}' || ('\u{FF21}'..='\u{FF5A}').contains(&c));
    letter || matches!(c, '·' | '•' | '‧' | '∙' | '⋅' | '・' | '･' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn folded(typed: &str) -> Result<String, TypedError> {
        fold(typed).map(|text| text.to_string())
    }

    #[test]
    fn folds_width_spaces_hyphens_and_case() {
        for (typed, expected) in [
            (" 138 0013\u{3000}8000 ", "13800138000"),
            ("１３８－００１３－８０００", "13800138000"),
            ("138‐0013‑80–0—0−", "13800138000"),
            ("\u{202d}138 0013 8000\u{202c}", "13800138000"),
            ("31002x", "31002X"),
            ("３１００２ｘ", "31002X"),
            ("123456\n", "123456"),
        ] {
            assert_eq!(folded(typed).as_deref(), Ok(expected), "{typed}");
        }
    }

    #[test]
    fn refuses_nothing_and_control_characters() {
        for typed in ["", " ", " - ", "\u{3000}", "\u{200b}", "——"] {
            assert_eq!(folded(typed), Err(TypedError::Empty), "{typed:?}");
        }
        for typed in [
            "123\u{0}456",
            "\u{0}",
            "12\t34",
            "1\u{1b}2",
            "1\n2",
            "1\u{85}2",
        ] {
            assert_eq!(
                folded(typed),
                Err(TypedError::ControlCharacter),
                "{typed:?}"
            );
        }
    }

    #[test]
    fn masks_names() {
        for (name, masked) in [
            ("王明", "王*"),
            ("王小明", "王**"),
            ("欧阳小明", "欧***"),
            ("阿卜杜热合曼·买买提", "阿**"),
            ("John Smith", "J**"),
            ("Ｊｏｈｎ", "Ｊ**"),
            ("Иван", "И**"),
            ("𠮷田", "𠮷*"),
            (" 王 明 ", "王*"),
            ("", ""),
        ] {
            assert_eq!(mask_name(name), masked, "{name}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(typed in "[0-9０-９a-zA-Zａ-ｚ \u{3000}\u{2013}－+()（）·王-]{0,30}") {
            if let Ok(once) = fold(&typed) {
                prop_assert_eq!(fold(&once), Ok(once));
            }
        }

        #[test]
        fn anything_folds_or_is_refused(typed in ".*") {
            if let Ok(folded) = fold(&typed) {
                let left = folded.chars().any(|c| c.is_control() || c.is_whitespace() || is_hyphen(c));
                prop_assert!(!left);
            }
        }

        #[test]
        fn a_masked_name_shows_its_first_character_alone(name in "[一-龥]{1}[丁-龥]{1,9}") {
            let masked = mask_name(&name);
            prop_assert!(masked.chars().skip(1).all(|c| c == '*'));
            prop_assert_eq!(masked.chars().count(), name.chars().count());
        }
    }
}
