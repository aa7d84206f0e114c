//! `[sms]`: signature, chains and gateways.

use std::collections::BTreeMap;

use super::{
    reader::{Reader, text},
    sections::word,
    tree::Origin,
};
use crate::domain::words::words;

/// `[sms]`
#[derive(Debug, Clone)]
pub struct Sms {
    /// What stands in 【】.
    pub signature: String,
    /// The chain of gateways, first choice first.
    pub default: Vec<String>,
    /// Chains that differ for a carrier.
    pub by_carrier: BTreeMap<&'static str, Vec<String>>,
    /// By name.
    pub gateways: BTreeMap<String, Gateway>,
}

words!(/// How a gateway is spoken to.
    GatewayKind {
        /// SMPP 3.4
        Smpp = "smpp",
        /// `SendSms` of Aliyun
        Aliyun = "aliyun",
        /// A POST to somebody's own.
        Http = "http",
        /// Into a file.
        File = "file",
        /// Onto the terminal.
        Console = "console",
    }
);

impl GatewayKind {
    /// It reaches phones.
    #[must_use]
    pub const fn is_real(self) -> bool {
        matches!(self, Self::Smpp | Self::Aliyun | Self::Http)
    }
}

/// `[sms.gateways.NAME]`
#[derive(Debug, Clone)]
pub struct Gateway {
    pub(super) origin: Origin,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: GatewayKind,
}

pub(super) fn sms(all: &mut Reader<'_>) -> Sms {
    let mut section = all.section("sms");
    let signature = section.read("signature", |node| {
        let text = text(node)?;
        let sound = (2..=12).contains(&text.chars().count())
            && !text.chars().any(|c| c.is_control() || "【】".contains(c));
        let must = "must be 2 to 12 characters, without 【】";
        sound.then(|| text.to_owned()).ok_or_else(|| must.into())
    });
    let gateways = gateways(&mut section);
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
    let by_carrier = ["mobile", "unicom", "telecom", "broadnet"]
        .into_iter()
        .filter_map(|carrier| Some((carrier, chain(carrier)?)))
        .collect();
    Sms {
        signature: signature.unwrap_or_else(|| "备案核验".into()),
        default,
        by_carrier,
        gateways,
    }
}

fn gateways(sms: &mut Reader<'_>) -> BTreeMap<String, Gateway> {
    let mut section = sms.section("gateways");
    let mut gateways = BTreeMap::new();
    for (name, node) in section.others() {
        let origin = node.origin.clone();
        let Some(mut gateway) = section.named_section(&name, node) else {
            continue;
        };
        let given = gateway.has("kind");
        let kind = word(&mut gateway, "kind", GatewayKind::ALL, GatewayKind::as_str);
        if !given {
            gateway.wrong(&origin, "kind", "must be given, such as \"smpp\"");
        }
        // each kind's own settings are read by what runs it
        gateway.others();
        let kind = kind.unwrap_or(GatewayKind::Console);
        gateways.insert(name.clone(), Gateway { origin, name, kind });
    }
    gateways
}
