//! `keys rotate`: everything that can be is brought under the active key.

use std::fmt::Write;

use super::{Failure, bar, print};
use crate::flow::{
    Services,
    rotate_keys::{self, Step},
};

/// Rotates, with a progress bar, and says which keys are still needed.
///
/// # Errors
/// What the database says; values that did not open.
pub async fn rotate(services: &Services) -> Result<(), Failure> {
    let bar = bar(0, "values");
    let rotated = rotate_keys::rotate(services, |step| match step {
        Step::Total(total) => bar.set_length(total),
        Step::Looked(count) => bar.inc(count),
    })
    .await?;
    bar.finish_and_clear();
    let mut text = format!(
        "{} value(s) sealed anew under {}, {} phone(s) and tail(s) hashed anew under {}\n",
        rotated.resealed,
        services.keys.active(),
        rotated.rehashed,
        services.keys.index()
    );
    if rotated.still_needed.is_empty() {
        text.push_str("no other key is needed any more: any but the active and the index key may be taken out of [keys]\n");
    } else {
        let names: Vec<_> = rotated.still_needed.iter().map(String::as_str).collect();
        let _ = writeln!(
            text,
            "still needed: {} (codes, links, API keys and whatever a server with older settings wrote); keep it in [keys] \
             and run this again later",
            names.join(", ")
        );
    }
    if !rotated.audited_under.is_empty() {
        let names: Vec<_> = rotated.audited_under.iter().map(String::as_str).collect();
        let _ = writeln!(
            text,
            "of the audit log something was written under {}: keep it in [keys] as long as `heyan audit verify` is to prove that",
            names.join(", ")
        );
    }
    print(&text)?;
    match rotated.unreadable {
        0 => Ok(()),
        count => Err(Failure::Work(format!(
            "{count} value(s) did not open and were left as they are: put the key that they were written with back into \
             [keys], or restore a backup"
        ))),
    }
}
