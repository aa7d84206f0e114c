//! What a text costs: an SMS is one part of up to 70 UTF-16 units, or several of 67 (the rest is the header that joins them).

/// Units of a text that is one part.
const SINGLE: usize = 70;
/// Units of each part of a longer one. (With a reference of two bytes it would be 66.)
const JOINED: usize = 67;

/// How many parts a text is billed as. No part ends between the two units of one character.
pub fn parts(text: &str) -> usize {
    if text.chars().map(char::len_utf16).sum::<usize>() <= SINGLE {
        return 1;
    }
    let (mut parts, mut used) = (1, 0);
    for units in text.chars().map(char::len_utf16) {
        if used + units > JOINED {
            parts += 1;
            used = 0;
        }
        used += units;
    }
    parts
}

/// The text as a sandbox sends it to a real phone.
pub fn demo(text: &str) -> String {
    format!("【演示】{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seventy_units_are_one_part_and_then_sixty_seven_each() {
        for (characters, expected) in [
            (0, 1),
            (70, 1),
            (71, 2),
            (134, 2),
            (135, 3),
            (201, 3),
            (202, 4),
        ] {
            assert_eq!(parts(&"验".repeat(characters)), expected, "{characters}");
        }
        // two units each
        assert_eq!(parts(&"𠮷".repeat(35)), 1);
        assert_eq!(parts(&"𠮷".repeat(36)), 2);
        // 33 pairs and a unit to spare: it stays empty
        assert_eq!(parts(&"𠮷".repeat(66)), 2);
        assert_eq!(parts(&"𠮷".repeat(67)), 3);
    }
}
