//! One submission of a form: its captcha used up, judged once, counted once, and the same POST answered the same.
//!
//! Two transactions. The first takes the captcha, decides, and keeps the sealed answer beside it. The second counts what
//! is to be counted, after the judgement and before the answer, and the count that comes back decides what is told: so a
//! parallel burst learns no more than the limit allows, and yet no counter row is held while a request is changed.

mod counting;

use std::{future::Future, net::IpAddr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use counting::Counting;

pub(super) use counting::Bucket;

use super::{
    FlowError, Result, Services, retry,
    told::{CaptchaTrouble, Told},
};
use crate::{
    captcha::{Challenge, Form},
    domain::{phone::Phone, province::Province, text::fold},
    keys::{Cell, Hash, Keys, Purpose},
    store::{Tx, captchas},
};

/// A form as it came in. Its fields are well-formed; whether its captcha is any good has yet to be seen.
#[derive(Clone)]
pub struct Attempt {
    /// Which form.
    pub form: Form,
    /// Whose page it is on; none: the national one.
    pub bureau: Option<Province>,
    /// The client's address.
    pub address: IpAddr,
    /// The captcha's id, never empty.
    pub captcha_id: String,
    /// What was answered to it, never empty.
    pub captcha_answer: String,
}

/// What a flow's answer means for the limits.
pub(super) trait Judged: Serialize + DeserializeOwned + Clone + Send + 'static {
    /// The submission counts (domain: `wrong`, `not_found`, and each resend).
    fn counts(&self) -> bool;
    /// It is told even past the limit of its phone.
    fn is_always_told(&self) -> bool;
}

/// What is kept beside a used captcha.
#[derive(Clone, Serialize, Deserialize)]
enum Kept<A> {
    WrongCaptcha,
    Answer(A),
}

/// How far the first transaction came.
enum Step<A> {
    /// Judged, now or when the very same POST came before.
    Judged(Kept<A>),
    /// The captcha was used up by another form.
    UsedByAnother,
}

/// The parts of a submission that its transactions need.
#[derive(Clone)]
struct Use {
    id_hash: [u8; 32],
    digest: Hash,
    right: bool,
    expires_at: DateTime<Utc>,
}

/// Runs `decide` for a submission whose captcha is right, at most once whatever the visitor clicks.
///
/// `fields` are all fields of the form but the captcha's, folded. `decide` gets the open transaction and gives it back.
pub(super) async fn run<A, F, Fut>(
    services: &Services,
    attempt: &Attempt,
    phone: &Phone,
    fields: &[&str],
    decide: F,
) -> Result<Told<A>>
where
    A: Judged,
    F: Fn(Services, Tx, DateTime<Utc>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<(Tx, A)>> + Send,
{
    let now = services.clock.now();
    let counting = Counting::new(services, attempt.address, phone, now);
    if let Some(limited) = counting.refused_outright(services).await? {
        return Ok(limited);
    }
    let admitted = services.captchas.admit(
        &attempt.captcha_id,
        attempt.form,
        attempt.bureau,
        &attempt.captcha_answer,
        now,
    );
    let Ok(challenge) = admitted else {
        let past = counting.count(services, None).await?;
        return Ok(past.unwrap_or(Told::Captcha(CaptchaTrouble::Expired)));
    };
    let used = Use::new(&services.keys, attempt, fields, &challenge);
    let id_hash = used.id_hash;
    let step = retry(services, move |services| {
        take(services, used.clone(), decide.clone(), now)
    });
    Ok(match step.await? {
        Step::UsedByAnother => {
            let past = counting.count(services, None).await?;
            past.unwrap_or(Told::Captcha(CaptchaTrouble::Expired))
        }
        Step::Judged(Kept::WrongCaptcha) => {
            let past = counting.count(services, Some(id_hash)).await?;
            past.unwrap_or(Told::Captcha(CaptchaTrouble::Wrong))
        }
        Step::Judged(Kept::Answer(answer)) => {
            let past = if answer.counts() {
                counting.count(services, Some(id_hash)).await?
            } else if answer.is_always_told() {
                None
            } else {
                counting.past_for_phone(services).await?
            };
            past.filter(|_| !answer.is_always_told())
                .unwrap_or(Told::Answer(answer))
        }
    })
}

/// The first transaction: takes the captcha and judges, or finds what the very same POST came to.
async fn take<A, F, Fut>(
    services: Services,
    used: Use,
    decide: F,
    now: DateTime<Utc>,
) -> Result<Step<A>>
where
    A: Judged,
    F: Fn(Services, Tx, DateTime<Utc>) -> Fut,
    Fut: Future<Output = Result<(Tx, A)>>,
{
    let mut tx = services.db.write().await?;
    let Use {
        id_hash, digest, ..
    } = &used;
    if !captchas::take(&mut tx, id_hash, &digest.value, now, used.expires_at).await? {
        return before(&services, &mut tx, &used).await;
    }
    let (mut tx, kept) = if used.right {
        let (tx, answer) = decide(services.clone(), tx, now).await?;
        (tx, Kept::Answer(answer))
    } else {
        (tx, Kept::WrongCaptcha)
    };
    let plain = Zeroizing::new(serde_json::to_vec(&kept)?);
    let sealed = services.keys.seal(cell(id_hash), &plain, &services.random);
    captchas::record_result(&mut tx, id_hash, &sealed).await?;
    tx.commit().await?;
    Ok(Step::Judged(kept))
}

/// The captcha has been used: by this very POST, or by another form.
async fn before<A: Judged>(services: &Services, tx: &mut Tx, used: &Use) -> Result<Step<A>> {
    let row = captchas::load(tx, &used.id_hash).await?;
    // swept this moment, or taken by a transaction that was undone
    let row = row.ok_or(crate::store::StoreError::Conflict)?;
    if !used.digest.matches(&row.form_digest) {
        return Ok(Step::UsedByAnother);
    }
    let sealed = row
        .result
        .ok_or_else(|| FlowError::Corrupt("a captcha without result".into()))?;
    let plain = services.keys.open(cell(&used.id_hash), &sealed)?;
    Ok(Step::Judged(serde_json::from_slice(&plain)?))
}

impl Use {
    fn new(keys: &Keys, attempt: &Attempt, fields: &[&str], challenge: &Challenge) -> Self {
        let bureau = attempt.bureau.map_or("", Province::slug);
        let answer = fold(&attempt.captcha_answer).unwrap_or_default();
        let mut parts = vec![
            attempt.form.as_str().as_bytes(),
            bureau.as_bytes(),
            answer.as_bytes(),
        ];
        parts.extend(fields.iter().map(|field| field.as_bytes()));
        let digest = match keys.hash_with(&challenge.use_hash().key, Purpose::Form, &parts) {
            Ok(digest) => digest,
            // the key that opened the captcha is loaded
            Err(_) => keys.hash(Purpose::Form, &parts),
        };
        Self {
            id_hash: challenge.use_hash().value,
            digest,
            right: challenge.accepts(&attempt.captcha_answer),
            expires_at: challenge.expires_at(),
        }
    }
}

fn cell(id_hash: &[u8; 32]) -> Cell<'_> {
    Cell {
        table: "captcha_uses",
        column: "result",
        row: id_hash,
    }
}
