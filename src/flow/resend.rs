//! 短信重发: every pending verification of a phone and tail gets an SMS with a new code, each counted.

use chrono::{DateTime, Utc};

use super::{
    Result, Services,
    aggregate::{self, Person},
    attempt::{self, Attempt},
    candidates, message,
    told::{Answer, Next, Told},
    verify,
};
use crate::{
    domain::{
        event::Actor,
        id_document::IdTail,
        phone::Phone,
        province::Province,
        request::Resent,
        words::{MessageKind, Outcome},
    },
    store::{Tx, verifications::Candidate},
};

#[derive(Clone)]
struct Given {
    phone: Phone,
    tail: IdTail,
    bureau: Option<Province>,
}

/// Resends. The database being out of reach is `try_again`.
///
/// # Errors
/// A stored value that does not open or read.
pub async fn resend(
    services: &Services,
    attempt: Attempt,
    phone: Phone,
    tail: IdTail,
) -> Result<Told<Answer>> {
    let bureau = attempt.bureau;
    let fields = [phone.as_str(), tail.as_str()];
    let given = Given {
        phone: phone.clone(),
        tail: tail.clone(),
        bureau,
    };
    let told = attempt::run(
        services,
        &attempt,
        &phone,
        &fields,
        move |services, tx, now| decide(services, tx, given.clone(), now),
    )
    .await;
    services.wake.notify_one();
    verify::or_try_again(services, bureau, told)
}

async fn decide(
    services: Services,
    mut tx: Tx,
    given: Given,
    now: DateTime<Utc>,
) -> Result<(Tx, Answer)> {
    let found = candidates::of_phone(&mut tx, &services, &given.phone, given.bureau).await?;
    let right = candidates::tails_right(&services, &found, &given.tail)?;
    let own = found.into_iter().zip(right);
    let mut own: Vec<_> = own
        .filter_map(|(one, right)| right.then_some(one))
        .collect();
    let answer = if own.iter().any(|one| candidates::is_live(one, now)) {
        own.retain(|one| candidates::is_live(one, now));
        each(&mut tx, &services, own, now).await?
    } else {
        nothing_pending(&services, &given, own.last(), now)?
    };
    Ok((tx, answer))
}

/// Resends for each of these; what is told is the best that came of them.
async fn each(
    tx: &mut Tx,
    services: &Services,
    mut pending: Vec<Candidate>,
    now: DateTime<Utc>,
) -> Result<Answer> {
    pending.sort_by_key(|one| one.verification.request_id);
    let (mut resent, mut on_its_way, mut limit) = (None, None, None);
    for one in &pending {
        let mut loaded = candidates::load(tx, one).await?;
        let id = one.verification.id;
        let (outcome, events) = loaded.request.resend(id, now);
        let answer = match outcome {
            Resent::Limit => &mut limit,
            Resent::FirstOnItsWay => &mut on_its_way,
            Resent::Yes => {
                queue(tx, services, &mut loaded, one, now).await?;
                aggregate::save(tx, services, &mut loaded, &events, Actor::Visitor, now).await?;
                &mut resent
            }
        };
        if answer.is_none() {
            *answer = Some(told(services, outcome, &loaded, one)?);
        }
    }
    let best = resent.or(on_its_way).or(limit);
    let wording = verify::wording_now(services, None, now);
    Ok(best.unwrap_or_else(|| Answer::new(Outcome::NothingPending, wording)))
}

async fn queue(
    tx: &mut Tx,
    services: &Services,
    loaded: &mut aggregate::Loaded,
    one: &Candidate,
    now: DateTime<Utc>,
) -> Result<()> {
    let person = Person::open(&services.keys, &one.verification)?;
    if let (Some(policy), Some(person)) = (&loaded.request.policy, person) {
        let (row, kind) = (&one.verification, MessageKind::Manual);
        message::enqueue(tx, services, policy, row, &person, kind, now).await?;
    }
    Ok(())
}

fn told(
    services: &Services,
    outcome: Resent,
    loaded: &aggregate::Loaded,
    one: &Candidate,
) -> Result<Answer> {
    let id = one.verification.id;
    let verification = loaded
        .request
        .verifications
        .iter()
        .find(|other| other.id == id);
    let policy = loaded.request.policy.as_ref();
    Ok(match outcome {
        Resent::Limit => verify::about(services, Outcome::ResendLimit, one)?,
        Resent::FirstOnItsWay => verify::about(services, Outcome::Resent, one)?,
        Resent::Yes => verify::about(services, Outcome::Resent, one)?.with_next(Next::Resent {
            used: verification.map_or(0, |one| one.manual_resends),
            allowed: policy.map_or(0, |policy| policy.max_manual_resends),
            deadline: verification.map(|one| one.expires_at),
        }),
    })
}

fn nothing_pending(
    services: &Services,
    given: &Given,
    ended: Option<&Candidate>,
    now: DateTime<Utc>,
) -> Result<Answer> {
    let wording = verify::wording_now(services, given.bureau, now);
    Ok(match ended {
        None => Answer::new(Outcome::NothingPending, wording).with_next(Next::Compare),
        Some(one) => Answer {
            ended_known: true,
            ..verify::about(services, Outcome::NothingPending, one)?
        },
    })
}
