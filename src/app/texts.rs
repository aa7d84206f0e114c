//! What SMS cost: every text with its longest values, in parts, as `config check` tells them.

use std::{collections::BTreeMap, fmt::Write};

use crate::{
    config::Config,
    domain::{
        message::{SmsText, demo, parts},
        policy::{Policy, Timeline},
        province::Province,
        sms_code::SmsCode,
        time::parse_time,
    },
};

/// A link's token.
const TOKEN: &str = "0123456789";

/// Parts and characters of a text, and whose it is.
type Cost = (usize, usize, Province);

/// A line for each policy: the longest first SMS and the longest resent one of all its provinces. An SMS of two parts costs
/// twice.
pub(super) fn costs(config: &Config, timeline: &Timeline, public_url: &str) -> String {
    // BTreeMap: by when it came into force
    let mut longest: BTreeMap<(String, String), [Cost; 2]> = BTreeMap::new();
    for province in Province::ALL {
        for policy in timeline.entries(province) {
            let texts = [false, true].map(|resent| {
                let text = text(config, policy, province, public_url, resent);
                (parts(&text), text.encode_utf16().count(), province)
            });
            let key = (policy.from.to_rfc3339(), policy.name.clone());
            let known = longest.entry(key).or_insert(texts);
            for (known, text) in known.iter_mut().zip(texts) {
                *known = (*known).max(text);
            }
        }
    }
    let mut lines = String::new();
    for ((_, policy), [first, resent]) in longest {
        let of = |(parts, units, province): Cost| {
            let name = if parts == 1 { "part" } else { "parts" };
            format!(
                "{parts} {name} (up to {units} characters: {})",
                province.slug()
            )
        };
        // writing into a string does not fail
        let _ = writeln!(
            lines,
            "sms       {policy}: first {}, resent {}",
            of(first),
            of(resent)
        );
    }
    lines
}

fn text(
    config: &Config,
    policy: &Policy,
    province: Province,
    public_url: &str,
    resent: bool,
) -> String {
    let code = SmsCode::from_number(0);
    let link = format!("{public_url}/v/{TOKEN}");
    let host = url::Url::parse(public_url).ok();
    let host = host.as_ref().and_then(|url| url.host_str());
    // two digits each: the longest a deadline gets
    let deadline = parse_time("2026-12-31T15:00+08:00").ok();
    let text = SmsText {
        wording: policy.wording,
        signature: &config.sms.signature,
        province,
        code: &code,
        validity_hours: policy.validity_hours,
        deadline: deadline.filter(|_| resent),
        link: policy.short_link.then_some(link.as_str()),
        origin: host.filter(|_| config.sms.origin_bound_codes),
    };
    let text = text.render();
    if config.is_sandbox() && !config.sandbox.sends_to.is_empty() {
        return demo(&text);
    }
    text
}
