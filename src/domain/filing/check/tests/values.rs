//! Names, domains, phones and documents: what may stand in a filing, whatever its kind.

use super::*;

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
