//! Who is verified, kind by kind and era by era.

use serde_json::{Value, json};

use super::*;
use crate::domain::{policy::Timeline, province::Province, time::parse_time};

const SUBJECT: &str = "/subject/principal";
const SITE: &str = "/sites/0/principal";

fn principal(phone: &str, previous: Option<&str>) -> Value {
    json!({
        "name": "王小明", "phone": phone, "previous_phone": previous,
        "document": {"type": "resident_id", "number": "11010519491231002X"},
    })
}

fn site(principal: &Value) -> Value {
    json!({"name": "某某网", "domains": ["example.cn"], "principal": principal})
}

fn filing(kind: FilingKind, subject: Option<Value>, sites: &[Value]) -> Filing {
    let subject = subject.map(|principal| json!({"name": "某某公司", "principal": principal}));
    let sites: Vec<Value> = sites.iter().map(site).collect();
    let draft = json!({"province": "gansu", "kind": kind, "subject": subject, "sites": sites});
    Filing::parse(serde_json::from_value(draft).unwrap(), None).unwrap()
}

/// The policies of pilot 1, pilots 2 and 3, and nationwide.
fn eras() -> [Policy; 3] {
    let timeline = Timeline::built_in().unwrap();
    [
        ("gansu", "2018-01-01T00:00Z"),
        ("hunan", "2019-01-01T00:00Z"),
        ("beijing", "2021-01-01T00:00Z"),
    ]
    .map(|(slug, now)| {
        let province = Province::from_slug(slug).unwrap();
        timeline
            .at(province, parse_time(now).unwrap())
            .unwrap()
            .as_ref()
            .clone()
    })
}

/// Whose phones get an SMS, under each era's policy.
fn verified(filing: &Filing) -> [Vec<String>; 3] {
    eras().map(|policy| {
        filing
            .tasks(&policy)
            .into_iter()
            .flat_map(|task| task.principals)
            .collect()
    })
}

#[test]
fn each_kind_in_each_era() {
    use FilingKind::{
        CancelAccess, CancelSite, CancelSubject, Change, ChangePhone, NewAccess, NewFiling, NewSite,
    };
    let a = || principal("13800138000", None);
    let b = || principal("13900139000", None);
    let changed = || principal("13900139000", Some("13700137000"));
    let none: &[&str] = &[];
    let (subject, sites, both): (&[&str], &[&str], &[&str]) =
        (&[SUBJECT], &[SITE], &[SUBJECT, SITE]);
    for (filing, expected) in [
        (filing(NewFiling, Some(a()), &[b()]), [both; 3]),
        (filing(NewFiling, Some(a()), &[]), [subject; 3]),
        (filing(NewSite, None, &[b()]), [sites; 3]),
        (filing(NewAccess, None, &[b()]), [sites; 3]),
        // S0: 不变更,不验证; S2: 手机号不变验证原手机号
        (filing(Change, Some(a()), &[b()]), [none, both, both]),
        (filing(Change, Some(a()), &[changed()]), [sites, both, both]),
        (filing(Change, Some(a()), &[]), [none, subject, subject]),
        // S2: 只变更备注不进行短信核验
        (filing(Change, None, &[]), [none; 3]),
        (filing(ChangePhone, Some(changed()), &[]), [subject; 3]),
        (filing(ChangePhone, None, &[changed()]), [sites; 3]),
        // S1: 暂不验证
        (
            filing(CancelSubject, Some(a()), &[]),
            [none, subject, subject],
        ),
        (filing(CancelSite, None, &[b()]), [none, sites, sites]),
        (filing(CancelSite, Some(a()), &[b()]), [none, both, both]),
        (filing(CancelAccess, None, &[b()]), [none, sites, none]),
    ] {
        assert_eq!(verified(&filing), expected, "{}", filing.kind);
    }
}

#[test]
fn one_phone_is_one_task_with_all_its_roles() {
    let shared = || principal("13800138000", None);
    let other = principal("13900139000", None);
    let filing = filing(
        FilingKind::NewFiling,
        Some(shared()),
        &[other, shared(), shared()],
    );
    let tasks = filing.tasks(&eras()[2]);
    let principals: Vec<_> = tasks.iter().map(|task| task.principals.clone()).collect();
    assert_eq!(
        principals,
        [
            vec![SUBJECT, "/sites/1/principal", "/sites/2/principal"],
            vec![SITE]
        ]
        .map(|list| list.into_iter().map(str::to_owned).collect::<Vec<_>>())
    );
    assert_eq!(tasks[0].phone.as_str(), "13800138000");
    assert_eq!(tasks[0].id_tail.as_str(), "31002X");
    assert_eq!(tasks[0].name, "王小明");
}

#[test]
fn a_changed_phone_is_verified_at_the_new_number_alone() {
    let filing = filing(
        FilingKind::ChangePhone,
        Some(principal("13900139000", Some("13700137000"))),
        &[],
    );
    for policy in eras() {
        let phones: Vec<_> = filing
            .tasks(&policy)
            .iter()
            .map(|task| task.phone.as_str().to_owned())
            .collect();
        assert_eq!(phones, ["13900139000"]);
    }
}

#[test]
fn one_pass_is_for_a_site_cancelled_with_its_subject() {
    let a = || principal("13800138000", None);
    assert!(filing(FilingKind::CancelSite, Some(a()), &[a()]).one_pass());
    assert!(!filing(FilingKind::CancelSite, None, &[a(), a()]).one_pass());
    assert!(!filing(FilingKind::NewFiling, Some(a()), &[a()]).one_pass());
    assert!(!filing(FilingKind::Change, Some(a()), &[a()]).one_pass());
}

#[test]
fn zhejiangs_tail_is_the_cards() {
    let mut filing = filing(FilingKind::NewSite, None, &[principal("13800138000", None)]);
    let permit =
        json!({"type": "hk_macau_permit", "number": "H01234567", "card_number": "A1234563"});
    filing.sites[0].principal.document = serde_json::from_value(permit).unwrap();
    let timeline = Timeline::built_in().unwrap();
    for (province, tail) in [(Province::Zhejiang, "234563"), (Province::Gansu, "234567")] {
        for policy in timeline.entries(province) {
            assert_eq!(filing.tasks(policy)[0].id_tail.as_str(), tail);
        }
    }
}
