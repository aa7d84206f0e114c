//! What a filing must carry, kind by kind: one case a rule.

use serde_json::{Value, json};

use super::*;
use crate::domain::{policy::Timeline, province::Province, time::parse_time};

mod values;

fn principal(phone: &str) -> Value {
    json!({"name": "王小明", "phone": phone, "document": {"type": "resident_id", "number": "11010519491231002X"}})
}

fn site(phone: &str) -> Value {
    json!({"name": "某某网", "domains": ["example.cn"], "service_type": "website", "principal": principal(phone)})
}

fn filing(kind: &str) -> Value {
    json!({"province": "gansu", "kind": kind})
}

fn with(mut value: Value, pointer: &str, part: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match value.pointer_mut(parent).unwrap() {
        Value::Object(members) => {
            members.insert(key.to_owned(), part);
        }
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = part,
        _ => panic!("{parent} is no container"),
    }
    value
}

fn subject_and_site(kind: &str) -> Value {
    let subject = json!({"name": "兰州某某科技有限公司", "principal": principal("13800138000")});
    with(
        with(filing(kind), "/subject", subject),
        "/sites",
        json!([site("13900139000")]),
    )
}

fn parse_under(value: Value, province: &str) -> Result<Filing, Vec<FieldError>> {
    let timeline = Timeline::built_in().unwrap();
    let now = parse_time("2021-01-01T00:00Z").unwrap();
    let policy = timeline.at(Province::from_slug(province).unwrap(), now);
    Filing::parse(
        serde_json::from_value(value).unwrap(),
        policy.map(AsRef::as_ref),
    )
}

fn parse(value: Value) -> Result<Filing, Vec<FieldError>> {
    parse_under(value, "gansu")
}

/// The pointers of what is wrong.
fn wrong(value: Value) -> Vec<String> {
    parse(value)
        .err()
        .unwrap_or_default()
        .into_iter()
        .map(|error| error.pointer)
        .collect()
}

#[test]
fn the_example_of_the_api_is_a_filing() {
    let draft = with(
        subject_and_site("new_filing"),
        "/provider_reference",
        json!("ORDER-2018-0001"),
    );
    let draft = with(draft, "/resubmits", Value::Null);
    let filing = parse(draft).unwrap();
    assert_eq!(
        filing.provider_reference.as_deref(),
        Some("ORDER-2018-0001")
    );
    let principals: Vec<_> = filing
        .principals()
        .map(|(at, principal)| (at, principal.phone.masked()))
        .collect();
    assert_eq!(
        principals,
        [
            ("/subject/principal".to_owned(), "138****8000".to_owned()),
            ("/sites/0/principal".to_owned(), "139****9000".to_owned()),
        ]
    );
    assert_eq!(
        format!("{filing:?} {:?}", filing.sites[0].principal),
        "Filing(…) Principal(…)"
    );
}

#[test]
fn absent_is_null_and_unknown_members_are_refused() {
    let nulls = json!({"province": "gansu", "kind": "change", "provider_reference": null, "resubmits": null, "subject": null, "sites": null});
    assert_eq!(parse(nulls).unwrap(), parse(filing("change")).unwrap());
    for pointer in [
        "/x",
        "/subject/x",
        "/subject/principal/x",
        "/sites/0/x",
        "/sites/0/principal/document/x",
    ] {
        let draft = with(subject_and_site("change"), pointer, json!(1));
        let error = serde_json::from_value::<FilingDraft>(draft)
            .unwrap_err()
            .to_string();
        assert!(error.contains("unknown field `x`"), "{error}");
    }
}

#[test]
fn what_is_stored_reads_back() {
    let draft = with(
        subject_and_site("change"),
        "/sites/0/principal/previous_phone",
        json!("137 0013 7000"),
    );
    let permit =
        json!({"type": "hk_macau_permit", "number": "h01234567", "card_number": "a123456(3)"});
    let draft = with(draft, "/sites/0/principal/document", permit);
    let draft = with(draft, "/resubmits", json!("fr_01J00000000000000000000000"));
    let filing = parse(draft).unwrap();
    let stored = serde_json::to_value(&filing).unwrap();
    assert!(Filing::from_stored(stored.to_string().as_bytes()).unwrap() == filing);
    assert!(
        parse(stored.clone()).unwrap() == filing,
        "it is a draft's JSON too"
    );
    assert_eq!(
        stored.pointer("/sites/0/principal/previous_phone").unwrap(),
        "13700137000"
    );
    assert_eq!(
        stored
            .pointer("/sites/0/principal/document/card_number")
            .unwrap(),
        "A1234563"
    );
    assert_eq!(stored.pointer("/subject/principal/previous_phone"), None);
    assert!(Filing::from_stored(b"{}").is_err());
}

