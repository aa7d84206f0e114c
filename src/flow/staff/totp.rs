//! The second factor: TOTP (RFC 6238: SHA-1, six digits, 30 seconds), on the real clock. A code is good in its own step
//! and the one after; which step it was of is told, so that each is used once.

use chrono::{DateTime, Utc};
use qrcode::{
    QrCode,
    render::{svg, unicode},
};
use totp_rs::{Builder, Totp};
use zeroize::Zeroizing;

use crate::{
    domain::{ids::StaffId, text::fold},
    flow::{FlowError, Result},
    keys::{Cell, Keys},
    random::Random,
};

/// Bytes of a seed: the length of SHA-1, as RFC 4226 recommends.
const SEED: usize = 20;
const STEP: i64 = 30;
const ISSUER: &str = "Heyan";

/// A seed, wiped when dropped.
#[derive(Clone)]
pub struct Seed(Zeroizing<Vec<u8>>);

/// Where an account's seed is kept.
fn cell(id: &StaffId) -> Cell<'_> {
    Cell {
        table: "staff",
        column: "totp",
        row: id.0.as_bytes(),
    }
}

impl Seed {
    /// A new one.
    #[must_use]
    pub fn random(random: &Random) -> Self {
        Self(Zeroizing::new(random.bytes::<SEED>().to_vec()))
    }

    /// The seed of these bytes.
    #[must_use]
    pub const fn of(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Sealed for its account.
    #[must_use]
    pub fn seal(&self, keys: &Keys, random: &Random, id: StaffId) -> Vec<u8> {
        keys.seal(cell(&id), &self.0, random)
    }

    /// An account's.
    ///
    /// # Errors
    /// `Key`: it does not open.
    pub fn open(keys: &Keys, id: StaffId, sealed: &[u8]) -> Result<Self> {
        Ok(Self(keys.open(cell(&id), sealed)?))
    }

    /// The step that a code is of, if it is of this one or the one before.
    #[must_use]
    pub fn step(&self, typed: &str, now: DateTime<Utc>) -> Option<i64> {
        let code = fold(typed).ok()?;
        let totp = self.totp("");
        let seconds = now.timestamp();
        let mut steps = [seconds, seconds - STEP].into_iter().filter_map(|at| {
            let at = u64::try_from(at).ok()?;
            totp.check(&code, at)
        });
        steps.next().and_then(|step| i64::try_from(step).ok())
    }

    /// What an authenticator shows at an instant.
    #[must_use]
    pub fn code(&self, at: DateTime<Utc>) -> String {
        let seconds = u64::try_from(at.timestamp()).unwrap_or(0);
        self.totp("").generate(seconds).to_string()
    }

    /// The `otpauth://` address that authenticators take.
    ///
    /// # Errors
    /// `Corrupt`: the name cannot stand in one.
    pub fn uri(&self, name: &str) -> Result<Zeroizing<String>> {
        let uri = self.totp(name).to_url();
        uri.map(Zeroizing::new)
            .map_err(|error| FlowError::Corrupt(format!("a TOTP address: {error}")))
    }

    /// In base32, for who types it.
    #[must_use]
    pub fn base32(&self) -> Zeroizing<String> {
        Zeroizing::new(self.totp("").secret().to_base32())
    }

    fn totp(&self, name: &str) -> Totp {
        Builder::new()
            .with_secret(self.0.to_vec())
            .with_skew(0)
            .with_issuer(Some(ISSUER))
            .with_account_name(name)
            .build_noncompliant()
    }
}

/// A text as a QR code of SVG, dark on white, four modules of margin.
///
/// # Errors
/// `Corrupt`: it is too long for one.
pub fn qr_svg(text: &str) -> Result<String> {
    let drawn = qr(text)?
        .render::<svg::Color<'_>>()
        .min_dimensions(240, 240)
        .dark_color(svg::Color("#000"))
        .light_color(svg::Color("#fff"))
        .build();
    // an XML declaration has no place within HTML
    Ok(drawn
        .split_once("?>")
        .map_or(drawn.clone(), |(_, svg)| svg.to_owned()))
}

/// A text as a QR code for a dark terminal.
///
/// # Errors
/// `Corrupt`: it is too long for one.
pub fn qr_terminal(text: &str) -> Result<String> {
    let drawn = qr(text)?
        .render::<unicode::Dense1x2>()
        .dark_color(unicode::Dense1x2::Light)
        .light_color(unicode::Dense1x2::Dark)
        .build();
    Ok(drawn)
}

fn qr(text: &str) -> Result<QrCode> {
    QrCode::new(text).map_err(|error| FlowError::Corrupt(format!("a QR code: {error}")))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn the_vectors_of_rfc_6238() {
        let seed = Seed(Zeroizing::new(b"12345678901234567890".to_vec()));
        // the last six of its eight digits
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(seed.code(at(seconds)), code);
            assert_eq!(seed.step(code, at(seconds)), Some(seconds / 30));
        }
    }

    #[test]
    fn a_code_is_good_in_its_step_and_the_next() {
        let seed = Seed::random(&Random::seeded(1));
        let now = at(1_790_000_010);
        let code = seed.code(now);
        let step = |shift| seed.step(&code, now + TimeDelta::seconds(shift));
        let own = now.timestamp() / 30;
        assert_eq!((step(0), step(30)), (Some(own), Some(own)));
        assert_eq!(
            (step(-30), step(60)),
            (None, None),
            "neither sooner nor later"
        );
        let wide: String = code
            .chars()
            .map(|c| char::from_u32(c as u32 + 0xfee0).unwrap())
            .collect();
        assert_eq!(seed.step(&format!(" {wide} "), now), Some(own));
        for bad in ["", "12345", "1234567", "abcdef", "\u{0}"] {
            assert_eq!(seed.step(bad, now), None, "{bad}");
        }
    }

    #[test]
    fn an_address_and_a_picture_of_it() {
        let seed = Seed(Zeroizing::new(b"12345678901234567890".to_vec()));
        let uri = seed.uri("zhang").unwrap();
        assert_eq!(
            *uri,
            "otpauth://totp/Heyan:zhang?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Heyan"
        );
        let svg = qr_svg(&uri).unwrap();
        assert!(
            svg.trim_start().starts_with("<svg") && !svg.contains("style="),
            "{svg}"
        );
        assert!(qr_terminal(&uri).unwrap().lines().count() > 10);
    }

    #[test]
    fn sealed_for_its_account_alone() {
        let (keys, random) = (
            crate::keys::Keys::new("k", "k", [("k".to_owned(), Zeroizing::new([7; 32]))].into())
                .unwrap(),
            Random::seeded(1),
        );
        let (one, other) = (
            StaffId(uuid::Uuid::from_u128(1)),
            StaffId(uuid::Uuid::from_u128(2)),
        );
        let seed = Seed::random(&random);
        let sealed = seed.seal(&keys, &random, one);
        assert_eq!(
            Seed::open(&keys, one, &sealed).unwrap().bytes(),
            seed.bytes()
        );
        assert!(Seed::open(&keys, other, &sealed).is_err());
    }
}
