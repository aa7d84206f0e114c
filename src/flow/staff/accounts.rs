//! Accounts: made and reset by an operator, listed and taken away by an administrator too. The TOTP secret is shown once,
//! when it is made.

use serde_json::{Value, json};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    password::{self, Password},
    sessions::{Session, looked_after},
    totp::Seed,
};
use crate::{
    domain::{
        event::Deed,
        filing::FieldError,
        ids::StaffId,
        province::Province,
        staff::{Right, Role, account_name},
    },
    flow::{FlowError, Result, Services, audit, retry},
    store::{
        Tx,
        staff::{self, StaffRow, sessions},
    },
};

/// An account to be made.
pub struct NewAccount {
    /// Its name, as typed.
    pub name: String,
    /// What its owner is employed for.
    pub role: Role,
    /// Of which bureau; none: national.
    pub province: Option<Province>,
    /// Its password.
    pub password: Password,
}

/// Makes an account; the address that its authenticator takes. `None`: the name is taken.
///
/// # Errors
/// `Invalid`: name or password cannot be taken; what the database says.
pub async fn add(services: &Services, new: NewAccount) -> Result<Option<Zeroizing<String>>> {
    let name = judge(services, &new.name, &new.password)?;
    let hash = password::hash(&new.password, &services.random).await?;
    let seed = Seed::random(&services.random);
    let uri = seed.uri(&name)?;
    let (role, province) = (new.role, new.province);
    let added = retry(services, move |services| {
        let (name, hash, seed) = (name.clone(), hash.clone(), seed.clone());
        async move {
            let now = services.clock.real_now();
            let id = StaffId::new(now, services.random.bytes());
            let row = StaffRow {
                id,
                name,
                role,
                province,
                password_hash: Some(hash),
                totp: Some(seed.seal(&services.keys, &services.random, id)),
                totp_step: 0,
                failures: 0,
                created_at: now,
                last_login_at: None,
                disabled_at: None,
                removed_at: None,
            };
            let mut tx = services.db.write().await?;
            if !staff::insert(&mut tx, &row).await? {
                return Ok(false);
            }
            let data = json!({"account": id.to_string(), "role": role, "province": province});
            record(&mut tx, &services, Deed::AccountAdded, None, &data).await?;
            tx.commit().await?;
            Ok(true)
        }
    })
    .await?;
    Ok(added.then_some(uri))
}

/// Gives an account a new password and a new TOTP secret, opens it again, ends its sessions. `None`: there is none.
///
/// # Errors
/// `Invalid`: the password cannot be taken; what the database says.
pub async fn reset(
    services: &Services,
    name: &str,
    password: Password,
) -> Result<Option<Zeroizing<String>>> {
    let name = judge(services, name, &password)?;
    let hash = password::hash(&password, &services.random).await?;
    let seed = Seed::random(&services.random);
    let uri = seed.uri(&name)?;
    let done = retry(services, move |services| {
        let (name, hash, seed) = (name.clone(), hash.clone(), seed.clone());
        async move {
            let mut tx = services.db.write().await?;
            let Some(row) = staff::by_name(&mut tx, &name).await? else {
                return Ok(false);
            };
            let sealed = seed.seal(&services.keys, &services.random, row.id);
            staff::set_password(&mut tx, row.id, &hash).await?;
            staff::set_totp(&mut tx, row.id, &sealed, 0).await?;
            staff::reopen(&mut tx, row.id).await?;
            sessions::end_all(&mut tx, row.id).await?;
            let data = json!({"account": row.id.to_string(), "changed": ["password", "totp"]});
            record(&mut tx, &services, Deed::AccountChanged, None, &data).await?;
            tx.commit().await?;
            Ok(true)
        }
    })
    .await?;
    Ok(done.then_some(uri))
}

/// All accounts that have not been removed, in the order in which they were added.
///
/// # Errors
/// What the database says.
pub async fn list(services: &Services) -> Result<Vec<StaffRow>> {
    let mut tx = services.db.read().await?;
    let all = staff::all(&mut tx).await?;
    Ok(all
        .into_iter()
        .filter(|row| row.removed_at.is_none())
        .collect())
}

/// The accounts that an administrator looks after.
///
/// # Errors
/// What the database says.
pub async fn of_admin(services: &Services, session: &Session) -> Result<Vec<StaffRow>> {
    let admin = &session.staff;
    let own = |row: &StaffRow| match row.province {
        Some(province) => admin.covers(province),
        None => admin.province.is_none(),
    };
    Ok(list(services).await?.into_iter().filter(own).collect())
}

/// Takes an account away at once, its sessions with it. False: there is none of that name.
///
/// # Errors
/// What the database says.
pub async fn remove(services: &Services, name: &str) -> Result<bool> {
    let name = account_name(name).unwrap_or_default();
    retry(services, move |services| {
        let name = name.clone();
        async move {
            let mut tx = services.db.write().await?;
            let Some(row) = staff::by_name(&mut tx, &name).await? else {
                return Ok(false);
            };
            take_away(&mut tx, &services, row.id, None).await?;
            tx.commit().await?;
            Ok(true)
        }
    })
    .await
}

/// An account that an administrator looks after.
///
/// # Errors
/// `NotFound`: there is no such account, or it is another's to look after.
pub async fn one(services: &Services, session: &Session, id: StaffId) -> Result<StaffRow> {
    let mut tx = services.db.read().await?;
    looked_after(&mut tx, &session.staff, id).await
}

/// Takes an account away, as an administrator; nobody takes their own away.
///
/// # Errors
/// `NotFound`: there is no such account, it is another's to look after, or one's own.
pub async fn remove_as_admin(services: &Services, session: &Session, id: StaffId) -> Result<()> {
    let admin = session.staff.clone();
    if id == admin.id || !admin.role.may(Right::Accounts) {
        return Err(FlowError::NotFound);
    }
    retry(services, move |services| {
        let admin = admin.clone();
        async move {
            let mut tx = services.db.write().await?;
            looked_after(&mut tx, &admin, id).await?;
            take_away(&mut tx, &services, id, Some(admin.id.0)).await?;
            Ok(tx.commit().await?)
        }
    })
    .await
}

async fn take_away(tx: &mut Tx, services: &Services, id: StaffId, by: Option<Uuid>) -> Result<()> {
    staff::remove(tx, id, services.clock.real_now()).await?;
    sessions::end_all(tx, id).await?;
    let data = json!({"account": id.to_string()});
    record(tx, services, Deed::AccountRemoved, by, &data).await
}

async fn record(
    tx: &mut Tx,
    services: &Services,
    deed: Deed,
    by: Option<Uuid>,
    data: &Value,
) -> Result<()> {
    audit::record(tx, services, deed, by, data, services.clock.real_now()).await
}

/// The name as it is kept, or all that is wrong with it and the password.
fn judge(services: &Services, name: &str, password: &str) -> Result<String> {
    let mut errors = Vec::new();
    let mut wrong = |pointer: &str, detail: String| {
        errors.push(FieldError {
            pointer: pointer.into(),
            detail,
        });
    };
    let folded = account_name(name);
    if folded.is_none() {
        wrong(
            "/user",
            "must be 1 to 32 letters, digits, dots, hyphens and underscores".into(),
        );
    }
    let folded = folded.unwrap_or_default();
    let shortest = services.settings.staff.shortest_password;
    if let Err(problem) = password::judge(password, &folded, shortest) {
        wrong("/password", problem.to_string());
    }
    if errors.is_empty() {
        Ok(folded)
    } else {
        Err(FlowError::Invalid(errors))
    }
}
