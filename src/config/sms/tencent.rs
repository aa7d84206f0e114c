//! `kind = "tencent"`

use super::gateways::Section;
use crate::sms::{Pace, tencent::TencentSettings};

/// What Tencent lets a phone have where its console says nothing else; it counts 30 seconds for the first.
const PACE: Pace = Pace {
    per_minute: Some(1),
    per_hour: Some(5),
    per_day: Some(10),
};

/// None: what cannot be left out is.
pub(super) fn tencent(section: &mut Section<'_>) -> Option<TencentSettings> {
    let secret_id = section.text("secret_id", "\"AKID…\"");
    let secret_key = section.secret("secret_key");
    let sdk_app_id = section.text("sdk_app_id", "\"1400006666\"");
    let sign_name = section.text("sign_name", "\"备案核验\"");
    let template_id = section.text("template_id", "\"1110\"");
    let params = section
        .own
        .list("template_params", |param| Ok(param.to_owned()));
    let region = section.own.text("region");
    let pace = section.pace(PACE);
    let push_secret = section.push_secret();
    let endpoint = section.endpoint("https://sms.tencentcloudapi.com");
    Some(TencentSettings {
        endpoint: endpoint?,
        region: region.unwrap_or_else(|| "ap-guangzhou".into()),
        secret_id: secret_id?,
        secret_key: secret_key?,
        sdk_app_id: sdk_app_id?,
        sign_name: sign_name?,
        template_id: template_id?,
        template_params: params.unwrap_or_else(|| vec!["{code}".into()]),
        pace,
        push_secret,
    })
}
