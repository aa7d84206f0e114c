//! Counters of the limits, shared by all instances. A bucket is a keyed hash of who, what and which window.

use super::{At, Result, Tx, all, on, one, run, value};

/// Counts one more; the count that came of it.
pub async fn count(tx: &mut Tx, bucket: &[u8], expires_at: At) -> Result<i64> {
    const COUNT: &str = "INSERT INTO limit_counters (bucket, count, expires_at) VALUES ($1, 1, $2) \
        ON CONFLICT (bucket) DO UPDATE SET count = limit_counters.count + 1 RETURNING count";
    Ok(value!(tx, COUNT, bucket, expires_at)?)
}

/// Counts one more if there is room for it below `most`; the count that came of it, none: there is no room.
pub async fn take(tx: &mut Tx, bucket: &[u8], expires_at: At, most: i64) -> Result<Option<i64>> {
    const TAKE: &str = "INSERT INTO limit_counters (bucket, count, expires_at) VALUES ($1, 1, $2) \
        ON CONFLICT (bucket) DO UPDATE SET count = limit_counters.count + 1 WHERE limit_counters.count < $3 \
        RETURNING count";
    let row: Option<(i64,)> = one!(tx, TAKE, bucket, expires_at, most)?;
    Ok(row.map(|(count,)| count))
}

/// Counts one less.
pub async fn give_back(tx: &mut Tx, bucket: &[u8]) -> Result<()> {
    const GIVE_BACK: &str = "UPDATE limit_counters SET count = count - 1 WHERE bucket = $1";
    run!(tx, GIVE_BACK, bucket)?;
    Ok(())
}

/// The counts so far of three buckets.
pub async fn peek_three(tx: &mut Tx, buckets: [&[u8]; 3], now: At) -> Result<[i64; 3]> {
    const PEEK: &str =
        "SELECT bucket, count FROM limit_counters WHERE bucket IN ($1, $2, $3) AND expires_at > $4";
    let [first, second, third] = buckets;
    let rows: Vec<(Vec<u8>, i64)> = all!(tx, PEEK, first, second, third, now)?;
    let count = |bucket: &[u8]| {
        rows.iter()
            .find(|(of, _)| of == bucket)
            .map_or(0, |(_, count)| *count)
    };
    Ok(buckets.map(count))
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
