//! From draft to filing: every rule is judged and all that is wrong is told at once, each with a JSON pointer.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    DocumentDraft, Filing, FilingDraft, Principal, PrincipalDraft, SUBJECT_PRINCIPAL, Site,
    SiteDraft, Subject, SubjectDraft, site_principal,
};
use crate::domain::{
    id_document::{Document, NumberError, parse_number, parse_other_number},
    phone::Phone,
    policy::{HkMacauTail, Policy},
    text::is_invisible,
    words::{DocumentType, FilingKind, ServiceType},
};

/// The most phones that one request may verify.
const MAX_PHONES: usize = 100;
const MAX_CHARACTERS: usize = 100;

/// One thing that is wrong with a draft. It never repeats a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer to the member, such as `/sites/0/principal/phone`.
    pub pointer: String,
    /// What is wrong, in English.
    pub detail: String,
}

impl Filing {
    /// Judges a draft by the rules for its kind; `policy` is the one in force (`None`: the province is not covered).
    pub fn parse(draft: FilingDraft, policy: Option<&Policy>) -> Result<Self, Vec<FieldError>> {
        let mut check = Check {
            kind: draft.kind,
            permit_needs_card: policy
                .is_some_and(|policy| policy.hk_macau_tail == HkMacauTail::IdentityCard),
            errors: Vec::new(),
        };
        check.shape(&draft);
        let provider_reference = draft.provider_reference.map(|text| check.reference(text));
        let resubmits = draft.resubmits.and_then(|id| {
            let parsed = id.trim().parse().ok();
            check.unless(
                parsed.is_some(),
                "/resubmits",
                "must be a request's id, fr_ and 26 characters",
            );
            parsed
        });
        // a part is `None` only where an error was told
        let subject = draft
            .subject
            .map_or(Some(None), |subject| check.subject(subject).map(Some));
        let sites: Vec<_> = draft
            .sites
            .into_iter()
            .enumerate()
            .map(|(index, site)| check.site(index, site))
            .collect();
        check.persons(subject.as_ref().and_then(Option::as_ref), &sites);
        match (subject, sites.into_iter().collect()) {
            (Some(subject), Some(sites)) if check.errors.is_empty() => Ok(Self {
                province: draft.province,
                kind: draft.kind,
                provider_reference,
                resubmits,
                subject,
                sites,
            }),
            _ => Err(check.errors),
        }
    }
}

/// What is known while a draft is judged, and what was found wrong so far.
struct Check {
    kind: FilingKind,
    permit_needs_card: bool,
    errors: Vec<FieldError>,
}

impl Check {
    fn wrong(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.errors.push(FieldError {
            pointer: pointer.into(),
            detail: detail.into(),
        });
    }

    fn unless(&mut self, fine: bool, pointer: impl Into<String>, detail: impl Into<String>) {
        if !fine {
            self.wrong(pointer, detail);
        }
    }

    /// What each kind carries.
    fn shape(&mut self, draft: &FilingDraft) {
        use FilingKind::{
            CancelAccess, CancelSite, CancelSubject, ChangePhone, NewAccess, NewFiling, NewSite,
        };
        let kind = self.kind;
        let (subject, sites) = (draft.subject.is_some(), draft.sites.len());
        if matches!(kind, NewFiling | CancelSubject) {
            self.unless(subject, "/subject", format!("is required for {kind}"));
        }
        if matches!(kind, NewSite | NewAccess | CancelAccess) {
            self.unless(!subject, "/subject", format!("must be left out for {kind}"));
        }
        if matches!(kind, NewSite | NewAccess | CancelAccess | CancelSite) {
            self.unless(
                sites > 0,
                "/sites",
                format!("must hold at least one site for {kind}"),
            );
        }
        if kind == CancelSubject {
            self.unless(sites == 0, "/sites", format!("must be left out for {kind}"));
        }
        if kind == ChangePhone {
            let one = usize::from(subject) + sites == 1;
            self.unless(
                one,
                "",
                format!("{kind} carries exactly one principal: the subject's, or that of one site"),
            );
        }
    }

    fn subject(&mut self, draft: SubjectDraft) -> Option<Subject> {
        let name = self.name("/subject/name", &draft.name);
        let principal = self.principal(SUBJECT_PRINCIPAL, draft.principal);
        Some(Subject {
            name: name?,
            principal: principal?,
        })
    }

    fn site(&mut self, index: usize, draft: SiteDraft) -> Option<Site> {
        let name = self.name(format!("/sites/{index}/name"), &draft.name);
        let service_type = draft.service_type.unwrap_or(ServiceType::Website);
        let domains: Vec<String> = draft
            .domains
            .iter()
            .map(|domain| domain.trim().to_owned())
            .collect();
        for (number, domain) in domains.iter().enumerate() {
            let pointer = format!("/sites/{index}/domains/{number}");
            self.unless(
                is_domain(domain),
                pointer,
                "must be a domain name, such as example.cn",
            );
        }
        let enough = service_type != ServiceType::Website || !domains.is_empty();
        self.unless(
            enough,
            format!("/sites/{index}/domains"),
            "must hold at least one domain for a website",
        );
        let principal = self.principal(&site_principal(index), draft.principal);
        Some(Site {
            name: name?,
            domains,
            service_type,
            principal: principal?,
        })
    }

