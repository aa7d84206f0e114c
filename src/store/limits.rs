//! Counters of the limits, shared by all instances. A bucket is a keyed hash of who, what and which window.

use super::{At, Result, Tx, on, one, run, value};

/// Counts one more; the count that came of it.
pub async fn count(tx: &mut Tx, bucket: &[u8], expires_at: At) -> Result<i64> {
    const COUNT: &str = "INSERT INTO limit_counters (bucket, count, expires_at) VALUES ($1, 1, $2) \
        ON CONFLICT (bucket) DO UPDATE SET count = limit_counters.count + 1 RETURNING count";
    Ok(value!(tx, COUNT, bucket, expires_at)?)
}

/// Begins anew.
pub async fn clear(tx: &mut Tx, bucket: &[u8]) -> Result<()> {
    run!(tx, "DELETE FROM limit_counters WHERE bucket = $1", bucket)?;
    Ok(())
}

/// The count so far.
pub async fn peek(tx: &mut Tx, bucket: &[u8], now: At) -> Result<i64> {
    const PEEK: &str = "SELECT count FROM limit_counters WHERE bucket = $1 AND expires_at > $2";
    let row: Option<(i64,)> = one!(tx, PEEK, bucket, now)?;
    Ok(row.map_or(0, |(count,)| count))
}
