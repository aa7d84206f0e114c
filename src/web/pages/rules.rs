//! The policy's numbers, as the pages tell them.

use crate::domain::words::FilingKind;

/// What is in force on a page: the bureau's policy, or the nationwide one.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of the policy"
)]
pub struct Rules {
    /// Hours from the first SMS.
    pub validity_hours: u32,
    /// Wrong tries after which a request is returned.
    pub max_wrong_tries: u32,
    /// Manual resends of one verification.
    pub max_manual_resends: u32,
    /// Whether the system resends at 12:00 the next day.
    pub noon_resend: bool,
    /// The numbers the SMS come from.
    pub senders: Senders,
    /// Whether the SMS holds a link.
    pub short_link: bool,
    /// Whether the national page offers the form.
    pub national_entry: bool,
    /// The kinds whose principals are verified.
    pub verified_kinds: Vec<FilingKind>,
    /// Whether a `change` that leaves the phone as it is verifies the old number.
    pub verify_unchanged_phone: bool,
    /// Whether the bureau reviews a changed number first.
    pub phone_change_review: bool,
    /// 浙江: the Hong Kong/Macau permit's tail is that of the identity card printed on its back.
    pub permit_tail_on_back: bool,
}

/// The numbers the SMS come from: one for all, or one for each carrier.
#[derive(Debug, Clone, Default)]
pub struct Senders {
    /// For every carrier without its own.
    pub default: Option<String>,
    /// 中国电信
    pub telecom: Option<String>,
    /// 中国联通
    pub unicom: Option<String>,
    /// 中国移动
    pub mobile: Option<String>,
    /// 中国广电
    pub broadnet: Option<String>,
}

impl Rules {
    /// Every kind, and whether principals are verified for it.
    pub(super) fn kinds(&self) -> Vec<(FilingKind, bool)> {
        FilingKind::ALL
            .iter()
            .map(|kind| (*kind, self.verifies(*kind)))
            .collect()
    }

    /// Whether principals are verified for a kind.
    pub fn verifies(&self, kind: FilingKind) -> bool {
        self.verified_kinds.contains(&kind)
    }
}
