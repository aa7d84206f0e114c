//! Requests filed in a sandbox, with their people in clear: they are made up, and somebody has to play them.

use super::{
    super::{
        FlowError, Result, Services,
        look_up::{self, RequestView},
        providers, review_phone, submit, withdraw,
    },
    people::Cast,
    scenarios::Scenario,
};
use crate::{
    domain::{
        filing::{Filing, FilingDraft},
        id_document::Document,
        ids::{ProviderId, RequestId},
        policy::{HkMacauTail, Policy},
        text::redacted_debug,
        words::VerificationState,
    },
    store::filing_requests,
};

/// A request and its people.
#[derive(Debug)]
pub struct Filed {
    /// As its provider sees it.
    pub view: RequestView,
    /// One for each distinct phone, whether it is verified or not; none once purged.
    pub persons: Vec<FiledPerson>,
}

/// Somebody in a filing.
#[derive(Clone)]
pub struct FiledPerson {
    /// JSON pointers to the principals with this phone.
    pub pointers: Vec<String>,
    /// The name of the first of them.
    pub name: String,
    /// 11 digits.
    pub phone: String,
    /// What to type as 证件号码后六位.
    pub id_tail: String,
    /// Whose last six those are.
    pub document: Document,
}

redacted_debug!(FiledPerson);

impl Filed {
    /// How far the verification of one of them is; none where there is none.
    pub fn state_of(&self, person: &FiledPerson) -> Option<VerificationState> {
        let rows = self.view.verifications.iter().map(|one| &one.row);
        let is_theirs = |pointer: &String| person.pointers.contains(pointer);
        let mut theirs = rows.filter(|row| row.principals.0.iter().any(is_theirs));
        theirs.next().map(|row| row.state)
    }
}

/// Files a case with new people, as the provider `demo`, at the clock's time.
///
/// # Errors
/// What the database says.
pub async fn file(services: &Services, scenario: &Scenario) -> Result<Filed> {
    let provider = demo_provider(services).await?;
    let draft = scenario.draft(Cast(&services.random));
    let mut view = submit(services, provider, draft.clone()).await?;
    if scenario.resubmitted {
        let first = view.row.id;
        match withdraw::withdraw(services, provider, first).await {
            Ok(_) => {
                let resubmits = Some(first.to_string());
                view = submit(services, provider, FilingDraft { resubmits, ..draft }).await?;
            }
            // at a time when it goes straight to the bureau
            Err(FlowError::Ended(_)) => {}
            Err(error) => return Err(error),
        }
    }
    with_persons(services, view).await
}

/// The newest requests, whosever they are, newest first.
///
/// # Errors
/// What the database says; `Key` or `Corrupt`: a stored value does not open.
pub async fn newest(services: &Services, limit: i64) -> Result<Vec<Filed>> {
    let mut tx = services.db.read().await?;
    let ids = filing_requests::newest(&mut tx, limit).await?;
    drop(tx);
    let mut filed = Vec::with_capacity(ids.len());
    for id in ids {
        match look_up::any(services, id).await {
            Ok(view) => filed.push(with_persons(services, view).await?),
            // emptied in the meantime
            Err(FlowError::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filed)
}

pub(super) async fn submit(
    services: &Services,
    provider: ProviderId,
    draft: FilingDraft,
) -> Result<RequestView> {
    submit::submit(services, provider, draft, None).await
}

/// The provider that files here, added where there is none.
pub(super) async fn demo_provider(services: &Services) -> Result<ProviderId> {
    providers::demo(services).await?;
    let found = providers::by_name(services, providers::DEMO).await?;
    Ok(found.ok_or(FlowError::Busy)?.id)
}

async fn with_persons(services: &Services, view: RequestView) -> Result<Filed> {
    let persons = match content(services, view.row.id).await? {
        Some(filing) => persons(&filing, view.policy.as_ref()),
        None => Vec::new(),
    };
    Ok(Filed { view, persons })
}

async fn content(services: &Services, id: RequestId) -> Result<Option<Filing>> {
    let mut tx = services.db.read().await?;
    match review_phone::filing(&mut tx, services, id).await {
        Ok(filing) => Ok(Some(filing)),
        Err(FlowError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Same phone = same person, as where they are verified.
fn persons(filing: &Filing, policy: Option<&Policy>) -> Vec<FiledPerson> {
    let hk_macau_tail = policy.map_or(HkMacauTail::Permit, |policy| policy.hk_macau_tail);
    let mut persons: Vec<FiledPerson> = Vec::new();
    for (pointer, principal) in filing.principals() {
        let phone = principal.phone.as_str();
        match persons.iter_mut().find(|person| person.phone == phone) {
            Some(person) => person.pointers.push(pointer),
            None => persons.push(FiledPerson {
                pointers: vec![pointer],
                name: principal.name.clone(),
                phone: phone.to_owned(),
                id_tail: principal
                    .document
                    .id_tail(hk_macau_tail)
                    .as_str()
                    .to_owned(),
                document: principal.document.clone(),
            }),
        }
    }
    persons
}
