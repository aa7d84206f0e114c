//! Why a request came back, in words that a provider can pass on: which principal did not verify, and what happened.
//! Ours; the states and reasons are those of S2 and S3.

use chrono::{DateTime, Utc};

use super::{
    filing::{SUBJECT_PRINCIPAL, site_of},
    time::chinese_date_time,
    words::{ReturnReason, VerificationState},
};

/// A verification that came to nothing, as far as its provider may see it.
#[derive(Debug, Clone, Copy)]
pub struct Unverified<'a> {
    /// JSON pointers to the principals.
    pub principals: &'a [String],
    /// `王**`; none once purged.
    pub name: Option<&'a str>,
    /// `138****8000`; none once purged.
    pub phone: Option<&'a str>,
    /// Why.
    pub reason: ReturnReason,
    /// Wrong tries counted.
    pub wrong_tries: i64,
    /// An SMS was accepted by a gateway.
    pub sent: bool,
    /// From then on it was too late.
    pub expires_at: DateTime<Utc>,
}

/// Why a verification came to nothing; none: it did not, or nobody needed it any more.
pub fn why(
    state: VerificationState,
    wrong_tries: i64,
    max_wrong_tries: u32,
) -> Option<ReturnReason> {
    match state {
        VerificationState::Expired => Some(ReturnReason::Expired),
        VerificationState::Failed if wrong_tries >= i64::from(max_wrong_tries) => {
            Some(ReturnReason::TooManyWrongTries)
        }
        VerificationState::Failed => Some(ReturnReason::Undeliverable),
        VerificationState::Pending | VerificationState::Verified | VerificationState::Cancelled => {
            None
        }
    }
}

impl Unverified<'_> {
    /// One sentence: who, and why not.
    pub fn sentence(&self) -> String {
        let who = self.who();
        let deadline = chinese_date_time(self.expires_at);
        match self.reason {
            ReturnReason::Expired if self.sent => {
                format!("{who}在{deadline}前没有完成短信核验。")
            }
            ReturnReason::Expired => format!("给{who}的短信到{deadline}仍未能发出。"),
            ReturnReason::TooManyWrongTries => {
                format!("{who}填错{}次，短信核验失败。", self.wrong_tries)
            }
            ReturnReason::Undeliverable => {
                format!("{who}的手机号码收不到短信：各短信通道都拒绝发送。")
            }
            ReturnReason::PhoneChangeRejected => PHONE_CHANGE_REJECTED.to_owned(),
        }
    }

    /// `主体负责人、第1个网站的负责人王**（138****8000）`
    fn who(&self) -> String {
        let roles: Vec<_> = self.principals.iter().map(|at| role(at)).collect();
        let name = self.name.unwrap_or_default();
        let phone = self.phone.map(|phone| format!("（{phone}）"));
        format!("{}{name}{}", roles.join("、"), phone.unwrap_or_default())
    }
}

/// What is told of a new number that the bureau rejected without a word.
pub const PHONE_CHANGE_REJECTED: &str = "管局审核没有通过新的手机号码。";

fn role(pointer: &str) -> String {
    if pointer == SUBJECT_PRINCIPAL {
        return "主体负责人".to_owned();
    }
    site_of(pointer).map_or_else(
        || "负责人".to_owned(),
        |index| format!("第{}个网站的负责人", index + 1),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::parse_time;

    #[test]
    fn a_reason_is_that_of_the_verification() {
        use VerificationState as V;
        assert_eq!(why(V::Expired, 4, 5), Some(ReturnReason::Expired));
        assert_eq!(why(V::Failed, 5, 5), Some(ReturnReason::TooManyWrongTries));
        assert_eq!(why(V::Failed, 4, 5), Some(ReturnReason::Undeliverable));
        for state in [V::Pending, V::Verified, V::Cancelled] {
            assert_eq!(why(state, 5, 5), None);
        }
    }

    #[test]
    fn a_sentence_says_who_and_why() {
        let principals = [
            SUBJECT_PRINCIPAL.to_owned(),
            "/sites/1/principal".to_owned(),
        ];
        let expired = Unverified {
            principals: &principals,
            name: Some("王**"),
            phone: Some("138****8000"),
            reason: ReturnReason::Expired,
            wrong_tries: 3,
            sent: true,
            expires_at: parse_time("2018-09-12T09:00+08:00").unwrap(),
        };
        let told = |reason, sent| {
            Unverified {
                reason,
                sent,
                ..expired
            }
            .sentence()
        };
        let who = "主体负责人、第2个网站的负责人王**（138****8000）";
        assert_eq!(
            told(ReturnReason::Expired, true),
            format!("{who}在2018年9月12日 09:00前没有完成短信核验。")
        );
        assert_eq!(
            told(ReturnReason::Expired, false),
            format!("给{who}的短信到2018年9月12日 09:00仍未能发出。")
        );
        assert_eq!(
            told(ReturnReason::TooManyWrongTries, true),
            format!("{who}填错3次，短信核验失败。")
        );
        assert_eq!(
            told(ReturnReason::Undeliverable, false),
            format!("{who}的手机号码收不到短信：各短信通道都拒绝发送。")
        );
        let purged = Unverified {
            name: None,
            phone: None,
            ..expired
        };
        assert!(
            purged
                .sentence()
                .starts_with("主体负责人、第2个网站的负责人在2018年")
        );
    }
}
