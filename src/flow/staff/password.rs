//! Passwords: Argon2id, and which are taken (ASVS 6.2: length alone, and none of the common ones; no mix of characters).

use std::sync::LazyLock;

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash::phc::PasswordHash,
};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::{
    flow::{FlowError, Result},
    random::Random,
};

/// The longest one, in bytes: it is any phrase that a person types.
const LONGEST: usize = 1024;

/// The commonest passwords of 15 characters or more in `10_million_password_list_top_1000000.txt` (Mark Burnett's list, as
/// published by `SecLists`, MIT licence), lower case, the commonest first; those that look like an address are left out.
const COMMON: &str = include_str!("common_passwords.txt");

/// So many are worked out at once, for whatever reason.
static AT_ONCE: Semaphore = Semaphore::const_new(4);

/// OWASP's second choice: 19 MiB, two passes, one lane.
static ARGON2: LazyLock<Argon2<'static>> = LazyLock::new(|| {
    let params = Params::new(19_456, 2, 1, None).expect("these are within what Argon2 takes");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
});

/// A password as it was typed, wiped when dropped.
pub type Password = Zeroizing<String>;

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordProblem {
    /// Fewer characters than asked for.
    #[error("is too short: {0} characters at least")]
    TooShort(usize),
    /// Longer than anybody types.
    #[error("is too long: 1024 bytes at most")]
    TooLong,
    /// Among the common ones.
    #[error("is a common one, which strangers try first; choose another")]
    Common,
    /// Holds the account's name.
    #[error("holds the account's name; choose another")]
    HasName,
}

/// The same characters, however the keyboard composes them.
fn folded(password: &str) -> Zeroizing<String> {
    Zeroizing::new(password.nfkc().collect())
}

/// Whether a password may be taken for an account.
///
/// # Errors
/// Why not.
pub fn judge(password: &str, name: &str, shortest: usize) -> Result<(), PasswordProblem> {
    let folded = folded(password);
    if folded.len() > LONGEST {
        return Err(PasswordProblem::TooLong);
    }
    if folded.chars().count() < shortest {
        return Err(PasswordProblem::TooShort(shortest));
    }
    let lower = Zeroizing::new(folded.to_lowercase());
    if COMMON.lines().any(|common| common == *lower) {
        return Err(PasswordProblem::Common);
    }
    if name.chars().count() >= 3 && lower.contains(name) {
        return Err(PasswordProblem::HasName);
    }
    Ok(())
}

/// Hashes a password, in PHC form. Takes some tens of milliseconds and 19 MiB, on a thread of its own.
///
/// # Errors
/// `Busy`: the program is stopping.
pub async fn hash(password: &str, random: &Random) -> Result<String> {
    let (password, salt) = (folded(password), random.bytes::<16>());
    let _turn = AT_ONCE.acquire().await;
    let hashing = tokio::task::spawn_blocking(move || {
        ARGON2
            .hash_password_with_salt(password.as_bytes(), &salt)
            .map(|hash| hash.to_string())
    });
    let hashed = hashing.await.map_err(|_| FlowError::Busy)?;
    hashed.map_err(|error| FlowError::Corrupt(format!("a password's hash: {error}")))
}

/// Whether it is the password of a stored hash; where there is none it takes as long, and is not.
///
/// # Errors
/// `Corrupt`: what is stored is no hash; `Busy`: the program is stopping.
pub async fn matches(password: &str, stored: Option<String>) -> Result<bool> {
    /// Of a password that nobody knows.
    const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGtub3dzIGl0$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let password = folded(password);
    let _turn = AT_ONCE.acquire().await;
    let verifying = tokio::task::spawn_blocking(move || {
        let hash = PasswordHash::new(stored.as_deref().unwrap_or(NOBODYS))?;
        match ARGON2.verify_password(password.as_bytes(), &hash) {
            Ok(()) => Ok(stored.is_some()),
            Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(error),
        }
    });
    let verified = verifying.await.map_err(|_| FlowError::Busy)?;
    verified.map_err(|error: argon2::password_hash::Error| {
        FlowError::Corrupt(format!("a password's hash: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "马踏飞燕 in the Hexi corridor";

    #[test]
    fn which_are_taken() {
        let judge = |password: &str| judge(password, "zhang", 15);
        assert_eq!(judge(GOOD), Ok(()));
        assert_eq!(judge(&"长".repeat(64)), Ok(()));
        assert_eq!(judge("fourteen chars"), Err(PasswordProblem::TooShort(15)));
        assert_eq!(judge(&"x".repeat(1025)), Err(PasswordProblem::TooLong));
        assert_eq!(judge("1QAZ2wsx3edc4rfv"), Err(PasswordProblem::Common));
        assert_eq!(
            judge("１２３４５６７８９０１２３４５６７８９０"),
            Err(PasswordProblem::Common)
        );
        assert_eq!(judge("the ZHANG of Gansu"), Err(PasswordProblem::HasName));
    }

    #[test]
    fn the_list_is_of_passwords_that_would_do_otherwise() {
        assert!(COMMON.lines().count() >= 3000);
        for common in COMMON.lines() {
            assert!(common.chars().count() >= 15, "{common}");
            assert_eq!(common.to_lowercase(), common);
        }
    }

    #[tokio::test]
    async fn a_hash_knows_its_password_and_nobody_s_knows_none() {
        let random = Random::seeded(1);
        let stored = hash(GOOD, &random).await.unwrap();
        assert!(
            stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{stored}"
        );
        assert_ne!(hash(GOOD, &random).await.unwrap(), stored, "salted");
        assert!(matches(GOOD, Some(stored.clone())).await.unwrap());
        assert!(!matches("something else", Some(stored)).await.unwrap());
        assert!(!matches(GOOD, None).await.unwrap());
        assert!(matches(GOOD, Some("x".into())).await.is_err());
    }
}
