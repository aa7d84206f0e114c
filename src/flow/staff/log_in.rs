//! Logging in: name, password and code. Whatever of them is wrong, the answer is the same and takes as long.

use serde_json::json;
use tokio::sync::Semaphore;

use super::{
    Client,
    failures::{Counted, Pair},
    password::{self, Password},
    sessions::{self, NewSession},
    totp::Seed,
};
use crate::{
    domain::{event::Deed, staff::account_name},
    flow::{Result, Services, audit, retry},
    store::{
        Tx,
        staff::{self, StaffRow},
    },
};

/// So many passwords are hashed at once, each in 19 MiB; whoever comes then is sent away for a moment.
static AT_ONCE: Semaphore = Semaphore::const_new(4);

/// Who comes while others are at it tries again after so many seconds.
const A_MOMENT: u64 = 2;

/// What was typed.
pub struct Given {
    /// The account's name.
    pub name: String,
    /// Its password.
    pub password: Password,
    /// What the authenticator shows.
    pub code: String,
    /// From where.
    pub client: Client,
    /// The cookie that the browser had before: that session ends.
    pub before: Option<String>,
}

/// What came of it.
#[derive(Debug)]
pub enum LoggedIn {
    /// In.
    Yes(NewSession),
    /// Something was wrong; what, is not told.
    No,
    /// Not looked at: to be tried again after so many seconds.
    Waits(u64),
}

/// Logs in.
///
/// # Errors
/// What the database or the keys say.
pub async fn log_in(services: &Services, given: Given) -> Result<LoggedIn> {
    let Ok(_turn) = AT_ONCE.try_acquire() else {
        return Ok(LoggedIn::Waits(A_MOMENT));
    };
    let now = services.clock.real_now();
    // what is no name at all is nobody's
    let name = account_name(&given.name).unwrap_or_default();
    let pair = Pair::new(&services.keys, &name, given.client.address);
    let mut tx = services.db.read().await?;
    if let Some(seconds) = pair.waits(&mut tx, services, now).await? {
        return Ok(LoggedIn::Waits(seconds));
    }
    let found = staff::by_name(&mut tx, &name).await?;
    drop(tx);
    let stored = found.as_ref().and_then(|row| row.password_hash.clone());
    let right = password::matches(&given.password, stored).await?;
    let step = step(services, found.as_ref(), &given.code, now)?;
    let step = step.filter(|_| right);
    let (client, before) = (given.client, given.before);
    retry(services, move |services| {
        let (pair, found) = (pair.clone(), found.clone());
        let (client, before) = (client.clone(), before.clone());
        async move {
            let mut tx = services.db.write().await?;
            // others may have been wrong meanwhile
            if let Some(seconds) = pair.waits(&mut tx, &services, now).await? {
                return Ok(LoggedIn::Waits(seconds));
            }
            let mut account = None;
            if let (Some(row), Some(step)) = (&found, step)
                && staff::take_step(&mut tx, row.id, step).await?
                && is_as_judged(&mut tx, row).await?
            {
                account = Some(row);
            }
            let Some(row) = account else {
                let id = found.as_ref().map(|row| row.id);
                let why = why(found.as_ref(), right);
                let counted = pair.count(&mut tx, &services, id, why, now).await?;
                tx.commit().await?;
                return Ok(match counted {
                    Counted::Again => LoggedIn::No,
                    Counted::Waits(seconds) => LoggedIn::Waits(seconds),
                });
            };
            pair.forget(&mut tx).await?;
            staff::logged_in(&mut tx, row.id, now).await?;
            if let Some(before) = &before {
                sessions::end_of_cookie(&mut tx, &services, before, now).await?;
            }
            let new = sessions::begin(&mut tx, &services, row.id, &client, now).await?;
            let data = json!({"session": new.id.to_string()});
            audit::record(&mut tx, &services, Deed::Login, Some(row.id.0), &data, now).await?;
            tx.commit().await?;
            Ok(LoggedIn::Yes(new))
        }
    })
    .await
}

/// Password and seed have not been changed while they were judged. The row is locked by now.
async fn is_as_judged(tx: &mut Tx, judged: &StaffRow) -> Result<bool> {
    let now = staff::by_id(tx, judged.id).await?;
    Ok(now.is_some_and(|now| {
        (now.password_hash, now.totp) == (judged.password_hash.clone(), judged.totp.clone())
    }))
}

/// The code's step; for nobody's account as much is computed.
fn step(
    services: &Services,
    found: Option<&StaffRow>,
    code: &str,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Option<i64>> {
    let sealed = found.and_then(|row| row.totp.as_ref().map(|sealed| (row.id, sealed)));
    let Some((id, sealed)) = sealed else {
        let _ = std::hint::black_box(Seed::random(&services.random).step(code, now));
        return Ok(None);
    };
    Ok(Seed::open(&services.keys, id, sealed)?.step(code, now))
}

/// For the log, which strangers do not see.
fn why(found: Option<&StaffRow>, right: bool) -> &'static str {
    match found {
        None => "no_account",
        Some(row) if row.disabled_at.is_some() => "disabled",
        Some(_) if right => "code",
        Some(_) => "password",
    }
}
