//! The JSON of a filing as a provider sends it: known members only, absent = null, nothing judged yet.

use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use crate::domain::{
    province::Province,
    text::redacted_debug,
    words::{DocumentType, FilingKind, ServiceType},
};

/// A filing request as it is sent.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FilingDraft {
    /// The province whose bureau decides.
    pub province: Province,
    /// 备案类型
    pub kind: FilingKind,
    /// The provider's own number, 1 to 100 characters; need not be unique.
    pub provider_reference: Option<String>,
    /// The id of an own request, returned or withdrawn, that this one replaces.
    #[schema(example = "fr_01J00000000000000000000000")]
    pub resubmits: Option<String>,
    /// 主体: the organiser.
    pub subject: Option<SubjectDraft>,
    /// 网站, 服务
    #[serde(default, deserialize_with = "null_is_empty")]
    #[schema(value_type = Option<Vec<SiteDraft>>)]
    pub sites: Vec<SiteDraft>,
}

/// 主体, 主办单位
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubjectDraft {
    /// The organiser's name.
    pub name: String,
    /// 主体负责人
    pub principal: PrincipalDraft,
}

/// 网站 or another service.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteDraft {
    /// Its name.
    pub name: String,
    /// Its domains; a website needs one.
    #[serde(default, deserialize_with = "null_is_empty")]
    #[schema(value_type = Option<Vec<String>>)]
    pub domains: Vec<String>,
    /// What it is; left out: a website, as all were before 2023.
    pub service_type: Option<ServiceType>,
    /// 网站负责人
    pub principal: PrincipalDraft,
}

/// 负责人
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PrincipalDraft {
    /// The person's name.
    pub name: String,
    /// The person's mobile number, the new one where it changed.
    #[schema(example = "13800138000")]
    pub phone: String,
    /// The number before, where it changed (`change`, `change_phone`).
    pub previous_phone: Option<String>,
    /// The person's document.
    pub document: DocumentDraft,
}

/// The document of a person, never the business licence.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentDraft {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: DocumentType,
    /// Its number.
    #[schema(example = "11010519491231002X")]
    pub number: String,
    /// 浙江: the Hong Kong/Macau identity card printed on the back of the permit, `A123456(3)`.
    pub card_number: Option<String>,
}

redacted_debug!(
    FilingDraft,
    SubjectDraft,
    SiteDraft,
    PrincipalDraft,
    DocumentDraft
);

/// Absent and null are an empty list.
fn null_is_empty<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
