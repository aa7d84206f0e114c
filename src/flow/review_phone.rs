//! The bureau's answer to a changed number (变更手机号码, S2): agreed, its verification starts; not agreed, it goes back.

use zeroize::Zeroizing;

use super::{
    FlowError, Result, Services, aggregate,
    look_up::{self, RequestView},
    retry, submit,
};
use crate::{
    domain::{
        event::{Actor, Event},
        filing::{FieldError, Filing},
        ids::{RequestId, StaffId},
        text::is_invisible,
        words::RequestState,
    },
    store::{Tx, filing_requests},
};

/// The longest reason, in characters.
const LONGEST_REASON: usize = 200;

/// Approves or rejects the new number of a request under review; the reason of a rejection becomes its `return_detail`.
///
/// # Errors
/// `NotFound`; `Ended`: it is not under review; `Invalid`: a reason too long, or with characters that nobody sees.
pub async fn review_phone(
    services: &Services,
    id: RequestId,
    approve: bool,
    reason: Option<String>,
) -> Result<RequestView> {
    answer(services, id, approve, reason, None).await?;
    look_up::any(services, id).await
}

/// The same; `by`: who of the staff answers.
pub(super) async fn answer(
    services: &Services,
    id: RequestId,
    approve: bool,
    reason: Option<String>,
    by: Option<StaffId>,
) -> Result<()> {
    let reason = checked(reason)?;
    retry(services, move |services| {
        let reason = reason.clone();
        async move {
            let now = services.clock.now();
            let mut tx = services.db.write().await?;
            let mut loaded = aggregate::load(&mut tx, id).await?;
            let state = loaded.request.state;
            if state != RequestState::AwaitingPhoneReview {
                return Err(FlowError::Ended(state));
            }
            let not_now = |_| FlowError::Ended(state);
            let (events, tasks) = if approve {
                let policy = loaded
                    .request
                    .policy
                    .as_ref()
                    .ok_or(FlowError::Ended(state))?;
                let tasks = filing(&mut tx, &services, id).await?.tasks(policy);
                let ids = submit::new_ids(&services, tasks.len(), now);
                (loaded.request.approve(&ids, now).map_err(not_now)?, tasks)
            } else {
                (
                    loaded.request.reject(reason, now).map_err(not_now)?,
                    Vec::new(),
                )
            };
            let signed = |event: Event| match by {
                Some(by) => event.by(by.0),
                None => event,
            };
            let events: Vec<_> = events.into_iter().map(signed).collect();
            aggregate::save(&mut tx, &services, &mut loaded, &[], Actor::Bureau, now).await?;
            submit::start(
                &mut tx,
                &services,
                &loaded.row,
                &loaded.request,
                &tasks,
                now,
            )
            .await?;
            // last of all, since it tells the provider of the whole request
            aggregate::record(&mut tx, &services, id, &events, Actor::Bureau, now).await?;
            Ok(tx.commit().await?)
        }
    })
    .await?;
    services.wake.notify_one();
    Ok(())
}

/// The whole filing of a request that has not been purged.
pub(super) async fn filing(tx: &mut Tx, services: &Services, id: RequestId) -> Result<Filing> {
    let sealed = filing_requests::content(tx, id)
        .await?
        .ok_or(FlowError::NotFound)?;
    let plain: Zeroizing<Vec<u8>> = services.keys.open(submit::content_cell(&id), &sealed)?;
    Ok(Filing::from_stored(&plain)?)
}

fn checked(reason: Option<String>) -> Result<Option<String>> {
    let reason = reason
        .map(|reason| reason.trim().to_owned())
        .filter(|reason| !reason.is_empty());
    let wrong = |detail: String| {
        Err(FlowError::Invalid(vec![FieldError {
            pointer: "/reason".into(),
            detail,
        }]))
    };
    match &reason {
        Some(text) if text.chars().count() > LONGEST_REASON => {
            wrong(format!("is longer than {LONGEST_REASON} characters"))
        }
        Some(text) if text.chars().any(|c| c.is_control() || is_invisible(c)) => {
            wrong("has characters that nobody sees".into())
        }
        _ => Ok(reason),
    }
}
