//! One try at a puzzle. A right one gives a proof, which its form is posted with; a wrong one counts for its address as any
//! failed captcha does. Right or wrong, a puzzle is tried once.

use std::net::IpAddr;

use chrono::{DateTime, Utc};

use super::{cell, counting::Counting};
use crate::{
    captcha::{CaptchaId, Challenge, Trail},
    flow::{
        Result, Services, retry,
        told::{CaptchaTrouble, Told},
    },
    keys::Purpose,
    store::captchas,
};

/// A puzzle as it came back.
pub struct Try {
    /// The client's address.
    pub address: IpAddr,
    /// The puzzle's id.
    pub id: String,
    /// Where the piece was left, in pixels along its line.
    pub position: u32,
    /// How it came there.
    pub trail: Trail,
}

/// What a right try is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Goes into the form's `captcha_id`.
    pub id: CaptchaId,
    /// Good before this instant.
    pub expires_at: DateTime<Utc>,
}

/// Judges a try.
///
/// # Errors
/// What the database says.
pub async fn solve(services: &Services, tried: &Try) -> Result<Told<Proof>> {
    let now = services.clock.now();
    let counting = Counting::new(services, tried.address, None, now);
    if let Some(limited) = counting.refused_outright(services).await? {
        return Ok(limited);
    }
    let Ok(puzzle) = services.captchas.admit_puzzle(&tried.id, now) else {
        let past = counting.count(services).await?;
        return Ok(past.unwrap_or(Told::Captcha(CaptchaTrouble::Expired)));
    };
    let right = puzzle.is_solved_by(tried.position, &tried.trail);
    let (id_hash, expires_at) = (puzzle.use_hash().value, puzzle.expires_at());
    let digest = digest(services, &puzzle, tried.position);
    let took = retry(services, move |services| async move {
        let mut tx = services.db.write().await?;
        let took = captchas::take(&mut tx, &id_hash, &digest, now, expires_at).await?;
        if took {
            let plain = serde_json::to_vec(&right)?;
            let sealed = services.keys.seal(cell(&id_hash), &plain, &services.random);
            captchas::record_result(&mut tx, &id_hash, &sealed).await?;
        }
        tx.commit().await?;
        Ok(took)
    });
    let trouble = match (took.await?, right) {
        (true, true) => {
            let id = services.captchas.prove(&puzzle);
            return Ok(Told::Answer(Proof { id, expires_at }));
        }
        (true, false) => CaptchaTrouble::Wrong,
        (false, _) => CaptchaTrouble::Expired,
    };
    let past = counting.count(services).await?;
    Ok(past.unwrap_or(Told::Captcha(trouble)))
}

/// What is kept of a try: where the piece was left, hashed as a form's fields are.
fn digest(services: &Services, puzzle: &Challenge, position: u32) -> [u8; 32] {
    let parts: &[&[u8]] = &[b"puzzle", &position.to_be_bytes()];
    let hash = services
        .keys
        .hash_with(&puzzle.use_hash().key, Purpose::Form, parts);
    // the key that opened the puzzle is loaded
    hash.unwrap_or_else(|_| services.keys.hash(Purpose::Form, parts))
        .value
}
