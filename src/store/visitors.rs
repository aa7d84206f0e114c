//! The visitor counters of the pages, flushed in batches.

use super::{Result, Tx, all, on, value};

/// Adds visits of a page; the new total.
pub async fn add(tx: &mut Tx, page: &str, visits: i64) -> Result<i64> {
    const ADD: &str = "INSERT INTO visitors (page, count) VALUES ($1, $2) \
        ON CONFLICT (page) DO UPDATE SET count = visitors.count + excluded.count RETURNING count";
    Ok(value!(tx, ADD, page, visits)?)
}

/// All pages with their totals, in no order.
pub async fn all(tx: &mut Tx) -> Result<Vec<(String, i64)>> {
    Ok(all!(tx, "SELECT page, count FROM visitors")?)
}
