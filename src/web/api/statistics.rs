//! What became of the provider's own requests, counted as it happens: the answer takes the same time however many there are.

use actix_web::{
    HttpRequest,
    web::{Data, Json},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{caller::Caller, problem::Problem, query};
use crate::{
    domain::{
        province::Province,
        statistics::{Counted, Took, Totals},
        words::ReturnReason,
    },
    flow::{Services, statistics},
};

/// What became of the provider's requests in the last 30 days. Each thing is counted on the day (Asia/Shanghai) on which it
/// happened, within a few seconds.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Statistics {
    /// Today so far.
    pub today: Counts,
    /// All of the last 30 days.
    pub last_30_days: Counts,
    /// Each of them, the oldest first; the last is today.
    pub days: Vec<CountsOfDay>,
    /// The same 30 days for each province with requests of the provider's.
    pub provinces: Vec<CountsOfProvince>,
}

/// How often each thing happened.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Counts {
    /// Requests filed.
    #[schema(minimum = 0)]
    pub filed: i64,
    /// Phones to be verified.
    #[schema(minimum = 0)]
    pub phones: i64,
    /// Phones whose first SMS was accepted by a gateway.
    #[schema(minimum = 0)]
    pub sent: i64,
    /// Phones that have an SMS, as a receipt says.
    #[schema(minimum = 0)]
    pub delivered: i64,
    /// Phones verified.
    #[schema(minimum = 0)]
    pub verified: i64,
    /// Requests handed over to the bureau.
    #[schema(minimum = 0)]
    pub handed_over: i64,
    /// Requests returned, by reason.
    pub returned: Vec<Returned>,
    /// Requests withdrawn.
    #[schema(minimum = 0)]
    pub withdrawn: i64,
    /// Seconds from the first SMS to the verification that half of the phones took at most, from counts in classes of time;
    /// null: none was verified.
    #[schema(required)]
    pub median_seconds: Option<i64>,
    /// The same of nine in ten.
    #[schema(required)]
    pub ninety_percent_seconds: Option<i64>,
}

/// Requests returned for a reason.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Returned {
    /// Why.
    pub reason: ReturnReason,
    /// How many.
    #[schema(minimum = 0)]
    pub count: i64,
}

/// A day's counts.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CountsOfDay {
    /// In Asia/Shanghai.
    #[schema(format = Date, example = "2026-11-26")]
    pub day: String,
    /// What happened then.
    pub counts: Counts,
}

/// A province's counts.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CountsOfProvince {
    /// Which.
    pub province: Province,
    /// What happened there.
    pub counts: Counts,
}

impl From<&Totals> for Counts {
    fn from(totals: &Totals) -> Self {
        let returned = ReturnReason::ALL.iter().map(|&reason| Returned {
            reason,
            count: totals.get(Counted::returned(reason)),
        });
        Self {
            filed: totals.get(Counted::Filed),
            phones: totals.get(Counted::Phones),
            sent: totals.get(Counted::Sent),
            delivered: totals.get(Counted::Delivered),
            verified: totals.get(Counted::Verified),
            handed_over: totals.get(Counted::HandedOver),
            returned: returned.collect(),
            withdrawn: totals.get(Counted::Withdrawn),
            median_seconds: totals.took(50).map(seconds),
            ninety_percent_seconds: totals.took(90).map(seconds),
        }
    }
}

fn seconds(took: Took) -> i64 {
    match took {
        Took::About(time) | Took::Longer(time) => time.num_seconds(),
    }
}

impl From<statistics::Statistics> for Statistics {
    fn from(told: statistics::Statistics) -> Self {
        let days = told.days.iter().map(|(day, totals)| CountsOfDay {
            day: day.clone(),
            counts: totals.into(),
        });
        let provinces = told
            .provinces
            .iter()
            .map(|(province, totals)| CountsOfProvince {
                province: *province,
                counts: totals.into(),
            });
        Self {
            today: (&told.today()).into(),
            last_30_days: (&told.month).into(),
            days: days.collect(),
            provinces: provinces.collect(),
        }
    }
}

/// Counts what became of the provider's requests in the last 30 days.
#[utoipa::path(
    get,
    path = "/api/v1/statistics",
    operation_id = "get_statistics",
    tag = "statistics",
    responses((status = 200, description = "The counts", body = Statistics)),
)]
pub async fn show(
    services: Data<Services>,
    caller: Caller,
    request: HttpRequest,
) -> Result<Json<Statistics>, Problem> {
    query::none(request.query_string())?;
    let told = statistics::of_provider(&services, caller.0).await?;
    Ok(Json(told.into()))
}
