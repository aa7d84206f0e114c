//! The carrier of a phone by its number's prefix: a first guess, since numbers move between carriers (携号转网, from 2019-12-01).

use std::collections::HashMap;

use serde::Deserialize;

use super::{phone::Phone, words::words};

words!(/// A carrier; virtual operators count as their host's (S0, S2).
    Carrier {
    /// 中国移动
    Mobile = "mobile",
    /// 中国联通
    Unicom = "unicom",
    /// 中国电信
    Telecom = "telecom",
    /// 中国广电
    Broadnet = "broadnet",
});

/// What is wrong with the table of prefixes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CarrierError {
    /// Broken TOML, an unknown key or carrier.
    #[error("{0}")]
    Toml(String),
    /// No prefix or range of prefixes of a mobile number.
    #[error("ranges[{range}]: `{prefix}` is no prefix such as 139 or 1340-1348")]
    Prefix {
        /// Which entry, from 0.
        range: usize,
        /// As it is written.
        prefix: String,
    },
    /// The same prefix twice.
    #[error("ranges[{range}]: {prefix} stands in another range too")]
    Twice {
        /// Which entry, from 0.
        range: usize,
        /// The prefix.
        prefix: String,
    },
}

/// Prefixes and their carriers; the longest prefix of a number wins.
#[derive(Debug, Clone)]
pub struct Carriers(HashMap<String, Carrier>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    ranges: Vec<Range>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    carrier: Carrier,
    prefixes: Vec<String>,
    // for the reader; that they stand in every range is all that is asked
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "date")]
    _date: String,
}

impl Carriers {
    /// The table in `carriers.toml`.
    pub fn built_in() -> Result<Self, CarrierError> {
        Self::parse(include_str!("../../carriers.toml"))
    }

    /// Reads a table.
    pub fn parse(text: &str) -> Result<Self, CarrierError> {
        let file: File =
            toml::from_str(text).map_err(|error| CarrierError::Toml(error.to_string()))?;
        let mut carriers = HashMap::new();
        for (index, range) in file.ranges.iter().enumerate() {
            for written in &range.prefixes {
                let prefixes = expand(written).ok_or_else(|| CarrierError::Prefix {
                    range: index,
                    prefix: written.clone(),
                })?;
                for prefix in prefixes {
                    let prefix = prefix.to_string();
                    if carriers.insert(prefix.clone(), range.carrier).is_some() {
                        return Err(CarrierError::Twice {
                            range: index,
                            prefix,
                        });
                    }
                }
            }
        }
        Ok(Self(carriers))
    }

    /// The carrier of a phone; `None`: no known one.
    pub fn of(&self, phone: &Phone) -> Option<Carrier> {
        let number = phone.as_str();
        (1..=number.len())
            .rev()
            .find_map(|length| self.0.get(&number[..length]).copied())
    }
}

/// Whose number a phone is taken for: its prefix's, unless that carrier called it foreign; then the next that has not. None:
/// no known carrier's, or every carrier's has called it foreign.
pub fn believed(by_prefix: Option<Carrier>, foreign_to: &[Carrier]) -> Option<Carrier> {
    let unlike = |carrier: &Carrier| !foreign_to.contains(carrier);
    match by_prefix {
        Some(carrier) if unlike(&carrier) => Some(carrier),
        None if foreign_to.is_empty() => None,
        _ => Carrier::ALL.iter().copied().find(unlike),
    }
}

