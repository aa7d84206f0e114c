//! Made-up people: new ones for each filing, with numbers that pass every check and belong to nobody we know of.

use crate::{
    domain::{
        filing::{DocumentDraft, PrincipalDraft},
        id_document::resident_check_digit,
        words::DocumentType,
    },
    random::Random,
};

const FAMILY: [&str; 16] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高",
    "欧阳",
];
const GIVEN: [&str; 16] = [
    "小明", "伟", "芳", "娜", "秀英", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰",
    "思远",
];
const FOREIGN: [&str; 4] = ["John Smith", "Maria García", "Yuki Tanaka", "Anna Kowalska"];
/// GB/T 2260 has no division that begins with 99: no real person has such a resident ID.
const COUNTIES: [&str; 6] = ["990101", "990105", "990115", "990203", "990305", "990422"];

/// Where the sandbox's people come from.
#[derive(Clone, Copy)]
pub(super) struct Cast<'a>(pub &'a Random);

impl Cast<'_> {
    /// With a resident ID.
    pub fn resident(self) -> PrincipalDraft {
        self.person(self.name(), DocumentType::ResidentId, self.resident_id())
    }

    /// With a resident ID that ends in X, as one in eleven does.
    pub fn resident_with_x(self) -> PrincipalDraft {
        let mut number = self.resident_id();
        while !number.ends_with('X') {
            number = self.resident_id();
        }
        self.person(self.name(), DocumentType::ResidentId, number)
    }

    /// A foreigner with a passport.
    pub fn foreigner(self) -> PrincipalDraft {
        let number = format!("{}{}", self.letter(), self.digits(8));
        let name = self.one_of(&FOREIGN).to_owned();
        self.person(name, DocumentType::Passport, number)
    }

    /// With a Hong Kong permit, and on its back the identity card that 浙江 asks for.
    pub fn hong_konger(self) -> PrincipalDraft {
        let number = format!("H{}", self.digits(8));
        let mut person = self.person(self.name(), DocumentType::HkMacauPermit, number);
        person.document.card_number = Some(self.hong_kong_card());
        person
    }

    /// Whose number has just changed.
    pub fn with_new_phone(self) -> PrincipalDraft {
        let mut person = self.resident();
        while person.previous_phone.is_none() {
            person.previous_phone = Some(self.phone()).filter(|phone| *phone != person.phone);
        }
        person
    }

    /// Reached at a number of one's choice.
    pub fn at(self, phone: &str) -> PrincipalDraft {
        PrincipalDraft {
            phone: phone.into(),
            ..self.resident()
        }
    }

    fn person(self, name: String, kind: DocumentType, number: String) -> PrincipalDraft {
        PrincipalDraft {
            name,
            phone: self.phone(),
            previous_phone: None,
            document: DocumentDraft {
                kind,
                number,
                card_number: None,
            },
        }
    }

    fn name(self) -> String {
        format!("{}{}", self.one_of(&FAMILY), self.one_of(&GIVEN))
    }

    /// 199 00…, plainly made up; never one of those that are there to fail.
    fn phone(self) -> String {
        loop {
            let digits = self.digits(6);
            if !digits.starts_with("00000") {
                return format!("19900{digits}");
            }
        }
    }

    fn resident_id(self) -> String {
        let year = 1960 + self.0.below(40);
        let (month, day) = (1 + self.0.below(12), 1 + self.0.below(28));
        let county = self.one_of(&COUNTIES);
        let body = format!("{county}{year}{month:02}{day:02}{}", self.digits(3));
        // the last place is not looked at
        let check = resident_check_digit(&format!("{body}0")).map_or('0', char::from);
        format!("{body}{check}")
    }

    /// `A123456(3)`, with its own check digit: weights 9 to 2, the blank before the letter counting 36.
    fn hong_kong_card(self) -> String {
        // no series of cards has begun with Q
        let (letter, digits) = ('Q', self.digits(6));
        let mut sum = 36 * 9 + (u32::from(letter) - u32::from('A') + 10) * 8;
        for (digit, weight) in digits.bytes().zip((2..=7).rev()) {
            sum += u32::from(digit - b'0') * weight;
        }
        let check = match (11 - sum % 11) % 11 {
            10 => "A".to_owned(),
            digit => digit.to_string(),
        };
        format!("{letter}{digits}({check})")
    }

    fn one_of(self, all: &'static [&'static str]) -> &'static str {
        let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
        all.get(self.0.below(count) as usize)
            .copied()
            .unwrap_or_default()
    }

    fn digits(self, count: usize) -> String {
        let digit = |_| char::from_digit(self.0.below(10), 10).unwrap_or('0');
        (0..count).map(digit).collect()
    }

    fn letter(self) -> char {
        char::from_digit(10 + self.0.below(26), 36)
            .map_or('A', |letter| letter.to_ascii_uppercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        id_document::{parse_number, parse_other_number},
        phone::Phone,
    };

    #[test]
    fn they_pass_every_check_and_none_is_twice() {
        let random = Random::seeded(1);
        let cast = Cast(&random);
        let mut phones = std::collections::BTreeSet::new();
        for _ in 0..30 {
            for person in [
                cast.resident(),
                cast.resident_with_x(),
                cast.foreigner(),
                cast.hong_konger(),
                cast.with_new_phone(),
            ] {
                let document = &person.document;
                assert!(parse_number(document.kind, &document.number).is_ok());
                assert!(
                    document
                        .card_number
                        .as_deref()
                        .is_none_or(|card| parse_other_number(card).is_ok())
                );
                assert!(Phone::parse(&person.phone).is_ok());
                assert!(phones.insert(person.phone));
            }
        }
        assert!(cast.resident_with_x().document.number.ends_with('X'));
    }

    #[test]
    fn hong_kong_cards_have_their_check_digit() {
        // A123456(3) is the Immigration Department's own specimen
        let sum = 36 * 9 + 10 * 8 + 7 + 2 * 6 + 3 * 5 + 4 * 4 + 5 * 3 + 6 * 2;
        assert_eq!((11 - sum % 11) % 11, 3);
    }
}
