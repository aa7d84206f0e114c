//! One request at the console: all that happened to it and who caused it; taken up, reviewed, sent another SMS, shown in
//! clear. Another bureau's request is as one that there is not.

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    confirm::{Confirmed, Fresh, confirm},
    sessions::Session,
};
use crate::{
    domain::{
        event::{Actor, Deed, Event},
        filing::Filing,
        ids::{RequestId, StaffId, VerificationId},
        request::Resent,
        staff::{Reason, Right},
        words::{EventType, MessageKind},
    },
    flow::{
        FlowError, Result, Services,
        aggregate::{self, Person},
        audit,
        look_up::{self, RequestView},
        message, retry,
        review_phone::{self, filing},
    },
    store::{
        Tx,
        events::{self, EventRow},
        staff::{
            self,
            desk::{self, DeskRow},
        },
    },
};

/// More events than a request can have.
const EVENTS: i64 = 10_000;

/// A request with all that happened to it.
pub struct Whole {
    /// As a list shows it.
    pub row: DeskRow,
    /// As its provider sees it.
    pub view: RequestView,
    /// What happened, oldest first.
    pub events: Vec<EventRow>,
    /// The names of those of the staff who caused some of it.
    pub names: BTreeMap<StaffId, String>,
    /// The whole filing; none once purged. To be masked by whoever shows it.
    pub filing: Option<Filing>,
}

/// What came of another SMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResentFor {
    /// It is on its way, with a new code.
    Yes,
    /// The first SMS is still on its way: nothing new.
    FirstOnItsWay,
    /// No resends are left: the policy's limit holds for the staff too.
    Limit,
    /// The verification has ended.
    Ended,
}

/// A request and its persons in clear, or why not.
pub enum Clear {
    /// In clear.
    Shown(Box<Filing>),
    /// The code was not right.
    Refused(Confirmed),
}

/// A request of one's own bureau.
///
/// # Errors
/// `NotFound`; what the database or the keys say.
pub async fn load(services: &Services, session: &Session, id: RequestId) -> Result<Whole> {
    let mut tx = services.db.read().await?;
    let row = own(&mut tx, session, id).await?;
    let events = events::of_request(&mut tx, id, 0, EVENTS).await?;
    let mut names = BTreeMap::new();
    for who in events
        .iter()
        .filter_map(|event| event.staff_id)
        .map(StaffId)
    {
        if !names.contains_key(&who)
            && let Some(account) = staff::by_id(&mut tx, who).await?
        {
            names.insert(who, account.name);
        }
    }
    let filing = match filing(&mut tx, services, id).await {
        Ok(filing) => Some(filing),
        Err(FlowError::NotFound) => None,
        Err(error) => return Err(error),
    };
    drop(tx);
    Ok(Whole {
        view: look_up::any(services, id).await?,
        row,
        events,
        names,
        filing,
    })
}

async fn own(tx: &mut Tx, session: &Session, id: RequestId) -> Result<DeskRow> {
    let row = desk::load(tx, id).await?;
    let row = row.filter(|row| session.staff.covers(row.province));
    row.ok_or(FlowError::NotFound)
}

/// 已受理: takes a handed-over request off the queue; false: it is not in it (any more).
///
/// # Errors
/// `NotFound`; what the database says.
pub async fn accept(services: &Services, session: &Session, id: RequestId) -> Result<bool> {
    may(session, Right::Decide)?;
    let session = session.clone();
    retry(services, move |services| {
        let session = session.clone();
        async move {
            let now = services.clock.now();
            let mut tx = services.db.write().await?;
            own(&mut tx, &session, id).await?;
            if !desk::accept(&mut tx, id, now).await? {
                return Ok(false);
            }
            let accepted = [Event::of_request(EventType::Accepted).by(session.staff.id.0)];
            aggregate::record(&mut tx, &services, id, &accepted, Actor::Bureau, now).await?;
            tx.commit().await?;
            Ok(true)
        }
    })
    .await
}

