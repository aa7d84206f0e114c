//! What the pages need of the settings.

use std::collections::HashMap;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::{
    captcha::Language,
    config::{CaptchaKind, CaptchaSound, Config},
    web::{BODY_WITHIN, CaptchaKinds, Site, page::Operator, pages::home::Neighbours},
};

/// The plain values for the web layer.
pub(super) fn site(config: &Config, public_url: &str) -> Site {
    let sandbox = config.is_sandbox();
    let own = url::Url::parse(public_url).ok();
    let own = own.and_then(|url| url.host_str().map(str::to_ascii_lowercase));
    let bureaus = config.hosts.iter();
    let bureaus = bureaus.map(|(host, province)| (host.clone(), Some(*province)));
    let neighbours = config.links.iter().map(|(place, links)| {
        let links = links.clone();
        let neighbours = Neighbours {
            find_password: links.find_password,
            change_password: links.change_password,
            complaints: links.complaints,
            photo_guide: links.photo_guide,
            android_app: links.android_app,
            photo_backdrop: links.photo_backdrop,
        };
        (*place, neighbours)
    });
    Site {
        sandbox,
        password: config.sandbox.password.clone().filter(|_| sandbox),
        https: public_url.starts_with("https://"),
        hosts: own
            .map(|host| (host, None))
            .into_iter()
            .chain(bureaus)
            .collect(),
        trusted_proxies: config.trusted_proxies.clone(),
        body_within: BODY_WITHIN,
        operator: config.operator.as_ref().map(|operator| Operator {
            name: operator.name.clone(),
            contact: operator.contact.clone(),
        }),
        neighbours: neighbours.collect::<HashMap<_, _>>(),
        captchas: CaptchaKinds {
            images_alone: config.captcha.kind == CaptchaKind::Image,
            but: config
                .captcha
                .provinces
                .iter()
                .map(|(place, kind)| (*place, *kind == CaptchaKind::Image))
                .collect(),
            language: language(config.captcha.sound),
            languages: config
                .captcha
                .sounds
                .iter()
                .map(|(place, sound)| (*place, language(*sound)))
                .collect(),
        },
        public_metrics: sandbox && config.metrics_listen.is_none(),
        retention_days: config.retention_days,
        staff_networks: staff_networks(config),
    }
}

const fn language(sound: CaptchaSound) -> Language {
    match sound {
        CaptchaSound::Mandarin => Language::Mandarin,
        CaptchaSound::English => Language::English,
    }
}

/// Whence the console answers: where nothing is said, from everywhere in a sandbox and from nowhere in production.
fn staff_networks(config: &Config) -> Vec<IpNet> {
    match &config.staff.networks {
        Some(networks) => networks.clone(),
        None if config.is_sandbox() => vec![Ipv4Net::default().into(), Ipv6Net::default().into()],
        None => Vec::new(),
    }
}
