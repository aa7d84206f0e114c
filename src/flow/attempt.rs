//! One submission of a form: its captcha used up, judged once, counted once, and the same POST answered the same.
//!
//! Two transactions. The first takes the captcha, decides, and keeps the sealed answer beside it. The second counts what
//! is to be counted, after the judgement and before the answer, and the count that comes back decides what is told: so a
//! parallel burst learns no more than the limit allows, and yet no counter row is held while a request is changed.

mod counting;
pub mod puzzle;

use std::{future::Future, net::IpAddr, time::Duration};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use counting::Counting;

pub(super) use counting::Bucket;
pub use counting::network;

use super::{
    FlowError, Result, Services, retry,
    told::{CaptchaTrouble, Told},
};
use crate::{
    captcha::{Challenge, Form},
    domain::{phone::Phone, province::Province, text::fold, words::Outcome},
    keys::{Cell, Hash, Keys, Purpose},
    store::{StoreError, Tx, captchas},
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
    /// What was answered to it, empty only beside a puzzle's proof.
    pub captcha_answer: String,
}

/// What a flow's answer means for the limits.
pub(super) trait Judged: Serialize + DeserializeOwned + Clone + Send + 'static {
    /// The submission counts (domain: `wrong`, `not_found`, and each resend).
    fn counts(&self) -> bool;
    /// It is told even past the limit of its phone.
    fn is_always_told(&self) -> bool;
    /// What it came to, for the metrics.
    fn word(&self) -> &'static str;
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

/// A visitor waits no longer than this for a database that does not answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A page waits no longer than this to know how hard its captcha must be.
const GLANCE: Duration = Duration::from_millis(300);

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
    let judging = judge(services, attempt, phone, fields, decide);
    let told = tokio::time::timeout(PATIENCE, judging)
        .await
        .unwrap_or_else(|_| Err(StoreError::Unavailable("no answer in time".into()).into()));
    let word = match &told {
        Ok(Told::Answer(answer)) => answer.word(),
        Ok(Told::Captcha(_)) => "captcha",
        Ok(Told::Limited { .. }) => "limited",
        Err(error) if error.is_unavailable() => Outcome::TryAgain.as_str(),
        Err(_) => "error",
    };
    services.metrics.submission(attempt.form.as_str(), word);
    told
}

async fn judge<A, F, Fut>(
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
    let counting = Counting::new(services, attempt.address, Some(phone), now);
    let admitted = services.captchas.admit(
        &attempt.captcha_id,
        attempt.form,
        attempt.bureau,
        &attempt.captcha_answer,
        now,
    );
    let used = admitted
        .ok()
        .map(|challenge| Use::new(&services.keys, attempt, fields, &challenge));
    if let Some(limited) = counting.refused_outright(services).await?
        && !came_before(services, used.as_ref()).await?
    {
        return Ok(limited);
    }
    let Some(used) = used else {
        let past = counting.count(services).await?;
        return Ok(past.unwrap_or(Told::Captcha(CaptchaTrouble::Expired)));
    };
    let id_hash = used.id_hash;
    let step = retry(services, move |services| {
        take(services, used.clone(), decide.clone(), now)
    });
    Ok(match step.await? {
        Step::UsedByAnother => {
            let past = counting.count(services).await?;
            past.unwrap_or(Told::Captcha(CaptchaTrouble::Expired))
        }
        Step::Judged(Kept::WrongCaptcha) => {
            let past = counting.settle(services, id_hash, true).await?;
            past.unwrap_or(Told::Captcha(CaptchaTrouble::Wrong))
        }
        Step::Judged(Kept::Answer(answer)) if answer.is_always_told() => Told::Answer(answer),
        Step::Judged(Kept::Answer(answer)) => {
            let past = counting.settle(services, id_hash, answer.counts()).await?;
            past.unwrap_or(Told::Answer(answer))
        }
    })
}

/// How hard a captcha is asked for at a page that is shown to this address, and after a submission for this phone: 0 to 3.
/// A database that does not answer at once is not waited for.
pub async fn captcha_level(services: &Services, address: IpAddr, phone: Option<&Phone>) -> u8 {
    let counting = Counting::new(services, address, phone, services.clock.now());
    let level = tokio::time::timeout(GLANCE, counting.level(services)).await;
    level.map_or(0, |level| level.unwrap_or(0))
}

/// The very same POST has been judged: it is no new submission, whatever limit has been reached since.
async fn came_before(services: &Services, used: Option<&Use>) -> Result<bool> {
    let Some(used) = used else { return Ok(false) };
    let mut tx = services.db.read().await?;
    let row = captchas::load(&mut tx, &used.id_hash).await?;
    Ok(row.is_some_and(|row| used.digest.matches(&row.form_digest)))
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
    let row = row.ok_or(StoreError::Conflict)?;
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
