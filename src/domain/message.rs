//! The SMS: its text, from a template for each wording, and when a failed attempt is made again.
//!
//! A text fits one SMS of 70 UTF-16 units with 【备案核验】 and a link of 37 characters (a `public_url` of at most 27 with
//! scheme and `/v/`, a token of 10): a tighter text than the eras' own, which are not known word for word.

mod parts;
mod state;

use askama::Template;
use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};

pub use self::{
    parts::{demo, parts},
    state::{Arrival, SmsState, overall, state},
};
use super::{province::Province, sms_code::SmsCode, time::SHANGHAI, words::Wording};

/// What a message says.
#[derive(Clone)]
pub struct SmsText<'a> {
    /// Which era's template.
    pub wording: Wording,
    /// Written in 【】 at the front.
    pub signature: &'a str,
    /// Whose bureau; named in the first message.
    pub province: Province,
    /// The six digits.
    pub code: &'a SmsCode,
    /// How long the first message's code is good.
    pub validity_hours: u32,
    /// In a resent message: until when. It then names this instead of bureau and hours, since a resend extends nothing.
    pub deadline: Option<DateTime<Utc>>,
    /// The whole short link, where the policy has one.
    pub link: Option<&'a str>,
    /// The pages' host, for a last line by which phones know whose code it is (origin-bound one-time codes).
    pub origin: Option<&'a str>,
}

impl std::fmt::Debug for SmsText<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SmsText(…)")
    }
}

#[derive(Template)]
#[template(path = "sms/2017.txt")]
struct Text2017<'a>(&'a SmsText<'a>);

#[derive(Template)]
#[template(path = "sms/2018.txt")]
struct Text2018<'a>(&'a SmsText<'a>);

#[derive(Template)]
#[template(path = "sms/2020.txt")]
struct Text2020<'a>(&'a SmsText<'a>);

impl SmsText<'_> {
    /// The whole text, signature first.
    pub fn render(&self) -> String {
        let text = match self.wording {
            Wording::W2017 => Text2017(self).to_string(),
            Wording::W2018 => Text2018(self).to_string(),
            Wording::W2020 => Text2020(self).to_string(),
        };
        match self.origin {
            Some(host) => format!("{text}\n@{host} #{}", self.code.as_str()),
            None => text,
        }
    }

    /// `甘肃通信管理局`
    fn bureau(&self) -> String {
        format!("{}通信管理局", self.province.short_name())
    }

    /// `12月31日15:00`, of a resent message.
    fn until(&self) -> Option<String> {
        let at = self.deadline?.with_timezone(&SHANGHAI);
        Some(format!(
            "{}月{}日{:02}:{:02}",
            at.month(),
            at.day(),
            at.hour(),
            at.minute()
        ))
    }
}

/// How long to wait after an attempt (counted from 1) that may succeed another time.
pub fn retry_after(attempt: u32) -> TimeDelta {
    TimeDelta::seconds(match attempt {
        0 | 1 => 5,
        2 => 15,
        3 => 45,
        4 => 2 * 60,
        5 => 5 * 60,
        6 => 15 * 60,
        7 => 30 * 60,
        _ => 60 * 60,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::parse_time;

    // a public_url of 27 characters with scheme and /v/, a token of 10
    const LINK: &str = "https://beian.example.cn/v/0123456789";

    fn text(
        wording: Wording,
        province: Province,
        deadline: Option<&str>,
        link: Option<&str>,
    ) -> String {
        let code = SmsCode::from_number(12_345);
        SmsText {
            wording,
            signature: "备案核验",
            province,
            code: &code,
            validity_hours: 48,
            deadline: deadline.map(|deadline| parse_time(deadline).unwrap()),
            link,
            origin: None,
        }
        .render()
    }

    #[test]
    fn the_first_names_bureau_and_hours_and_a_resent_one_the_deadline() {
        let resent = Some("2018-12-31T15:00+08:00");
        let gansu = Province::Gansu;
        for (actual, expected) in [
            (
                text(Wording::W2017, gansu, None, None),
                "【备案核验】甘肃通信管理局验证码012345，48小时内有效。请登录管局网站，点击备案短信核验，填写验证码、手机号码和证件号码后六位。",
            ),
            (
                text(Wording::W2017, gansu, resent, None),
                "【备案核验】验证码012345，请于12月31日15:00前完成。请登录管局网站，点击备案短信核验，填写验证码、手机号码和证件号码后六位。",
            ),
            (
                text(Wording::W2018, gansu, None, Some(LINK)),
                "【备案核验】甘肃通信管理局验证码012345，48小时内有效 https://beian.example.cn/v/0123456789",
            ),
            (
                text(Wording::W2020, gansu, resent, Some(LINK)),
                "【备案核验】验证码012345，请于12月31日15:00前完成 https://beian.example.cn/v/0123456789",
            ),
            (
                text(Wording::W2020, gansu, None, None),
                "【备案核验】甘肃通信管理局验证码012345，48小时内有效。请登录备案管理系统，点击短信核验，填写验证码、手机号码和证件号码后六位。",
            ),
        ] {
            assert_eq!(actual, expected);
        }
    }

    #[test]
    fn every_text_of_every_province_is_one_sms() {
        assert_eq!(LINK.len(), 27 + 10);
        for &wording in Wording::ALL {
            for province in Province::ALL {
                for deadline in [None, Some("2018-12-31T15:00+08:00")] {
                    for link in [None, Some(LINK)] {
                        let text = text(wording, province, deadline, link);
                        assert_eq!(parts(&text), 1, "{text}");
                        assert!(!text.contains(char::is_control), "{text}");
                        assert!(text.contains("验证码012345"), "{text}");
                        // a link runs on into what follows it in some readers
                        assert!(
                            link.is_none_or(|link| text.ends_with(&format!(" {link}"))),
                            "{text}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_code_may_be_bound_to_its_pages() {
        let code = SmsCode::from_number(12_345);
        let bound = SmsText {
            wording: Wording::W2020,
            signature: "备案核验",
            province: Province::Gansu,
            code: &code,
            validity_hours: 24,
            deadline: None,
            link: Some(LINK),
            origin: Some("beian.example.cn"),
        };
        let text = bound.render();
        assert!(
            text.ends_with("/v/0123456789\n@beian.example.cn #012345"),
            "{text}"
        );
        assert_eq!(parts(&text), 2);
    }

    #[test]
    fn debug_shows_no_code() {
        let code = SmsCode::from_number(12_345);
        let text = SmsText {
            wording: Wording::W2020,
            signature: "备案核验",
            province: Province::Gansu,
            code: &code,
            validity_hours: 24,
            deadline: None,
            link: None,
            origin: None,
        };
        assert_eq!(format!("{text:?}"), "SmsText(…)");
    }

    #[test]
    fn attempts_come_ever_later_and_at_least_once_an_hour() {
        let waits: Vec<i64> = (1..=10)
            .map(|attempt| retry_after(attempt).num_seconds())
            .collect();
        assert_eq!(waits, [5, 15, 45, 120, 300, 900, 1800, 3600, 3600, 3600]);
        assert_eq!(retry_after(u32::MAX), TimeDelta::hours(1));
    }
}
