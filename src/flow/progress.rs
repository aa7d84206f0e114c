//! 公共查询: how far a request is, for whoever knows its number and the phone of one of its principals.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    Result, Services,
    aggregate::{self, Person},
    attempt::{self, Attempt, Judged},
    look_up::SmsView,
    review_phone,
    told::{Standing, Told},
};
use crate::{
    domain::{
        ids::RequestId, message::SmsState, phone::Phone, province::Province, text::mask_name,
        words::VerificationState,
    },
    store::{Tx, filing_requests, outbox},
};

/// Providers' references need not be unique; so many of the newest are looked at.
const NAMESAKES: i64 = 50;

/// The answer to a query. Any mismatch is the same `NotFound`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProgressAnswer {
    /// So far it is.
    Found(Box<Found>),
    /// No such request with such a phone.
    NotFound,
}

/// A request as somebody involved may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Its number.
    pub request_id: RequestId,
    /// Whose bureau.
    pub province: Province,
    /// When it was submitted.
    pub submitted_at: DateTime<Utc>,
    /// The earliest deadline of those who have yet to answer.
    pub deadline: Option<DateTime<Utc>>,
    /// How far it is.
    pub standing: Standing,
    /// Whose phones are verified.
    pub people: Vec<FoundPerson>,
}

/// One whose phone is verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundPerson {
    /// `王**`
    pub name_masked: String,
    /// `138****8000`
    pub phone_masked: String,
    /// How far the verification is.
    pub state: VerificationState,
    /// How far the newest SMS is.
    #[serde(default)]
    pub sms: Option<SmsState>,
}

impl Judged for ProgressAnswer {
    fn counts(&self) -> bool {
        matches!(self, Self::NotFound)
    }

    fn is_always_told(&self) -> bool {
        false
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Found(_) => "found",
            Self::NotFound => "not_found",
        }
    }
}

/// Looks a request up by our number or the provider's reference, and a phone.
///
/// # Errors
/// What the database or the keys say.
pub async fn progress(
    services: &Services,
    attempt: Attempt,
    request_id: String,
    phone: Phone,
) -> Result<Told<ProgressAnswer>> {
    let bureau = attempt.bureau;
    let fields = [request_id.as_str(), phone.as_str()];
    let (asked, of) = (request_id.clone(), phone.clone());
    attempt::run(
        services,
        &attempt,
        &phone,
        &fields,
        move |services, tx, _| decide(services, tx, asked.clone(), of.clone(), bureau),
    )
    .await
}

async fn decide(
    services: Services,
    mut tx: Tx,
    asked: String,
    phone: Phone,
    bureau: Option<Province>,
) -> Result<(Tx, ProgressAnswer)> {
    let rows = match asked.parse::<RequestId>() {
        Ok(id) => Vec::from_iter(filing_requests::load(&mut tx, id).await?),
        Err(_) => filing_requests::by_reference(&mut tx, &asked, NAMESAKES).await?,
    };
    for row in rows {
        let here = bureau.is_none_or(|bureau| bureau == row.province);
        if here && row.purged_at.is_none() && names(&mut tx, &services, row.id, &phone).await? {
            let found = found(&mut tx, &services, row.id).await?;
            return Ok((tx, ProgressAnswer::Found(Box::new(found))));
        }
    }
    Ok((tx, ProgressAnswer::NotFound))
}

/// The phone is one of the request's principals'.
async fn names(tx: &mut Tx, services: &Services, id: RequestId, phone: &Phone) -> Result<bool> {
    let filing = review_phone::filing(tx, services, id).await?;
    Ok(filing
        .principals()
        .any(|(_, principal)| principal.phone == *phone))
}

async fn found(tx: &mut Tx, services: &Services, id: RequestId) -> Result<Found> {
    let loaded = aggregate::load(tx, id).await?;
    let messages = outbox::of_request(tx, id).await?;
    let now = services.clock.now();
    let mut people = Vec::with_capacity(loaded.rows.len());
    for row in &loaded.rows {
        if let Some(person) = Person::open(&services.keys, row)? {
            let mut own = messages.iter().filter(|one| one.verification_id == row.id);
            let newest = own.next_back().map(|one| SmsView::of(one, now).state);
            people.push(FoundPerson {
                name_masked: mask_name(&person.name),
                phone_masked: person.phone.masked(),
                state: row.state,
                sms: newest,
            });
        }
    }
    Ok(Found {
        request_id: id,
        province: loaded.row.province,
        submitted_at: loaded.row.submitted_at,
        deadline: loaded.request.progress().deadline,
        standing: Standing::of(&loaded.request),
        people,
    })
}
