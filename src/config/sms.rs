//! `[sms]`: signature, chains and gateways.

mod aliyun;
mod gateways;
mod http;
mod smpp;
mod tencent;

use std::{collections::BTreeMap, path::Path};

pub use self::gateways::{Gateway, GatewayKind};
use super::reader::{Reader, text};
use crate::domain::carrier::Carrier;

/// `[sms]`
#[derive(Debug, Clone)]
pub struct Sms {
    /// What stands in 【】.
    pub signature: String,
    /// The chain of gateways, first choice first.
    pub default: Vec<String>,
    /// Chains that differ for a carrier.
    pub by_carrier: BTreeMap<Carrier, Vec<String>>,
    /// By name.
    pub gateways: BTreeMap<String, Gateway>,
    /// SMS to a phone in a day, over all its filings.
    pub per_phone_per_day: u32,
    /// SMS for a provider in an hour.
    pub per_provider_per_hour: u32,
    /// All SMS in an hour.
    pub per_hour: u32,
    /// Seconds for which a receipt is waited for, where an attempt's outcome is unknown.
    pub receipt_wait_seconds: u32,
    /// Each SMS ends with the line that binds its code to our pages.
    pub origin_bound_codes: bool,
}

impl Sms {
    /// The usual chain has a gateway that reaches phones.
    pub(super) fn reaches_phones(&self) -> bool {
        self.is_real(&self.default)
    }

    /// The carriers whose own chain reaches no phone.
    pub(super) fn out_of_reach(&self) -> impl Iterator<Item = Carrier> {
        let chains = self.by_carrier.iter();
        chains.filter_map(|(carrier, chain)| (!self.is_real(chain)).then_some(*carrier))
    }

    fn is_real(&self, chain: &[String]) -> bool {
        let mut gateways = chain.iter().filter_map(|name| self.gateways.get(name));
        gateways.any(|gateway| gateway.kind.is_real())
    }
}

pub(super) fn sms(all: &mut Reader<'_>, folder: Option<&Path>) -> Sms {
    let mut section = all.section("sms");
    let signature = section.read("signature", |node| {
        let text = text(node)?;
        let sound = (2..=12).contains(&text.chars().count())
            && !text.chars().any(|c| c.is_control() || "【】".contains(c));
        let must = "must be 2 to 12 characters, without 【】";
        sound.then(|| text.to_owned()).ok_or_else(|| must.into())
    });
    let gateways = gateways::gateways(&mut section, folder);
    let mut chain = |key| {
        section.list(key, |name| {
            if gateways.contains_key(name) {
                return Ok(name.to_owned());
            }
            Err(format!(
                "there is no gateway `{name}`: write [sms.gateways.{name}]"
            ))
        })
    };
    let default = chain("default").unwrap_or_default();
    let by_carrier = Carrier::ALL
        .iter()
        .filter_map(|&carrier| Some((carrier, chain(carrier.as_str())?)))
        .collect();
    let mut number = |key, range, usual| section.number(key, range).unwrap_or(usual);
    let per_phone_per_day = number("per_phone_per_day", 1..=1_000, 12);
    let per_provider_per_hour = number("per_provider_per_hour", 1..=10_000_000, 5_000);
    let per_hour = number("per_hour", 1..=100_000_000, 20_000);
    let receipt_wait_seconds = number("receipt_wait_seconds", 1..=86_400, 60);
    let origin_bound_codes = section.flag("origin_bound_codes");
    Sms {
        per_phone_per_day,
        per_provider_per_hour,
        per_hour,
        receipt_wait_seconds,
        origin_bound_codes: origin_bound_codes.unwrap_or(false),
        signature: signature.unwrap_or_else(|| "备案核验".into()),
        default,
        by_carrier,
        gateways,
    }
}
