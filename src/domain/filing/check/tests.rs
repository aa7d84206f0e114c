//! What a filing must carry, kind by kind: one case a rule.

use serde_json::{Value, json};

use super::*;
use crate::domain::{policy::Timeline, province::Province, time::parse_time};

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

#[test]
fn names_and_references_have_limits() {
    let named = |name: String| {
        wrong(with(
            subject_and_site("new_filing"),
            "/subject/name",
            json!(name),
        ))
    };
    assert!(named("网".repeat(100)).is_empty());
    assert!(named("𠮷".repeat(100)).is_empty());
    for bad in [
        "网".repeat(101),
        String::new(),
        "\u{0}".to_owned(),
        "a\u{200b}b".to_owned(),
        "a\u{2066}b".to_owned(),
    ] {
        assert_eq!(named(bad.clone()), ["/subject/name"], "{bad:?}");
    }
    let referred = |text: String| wrong(with(filing("change"), "/provider_reference", json!(text)));
    assert!(referred("单号 2018/0001".to_owned()).is_empty());
    assert!(referred("x".repeat(100)).is_empty());
    for bad in ["x".repeat(101), "\t".to_owned(), "a\u{7}".to_owned()] {
        assert_eq!(referred(bad.clone()), ["/provider_reference"], "{bad:?}");
    }
    let padded = parse(with(filing("change"), "/provider_reference", json!(" A1 "))).unwrap();
    assert_eq!(
        padded.provider_reference.as_deref(),
        Some(" A1 "),
        "the provider's own, so as it came"
    );
}

#[test]
fn a_website_needs_a_domain_and_other_services_may_have_none() {
    let of = |service: &str, domains: Value| {
        let draft = with(
            subject_and_site("new_filing"),
            "/sites/0/service_type",
            json!(service),
        );
        wrong(with(draft, "/sites/0/domains", domains))
    };
    for service in ["app", "mini_program", "quick_app"] {
        assert!(of(service, json!([])).is_empty());
        assert!(of(service, Value::Null).is_empty());
        assert_eq!(of(service, json!(["-"])), ["/sites/0/domains/0"]);
    }
    assert_eq!(of("website", json!([])), ["/sites/0/domains"]);
    let unsaid = with(
        subject_and_site("new_filing"),
        "/sites/0/service_type",
        Value::Null,
    );
    assert_eq!(
        parse(unsaid).unwrap().sites[0].service_type,
        ServiceType::Website
    );
}

#[test]
fn domains_are_judged_lightly() {
    for good in [
        "example.cn",
        "WWW.Example.com.cn",
        "xn--fiqs8s.cn",
        "例子.中国",
        "a.cn",
        "1.2.cn",
        "a-b.cn",
    ] {
        assert!(is_domain(good), "{good}");
    }
    let long = format!("{}.cn", "a.".repeat(126));
    for bad in [
        "",
        "cn",
        ".cn",
        "example.",
        "a..cn",
        "-a.cn",
        "a-.cn",
        "a b.cn",
        "http://a.cn",
        "a_b.cn",
        "a\u{0}.cn",
        "a\u{200b}.cn",
        &long,
    ] {
        assert!(!is_domain(bad), "{bad}");
    }
    assert!(
        is_domain(&format!("{}.cn", "a".repeat(63)))
            && !is_domain(&format!("{}.cn", "a".repeat(64)))
    );
}

#[test]
fn one_phone_has_one_document() {
    let same = with(
        subject_and_site("new_filing"),
        "/sites/0/principal/phone",
        json!("138 0013 8000"),
    );
    assert!(wrong(same.clone()).is_empty());
    let as_typed = with(
        same.clone(),
        "/sites/0/principal/document/number",
        json!("11010519491231002x"),
    );
    assert!(wrong(as_typed).is_empty());
    let passport = json!({"type": "passport", "number": "E12345678"});
    let other = with(same, "/sites/0/principal/document", passport);
    assert_eq!(wrong(other.clone()), ["/sites/0/principal/phone"]);
    assert!(
        parse(other).unwrap_err()[0]
            .detail
            .contains("/subject/principal")
    );
}

#[test]
fn a_request_has_at_most_a_hundred_phones() {
    let sites = |count: u32| -> Value { (0..count).map(|n| site(&format!("139{n:08}"))).collect() };
    let draft = |count| with(filing("new_site"), "/sites", sites(count));
    assert_eq!(parse(draft(100)).unwrap().sites.len(), 100);
    assert_eq!(wrong(draft(101)), ["/sites"]);
    let repeated: Value = (0..150).map(|_| site("13900139000")).collect();
    assert!(wrong(with(filing("new_site"), "/sites", repeated)).is_empty());
}

#[test]
fn zhejiang_needs_the_card_on_the_permits_back() {
    let at = "/sites/0/principal/document/card_number";
    let permit = json!({"type": "hk_macau_permit", "number": "H01234567"});
    let draft = with(
        subject_and_site("new_filing"),
        "/sites/0/principal/document",
        permit,
    );
    let pointers = |draft: Value, province| {
        parse_under(draft, province)
            .err()
            .unwrap_or_default()
            .into_iter()
            .map(|error| error.pointer)
            .collect::<Vec<_>>()
    };
    assert_eq!(pointers(draft.clone(), "zhejiang"), [at]);
    assert!(pointers(draft.clone(), "gansu").is_empty());
    assert!(Filing::parse(serde_json::from_value(draft.clone()).unwrap(), None).is_ok());
    for (card, fine) in [
        ("A123456(3)", true),
        ("a123456（3）", true),
        ("1234567(8)", true),
        ("A(3)", false),
        ("", false),
    ] {
        let draft = with(draft.clone(), at, json!(card));
        for province in ["zhejiang", "gansu"] {
            assert_eq!(
                pointers(draft.clone(), province).is_empty(),
                fine,
                "{card} {province}"
            );
        }
    }
    assert!(pointers(subject_and_site("new_filing"), "zhejiang").is_empty());
}
