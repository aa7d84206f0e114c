//! The lists of the console, a page at a time, each of what the reader's bureau is concerned with.

use super::sessions::Session;
use crate::{
    domain::{ids::RequestId, phone::Phone, province::Province, staff::Staff, text::mask_name},
    flow::{Result, Services, aggregate::Person, candidates, hashes},
    keys::Cell,
    store::{
        Tx, filing_phones, filing_requests,
        staff::desk::{self, ContactRow, DeskRow},
    },
};

/// Rows a page.
pub const ROWS: i64 = 20;
/// Providers' references need not be unique, and a person may have many filings: so many of the newest are shown.
const FOUND: u8 = 50;

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// Its rows.
    pub rows: Vec<T>,
    /// There is another page after it.
    pub more: bool,
}

/// A contact that passed, masked.
#[derive(Debug, Clone)]
pub struct Contact {
    /// The request.
    pub request_id: RequestId,
    /// For which bureau.
    pub province: Province,
    /// `王**`
    pub name_masked: String,
    /// `138****8000`
    pub phone_masked: String,
    /// JSON pointers to the principals whose phone it is.
    pub principals: Vec<String>,
    /// When it passed.
    pub verified_at: chrono::DateTime<chrono::Utc>,
}

/// What somebody looks for.
pub enum Wanted {
    /// Our number of a request.
    Id(RequestId),
    /// The provider's own name for it.
    Reference(String),
    /// A principal's phone.
    Phone(Phone),
}

/// Whose rows are shown: a province's people see their own, national accounts those they ask for.
fn scope(staff: &Staff, asked: Option<Province>) -> Option<Province> {
    staff.province.or(asked)
}

/// From the number of a page, from 1, to what the database is asked for: one row more tells whether there is another page.
pub(super) fn rows_of(page: u32) -> (i64, i64) {
    (ROWS + 1, i64::from(page.max(1) - 1) * ROWS)
}

impl<T> Page<T> {
    pub(super) fn of(mut rows: Vec<T>) -> Self {
        let most = usize::try_from(ROWS).unwrap_or(usize::MAX);
        let more = rows.len() > most;
        rows.truncate(most);
        Self { rows, more }
    }
}

/// Handed over and not taken up yet, the oldest first.
///
/// # Errors
/// What the database says.
pub async fn queue(
    services: &Services,
    session: &Session,
    province: Option<Province>,
    page: u32,
) -> Result<Page<DeskRow>> {
    let mut tx = services.db.read().await?;
    let province = scope(&session.staff, province);
    Ok(Page::of(
        desk::queue(&mut tx, province, rows_of(page)).await?,
    ))
}

/// Changed numbers under review, the oldest first.
///
/// # Errors
/// What the database says.
pub async fn reviews(
    services: &Services,
    session: &Session,
    province: Option<Province>,
    page: u32,
) -> Result<Page<DeskRow>> {
    let mut tx = services.db.read().await?;
    let province = scope(&session.staff, province);
    Ok(Page::of(
        desk::reviews(&mut tx, province, rows_of(page)).await?,
    ))
}

/// Contacts that passed (S2: 验证通过后的联系人将在备案系统中予以显示), the newest first.
///
/// # Errors
/// What the database or the keys say.
pub async fn contacts(
    services: &Services,
    session: &Session,
    province: Option<Province>,
    page: u32,
) -> Result<Page<Contact>> {
    let mut tx = services.db.read().await?;
    let province = scope(&session.staff, province);
    let rows = desk::contacts(&mut tx, province, rows_of(page)).await?;
    drop(tx);
    let contacts = rows.into_iter().map(|row| contact(services, row));
    Ok(Page::of(contacts.collect::<Result<_>>()?))
}

fn contact(services: &Services, row: ContactRow) -> Result<Contact> {
    let person = match &row.person {
        Some(sealed) => {
            let cell = Cell {
                table: "verifications",
                column: "person",
                row: row.id.0.as_bytes(),
            };
            let person: Person = serde_json::from_slice(&services.keys.open(cell, sealed)?)?;
            Some(person)
        }
        None => None,
    };
    Ok(Contact {
        request_id: row.request_id,
        province: row.province,
        name_masked: person
            .as_ref()
            .map_or_else(String::new, |one| mask_name(&one.name)),
        phone_masked: person
            .as_ref()
            .map_or_else(String::new, |one| one.phone.masked()),
        principals: row.principals.0,
        verified_at: row.verified_at,
    })
}

/// The requests that somebody looks for, the newest first; those of other bureaus are not found.
///
/// # Errors
/// What the database says.
pub async fn search(
    services: &Services,
    session: &Session,
    wanted: Wanted,
) -> Result<Vec<DeskRow>> {
    let mut tx = services.db.read().await?;
    let mut ids = match wanted {
        Wanted::Id(id) => vec![id],
        Wanted::Reference(reference) => {
            let most = i64::from(FOUND);
            let rows = match session.staff.province {
                Some(own) => {
                    filing_requests::by_reference_in(&mut tx, &reference, own, most).await?
                }
                None => filing_requests::by_reference(&mut tx, &reference, most).await?,
            };
            rows.into_iter().map(|row| row.id).collect()
        }
        Wanted::Phone(phone) => of_phone(&mut tx, services, &phone, session).await?,
    };
    ids.truncate(FOUND.into());
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let row = desk::load(&mut tx, id).await?;
        found.extend(row.filter(|row| session.staff.covers(row.province)));
    }
    Ok(found)
}

async fn of_phone(
    tx: &mut Tx,
    services: &Services,
    phone: &Phone,
    session: &Session,
) -> Result<Vec<RequestId>> {
    let found = candidates::of_phone(tx, services, phone, session.staff.province).await?;
    let mut ids: Vec<_> = found
        .into_iter()
        .map(|one| one.verification.request_id)
        .collect();
    // and where nobody is verified
    for hash in hashes::phones(&services.keys, phone) {
        let (own, most) = (session.staff.province, i64::from(FOUND));
        ids.extend(filing_phones::requests(tx, &hash.value, own, most).await?);
    }
    ids.sort_unstable_by(|a, b| b.cmp(a));
    ids.dedup();
    Ok(ids)
}
