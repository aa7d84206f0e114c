//! Lists taken away as files: a right of its own, a fresh code, a reason, an event; persons stay masked.

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{
    confirm::{Confirmed, Fresh, confirm},
    request::may,
    sessions::Session,
};
use crate::{
    domain::{
        event::Deed,
        ids::RequestId,
        province::Province,
        staff::{Reason, Right},
        text::mask_name,
        words::{RequestState, VerificationState},
    },
    flow::{Result, Services, aggregate::Person, audit, retry},
    store::{
        staff::{desk::DeskRow, export},
        verifications,
    },
};

/// So many requests fit into a file; more are asked for in parts.
pub const MOST: i64 = 10_000;

/// Which requests.
#[derive(Debug, Clone, Copy)]
pub struct Selection {
    /// Of this bureau; a province's people: always their own.
    pub province: Option<Province>,
    /// In this state.
    pub state: Option<RequestState>,
    /// Submitted from then on …
    pub from: DateTime<Utc>,
    /// … and before then.
    pub to: DateTime<Utc>,
}

/// A request with its persons, masked.
#[derive(Debug, Clone)]
pub struct Exported {
    /// The request.
    pub row: DeskRow,
    /// `王**`, `138****8000`, and how far it is.
    pub people: Vec<(String, String, VerificationState)>,
}

/// What came of it.
pub enum Export {
    /// The rows of the file.
    Rows(Vec<Exported>),
    /// The code was not right.
    Refused(Confirmed),
    /// More than fit into a file.
    TooMany,
}

/// The identifiers of a time: they begin with it.
fn bounds(selection: &Selection) -> (RequestId, RequestId) {
    let first = |at| {
        let id = RequestId::new(at, [0; 10]);
        // version and variant bits apart, nothing is smaller
        RequestId(Uuid::from_u128(id.0.as_u128() & !((1 << 80) - 1)))
    };
    (first(selection.from), first(selection.to))
}

/// Takes a list away; `format` is named in the log.
///
/// # Errors
/// What the database or the keys say.
pub async fn take(
    services: &Services,
    session: &Session,
    selection: Selection,
    format: &'static str,
    reason: Reason,
    fresh: Fresh,
) -> Result<Export> {
    may(session, Right::Export)?;
    let session = session.clone();
    let selection = Selection {
        province: session.staff.province.or(selection.province),
        ..selection
    };
    let Some(rows) = requests(services, &selection).await? else {
        return Ok(Export::TooMany);
    };
    let count = rows.len();
    let confirmed = retry(services, move |services| {
        let (session, fresh) = (session.clone(), fresh.clone());
        async move {
            let mut tx = services.db.write().await?;
            let confirmed = confirm(&mut tx, &services, &session, &fresh).await?;
            if confirmed == Confirmed::Yes {
                let data = json!({
                    "format": format, "reason": reason, "requests": count,
                    "province": selection.province, "state": selection.state,
                    "from": crate::domain::time::rfc3339(selection.from),
                    "to": crate::domain::time::rfc3339(selection.to),
                });
                let (deed, who) = (Deed::Exported, Some(session.staff.id.0));
                let now = services.clock.real_now();
                audit::record(&mut tx, &services, deed, who, &data, now).await?;
            }
            tx.commit().await?;
            Ok(confirmed)
        }
    })
    .await?;
    Ok(match confirmed {
        Confirmed::Yes => Export::Rows(with_people(services, rows).await?),
        refused => Export::Refused(refused),
    })
}

/// None: more than fit into a file.
async fn requests(services: &Services, selection: &Selection) -> Result<Option<Vec<DeskRow>>> {
    let mut tx = services.db.read().await?;
    let (province, state) = (selection.province, selection.state);
    let rows = export::requests(&mut tx, province, state, bounds(selection), MOST + 1).await?;
    let fit = i64::try_from(rows.len()).is_ok_and(|count| count <= MOST);
    Ok(fit.then_some(rows))
}

async fn with_people(services: &Services, rows: Vec<DeskRow>) -> Result<Vec<Exported>> {
    let mut tx = services.db.read().await?;
    let mut exported = Vec::with_capacity(rows.len());
    for row in rows {
        let mut people = Vec::new();
        for one in verifications::of_request(&mut tx, row.id).await? {
            if let Some(person) = Person::open(&services.keys, &one)? {
                people.push((mask_name(&person.name), person.phone.masked(), one.state));
            }
        }
        exported.push(Exported { row, people });
    }
    Ok(exported)
}