    fn principal(&mut self, at: &str, draft: PrincipalDraft) -> Option<Principal> {
        let name = self.name(format!("{at}/name"), &draft.name);
        let phone = self.phone(format!("{at}/phone"), &draft.phone);
        let previous_at = format!("{at}/previous_phone");
        let previous_phone = draft
            .previous_phone
            .and_then(|typed| self.phone(&previous_at, &typed));
        self.previous_phone(&previous_at, phone.as_ref(), previous_phone.as_ref());
        let document = self.document(&format!("{at}/document"), &draft.document);
        Some(Principal {
            name: name?,
            phone: phone?,
            previous_phone,
            document: document?,
        })
    }

    /// Only where a number can change, and then it must have changed.
    fn previous_phone(&mut self, at: &str, phone: Option<&Phone>, previous: Option<&Phone>) {
        let kind = self.kind;
        match kind {
            FilingKind::Change | FilingKind::ChangePhone
                if previous.is_some() && previous == phone =>
            {
                self.wrong(
                    at,
                    "must differ from phone; leave it out where the number stays",
                );
            }
            FilingKind::ChangePhone if previous.is_none() => {
                let told = self.errors.iter().any(|error| error.pointer == at);
                self.unless(told, at, format!("is required for {kind}"));
            }
            FilingKind::Change | FilingKind::ChangePhone => {}
            _ => self.unless(
                previous.is_none(),
                at,
                format!("must be left out for {kind}"),
            ),
        }
    }

    fn phone(&mut self, at: impl Into<String>, typed: &str) -> Option<Phone> {
        let phone = Phone::parse(typed).ok();
        self.unless(
            phone.is_some(),
            at,
            "must be a mobile number of the mainland: 1, then 3-9, then nine digits",
        );
        phone
    }

    fn document(&mut self, at: &str, draft: &DocumentDraft) -> Option<Document> {
        let number = self.number(
            format!("{at}/number"),
            parse_number(draft.kind, &draft.number),
        );
        let card_at = format!("{at}/card_number");
        let card = draft
            .card_number
            .as_deref()
            .map(|typed| self.number(&card_at, parse_other_number(typed)));
        if self.permit_needs_card && draft.kind == DocumentType::HkMacauPermit {
            self.unless(
                card.is_some(),
                &card_at,
                "is required here: the identity card printed on the permit's back",
            );
        }
        Some(Document {
            kind: draft.kind,
            number: number?,
            card_number: card.flatten(),
        })
    }

    fn number(
        &mut self,
        at: impl Into<String>,
        parsed: Result<String, NumberError>,
    ) -> Option<String> {
        parsed
            .map_err(|error| self.wrong(at, error.to_string()))
            .ok()
    }

    fn name(&mut self, at: impl Into<String>, typed: &str) -> Option<String> {
        let name = typed.trim();
        let detail = text_problem(name);
        if let Some(detail) = detail {
            self.wrong(at, detail);
        }
        detail.is_none().then(|| name.to_owned())
    }

    fn reference(&mut self, reference: String) -> String {
        if let Some(detail) = text_problem(&reference) {
            self.wrong("/provider_reference", detail);
        }
        reference
    }

    /// Same phone = same person, so it cannot have two documents (同一手机号码对应不同证件).
    fn persons(&mut self, subject: Option<&Subject>, sites: &[Option<Site>]) {
        let subject = subject.map(|subject| (SUBJECT_PRINCIPAL.to_owned(), &subject.principal));
        let sites = sites
            .iter()
            .enumerate()
            .filter_map(|(index, site)| Some((site_principal(index), &site.as_ref()?.principal)));
        let mut first: HashMap<&Phone, (String, &Document)> = HashMap::new();
        for (at, principal) in subject.into_iter().chain(sites) {
            match first.get(&principal.phone) {
                None => {
                    first.insert(&principal.phone, (at, &principal.document));
                }
                Some((first_at, document)) if !document.is_same(&principal.document) => {
                    let detail =
                        format!("is also the phone of {first_at}, whose document is another one");
                    self.wrong(format!("{at}/phone"), detail);
                }
                Some(_) => {}
            }
        }
        self.unless(
            first.len() <= MAX_PHONES,
            "/sites",
            format!("a request has at most {MAX_PHONES} distinct phones"),
        );
    }
}

/// What is wrong with a name or a reference.
/// What is wrong with a name or a provider's reference.
pub fn text_problem(text: &str) -> Option<&'static str> {
    if text.trim().is_empty() {
        Some("must not be empty")
    } else if text.chars().count() > MAX_CHARACTERS {
        Some("must be at most 100 characters")
    } else if text.chars().any(|c| c.is_control() || is_invisible(c)) {
        Some("must not hold control, invisible or direction characters")
    } else {
        None
    }
}

/// Judged lightly: labels of 1 to 63 characters, two or more, without spaces and signs; letters of any language.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        let characters = label.chars().count();
        let fine = |c: char| {
            c.is_ascii_alphanumeric()
                || c == '-'
                || (!c.is_ascii() && !c.is_control() && !c.is_whitespace() && !is_invisible(c))
        };
        (1..=63).contains(&characters)
            && label.chars().all(fine)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.chars().count() <= 253 && text.contains('.') && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests;
