//! A filing request in JSON, as its provider sees it: what GET answers and what webhooks carry. Names and phones are masked,
//! and null once the persons' data is gone.

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::look_up::{RequestView, SmsView, VerificationView};
use crate::domain::{
    message::SmsState,
    outcome::return_advice,
    policy::Policy,
    province::Province,
    returned::{self, Unverified},
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
    /// The request that replaces this one.
    #[schema(required)]
    pub resubmitted_by: Option<String>,
    /// How far it is.
    pub state: RequestState,
    /// Why it was returned.
    #[schema(required)]
    pub return_reason: Option<ReturnReason>,
    /// Who did not verify and why, or what the bureau said when it returned it; in Chinese, to be passed on.
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
    /// Why it came to nothing; null if it did not.
    #[schema(required)]
    pub failure_reason: Option<ReturnReason>,
    /// The same as a sentence with the person, in Chinese, to be passed on.
    #[schema(required)]
    pub failure_detail: Option<String>,
    /// Its SMS, oldest first.
    pub sms: Vec<SmsOfVerification>,
}

/// An SMS, and how far it is.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Sms)]
pub struct SmsOfVerification {
    /// How far it is.
    pub state: SmsState,
    /// When it was queued.
    #[serde(with = "serde_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub queued_at: DateTime<Utc>,
    /// A ceiling or a gateway's pace keeps it back until then; until it has been accepted, the deadline waits as well.
    #[serde(serialize_with = "time_or_null")]
    #[schema(required, value_type = Option<String>, format = DateTime)]
    pub held_until: Option<DateTime<Utc>>,
    /// When a gateway took it.
    #[serde(serialize_with = "time_or_null")]
    #[schema(required, value_type = Option<String>, format = DateTime)]
    pub accepted_at: Option<DateTime<Utc>>,
    /// When a receipt said that it is on the phone.
    #[serde(serialize_with = "time_or_null")]
    #[schema(required, value_type = Option<String>, format = DateTime)]
    pub delivered_at: Option<DateTime<Utc>>,
}

impl From<SmsView> for SmsOfVerification {
    fn from(view: SmsView) -> Self {
        let SmsView {
            state,
            queued_at,
            held_until,
            accepted_at,
            delivered_at,
        } = view;
        Self {
            state,
            queued_at,
            held_until,
            accepted_at,
            delivered_at,
        }
    }
}

impl From<RequestView> for FilingRequest {
    fn from(view: RequestView) -> Self {
        let row = view.row;
        let returned = row.state == RequestState::Returned;
        let max_wrong_tries = view
            .policy
            .as_ref()
            .map_or(0, |policy| policy.max_wrong_tries);
        let verifications = view.verifications.into_iter();
        let verifications: Vec<_> = verifications
            .map(|one| VerificationOfRequest::new(one, max_wrong_tries))
            .collect();
        let return_detail = row.return_detail.or_else(|| {
            row.return_reason
                .map(|reason| return_detail(reason, &verifications))
        });
        Self {
            id: row.id.to_string(),
            province: row.province,
            kind: row.kind,
            provider_reference: row.provider_reference,
            resubmits: row.resubmits.map(|id| id.to_string()),
            resubmitted_by: view.resubmitted_by.map(|id| id.to_string()),
            state: row.state,
            return_reason: row.return_reason,
            return_detail,
            return_advice: returned.then(|| return_advice(row.kind)),
            submitted_at: row.submitted_at,
            ended_at: row.ended_at,
            policy: view.policy,
            verifications,
        }
    }
}

/// Who did not verify, one sentence each; or that the bureau rejected the number without a word.
fn return_detail(reason: ReturnReason, verifications: &[VerificationOfRequest]) -> String {
    if reason == ReturnReason::PhoneChangeRejected {
        return returned::PHONE_CHANGE_REJECTED.to_owned();
    }
    let failed = verifications.iter();
    failed
        .filter_map(|one| one.failure_detail.as_deref())
        .collect()
}

impl VerificationOfRequest {
    fn new(view: VerificationView, max_wrong_tries: u32) -> Self {
        let (row, person) = (view.row, view.person);
        let name_masked = person.as_ref().map(|person| mask_name(&person.name));
        let phone_masked = person.as_ref().map(|person| person.phone.masked());
        let failure_reason = returned::why(row.state, row.wrong_tries, max_wrong_tries);
        let failure_detail = failure_reason.map(|reason| {
            let unverified = Unverified {
                principals: &row.principals.0,
                name: name_masked.as_deref(),
                phone: phone_masked.as_deref(),
                reason,
                wrong_tries: row.wrong_tries,
                sent: row.first_sent_at.is_some(),
                expires_at: row.expires_at,
            };
            unverified.sentence()
        });
        Self {
            id: row.id.to_string(),
            principals: row.principals.0,
            name_masked,
            phone_masked,
            state: row.state,
            wrong_tries: row.wrong_tries,
            manual_resends: row.manual_resends,
            first_sent_at: row.first_sent_at,
            expires_at: row.expires_at,
            verified_at: row.verified_at,
            sms: view.sms.into_iter().map(SmsOfVerification::from).collect(),
            failure_reason,
            failure_detail,
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
