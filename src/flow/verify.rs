//! 备案短信核验: code, phone and ID tail, judged and charged (docs/rules.md, matching and counting).

use chrono::{DateTime, Utc};

use super::{
    Result, Services,
    attempt::{self, Attempt, Bucket, Judged},
    candidates, hashes,
    told::{Answer, Next, Told},
};
use crate::{
    domain::{
        event::{Actor, Event},
        id_document::IdTail,
        judge::{self, Judgement, judge},
        phone::Phone,
        policy::Policy,
        province::Province,
        request::Tried,
        sms_code::SmsCode,
        words::{EventType, Outcome, RequestState, Wording},
    },
    store::{Tx, sms_codes, verifications::Candidate},
};

/// What a visitor typed.
#[derive(Clone)]
struct Given {
    code: SmsCode,
    phone: Phone,
    tail: IdTail,
    bureau: Option<Province>,
}

/// Verifies one phone of one request, if code and tail are right. The database being out of reach is `try_again`.
///
/// # Errors
/// A stored value that does not open or read.
pub async fn verify(
    services: &Services,
    attempt: Attempt,
    code: SmsCode,
    phone: Phone,
    tail: IdTail,
) -> Result<Told<Answer>> {
    let bureau = attempt.bureau;
    let given = Given {
        code,
        phone: phone.clone(),
        tail,
        bureau,
    };
    let decided = given.clone();
    let told = attempt::run(
        services,
        &attempt,
        &phone,
        &[given.code.as_str(), phone.as_str(), given.tail.as_str()],
        move |services, tx, now| decide(services, tx, decided.clone(), now),
    )
    .await;
    or_try_again(services, bureau, told)
}

/// The system could not decide, and nothing was counted: that is an outcome of its own.
pub(super) fn or_try_again(
    services: &Services,
    bureau: Option<Province>,
    told: Result<Told<Answer>>,
) -> Result<Told<Answer>> {
    match told {
        Err(error) if error.is_unavailable() => {
            tracing::warn!(%error, "a submission could not be decided");
            let wording = wording_now(services, bureau, services.clock.now());
            Ok(Told::Answer(Answer::new(Outcome::TryAgain, wording)))
        }
        told => told,
    }
}

impl Judged for Answer {
    fn counts(&self) -> bool {
        // every submission of the resend form counts, whatever its outcome
        matches!(
            self.outcome,
            Outcome::Wrong
                | Outcome::NotFound
                | Outcome::Resent
                | Outcome::ResendLimit
                | Outcome::NothingPending
        )
    }

    fn is_always_told(&self) -> bool {
        matches!(
            self.outcome,
            Outcome::VerifiedAll | Outcome::VerifiedWaiting
        )
    }

    fn word(&self) -> &'static str {
        self.outcome.as_str()
    }
}

async fn decide(
    services: Services,
    mut tx: Tx,
    given: Given,
    now: DateTime<Utc>,
) -> Result<(Tx, Answer)> {
    let found = candidates::of_phone(&mut tx, &services, &given.phone, given.bureau).await?;
    // asked whatever was found: the time taken tells nothing
    let mut owner = None;
    for hash in hashes::codes(&services.keys, &given.phone, &given.code) {
        owner = owner.or(sms_codes::verification_of(&mut tx, &hash.value).await?);
    }
    let tails_right = candidates::tails_right(&services, &found, &given.tail)?;
    let judged: Vec<_> = found
        .iter()
        .zip(tails_right)
        .map(|(one, tail_right)| judge::Candidate {
            state: one.verification.state,
            live: candidates::is_live(one, now),
            request_state: one.request_state,
            code_right: owner == Some(one.verification.id),
            tail_right,
        })
        .collect();
    let wrong_tries = Bucket::wrong_tries(&services.keys, &given.phone, now);
    let answer = match judge(&judged) {
        Judgement::Pass(place) => {
            if found.iter().any(|one| one.verification.wrong_tries > 0) {
                wrong_tries.clear(&mut tx).await?;
            }
            pass(&mut tx, &services, &found[place], now).await?
        }
        Judgement::Charge(places) => {
            let charged = places.iter().map(|&place| &found[place]).collect();
            charge(&mut tx, &services, charged, &wrong_tries, now).await?
        }
        Judgement::UseNewest(place) => {
            let newest = candidates::load(&mut tx, &found[place]).await?;
            about(&services, Outcome::Wrong, &found[place])?
                .with_next(Next::UseLatestCode)
                .with_standing(&newest.request)
        }
        Judgement::AlreadyVerified(place) => {
            about(&services, Outcome::AlreadyVerified, &found[place])?
        }
        Judgement::AskProvider(place) => {
            about(&services, Outcome::AskProvider, &found[place])?.with_next(Next::AskProvider)
        }
        Judgement::NotFound => {
            let wording = wording_now(&services, given.bureau, now);
            Answer::new(Outcome::NotFound, wording).with_next(Next::Compare)
        }
    };
    Ok((tx, answer))
}

