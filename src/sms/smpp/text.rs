//! A text as SMPP carries it: UTF-16BE (UCS-2 to the older specification), 70 units in one part, else 67 a part behind a
//! header that says which part of which message it is.

/// Units of a text that is one SMS.
const WHOLE: usize = 70;
/// Units of a part: 140 octets less the header's six.
const PART: usize = 67;

/// One `short_message`, of at most 140 octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// It begins with a user data header.
    pub header: bool,
    /// Header and text.
    pub octets: Vec<u8>,
}

/// Takes a text apart; `None`: it is longer than SMS can be. `reference` tells the parts of one message from those of
/// another to the same phone; the same at every attempt, so that a part sent twice stays the same part.
pub(super) fn parts(text: &str, reference: u8) -> Option<Vec<Part>> {
    if text.encode_utf16().count() <= WHOLE {
        let octets = octets(text);
        let header = false;
        return Some(vec![Part { header, octets }]);
    }
    let pieces = pieces(text);
    // the header counts the parts in an octet
    let total = u8::try_from(pieces.len()).ok()?;
    let parts = pieces.iter().zip(1..=total).map(|(piece, number)| {
        // concatenated short messages, 8-bit reference (3GPP TS 23.040, 9.2.3.24.1)
        let mut octets = vec![0x05, 0x00, 0x03, reference, total, number];
        octets.extend(self::octets(piece));
        let header = true;
        Part { header, octets }
    });
    Some(parts.collect())
}

/// Pieces of at most 67 units; a character of two units is never cut in two.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut units) = (0, 0);
    for (at, character) in text.char_indices() {
        if units + character.len_utf16() > PART {
            pieces.push(&text[start..at]);
            (start, units) = (at, 0);
        }
        units += character.len_utf16();
    }
    pieces.push(&text[start..]);
    pieces
}

fn octets(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(part: &Part) -> String {
        let text = if part.header {
            &part.octets[6..]
        } else {
            &part.octets[..]
        };
        let units: Vec<u16> = text
            .chunks(2)
            .map(|unit| u16::from_be_bytes([unit[0], unit[1]]))
            .collect();
        String::from_utf16(&units).expect("no pair is cut in two")
    }

    #[test]
    fn seventy_units_are_one_part_and_one_more_makes_two() {
        let one = parts(&"验".repeat(70), 7).unwrap();
        assert_eq!(one.len(), 1);
        assert!(!one[0].header);
        assert_eq!(one[0].octets.len(), 140);
        assert_eq!(one[0].octets[..2], [0x9a, 0x8c]);
        let two = parts(&"验".repeat(71), 7).unwrap();
        assert_eq!(two.len(), 2);
        assert_eq!(two[0].octets[..6], [5, 0, 3, 7, 2, 1]);
        assert_eq!(two[1].octets[..6], [5, 0, 3, 7, 2, 2]);
        assert_eq!(two[0].octets.len(), 140);
        assert_eq!(two[1].octets.len(), 6 + 2 * 4);
    }

    #[test]
    fn a_pair_moves_to_the_next_part_whole() {
        // the 67th unit would be the first half of 𠮷
        let text = format!("{}𠮷{}", "核".repeat(66), "验".repeat(10));
        let two = parts(&text, 0).unwrap();
        assert_eq!(two[0].octets.len(), 6 + 2 * 66);
        assert_eq!(read(&two[0]), "核".repeat(66));
        assert_eq!(read(&two[1]), format!("𠮷{}", "验".repeat(10)));
    }

    #[test]
    fn what_no_header_can_count_is_refused() {
        assert_eq!(parts(&"验".repeat(67 * 255), 0).unwrap().len(), 255);
        assert_eq!(parts(&"验".repeat(67 * 255 + 1), 0), None);
    }

    proptest! {
        #[test]
        fn any_text_arrives_as_it_was(text in "\\PC{0,400}", reference: u8) {
            let parts = parts(&text, reference).unwrap();
            let joined: String = parts.iter().map(read).collect();
            prop_assert_eq!(joined, text);
            prop_assert!(parts.iter().all(|part| part.octets.len() <= 140));
        }
    }
}
