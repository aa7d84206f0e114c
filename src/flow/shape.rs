//! A filing request in JSON, as its provider sees it: what GET answers and what webhooks carry. Names and phones are masked,
//! and null once the persons' data is gone.

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::look_up::{RequestView, VerificationView};
use crate::domain::{
    outcome::return_advice,
    policy::Policy,
    province::Province,
    text::mask_name,
    time::{rfc3339, serde_rfc3339},
    words::{FilingKind, RequestState, ReturnReason, VerificationState},
};

/// A filing request as its provider sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FilingRequest {
    /// Its identifier.
    #[schema(example = "fr_01J00000000000000000000000")]
    pub id: String,
    /// The province whose bureau decides.
    pub province: Province,
    /// 备案类型
    pub kind: FilingKind,
    /// The provider's own number.
    #[schema(required)]
    pub provider_reference: Option<String>,
    /// The request that this one replaces.
    #[schema(required)]
    pub resubmits: Option<String>,
    /// How far it is.
    pub state: RequestState,
    /// Why it was returned.
    #[schema(required)]
    pub return_reason: Option<ReturnReason>,
    /// What the bureau said when it returned it.
    #[schema(required)]
    pub return_detail: Option<String>,
    /// What to do after a return, in Chinese.
    #[schema(required)]
    pub return_advice: Option<&'static str>,
    /// When it was submitted, +08:00.
    #[serde(with = "serde_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub submitted_at: DateTime<Utc>,
    /// When it was handed over, returned or withdrawn.
    #[serde(serialize_with = "time_or_null")]
    #[schema(required, value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<DateTime<Utc>>,
    /// The policy that it came under; null where the province was not covered.
    #[schema(required)]
    pub policy: Option<Policy>,
    /// One for each distinct phone; empty where nobody is verified.
    pub verifications: Vec<VerificationOfRequest>,
}

/// The verification of one phone.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Verification)]
pub struct VerificationOfRequest {
    /// Its identifier.
    #[schema(example = "vf_01J00000000000000000000000")]
    pub id: String,
    /// JSON pointers to the principals, in the filing as it was submitted, whose phone it is.
    #[schema(example = json!(["/subject/principal"]))]
    pub principals: Vec<String>,
    /// `王**`
    #[schema(required)]
    pub name_masked: Option<String>,
    /// `138****8000`
    #[schema(required)]
    pub phone_masked: Option<String>,
    /// How far it is.
    pub state: VerificationState,
    /// Wrong tries counted.
    #[schema(minimum = 0)]
    pub wrong_tries: i64,
    /// Resends that the principal asked for.
    #[schema(minimum = 0)]
    pub manual_resends: i64,
    /// When a gateway accepted the first SMS.
    #[serde(serialize_with = "time_or_null")]
    #[schema(required, value_type = Option<String>, format = DateTime)]
    pub first_sent_at: Option<DateTime<Utc>>,
    /// From then on it is too late.
    #[serde(with = "serde_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: DateTime<Utc>,
    /// When it was verified.
    #[serde(serialize_with = "time_or_null")]
    #[schema(required, value_type = Option<String>, format = DateTime)]
    pub verified_at: Option<DateTime<Utc>>,
}

impl From<RequestView> for FilingRequest {
    fn from(view: RequestView) -> Self {
        let row = view.row;
        let returned = row.state == RequestState::Returned;
        let verifications = view.verifications.into_iter();
        Self {
            id: row.id.to_string(),
            province: row.province,
            kind: row.kind,
            provider_reference: row.provider_reference,
            resubmits: row.resubmits.map(|id| id.to_string()),
            state: row.state,
            return_reason: row.return_reason,
            return_detail: row.return_detail,
            return_advice: returned.then(|| return_advice(row.kind)),
            submitted_at: row.submitted_at,
            ended_at: row.ended_at,
            policy: view.policy,
            verifications: verifications.map(VerificationOfRequest::from).collect(),
        }
    }
}

impl From<VerificationView> for VerificationOfRequest {
    fn from(view: VerificationView) -> Self {
        let (row, person) = (view.row, view.person);
        Self {
            id: row.id.to_string(),
            principals: row.principals.0,
            name_masked: person.as_ref().map(|person| mask_name(&person.name)),
            phone_masked: person.as_ref().map(|person| person.phone.masked()),
            state: row.state,
            wrong_tries: row.wrong_tries,
            manual_resends: row.manual_resends,
            first_sent_at: row.first_sent_at,
            expires_at: row.expires_at,
            verified_at: row.verified_at,
        }
    }
}

/// RFC 3339 in +08:00, or null.
///
/// # Errors
/// The serializer's.
pub fn time_or_null<S: Serializer>(
    at: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    at.map(rfc3339).serialize(serializer)
}
