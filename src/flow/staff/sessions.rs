//! Sessions: begun at a login, known by a cookie of 256 random bits of which a keyed hash is kept, listed, ended.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde_json::json;
use zeroize::Zeroizing;

use super::Client;
use crate::{
    domain::{
        event::Deed,
        ids::{SessionId, StaffId},
        staff::{Right, Staff},
    },
    flow::{FlowError, Result, Services, audit, retry},
    keys::{Cell, Hash, Keys, Purpose},
    store::{
        Tx,
        staff::{
            self,
            sessions::{self, Live, SessionRow},
        },
    },
};

/// A session that is used is noted so often.
const NOTED: TimeDelta = TimeDelta::seconds(30);

/// A new session.
#[derive(Debug)]
pub struct NewSession {
    /// Its identifier.
    pub id: SessionId,
    /// What the cookie holds; shown once.
    pub cookie: SecretString,
    /// When it ends, however much it is used.
    pub ends_at: DateTime<Utc>,
}

/// A session, and whose.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its identifier.
    pub id: SessionId,
    /// Whose.
    pub staff: Staff,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used, give or take half a minute.
    pub seen_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub ends_at: DateTime<Utc>,
    /// From where it was begun.
    pub client: Option<Client>,
}

fn cell(id: &SessionId) -> Cell<'_> {
    Cell {
        table: "staff_sessions",
        column: "client",
        row: id.0.as_bytes(),
    }
}

impl Session {
    fn read(keys: &Keys, live: Live) -> Result<Self> {
        let row = live.session;
        let client = match &row.client {
            Some(sealed) => serde_json::from_slice(&keys.open(cell(&row.id), sealed)?)?,
            None => None,
        };
        Ok(Self {
            id: row.id,
            staff: Staff {
                id: row.staff_id,
                name: live.name,
                role: live.role,
                province: live.province,
            },
            created_at: row.created_at,
            seen_at: row.seen_at,
            ends_at: row.ends_at,
            client,
        })
    }
}

/// The hashes of a cookie under every key, the index key's first.
fn hashes(keys: &Keys, cookie: &str) -> Vec<Hash> {
    keys.hashes(Purpose::Session, &[b"staff", cookie.as_bytes()])
}

/// Begins a session; the caller commits.
pub(super) async fn begin(
    tx: &mut Tx,
    services: &Services,
    staff: StaffId,
    client: &Client,
    now: DateTime<Utc>,
) -> Result<NewSession> {
    let id = SessionId::new(now, services.random.bytes());
    let token = Zeroizing::new(services.random.bytes::<32>());
    let cookie = Zeroizing::new(URL_SAFE_NO_PAD.encode(&token[..]));
    let hash = services
        .keys
        .hash(Purpose::Session, &[b"staff", cookie.as_bytes()]);
    let plain = serde_json::to_vec(client)?;
    let row = SessionRow {
        id,
        staff_id: staff,
        created_at: now,
        seen_at: now,
        ends_at: now + services.settings.staff.whole,
        client: Some(services.keys.seal(cell(&id), &plain, &services.random)),
    };
    sessions::insert(tx, &row, &hash.value, hash.key.as_str()).await?;
    Ok(NewSession {
        id,
        cookie: SecretString::from(cookie.to_string()),
        ends_at: row.ends_at,
    })
}

/// The session of a cookie, if it has not ended; that it is used is noted.
///
/// # Errors
/// What the database or the keys say.
pub async fn resume(services: &Services, cookie: &str) -> Result<Option<Session>> {
    let now = services.clock.real_now();
    let mut tx = services.db.read().await?;
    let found = by_cookie(&mut tx, services, cookie, now).await?;
    drop(tx);
    let Some(live) = found else {
        return Ok(None);
    };
    if now - live.session.seen_at >= NOTED {
        let id = live.session.id;
        retry(services, move |services| async move {
            let mut tx = services.db.write().await?;
            sessions::touch(&mut tx, id, now).await?;
            Ok(tx.commit().await?)
        })
        .await?;
    }
    Session::read(&services.keys, live).map(Some)
}

