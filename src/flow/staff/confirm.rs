//! A fresh code, asked for before what is a right of its own: whoever sits down at an open session cannot take it.

use std::net::IpAddr;

use super::{
    failures::{Counted, Pair},
    sessions::Session,
    totp::Seed,
};
use crate::{
    flow::{FlowError, Result, Services},
    store::{Tx, staff},
};

/// What came of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmed {
    /// It was right and fresh, and is used up.
    Yes,
    /// It was wrong, or used before.
    No,
    /// Too many were wrong: seconds to wait.
    Waits(u64),
}

/// What somebody types to confirm, and from where.
#[derive(Clone)]
pub struct Fresh {
    /// What the authenticator shows.
    pub code: String,
    /// From where.
    pub address: IpAddr,
}

/// Judges a code and uses it up; a wrong one is counted as a failed login is. Whatever comes of it, the caller commits.
///
/// # Errors
/// What the database or the keys say.
pub(super) async fn confirm(
    tx: &mut Tx,
    services: &Services,
    session: &Session,
    fresh: &Fresh,
) -> Result<Confirmed> {
    let now = services.clock.real_now();
    let who = &session.staff;
    let pair = Pair::new(&services.keys, &who.name, fresh.address);
    if let Some(seconds) = pair.waits(tx, services, now).await? {
        return Ok(Confirmed::Waits(seconds));
    }
    let row = staff::by_id(tx, who.id).await?.ok_or(FlowError::NotFound)?;
    let sealed = row.totp.ok_or(FlowError::NotFound)?;
    let step = Seed::open(&services.keys, who.id, &sealed)?.step(&fresh.code, now);
    if let Some(step) = step
        && staff::take_step(tx, who.id, step).await?
    {
        return Ok(Confirmed::Yes);
    }
    let counted = pair.count(tx, services, Some(who.id), "code", now).await?;
    Ok(match counted {
        Counted::Again => Confirmed::No,
        Counted::Waits(seconds) => Confirmed::Waits(seconds),
    })
}