async fn pass(
    tx: &mut Tx,
    services: &Services,
    one: &Candidate,
    now: DateTime<Utc>,
) -> Result<Answer> {
    let mut loaded = candidates::load(tx, one).await?;
    let events = loaded.request.pass(one.verification.id, now);
    super::aggregate::save(tx, services, &mut loaded, &events, Actor::Visitor, now).await?;
    let request = &loaded.request;
    let answer = if request.state == RequestState::HandedOver {
        about(services, Outcome::VerifiedAll, one)?
    } else {
        let progress = request.progress();
        about(services, Outcome::VerifiedWaiting, one)?.with_next(Next::Waiting {
            people: progress.people,
            verified: progress.verified,
            deadline: progress.deadline,
        })
    };
    Ok(answer.with_standing(request))
}

/// A wrong try of every verification that the submission could have opened.
async fn charge(
    tx: &mut Tx,
    services: &Services,
    mut charged: Vec<&Candidate>,
    wrong_tries: &Bucket,
    now: DateTime<Utc>,
) -> Result<Answer> {
    // in this order they are saved, so that two who charge the same requests do not wait for each other
    charged.sort_by_key(|one| one.verification.request_id);
    let mut told: Option<(u32, Answer)> = None;
    let mut alarm = wrong_tries.count_is_first_past(tx).await?;
    for one in charged {
        let mut loaded = candidates::load(tx, one).await?;
        let (tried, mut events) = loaded.request.wrong_try(one.verification.id, now);
        if std::mem::take(&mut alarm) {
            tracing::warn!(verification = %one.verification.id, "over 100 wrong tries of one phone in a row");
            events.push(Event::of(EventType::ManyWrongTries, one.verification.id));
        }
        super::aggregate::save(tx, services, &mut loaded, &events, Actor::Visitor, now).await?;
        let (left, answer) = match tried {
            Tried::Failed => {
                let answer = about(services, Outcome::AskProvider, one)?;
                (0, answer.with_next(Next::AskProvider))
            }
            Tried::Left(left) => {
                let answer = about(services, Outcome::Wrong, one)?;
                let answer = answer.with_next(Next::TriesLeft(left));
                (left, answer.with_standing(&loaded.request))
            }
        };
        // of several, the one with the fewest tries left is told
        if told.as_ref().is_none_or(|(fewest, _)| left < *fewest) {
            told = Some((left, answer));
        }
    }
    let wording = || wording_now(services, None, now);
    Ok(told.map_or_else(
        || Answer::new(Outcome::NotFound, wording()),
        |(_, answer)| answer,
    ))
}

/// An outcome about a candidate's request: its policy's wording, its person's name.
pub(super) fn about(services: &Services, outcome: Outcome, one: &Candidate) -> Result<Answer> {
    let (policy, name) = candidates::of_request(services, one)?;
    Ok(match policy {
        Some(policy) => Answer::about(outcome, &policy, name.as_deref()),
        None => Answer::new(outcome, Wording::W2020),
    })
}

/// The wording where nothing matched: the bureau's policy now; on the national page, and where there is none, the
/// nationwide one.
pub(super) fn wording_now(
    services: &Services,
    bureau: Option<Province>,
    now: DateTime<Utc>,
) -> Wording {
    let of_bureau = bureau.and_then(|bureau| services.timeline.at(bureau, now));
    let policy: Option<&Policy> = match of_bureau {
        Some(policy) => Some(policy),
        None => services.timeline.national_at(now).map(|policy| &**policy),
    };
    policy.map_or(Wording::W2020, |policy| policy.wording)
}
