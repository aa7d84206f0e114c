//! Query parameters and the `Idempotency-Key` header. What is not known is refused: a misspelt filter would list all.

use std::{borrow::Cow, collections::BTreeMap, fmt::Display};

use actix_web::HttpRequest;
use chrono::{DateTime, Utc};
use url::form_urlencoded;

use super::problem::{Problem, ProblemType};
use crate::{
    domain::{
        delivery::DeliveryState,
        filing::text_problem,
        province::Province,
        time::parse_time,
        words::{FilingKind, RequestState},
    },
    store::{filing_requests::Filter, webhooks::DeliveryFilter},
};

/// Requests on a page, if the caller does not say.
pub const DEFAULT_LIMIT: usize = 20;
/// The most.
pub const MAX_LIMIT: usize = 100;
const MAX_KEY: usize = 255;

/// What a list is asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct ListQuery<'a> {
    state: Option<RequestState>,
    kind: Option<FilingKind>,
    province: Option<Province>,
    reference: Option<Cow<'a, str>>,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    /// Where to go on.
    pub cursor: Option<Cow<'a, str>>,
    /// How many on a page.
    pub limit: usize,
}

impl<'a> ListQuery<'a> {
    /// Reads a query string; a parameter without value is as good as none.
    pub fn parse(query: &'a str) -> Result<Self, Problem> {
        let known = [
            "state",
            "kind",
            "province",
            "provider_reference",
            "submitted_from",
            "submitted_to",
            "cursor",
            "limit",
        ];
        let mut given = parameters(query, &known)?;
        let mut take = |name| given.remove(name);
        let province = take("province").map(|slug| {
            Province::from_slug(&slug)
                .ok_or_else(|| invalid("province must be one of the 31 slugs, such as gansu"))
        });
        let reference = take("provider_reference").map(|text| match text_problem(&text) {
            None => Ok(text),
            Some(detail) => Err(invalid(format!("provider_reference {detail}"))),
        });
        Ok(Self {
            state: word("state", take("state"), RequestState::ALL)?,
            kind: word("kind", take("kind"), FilingKind::ALL)?,
            province: province.transpose()?,
            reference: reference.transpose()?,
            from: time("submitted_from", take("submitted_from"))?,
            to: time("submitted_to", take("submitted_to"))?,
            cursor: take("cursor"),
            limit: limit(take("limit").as_deref())?,
        })
    }

    /// Which of the provider's requests are listed.
    pub fn filter(&self) -> Filter<'_> {
        Filter {
            state: self.state,
            kind: self.kind,
            province: self.province,
            reference: self.reference.as_deref(),
            from: self.from,
            to: self.to,
        }
    }
}

/// One of the words of a closed set.
fn word<T: Copy + Display>(
    name: &str,
    given: Option<Cow<'_, str>>,
    all: &[T],
) -> Result<Option<T>, Problem> {
    let Some(given) = given else { return Ok(None) };
    let found = all.iter().find(|word| word.to_string() == given);
    found.copied().map(Some).ok_or_else(|| {
        let words: Vec<_> = all.iter().map(ToString::to_string).collect();
        invalid(format!("{name} must be one of {}", words.join(", ")))
    })
}

fn time(name: &str, given: Option<Cow<'_, str>>) -> Result<Option<DateTime<Utc>>, Problem> {
    // the + of an offset that nobody encoded reads as a space
    let time = given.map(|text| parse_time(&text.replace(' ', "+")));
    time.transpose()
        .map_err(|error| invalid(format!("{name} is {error}")))
}

/// What a list of webhook deliveries is asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct DeliveryQuery<'a> {
    /// Which deliveries.
    pub filter: DeliveryFilter,
    /// Where to go on.
    pub cursor: Option<Cow<'a, str>>,
    /// How many on a page.
    pub limit: usize,
}

impl<'a> DeliveryQuery<'a> {
    /// Reads a query string; a parameter without value is as good as none.
    pub fn parse(query: &'a str) -> Result<Self, Problem> {
        let mut given = parameters(query, &["request_id", "state", "cursor", "limit"])?;
        let mut take = |name| given.remove(name);
        let request = take("request_id").map(|id| {
            let wrong = |_| invalid("request_id must be the id of a request, fr_…");
            id.parse().map_err(wrong)
        });
        Ok(Self {
            filter: DeliveryFilter {
                request: request.transpose()?,
                state: word("state", take("state"), DeliveryState::ALL)?,
            },
            limit: limit(take("limit").as_deref())?,
            cursor: take("cursor"),
        })
    }
}

