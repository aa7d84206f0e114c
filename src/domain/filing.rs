//! What a filing request carries: the organiser, its websites and services, and the persons who answer for them.
//! A `Filing` has been judged whole; a `FilingDraft` is the JSON as it came.

mod check;
mod draft;
mod tasks;

use serde::{Deserialize, Serialize};

pub use check::{FieldError, text_problem};
pub use draft::{DocumentDraft, FilingDraft, PrincipalDraft, SiteDraft, SubjectDraft};
pub use tasks::Task;

use super::{
    id_document::Document,
    ids::RequestId,
    phone::Phone,
    province::Province,
    text::redacted_debug,
    words::{FilingKind, ServiceType},
};

/// A filing that obeys the rules; as JSON it reads like the draft, and that is what is stored (sealed).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filing {
    /// Whose bureau decides.
    pub province: Province,
    /// 备案类型
    pub kind: FilingKind,
    /// The provider's own number for it; need not be unique.
    pub provider_reference: Option<String>,
    /// The returned or withdrawn request that this one replaces.
    pub resubmits: Option<RequestId>,
    /// 主体: the organiser.
    pub subject: Option<Subject>,
    /// 网站, 服务
    pub sites: Vec<Site>,
}

/// 主体, 主办单位
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The organiser's name; of a private person, the person's.
    pub name: String,
    /// 主体负责人
    pub principal: Principal,
}

/// 网站 or another service.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// Its name.
    pub name: String,
    /// Its domains; only a website must have one.
    pub domains: Vec<String>,
    /// What it is.
    pub service_type: ServiceType,
    /// 网站负责人
    pub principal: Principal,
}

/// 负责人
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// The person's name.
    pub name: String,
    /// The number that is verified, the new one where it changed.
    pub phone: Phone,
    /// The number before, only where it changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_phone: Option<Phone>,
    /// The person's document.
    pub document: Document,
}

redacted_debug!(Filing, Subject, Site, Principal);

impl Filing {
    /// Reads what the database kept: the JSON of an earlier `Filing`.
    pub fn from_stored(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }

    /// Each principal with its JSON pointer, the subject's first.
    pub fn principals(&self) -> impl Iterator<Item = (String, &Principal)> {
        let subject = self
            .subject
            .iter()
            .map(|subject| (SUBJECT_PRINCIPAL.to_owned(), &subject.principal));
        let sites = self.sites.iter().enumerate();
        subject.chain(sites.map(|(index, site)| (site_principal(index), &site.principal)))
    }

    /// One pass is enough: a `cancel_site` that sends both the subject's principal and a site's (S2: 有一个验证通过即可).
    pub fn one_pass(&self) -> bool {
        self.kind == FilingKind::CancelSite && self.subject.is_some() && !self.sites.is_empty()
    }
}

pub(super) const SUBJECT_PRINCIPAL: &str = "/subject/principal";

fn site_principal(index: usize) -> String {
    format!("/sites/{index}/principal")
}

/// Which site a principal's JSON pointer names, from 0.
pub(super) fn site_of(pointer: &str) -> Option<usize> {
    let index = pointer.strip_prefix("/sites/")?;
    index.strip_suffix("/principal")?.parse().ok()
}
