//! Single values about the database itself: versions, the index key, the last tick, the sandbox's clock.

use super::{At, Result, Tx, on, one, run, value};

/// The key that look-up hashes are made under, chosen at the first start; like `oldest_version`, `mode` and the keys' checks it survives a reset.
pub const INDEX_KEY: &str = "index_key";

/// How the clock of a sandbox goes, for all instances; who is turning it.
pub const SANDBOX_CLOCK: &str = "sandbox_clock";

const TICK: &str = "last_tick";

/// The value of a key.
pub async fn get(tx: &mut Tx, key: &str) -> Result<Option<String>> {
    let row: Option<(String,)> = one!(tx, "SELECT value FROM meta WHERE key = $1", key)?;
    Ok(row.map(|(value,)| value))
}

/// Sets a value.
pub async fn put(tx: &mut Tx, key: &str, value: &str) -> Result<()> {
    const PUT: &str = "INSERT INTO meta (key, value) VALUES ($1, $2) \
        ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    run!(tx, PUT, key, value)?;
    Ok(())
}

/// Sets a value unless there is one; the value now in force.
pub async fn put_if_absent(tx: &mut Tx, key: &str, value: &str) -> Result<String> {
    run!(
        tx,
        "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING",
        key,
        value
    )?;
    Ok(value!(tx, "SELECT value FROM meta WHERE key = $1", key)?)
}

/// Sets a value if it is still `old` (`None`: there is none yet); false: somebody else has set it.
pub async fn swap(tx: &mut Tx, key: &str, old: Option<&str>, new: &str) -> Result<bool> {
    const INSERT: &str =
        "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
    const UPDATE: &str = "UPDATE meta SET value = $3 WHERE key = $1 AND value = $2";
    let done = match old {
        None => run!(tx, INSERT, key, new)?,
        Some(old) => run!(tx, UPDATE, key, old, new)?,
    };
    Ok(done == 1)
}

/// Notes that it has been `now`; never lowered.
pub async fn raise_tick(tx: &mut Tx, now: At) -> Result<()> {
    const RAISE: &str = "INSERT INTO meta (key, value) VALUES ($1, $2) \
        ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE meta.value < excluded.value";
    // milliseconds in 13 digits (until the year 2286), which compare as text as they do as numbers
    run!(tx, RAISE, TICK, format!("{:013}", now.timestamp_millis()))?;
    Ok(())
}

/// The latest instant noted.
pub async fn tick(tx: &mut Tx) -> Result<Option<At>> {
    let millis = get(tx, TICK).await?.and_then(|value| value.parse().ok());
    Ok(millis.and_then(At::from_timestamp_millis))
}
