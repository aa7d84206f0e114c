//! `kind = "aliyun"`

use std::collections::BTreeMap;

use super::gateways::Section;
use crate::sms::{Pace, aliyun::AliyunSettings};

/// What Aliyun lets a phone have of one signature (短信发送规则).
const PACE: Pace = Pace {
    per_minute: Some(1),
    per_hour: Some(5),
    per_day: Some(10),
};

/// None: what cannot be left out is.
pub(super) fn aliyun(section: &mut Section<'_>) -> Option<AliyunSettings> {
    let access_key_id = section.text("access_key_id", "\"LTAI…\"");
    let access_key_secret = section.secret("access_key_secret");
    let sign_name = section.text("sign_name", "\"备案核验\"");
    let template_code = section.text("template_code", "\"SMS_154950909\"");
    let template_params = section.own.texts("template_params").unwrap_or_else(|| {
        let code = ("code".to_owned(), "{code}".to_owned());
        BTreeMap::from([code])
    });
    let pace = section.pace(PACE);
    let push_secret = section.push_secret();
    let endpoint = section.endpoint("https://dysmsapi.aliyuncs.com");
    Some(AliyunSettings {
        endpoint: endpoint?,
        access_key_id: access_key_id?,
        access_key_secret: access_key_secret?,
        sign_name: sign_name?,
        template_code: template_code?,
        template_params,
        pace,
        push_secret,
    })
}
