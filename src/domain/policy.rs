//! A policy: what is in force for a province from an instant on. Data (`provinces.toml`), never constants, since every
//! number of it differs by province or date. The one of the submission is kept with the request as a snapshot.

mod file;
mod timeline;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use timeline::{PolicyError, Timeline};

use super::{
    carrier::Carrier,
    words::{FilingKind, Wording, words},
};

words!(/// Which number of a Hong Kong/Macau permit its owner types the tail of.
    HkMacauTail {
    /// The permit's own.
    Permit = "permit",
    /// That of the identity card printed on its back (浙江; P).
    IdentityCard = "identity_card",
});

/// What is in force in a province from an instant on; a JSON snapshot of it is kept with each request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own"
)]
pub struct Policy {
    /// Its name in the data file, such as `pilot-1`.
    pub name: String,
    /// The province's pilot batch (试点批次), 1–4.
    pub batch: u8,
    /// The first instant it is in force there.
    #[serde(with = "super::time::serde_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub from: DateTime<Utc>,
    /// Who says so.
    pub source: String,
    /// Hours from the first SMS in which a principal must answer.
    pub validity_hours: u32,
    /// Wrong tries at which a verification fails and its request is returned.
    pub max_wrong_tries: u32,
    /// Manual resends of one verification.
    pub max_manual_resends: u32,
    /// Whether the system resends once at 12:00 the next day.
    pub noon_resend: bool,
    /// Whether a `change` that leaves the phone as it is verifies it at the old number.
    pub verify_unchanged_phone: bool,
    /// Whether the bureau reviews a changed number before it is verified.
    pub phone_change_review: bool,
    /// The kinds whose principals are verified.
    pub verified_kinds: Vec<FilingKind>,
    /// The numbers that the SMS come from.
    #[schema(value_type = BTreeMap<String, String>)]
    pub senders: Senders,
    /// Whether the SMS holds a link.
    pub short_link: bool,
    /// Whether the national page offers the form.
    pub national_entry: bool,
    /// Which era's sentences are used.
    pub wording: Wording,
    /// Whether the sentences name the person, masked.
    pub name_in_messages: bool,
    /// Whose tail counts on a Hong Kong/Macau permit.
    pub hk_macau_tail: HkMacauTail,
}

impl Policy {
    /// How long a principal has, from the first SMS on.
    pub fn validity(&self) -> TimeDelta {
        TimeDelta::hours(i64::from(self.validity_hours))
    }

    /// Whether principals are verified for this kind.
    pub fn verifies(&self, kind: FilingKind) -> bool {
        self.verified_kinds.contains(&kind)
    }

    /// Whether the bureau reviews a request of this kind before anybody is verified (S2).
    pub fn reviews(&self, kind: FilingKind) -> bool {
        kind == FilingKind::ChangePhone && self.phone_change_review && self.verifies(kind)
    }
}

/// The numbers that the SMS come from: one for each carrier, `default` for those without; empty text is never a number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Senders {
    /// For every carrier without its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// 中国电信
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telecom: Option<String>,
    /// 中国联通
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unicom: Option<String>,
    /// 中国移动
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile: Option<String>,
    /// 中国广电
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broadnet: Option<String>,
}

impl Senders {
    /// The number for a carrier. Without one of its own, or for a phone of no known carrier: the default's, else China
    /// Mobile's (it has the most subscribers, and carries Broadnet's SMS; our decision).
    pub fn for_carrier(&self, carrier: Option<Carrier>) -> &str {
        let own = match carrier {
            Some(Carrier::Telecom) => &self.telecom,
            Some(Carrier::Unicom) => &self.unicom,
            Some(Carrier::Mobile) => &self.mobile,
            Some(Carrier::Broadnet) => &self.broadnet,
            None => &None,
        };
        [own, &self.default, &self.mobile]
            .into_iter()
            .find_map(Option::as_deref)
            .unwrap_or_default()
    }

    /// Each number that is given, with the key it stands under.
    pub fn given(&self) -> BTreeMap<&'static str, &str> {
        [
            ("default", &self.default),
            ("telecom", &self.telecom),
            ("unicom", &self.unicom),
            ("mobile", &self.mobile),
            ("broadnet", &self.broadnet),
        ]
        .into_iter()
        .filter_map(|(key, number)| Some((key, number.as_deref()?)))
        .collect()
    }
}

#[cfg(test)]
mod tests;
