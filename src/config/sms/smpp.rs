//! `kind = "smpp"`

use std::{path::Path, time::Duration};

use super::gateways::{Section, is_loopback};
use crate::{
    config::{
        reader::{Reader, text},
        sections::{path, word},
        tree::Node,
    },
    sms::smpp::{MessageIds, SmppSettings, Tls},
};

/// None: what cannot be left out is.
pub(super) fn smpp(section: &mut Section<'_>, folder: Option<&Path>) -> Option<SmppSettings> {
    let host = section.text("host", "\"smsc.example.cn\"");
    let given = section.own.has("system_id");
    let system_id = section.own.read("system_id", |node| ascii(node, 15));
    let system_id = section.needed("system_id", given, system_id, "\"heyan\"");
    let given = section.own.has("password");
    // to the protocol no password is longer
    let password = section.own.read("password", |node| ascii(node, 8));
    let password = section.needed("password", given, password, "\"…\"");
    let own = &mut section.own;
    let port = own.number("port", 1..=65_535);
    let tls = own.flag("tls");
    let authority = path(own, "tls_authority", folder);
    let system_type = own.read("system_type", |node| ascii(node, 12));
    let sessions = small(own, "sessions", 1..=64);
    let window = small(own, "window", 1..=1000);
    let per_second = own.number("per_second", 1..=100_000);
    let phone_prefix = own.read("phone_prefix", digits);
    let sender_type = number_type(own, "sender_ton", "sender_npi");
    let phone_type = number_type(own, "phone_ton", "phone_npi");
    let receipts = own.flag("receipts");
    let ids = word(own, "message_ids", MessageIds::ALL, MessageIds::as_str);
    let foreign = own.list("foreign", |code| Ok(code.to_owned()));
    let answer = own.number("answer_seconds", 1..=14);
    let enquire_link = own.number("enquire_link_seconds", 5..=3600);
    let host = host?;
    let tls = tls
        .unwrap_or_else(|| !is_loopback(&host))
        .then_some(Tls { authority });
    Some(SmppSettings {
        // the usual ports of SMPP, in plain text and over TLS
        port: port
            .and_then(|port| u16::try_from(port).ok())
            .unwrap_or(if tls.is_some() { 3550 } else { 2775 }),
        tls,
        host,
        system_id: system_id?,
        password: password?.into(),
        system_type: system_type.unwrap_or_default(),
        sessions: sessions.unwrap_or(1),
        window: window.unwrap_or(16),
        per_second,
        phone_prefix: phone_prefix.unwrap_or_default(),
        sender_type,
        phone_type,
        receipts: receipts.unwrap_or(true),
        message_ids: ids.unwrap_or(MessageIds::Same),
        foreign: foreign.unwrap_or_default(),
        answer: Duration::from_secs(answer.unwrap_or(10).into()),
        enquire_link: Duration::from_secs(enquire_link.unwrap_or(30).into()),
    })
}

/// Never told with its text, which may be a password.
fn ascii(node: &Node, most: usize) -> Result<String, String> {
    let text = text(node)?;
    if text.len() <= most && text.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        return Ok(text.to_owned());
    }
    Err(format!(
        "must be at most {most} ASCII characters: SMPP has no room for more"
    ))
}

fn digits(node: &Node) -> Result<String, String> {
    let text = text(node)?;
    let short = text.len() <= 8;
    if short && text.chars().all(|c| c.is_ascii_digit() || c == '+') {
        return Ok(text.to_owned());
    }
    Err("must be digits, such as \"86\"".into())
}

fn small(
    own: &mut Reader<'_>,
    key: &'static str,
    range: std::ops::RangeInclusive<u32>,
) -> Option<u16> {
    let number = own.number(key, range)?;
    u16::try_from(number).ok()
}

fn number_type(own: &mut Reader<'_>, ton: &'static str, npi: &'static str) -> (u8, u8) {
    let mut octet = |key| {
        let number = own.number(key, 0..=255).unwrap_or(0);
        u8::try_from(number).unwrap_or(0)
    };
    (octet(ton), octet(npi))
}
