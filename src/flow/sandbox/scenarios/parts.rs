//! Who is in the filing of a ready case.

use crate::{
    domain::{
        filing::{FilingDraft, PrincipalDraft, SiteDraft, SubjectDraft},
        province::Province,
        words::FilingKind,
    },
    flow::sandbox::people::Cast,
};

/// What is filed; the principal of its subject, and those of its sites.
pub struct Parts(FilingKind, Option<PrincipalDraft>, Vec<PrincipalDraft>);

impl Parts {
    /// With names around them.
    pub fn draft(self, province: Province, reference: &str) -> FilingDraft {
        let Self(kind, subject, sites) = self;
        let subject = subject.map(|principal| SubjectDraft {
            name: format!("{}某某科技有限公司", province.short_name()),
            principal,
        });
        let site = |(number, principal)| SiteDraft {
            name: format!("某某网{number}"),
            domains: vec![format!("site{number}.example.cn")],
            service_type: None,
            principal,
        };
        FilingDraft {
            province,
            kind,
            provider_reference: Some(reference.to_owned()),
            resubmits: None,
            subject,
            sites: (1..).zip(sites).map(site).collect(),
        }
    }
}

pub fn new_filing(cast: Cast<'_>) -> Parts {
    Parts(
        FilingKind::NewFiling,
        Some(cast.resident()),
        vec![cast.resident()],
    )
}

pub fn new_site(cast: Cast<'_>) -> Parts {
    Parts(FilingKind::NewSite, None, vec![cast.resident()])
}

pub fn new_access(cast: Cast<'_>) -> Parts {
    Parts(FilingKind::NewAccess, None, vec![cast.resident()])
}

pub fn change(cast: Cast<'_>) -> Parts {
    Parts(FilingKind::Change, Some(cast.with_new_phone()), vec![])
}

pub fn change_unchanged(cast: Cast<'_>) -> Parts {
    Parts(FilingKind::Change, Some(cast.resident()), vec![])
}

pub fn change_remarks(_: Cast<'_>) -> Parts {
    Parts(FilingKind::Change, None, vec![])
}

pub fn change_phone(cast: Cast<'_>) -> Parts {
    Parts(FilingKind::ChangePhone, Some(cast.with_new_phone()), vec![])
}

pub fn cancel_subject(cast: Cast<'_>) -> Parts {
    Parts(FilingKind::CancelSubject, Some(cast.resident()), vec![])
}

pub fn cancel_site(cast: Cast<'_>) -> Parts {
    Parts(FilingKind::CancelSite, None, vec![cast.resident()])
}

pub fn cancel_site_one_pass(cast: Cast<'_>) -> Parts {
    Parts(
        FilingKind::CancelSite,
        Some(cast.resident()),
        vec![cast.resident()],
    )
}

pub fn cancel_access(cast: Cast<'_>) -> Parts {
    Parts(FilingKind::CancelAccess, None, vec![cast.resident()])
}

pub fn id_with_x(cast: Cast<'_>) -> Parts {
    Parts(FilingKind::NewFiling, Some(cast.resident_with_x()), vec![])
}

pub fn foreign_passport(cast: Cast<'_>) -> Parts {
    Parts(
        FilingKind::NewFiling,
        Some(cast.resident()),
        vec![cast.foreigner()],
    )
}

pub fn hk_macau_permit(cast: Cast<'_>) -> Parts {
    Parts(FilingKind::NewFiling, Some(cast.hong_konger()), vec![])
}

pub fn three_sites(cast: Cast<'_>) -> Parts {
    let shared = cast.resident();
    let sites = vec![shared.clone(), cast.resident(), shared];
    Parts(FilingKind::NewFiling, Some(cast.resident()), sites)
}

pub fn one_person(cast: Cast<'_>) -> Parts {
    let person = cast.resident();
    Parts(FilingKind::NewFiling, Some(person.clone()), vec![person])
}

pub fn alone(cast: Cast<'_>, phone: &str) -> Parts {
    Parts(FilingKind::NewFiling, Some(cast.at(phone)), vec![])
}