#[test]
fn each_kind_carries_its_own() {
    let none = |kind| filing(kind);
    let subject = |kind| with(subject_and_site(kind), "/sites", json!([]));
    let sites = |kind| with(subject_and_site(kind), "/subject", Value::Null);
    let both = subject_and_site;
    let (ok, no_subject, no_sites): (&[&str], &[&str], &[&str]) = (&[], &["/subject"], &["/sites"]);
    // nothing, a subject, a site, both
    for (kind, expected) in [
        ("new_filing", [no_subject, ok, no_subject, ok]),
        (
            "new_site",
            [no_sites, &["/subject", "/sites"], ok, no_subject],
        ),
        (
            "new_access",
            [no_sites, &["/subject", "/sites"], ok, no_subject],
        ),
        ("change", [ok, ok, ok, ok]),
        (
            "cancel_subject",
            [no_subject, ok, &["/subject", "/sites"], no_sites],
        ),
        ("cancel_site", [no_sites, no_sites, ok, ok]),
        (
            "cancel_access",
            [no_sites, &["/subject", "/sites"], ok, no_subject],
        ),
    ] {
        let actual = [none(kind), subject(kind), sites(kind), both(kind)].map(wrong);
        assert_eq!(actual, expected, "{kind}");
    }
}

#[test]
fn a_phone_change_is_one_principals() {
    let subject = with(subject_and_site("change_phone"), "/sites", json!([]));
    let site = with(subject_and_site("change_phone"), "/subject", Value::Null);
    let previous = json!("13700137000");
    let subject_at = "/subject/principal/previous_phone";
    let site_at = "/sites/0/principal/previous_phone";
    assert!(wrong(with(subject.clone(), subject_at, previous.clone())).is_empty());
    assert!(wrong(with(site.clone(), site_at, previous.clone())).is_empty());
    assert_eq!(wrong(subject.clone()), [subject_at]);
    assert_eq!(
        wrong(with(subject.clone(), subject_at, json!("+86 13800138000"))),
        [subject_at]
    );
    assert_eq!(
        wrong(with(subject, subject_at, json!("12"))),
        [subject_at],
        "told once"
    );
    assert_eq!(wrong(filing("change_phone")), [""]);
    let both = with(
        with(
            subject_and_site("change_phone"),
            subject_at,
            previous.clone(),
        ),
        site_at,
        json!("13600136000"),
    );
    assert_eq!(wrong(both), [""]);
    let two = with(
        with(filing("change_phone"), "/sites", json!([null, null])),
        "/sites/0",
        site["sites"][0].clone(),
    );
    let two = with(two, "/sites/1", site["sites"][0].clone());
    let two = with(
        with(two, site_at, previous.clone()),
        "/sites/1/principal/previous_phone",
        previous,
    );
    assert_eq!(wrong(two), [""]);
}

#[test]
fn a_previous_phone_belongs_to_a_change() {
    let at = "/subject/principal/previous_phone";
    assert!(wrong(with(subject_and_site("change"), at, json!("13700137000"))).is_empty());
    assert_eq!(
        wrong(with(subject_and_site("change"), at, json!("13800138000"))),
        [at]
    );
    assert_eq!(
        wrong(with(
            subject_and_site("new_filing"),
            at,
            json!("13700137000")
        )),
        [at]
    );
    assert_eq!(
        wrong(with(
            subject_and_site("cancel_site"),
            at,
            json!("13700137000")
        )),
        [at]
    );
}

#[test]
fn everything_wrong_is_told_at_once() {
    let mut draft = subject_and_site("new_filing");
    for (pointer, value) in [
        ("/provider_reference", json!("")),
        ("/resubmits", json!("vf_01J00000000000000000000000")),
        ("/subject/name", json!(" ")),
        ("/subject/principal/name", json!("王\u{202e}明")),
        ("/subject/principal/phone", json!("1380013800a")),
        (
            "/subject/principal/document/number",
            json!("110105194912310021"),
        ),
        ("/sites/0/domains", json!(["example.cn", "no domain"])),
        ("/sites/0/principal/name", json!("a\nb")),
        ("/sites/0/principal/previous_phone", json!("13700137000")),
        (
            "/sites/0/principal/document",
            json!({"type": "passport", "number": "E1", "card_number": "?"}),
        ),
    ] {
        draft = with(draft, pointer, value);
    }
    assert_eq!(
        wrong(draft),
        [
            "/provider_reference",
            "/resubmits",
            "/subject/name",
            "/subject/principal/name",
            "/subject/principal/phone",
            "/subject/principal/document/number",
            "/sites/0/domains/1",
            "/sites/0/principal/name",
            "/sites/0/principal/previous_phone",
            "/sites/0/principal/document/number",
            "/sites/0/principal/document/card_number",
        ]
    );
}

#[test]
fn an_error_never_repeats_a_value() {
    let draft = with(
        subject_and_site("new_filing"),
        "/subject/principal/phone",
        json!("1380013800a"),
    );
    let draft = with(
        draft,
        "/subject/principal/document/number",
        json!("110105194912310021"),
    );
    let told = serde_json::to_string(&parse(draft).unwrap_err()).unwrap();
    assert!(
        !told.contains("1380013800a") && !told.contains("110105194912310021"),
        "{told}"
    );
}