/// Answers to a changed number.
///
/// # Errors
/// `NotFound`; `Ended`: it is not under review (any more); `Invalid`: the reason.
pub async fn review(
    services: &Services,
    session: &Session,
    id: RequestId,
    approve: bool,
    reason: Option<String>,
) -> Result<()> {
    may(session, Right::Decide)?;
    let mut tx = services.db.read().await?;
    own(&mut tx, session, id).await?;
    drop(tx);
    review_phone::answer(services, id, approve, reason, Some(session.staff.id)).await
}

/// Another SMS for one verification, on behalf of a principal who called. It is a manual resend and counted as one
/// (domain: only the noon resend is none): the policy's limit holds, whoever presses the button.
///
/// # Errors
/// `NotFound`; what the database or the keys say.
pub async fn resend(
    services: &Services,
    session: &Session,
    id: RequestId,
    verification: VerificationId,
) -> Result<ResentFor> {
    may(session, Right::Resend)?;
    let session = session.clone();
    let resent = retry(services, move |services| {
        let session = session.clone();
        async move {
            let now = services.clock.now();
            let mut tx = services.db.write().await?;
            own(&mut tx, &session, id).await?;
            let mut loaded = aggregate::load(&mut tx, id).await?;
            let mut all = loaded.request.verifications.iter();
            let found = all.find(|one| one.id == verification);
            let live = found.ok_or(FlowError::NotFound)?.is_live(now);
            let (outcome, events) = loaded.request.resend(verification, now);
            match outcome {
                _ if !live => return Ok(ResentFor::Ended),
                Resent::Limit => return Ok(ResentFor::Limit),
                Resent::FirstOnItsWay => return Ok(ResentFor::FirstOnItsWay),
                Resent::Yes => {}
            }
            let row = loaded.rows.iter().find(|row| row.id == verification);
            if let (Some(policy), Some(row)) = (&loaded.request.policy, row)
                && let Some(person) = Person::open(&services.keys, row)?
            {
                let kind = MessageKind::Manual;
                message::enqueue(&mut tx, &services, policy, row, &person, kind, now).await?;
            }
            let by = session.staff.id.0;
            let events: Vec<_> = events.into_iter().map(|event| event.by(by)).collect();
            aggregate::save(&mut tx, &services, &mut loaded, &events, Actor::Bureau, now).await?;
            tx.commit().await?;
            Ok(ResentFor::Yes)
        }
    })
    .await?;
    services.wake.notify_one();
    Ok(resent)
}

/// The persons of a request in clear: a right of its own, a fresh code, a reason, an event.
///
/// # Errors
/// `NotFound`: there is none, or it has been purged; what the database or the keys say.
pub async fn clear(
    services: &Services,
    session: &Session,
    id: RequestId,
    reason: Reason,
    fresh: Fresh,
) -> Result<Clear> {
    may(session, Right::SeeClear)?;
    let session = session.clone();
    retry(services, move |services| {
        let (session, fresh) = (session.clone(), fresh.clone());
        async move {
            let mut tx = services.db.write().await?;
            own(&mut tx, &session, id).await?;
            let filing = filing(&mut tx, &services, id).await?;
            let confirmed = confirm(&mut tx, &services, &session, &fresh).await?;
            if confirmed == Confirmed::Yes {
                let (deed, who) = (Deed::ShownInClear, Some(session.staff.id.0));
                let data = json!({"request": id.to_string(), "reason": reason});
                let now = services.clock.real_now();
                audit::record(&mut tx, &services, deed, who, &data, now).await?;
            }
            tx.commit().await?;
            Ok(match confirmed {
                Confirmed::Yes => Clear::Shown(Box::new(filing)),
                refused => Clear::Refused(refused),
            })
        }
    })
    .await
}

/// The web layer asks first; this is the second door.
pub(super) fn may(session: &Session, right: Right) -> Result<()> {
    if session.staff.role.may(right) {
        Ok(())
    } else {
        Err(FlowError::NotFound)
    }
}