fn limit(given: Option<&str>) -> Result<usize, Problem> {
    let Some(limit) = given else {
        return Ok(DEFAULT_LIMIT);
    };
    let number = limit.parse().ok();
    number
        .filter(|limit| (1..=MAX_LIMIT).contains(limit))
        .ok_or_else(|| invalid(format!("limit must be a number from 1 to {MAX_LIMIT}")))
}

/// How many rows to fetch for a page: one more than it shows tells whether another page follows.
pub fn one_more(limit: usize) -> i64 {
    i64::try_from(limit + 1).unwrap_or(i64::MAX)
}

/// Cuts what was fetched to a page; the last row on it, if another page follows.
pub fn cut<T>(rows: &mut Vec<T>, limit: usize) -> Option<&T> {
    let more = rows.len() > limit;
    rows.truncate(limit);
    rows.last().filter(|_| more)
}

/// The same of a list of webhook deliveries.
pub fn bad_delivery_cursor() -> Problem {
    invalid("cursor must be a next_cursor of the same list: the same key, request_id and state")
}

/// The cursor is none of ours, or of another list.
pub fn bad_cursor() -> Problem {
    invalid("cursor must be a next_cursor of the same list: the same key and filters")
}

/// A path without parameters.
pub fn none(query: &str) -> Result<(), Problem> {
    parameters(query, &[]).map(drop)
}

/// The parameters given with a value, each known and given once.
fn parameters<'a>(
    query: &'a str,
    known: &[&'static str],
) -> Result<BTreeMap<&'static str, Cow<'a, str>>, Problem> {
    let mut given = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let Some(&name) = known.iter().find(|&&known| known == name) else {
            return Err(invalid(if known.is_empty() {
                "this path takes no query parameters".to_owned()
            } else {
                format!(
                    "unknown query parameter; this path takes {}",
                    known.join(", ")
                )
            }));
        };
        if given.insert(name, value).is_some() {
            return Err(invalid(format!("{name} is given twice")));
        }
    }
    given.retain(|_, value| !value.is_empty());
    Ok(given)
}

/// The header's value: 1 to 255 visible ASCII characters, given once.
pub fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let mut values = request.headers().get_all("idempotency-key");
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let bytes = value.as_bytes();
    let visible = bytes.iter().all(u8::is_ascii_graphic);
    match value.to_str() {
        Ok(key) if visible && (1..=MAX_KEY).contains(&bytes.len()) && values.next().is_none() => {
            Ok(Some(key.to_owned()))
        }
        _ => Err(invalid(format!(
            "Idempotency-Key must be given once and be 1 to {MAX_KEY} visible ASCII characters"
        ))),
    }
}

fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(ProblemType::InvalidParameter, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_known() {
        let query = ListQuery::parse(
            "state=returned&kind=change&province=gansu&provider_reference=%E5%8D%95%201&limit=100&cursor=abc\
            &submitted_from=2018-09-10T08:00+08:00&submitted_to=2018-09-11T00:00:00Z",
        )
        .unwrap();
        let filter = Filter {
            state: Some(RequestState::Returned),
            kind: Some(FilingKind::Change),
            province: Some(Province::Gansu),
            reference: Some("单 1"),
            from: parse_time("2018-09-10T00:00Z").ok(),
            to: parse_time("2018-09-11T00:00Z").ok(),
        };
        assert_eq!(query.filter(), filter);
        assert_eq!((query.limit, query.cursor.as_deref()), (100, Some("abc")));
        let empty =
            ListQuery::parse("state=&kind=&province=&submitted_to=&cursor=&limit=").unwrap();
        assert_eq!(empty, ListQuery::parse("").unwrap());
        assert_eq!(empty.limit, DEFAULT_LIMIT);
    }

    #[test]
    fn refuses_the_rest_and_repeats_none_of_it() {
        for bad in [
            "states=returned",
            "state=done",
            "province=hn",
            "limit=0",
            "limit=101",
            "limit=-1",
            "limit=ten",
            "limit=5&limit=5",
            "%00=1",
            "state=%FF",
            "kind=done",
            "provider_reference=%00",
            "submitted_from=2018-09-10",
            "submitted_to=done",
        ] {
            let problem = ListQuery::parse(bad).unwrap_err().to_string();
            assert!(problem.contains("invalid-parameter"), "{bad}");
            assert!(!problem.contains("done") && !problem.contains("hn,"));
        }
        assert!(none("a=1").is_err() && none("").is_ok());
    }
}