/// `139` or `1340-1348`: the prefixes from the first to the last, both of one length.
fn expand(written: &str) -> Option<std::ops::RangeInclusive<u32>> {
    let (first, last) = written.split_once('-').unwrap_or((written, written));
    let prefix = |text: &str| {
        let form = (2..=7).contains(&text.len())
            && text.starts_with('1')
            && text.bytes().all(|b| b.is_ascii_digit());
        form.then(|| text.parse().ok()).flatten()
    };
    let (from, to): (u32, u32) = (prefix(first)?, prefix(last)?);
    (first.len() == last.len() && from <= to).then_some(from..=to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carrier(number: &str) -> Option<Carrier> {
        let number = format!("{number:0<11}");
        Carriers::built_in()
            .unwrap()
            .of(&Phone::parse(&number).unwrap())
    }

    #[test]
    fn every_carrier_by_its_prefixes() {
        use Carrier::{Broadnet, Mobile, Telecom, Unicom};
        for (carrier_of, prefixes) in [
            (
                Mobile,
                "1340 1348 135 139 147 148 150 152 157 159 172 178 182 184 187 188 195 197 198",
            ),
            (Unicom, "130 132 145 146 155 156 166 175 176 185 186 196"),
            (
                Telecom,
                "133 149 153 173 177 180 181 189 191 193 199 1349 17400 17405",
            ),
            (Broadnet, "192 1610"),
        ] {
            for prefix in prefixes.split(' ') {
                assert_eq!(carrier(prefix), Some(carrier_of), "{prefix}");
            }
        }
    }

    #[test]
    fn virtual_operators_are_their_hosts() {
        use Carrier::{Mobile, Telecom, Unicom};
        for (host, prefixes) in [
            (Mobile, "165 1703 1705 1706"),
            (Unicom, "167 171 1704 1707 1708 1709"),
            (Telecom, "162 1700 1701 1702"),
        ] {
            for prefix in prefixes.split(' ') {
                assert_eq!(carrier(prefix), Some(host), "{prefix}");
            }
        }
    }

    #[test]
    fn some_have_no_known_carrier() {
        for prefix in [
            "140", "141", "144", "154", "160", "1611", "1619", "163", "164", "168", "169", "17406",
            "1749", "179", "194",
        ] {
            assert_eq!(carrier(prefix), None, "{prefix}");
        }
    }

    #[test]
    fn the_longest_prefix_wins() {
        let table = r#"
            [[ranges]]
            carrier = "mobile"
            prefixes = ["134"]
            source = "test"
            date = "2026-11"
            [[ranges]]
            carrier = "telecom"
            prefixes = ["1349"]
            source = "test"
            date = "2026-11"
        "#;
        let carriers = Carriers::parse(table).unwrap();
        assert_eq!(
            carriers.of(&Phone::parse("13400000000").unwrap()),
            Some(Carrier::Mobile)
        );
        assert_eq!(
            carriers.of(&Phone::parse("13490000000").unwrap()),
            Some(Carrier::Telecom)
        );
        assert_eq!(carriers.of(&Phone::parse("13500000000").unwrap()), None);
    }

    #[test]
    fn a_foreign_number_is_taken_for_the_next_carriers() {
        use Carrier::{Broadnet, Mobile, Telecom, Unicom};
        for (by_prefix, foreign_to, expected) in [
            (Some(Telecom), &[][..], Some(Telecom)),
            (Some(Telecom), &[Telecom], Some(Mobile)),
            (Some(Telecom), &[Telecom, Mobile], Some(Unicom)),
            (Some(Telecom), &[Telecom, Mobile, Unicom], Some(Broadnet)),
            (Some(Telecom), &[Mobile, Unicom, Telecom, Broadnet], None),
            (Some(Mobile), &[Telecom], Some(Mobile)),
            (None, &[], None),
            (None, &[Mobile], Some(Unicom)),
        ] {
            assert_eq!(believed(by_prefix, foreign_to), expected, "{foreign_to:?}");
        }
    }

    #[test]
    fn a_bad_table_says_where() {
        let table = |prefixes: &str| {
            Carriers::parse(&format!(
                "[[ranges]]\ncarrier = \"mobile\"\nprefixes = {prefixes}\nsource = \"test\"\ndate = \"2026-11\""
            ))
        };
        for bad in [
            "139a",
            "239",
            "1",
            "135-13",
            "139-135",
            "13900000",
            "",
            "一三九",
        ] {
            let expected = CarrierError::Prefix {
                range: 0,
                prefix: bad.to_owned(),
            };
            assert_eq!(
                table(&format!("[\"{bad}\"]")).err(),
                Some(expected),
                "{bad}"
            );
        }
        let twice = table("[\"130-139\", \"135\"]").unwrap_err();
        assert_eq!(
            twice.to_string(),
            "ranges[0]: 135 stands in another range too"
        );
        let unknown = Carriers::parse(
            "[[ranges]]\ncarrier = \"acme\"\nprefixes = []\nsource = \"\"\ndate = \"\"",
        );
        assert!(unknown.unwrap_err().to_string().contains("line 2"));
        assert!(
            Carriers::parse("[[ranges]]\ncarrier = \"mobile\"\nprefixes = []\ndate = \"\"")
                .is_err()
        );
    }
}
