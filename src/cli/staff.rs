//! `staff add / list / reset / remove`. `add` and `reset` ask for the password (or read it from standard input) and print
//! the address that an authenticator takes, once, and nothing else on stdout; on a terminal its QR code as well.

use std::{
    fmt::Write,
    io::{self, BufRead, IsTerminal},
};

use zeroize::Zeroizing;

use super::{Failure, print, print_once};
use crate::{
    domain::{province::Province, staff::Role, time::rfc3339},
    flow::{
        Services,
        staff::{
            accounts::{self, NewAccount},
            password::Password,
            totp,
        },
    },
};

/// Who is added.
pub struct New<'a> {
    /// The account's name.
    pub name: &'a str,
    /// A province's slug; none: national.
    pub province: Option<&'a str>,
    /// `officer`, `auditor` or `admin`.
    pub role: &'a str,
}

/// Adds an account.
///
/// # Errors
/// No such province or role, name or password that cannot be taken, the name is taken, what the database says.
pub async fn add(services: &Services, new: New<'_>) -> Result<(), Failure> {
    let province = new.province.map(province).transpose()?;
    let role = Role::from_word(new.role).ok_or_else(|| {
        let names: Vec<_> = Role::ALL.iter().map(|role| role.as_str()).collect();
        Failure::Arguments(format!(
            "`{}` is no role: --role must be one of {}",
            new.role,
            names.join(", ")
        ))
    })?;
    let new = NewAccount {
        name: new.name.to_owned(),
        role,
        province,
        password: password()?,
    };
    let name = new.name.clone();
    match accounts::add(services, new).await? {
        Some(uri) => show(&uri, &name),
        None => Err(Failure::Work(format!(
            "there is an account `{name}` already: choose another name, or give it a new password and secret (heyan staff reset)"
        ))),
    }
}

/// Gives an account a new password and a new secret, and opens it again.
///
/// # Errors
/// There is no such account, the password cannot be taken, what the database says.
pub async fn reset(services: &Services, name: &str) -> Result<(), Failure> {
    match accounts::reset(services, name, password()?).await? {
        Some(uri) => show(&uri, name),
        None => Err(unknown(name)),
    }
}

/// Takes an account away.
///
/// # Errors
/// There is no such account, what the database says.
pub async fn remove(services: &Services, name: &str) -> Result<(), Failure> {
    if accounts::remove(services, name).await? {
        return print(&format!("{name} has no access any more\n"));
    }
    Err(unknown(name))
}

/// All accounts, one a line.
///
/// # Errors
/// What the database says.
pub async fn list(services: &Services) -> Result<(), Failure> {
    let mut text = String::new();
    for row in accounts::list(services).await? {
        let state = row.disabled_at.map_or_else(
            || "active".to_owned(),
            |at| {
                format!(
                    "closed after too many failures at {} (heyan staff reset opens it)",
                    rfc3339(at)
                )
            },
        );
        let last = row.last_login_at.map_or_else(|| "-".to_owned(), rfc3339);
        let province = row.province.map_or("national", Province::slug);
        let _ = writeln!(
            text,
            "{}  {}  {}  {province}  last login {last}  {state}",
            row.id, row.name, row.role
        );
    }
    if text.is_empty() {
        text.push_str("no accounts yet: heyan staff add USER --province gansu\n");
    }
    print(&text)
}

fn province(slug: &str) -> Result<Province, Failure> {
    Province::from_slug(slug)
        .ok_or_else(|| Failure::Arguments(format!("`{slug}` is no province, such as gansu")))
}

/// On a terminal asked for twice, without echo; else the first line of standard input.
fn password() -> Result<Password, Failure> {
    let unread = |error: io::Error| Failure::Work(format!("the password cannot be read: {error}"));
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        let mut line = Zeroizing::new(String::new());
        stdin.lock().read_line(&mut line).map_err(unread)?;
        return Ok(Zeroizing::new(
            line.trim_end_matches(['\n', '\r']).to_owned(),
        ));
    }
    let ask = |what: &str| {
        rpassword::prompt_password(what)
            .map(Zeroizing::new)
            .map_err(unread)
    };
    let first = ask("password: ")?;
    if *ask("the same again: ")? == *first {
        Ok(first)
    } else {
        Err(Failure::Arguments(
            "the two passwords are not the same; begin again".into(),
        ))
    }
}

fn show(uri: &str, name: &str) -> Result<(), Failure> {
    if io::stderr().is_terminal() {
        eprintln!(
            "{}\nscan this with an authenticator, or give it the address below; neither is shown again",
            totp::qr_terminal(uri)?
        );
    }
    let again = format!("heyan staff reset '{name}'");
    print_once(&format!("totp_uri={uri}\n"), &again)
}

fn unknown(name: &str) -> Failure {
    Failure::Work(format!(
        "there is no account `{name}`: heyan staff list shows all"
    ))
}
