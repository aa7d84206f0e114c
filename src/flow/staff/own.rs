//! One's own account: a new password, a new TOTP secret. Either ends all sessions.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    confirm::{Confirmed, Fresh, confirm},
    failures::{Counted, Pair},
    password::{self, Password, PasswordProblem},
    sessions::Session,
    totp::Seed,
};
use crate::{
    domain::event::Deed,
    flow::{FlowError, Result, Services, audit, retry},
    keys::Purpose,
    store::{
        Tx,
        staff::{self, sessions},
    },
};

/// A new secret has to be confirmed within so long.
const OFFERED: TimeDelta = TimeDelta::minutes(15);

/// What came of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// Done: all sessions have ended.
    Yes,
    /// Password or code was wrong.
    Refused,
    /// Too many were wrong: seconds to wait.
    Waits(u64),
    /// The new password cannot be taken.
    Unusable(PasswordProblem),
    /// The new authenticator's code is wrong, or its secret was offered too long ago.
    NotEnrolled,
}

/// A TOTP secret that its owner has yet to confirm.
pub struct Offer {
    /// What the form brings back: the secret, sealed for this account and for a while.
    pub token: Zeroizing<String>,
    /// The address that authenticators take.
    pub uri: Zeroizing<String>,
    /// The secret in base32, for who types it.
    pub secret: Zeroizing<String>,
}

/// A secret and until when it may be taken: as bytes, the instant's milliseconds first.
struct Offered {
    until: DateTime<Utc>,
    seed: Seed,
}

impl Offered {
    fn write(&self) -> Zeroizing<Vec<u8>> {
        let until = self.until.timestamp_millis().to_be_bytes();
        Zeroizing::new([&until, self.seed.bytes()].concat())
    }

    fn read(plain: &[u8]) -> Option<Self> {
        let (until, seed) = plain.split_first_chunk()?;
        Some(Self {
            until: DateTime::from_timestamp_millis(i64::from_be_bytes(*until))?,
            seed: Seed::of(Zeroizing::new(seed.to_vec())),
        })
    }
}

/// Sets a new password, given the old one and a fresh code.
///
/// # Errors
/// What the database or the keys say.
pub async fn change_password(
    services: &Services,
    session: &Session,
    old: Password,
    new: Password,
    fresh: Fresh,
) -> Result<Changed> {
    let shortest = services.settings.staff.shortest_password;
    if let Err(problem) = password::judge(&new, &session.staff.name, shortest) {
        return Ok(Changed::Unusable(problem));
    }
    let right = is_right(services, session, &old).await?;
    let hash = password::hash(&new, &services.random).await?;
    let session = session.clone();
    retry(services, move |services| {
        let (session, hash, fresh) = (session.clone(), hash.clone(), fresh.clone());
        async move {
            let mut tx = services.db.write().await?;
            let refused = refused(&mut tx, &services, &session, right, &fresh).await?;
            if refused.is_none() {
                staff::set_password(&mut tx, session.staff.id, &hash).await?;
                changed(&mut tx, &services, &session, "password").await?;
            }
            tx.commit().await?;
            Ok(refused.unwrap_or(Changed::Yes))
        }
    })
    .await
}

/// Offers a new TOTP secret; nothing has changed yet.
///
/// # Errors
/// What the keys say.
pub fn offer(services: &Services, session: &Session) -> Result<Offer> {
    let offered = Offered {
        until: services.clock.real_now() + OFFERED,
        seed: Seed::random(&services.random),
    };
    offer_of(services, session, &offered)
}

/// The same offer once more, for a form that has to be filled in again; `None`: it is none, or too old.
///
/// # Errors
/// What the keys say.
pub fn offer_again(services: &Services, session: &Session, token: &str) -> Result<Option<Offer>> {
    match offered(services, session, token) {
        Some(offered) => offer_of(services, session, &offered).map(Some),
        None => Ok(None),
    }
}