async fn by_cookie(
    tx: &mut Tx,
    services: &Services,
    cookie: &str,
    now: DateTime<Utc>,
) -> Result<Option<Live>> {
    let idle_since = now - services.settings.staff.idle;
    for hash in hashes(&services.keys, cookie) {
        let found = sessions::by_token(tx, &hash.value, now, idle_since).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Ends the session that a browser had before it logged in anew; the caller commits.
pub(super) async fn end_of_cookie(
    tx: &mut Tx,
    services: &Services,
    cookie: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    if let Some(live) = by_cookie(tx, services, cookie, now).await? {
        sessions::end(tx, live.session.id, live.session.staff_id).await?;
    }
    Ok(())
}

/// Logs out.
///
/// # Errors
/// What the database says.
pub async fn log_out(services: &Services, session: &Session) -> Result<()> {
    end_one(services, session, session.id, Deed::Logout).await?;
    Ok(())
}

/// Ends one of one's own sessions; false: it had ended.
///
/// # Errors
/// What the database says.
pub async fn revoke(services: &Services, session: &Session, id: SessionId) -> Result<bool> {
    end_one(services, session, id, Deed::SessionRevoked).await
}

async fn end_one(
    services: &Services,
    session: &Session,
    id: SessionId,
    deed: Deed,
) -> Result<bool> {
    let staff = session.staff.id;
    retry(services, move |services| async move {
        let now = services.clock.real_now();
        let mut tx = services.db.write().await?;
        let done = sessions::end(&mut tx, id, staff).await?;
        if done {
            let data = json!({"session": id.to_string()});
            audit::record(&mut tx, &services, deed, Some(staff.0), &data, now).await?;
        }
        tx.commit().await?;
        Ok(done)
    })
    .await
}

/// The live sessions of an account: one's own, or as an administrator those of one's bureau's people.
///
/// # Errors
/// `NotFound`: there is no such account, or it is another's to look after.
pub async fn list(services: &Services, session: &Session, of: StaffId) -> Result<Vec<Session>> {
    let now = services.clock.real_now();
    let mut tx = services.db.read().await?;
    if of != session.staff.id {
        looked_after(&mut tx, &session.staff, of).await?;
    }
    let idle_since = now - services.settings.staff.idle;
    let found = sessions::of_staff(&mut tx, of, now, idle_since).await?;
    drop(tx);
    found
        .into_iter()
        .map(|live| Session::read(&services.keys, live))
        .collect()
}

/// Ends all sessions of an account that one looks after; how many.
///
/// # Errors
/// `NotFound`: there is no such account, or it is another's to look after.
pub async fn revoke_all(services: &Services, session: &Session, of: StaffId) -> Result<u64> {
    let admin = session.staff.clone();
    retry(services, move |services| {
        let admin = admin.clone();
        async move {
            let now = services.clock.real_now();
            let mut tx = services.db.write().await?;
            looked_after(&mut tx, &admin, of).await?;
            let ended = sessions::end_all(&mut tx, of).await?;
            let data = json!({"account": of.to_string(), "sessions": ended});
            let deed = Deed::SessionRevoked;
            audit::record(&mut tx, &services, deed, Some(admin.id.0), &data, now).await?;
            tx.commit().await?;
            Ok(ended)
        }
    })
    .await
}

/// An account that an administrator looks after: of the same bureau, or any for a national one.
pub(super) async fn looked_after(
    tx: &mut Tx,
    admin: &Staff,
    of: StaffId,
) -> Result<staff::StaffRow> {
    let row = staff::by_id(tx, of).await?;
    let row = row.filter(|row| row.removed_at.is_none());
    let row = row.ok_or(FlowError::NotFound)?;
    let own = match row.province {
        Some(province) => admin.covers(province),
        None => admin.province.is_none(),
    };
    if own && admin.role.may(Right::Accounts) {
        Ok(row)
    } else {
        Err(FlowError::NotFound)
    }
}
