//! A provider's list of its requests. Filters come from a closed set of constant statements, one for each combination, so
//! that each goes by an index; times need none of their own, since identifiers sort by submission.

use uuid::Uuid;

use super::{RequestRow, columns};
use crate::{
    domain::{
        ids::{ProviderId, RequestId},
        province::Province,
        words::{FilingKind, RequestState},
    },
    store::{
        At, Result, Tx, all, on,
        verifications::{self, VerificationRow},
    },
};

/// Which of a provider's requests are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter<'a> {
    /// In this state only.
    pub state: Option<RequestState>,
    /// Of this kind only.
    pub kind: Option<FilingKind>,
    /// Of this province only.
    pub province: Option<Province>,
    /// Of this name of the provider's only.
    pub reference: Option<&'a str>,
    /// Submitted then or later.
    pub from: Option<At>,
    /// Submitted before.
    pub to: Option<At>,
}

/// A request, and what it was resubmitted as.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct OwnRow {
    /// The request.
    #[sqlx(flatten)]
    pub row: RequestRow,
    /// The one that resubmits it.
    pub resubmitted_by: Option<RequestId>,
}

/// A request of a list, with all of its verifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The request.
    pub own: OwnRow,
    /// Its verifications, in their order.
    pub verifications: Vec<VerificationRow>,
}

/// The two statements of a list by so many columns: its requests, and the verifications of the same ones.
macro_rules! statements {
    () => { statements!(@both "", "$4") };
    ($a:literal) => { statements!(@both concat!(" AND ", $a, " = $4"), "$5") };
    ($a:literal $b:literal) => { statements!(@both concat!(" AND ", $a, " = $4 AND ", $b, " = $5"), "$6") };
    ($a:literal $b:literal $c:literal) => {
        statements!(@both concat!(" AND ", $a, " = $4 AND ", $b, " = $5 AND ", $c, " = $6"), "$7")
    };
    ($a:literal $b:literal $c:literal $d:literal) => {
        statements!(@both
            concat!(" AND ", $a, " = $4 AND ", $b, " = $5 AND ", $c, " = $6 AND ", $d, " = $7"), "$8")
    };
    (@both $filter:expr, $limit:literal) => {
        (
            concat!(
                "SELECT ",
                columns!(),
                ", (SELECT n.id FROM filing_requests n WHERE n.resubmits = filing_requests.id) AS resubmitted_by",
                statements!(@from $filter, $limit)
            ),
            concat!(
                "SELECT ",
                verifications::columns!(),
                " FROM verifications v WHERE v.request_id IN (SELECT id",
                statements!(@from $filter, $limit),
                ") ORDER BY v.request_id, v.ordinal"
            ),
        )
    };
    (@from $filter:expr, $limit:literal) => {
        concat!(
            " FROM filing_requests WHERE provider_id = $1 AND id BETWEEN $2 AND $3",
            $filter,
            " ORDER BY id DESC LIMIT ",
            $limit
        )
    };
}

/// A provider's requests before (older than) the cursor, newest first.
pub async fn list(
    tx: &mut Tx,
    provider: ProviderId,
    filter: Filter<'_>,
    before: Option<RequestId>,
    limit: i64,
) -> Result<Vec<Listed>> {
    let first_at = |at: At| RequestId::new(at, [0; 10]);
    let end = before.into_iter().chain(filter.to.map(first_at)).min();
    // by BETWEEN: beside two comparisons SQLite takes the index of all requests, not that of a filter
    let newest = end.map_or(Uuid::max(), |end| {
        Uuid::from_u128(end.0.as_u128().saturating_sub(1))
    });
    let newest = RequestId(newest);
    let oldest = filter.from.map_or(RequestId(Uuid::nil()), first_at);
    macro_rules! by {
        ($($column:literal = $value:expr),*) => {{
            const LIST: (&str, &str) = statements!($($column)*);
            (
                all!(tx, LIST.0, provider, oldest, newest $(, $value)*, limit)?,
                all!(tx, LIST.1, provider, oldest, newest $(, $value)*, limit)?,
            )
        }};
    }
    let Filter {
        state,
        kind,
        province,
        reference,
        ..
    } = filter;
    #[rustfmt::skip]
    let (requests, verifications): (Vec<OwnRow>, Vec<VerificationRow>) =
        match (state, kind, province, reference) {
            (None, None, None, None) => by!(),
            (Some(s), None, None, None) => by!("state" = s),
            (None, Some(k), None, None) => by!("kind" = k),
            (None, None, Some(p), None) => by!("province" = p),
            (None, None, None, Some(r)) => by!("provider_reference" = r),
            (Some(s), Some(k), None, None) => by!("state" = s, "kind" = k),
            (Some(s), None, Some(p), None) => by!("state" = s, "province" = p),
            (Some(s), None, None, Some(r)) => by!("state" = s, "provider_reference" = r),
            (None, Some(k), Some(p), None) => by!("kind" = k, "province" = p),
            (None, Some(k), None, Some(r)) => by!("kind" = k, "provider_reference" = r),
            (None, None, Some(p), Some(r)) => by!("province" = p, "provider_reference" = r),
            (Some(s), Some(k), Some(p), None) => by!("state" = s, "kind" = k, "province" = p),
            (Some(s), Some(k), None, Some(r)) => by!("state" = s, "kind" = k, "provider_reference" = r),
            (Some(s), None, Some(p), Some(r)) => by!("state" = s, "province" = p, "provider_reference" = r),
            (None, Some(k), Some(p), Some(r)) => by!("kind" = k, "province" = p, "provider_reference" = r),
            (Some(s), Some(k), Some(p), Some(r)) =>
                by!("state" = s, "kind" = k, "province" = p, "provider_reference" = r),
        };
    let mut listed: Vec<_> = requests
        .into_iter()
        .map(|own| Listed {
            own,
            verifications: Vec::new(),
        })
        .collect();
    for verification in verifications {
        // newest first: the list falls by identifier
        let found = listed.binary_search_by(|one| verification.request_id.cmp(&one.own.row.id));
        if let Ok(place) = found {
            listed[place].verifications.push(verification);
        }
    }
    Ok(listed)
}