fn offer_of(services: &Services, session: &Session, offered: &Offered) -> Result<Offer> {
    let (seed, plain) = (&offered.seed, offered.write());
    let sealed =
        services
            .keys
            .seal_for(Purpose::Session, &place(session), &plain, &services.random);
    Ok(Offer {
        token: Zeroizing::new(URL_SAFE_NO_PAD.encode(sealed)),
        uri: seed.uri(&session.staff.name)?,
        secret: seed.base32(),
    })
}

fn place(session: &Session) -> [&[u8]; 2] {
    [b"totp offered to", session.staff.id.0.as_bytes()]
}

fn offered(services: &Services, session: &Session, token: &str) -> Option<Offered> {
    let sealed = URL_SAFE_NO_PAD.decode(token.trim()).ok()?;
    let keys = &services.keys;
    let plain = keys
        .open_for(Purpose::Session, &place(session), &sealed)
        .ok()?;
    let offered = Offered::read(&plain)?;
    (services.clock.real_now() < offered.until).then_some(offered)
}

/// Takes an offered secret, given the password, a fresh code of the old one and a code of the new one.
///
/// # Errors
/// What the database or the keys say.
pub async fn change_totp(
    services: &Services,
    session: &Session,
    password: Password,
    fresh: Fresh,
    (token, new_code): (&str, &str),
) -> Result<Changed> {
    let now = services.clock.real_now();
    let Some(offered) = offered(services, session, token) else {
        return Ok(Changed::NotEnrolled);
    };
    let seed = offered.seed;
    let Some(step) = seed.step(new_code, now) else {
        return Ok(Changed::NotEnrolled);
    };
    let right = is_right(services, session, &password).await?;
    let session = session.clone();
    retry(services, move |services| {
        let (session, seed, fresh) = (session.clone(), seed.clone(), fresh.clone());
        async move {
            let id = session.staff.id;
            let mut tx = services.db.write().await?;
            let refused = refused(&mut tx, &services, &session, right, &fresh).await?;
            if refused.is_none() {
                let sealed = seed.seal(&services.keys, &services.random, id);
                staff::set_totp(&mut tx, id, &sealed, step).await?;
                changed(&mut tx, &services, &session, "totp").await?;
            }
            tx.commit().await?;
            Ok(refused.unwrap_or(Changed::Yes))
        }
    })
    .await
}

async fn is_right(services: &Services, session: &Session, password: &Password) -> Result<bool> {
    let mut tx = services.db.read().await?;
    let row = staff::by_id(&mut tx, session.staff.id).await?;
    drop(tx);
    let stored = row.ok_or(FlowError::NotFound)?.password_hash;
    password::matches(password, stored).await
}

/// Why nothing is changed: the password is wrong, or the code. Either is counted as a failed login is.
async fn refused(
    tx: &mut Tx,
    services: &Services,
    session: &Session,
    right: bool,
    fresh: &Fresh,
) -> Result<Option<Changed>> {
    if right {
        return Ok(match confirm(tx, services, session, fresh).await? {
            Confirmed::Yes => None,
            Confirmed::No => Some(Changed::Refused),
            Confirmed::Waits(seconds) => Some(Changed::Waits(seconds)),
        });
    }
    let now = services.clock.real_now();
    let who = &session.staff;
    let pair = Pair::new(&services.keys, &who.name, fresh.address);
    if let Some(seconds) = pair.waits(tx, services, now).await? {
        return Ok(Some(Changed::Waits(seconds)));
    }
    let counted = pair
        .count(tx, services, Some(who.id), "password", now)
        .await?;
    Ok(Some(match counted {
        Counted::Again => Changed::Refused,
        Counted::Waits(seconds) => Changed::Waits(seconds),
    }))
}

async fn changed(tx: &mut Tx, services: &Services, session: &Session, what: &str) -> Result<()> {
    let id = session.staff.id;
    sessions::end_all(tx, id).await?;
    let data = json!({"account": id.to_string(), "changed": [what]});
    let now = services.clock.real_now();
    audit::record(tx, services, Deed::AccountChanged, Some(id.0), &data, now).await
}
