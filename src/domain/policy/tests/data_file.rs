//! What is wrong with a data file.

use super::*;

/// The built-in file with one text replaced by another.
fn edited(old: &str, new: &str) -> String {
    let file = include_str!("../../../../provinces.toml");
    assert!(file.contains(old), "{old}");
    let error = Timeline::parse(&file.replacen(old, new, 1)).unwrap_err();
    error.to_string()
}

/// The line of the built-in file that a text begins in.
fn line_of(text: &str) -> usize {
    let file = include_str!("../../../../provinces.toml");
    file[..file.find(text).unwrap()].matches('\n').count() + 1
}

#[test]
fn what_cannot_be_read_names_its_line() {
    for (old, new, told) in [
        (
            "max_wrong_tries = 5",
            "max_wrong_try = 5",
            "unknown field `max_wrong_try`",
        ),
        (
            "max_wrong_tries = 5",
            "max_wrong_tries = -1",
            "expected u32",
        ),
        (
            "noon_resend = true",
            "noon_resend = \"yes\"",
            "expected a boolean",
        ),
        (
            "wording = \"2017\"",
            "wording = \"2019\"",
            "unknown variant `2019`",
        ),
        (
            "\"change_phone\"]",
            "\"change_fone\"]",
            "unknown variant `change_fone`",
        ),
        (
            "telecom = \"106598051001\"",
            "telekom = \"106598051001\"",
            "unknown field `telekom`",
        ),
        ("batch = 4\n", "batch = 999\n", "expected u8"),
        ("validity_hours = 48", "validity_hours = ", ""),
    ] {
        let error = edited(old, new);
        assert!(
            error.starts_with(&format!("line {}: ", line_of(old))),
            "{error}"
        );
        assert!(error.contains(told), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
    let missing = edited("noon_resend = true               # S0, S1\n", "");
    assert!(
        missing.starts_with("line ") && missing.contains("missing field `noon_resend`"),
        "{missing}"
    );
    let twice = edited("[provinces.gansu]", "[provinces.tianjin]");
    assert!(
        twice.starts_with("line ") && twice.contains("tianjin"),
        "{twice}"
    );
    assert!(Timeline::parse("").is_err_and(|error| error.to_string().contains("missing field")));
}

#[test]
fn what_makes_no_sense_names_its_key() {
    let gansu = "[provinces.gansu]  # 甘肃\nbatch = 1\ntimeline = [\n  { from = \"2017-12-18T09:00:00+08:00\"";
    let gansu_from = |from: &str| edited(gansu, &gansu.replace("2017-12-18T09:00:00+08:00", from));
    for (error, told) in [
        (
            edited("[provinces.hunan]", "[provinces.atlantis]"),
            "provinces.atlantis: no such province",
        ),
        (
            edited(
                "[provinces.hunan]  # 湖南\nbatch = 3\ntimeline",
                "[provinces.guangdong2]\nbatch = 3\ntimeline",
            ),
            "provinces.guangdong2: no such province",
        ),
        (
            gansu_from("2020-08-17T00:00:00+08:00"),
            "provinces.gansu.timeline[1].from: must be later than the entry before it",
        ),
        (
            gansu_from("2021-01-01T00:00:00+08:00"),
            "provinces.gansu.timeline[1].from: must be later than the entry before it",
        ),
        (
            gansu_from("2017-12-18"),
            "provinces.gansu.timeline[0].from: `2017-12-18` is not a time of RFC 3339",
        ),
        (
            gansu_from("2017-12-18T09:00"),
            "provinces.gansu.timeline[0].from: `2017-12-18T09:00` is not",
        ),
        (
            edited("policy = \"pilot-1\"", "policy = \"pilot-9\""),
            "timeline[0].policy: no policy is named `pilot-9`",
        ),
        (
            edited("max_wrong_tries = 3", "max_wrong_tries = 0"),
            "policies.pilots-2-3.max_wrong_tries: must be at least 1",
        ),
        (
            edited("validity_hours = 48", "validity_hours = 0"),
            "policies.pilot-1.validity_hours: must be at least 1",
        ),
        (
            edited("validity_hours = 48", "validity_hours = 8761"),
            "policies.pilot-1.validity_hours: must be at most",
        ),
        (
            edited("batch = 4\n", "batch = 0\n"),
            "national.batch: must be at least 1",
        ),
        (
            edited("source = \"S0, S1\"", "source = \" \""),
            "policies.pilot-1.source: must say who says so",
        ),
        (
            edited("source = \"S0\"", "source = \"\""),
            "timeline[0].source: must say who says so",
        ),
        (
            edited("national_entry = true", "national_entry = false"),
            "national.timeline[0].policy: must be a policy with national_entry",
        ),
        (
            edited("source = \"P\"", "source = \"\""),
            "provinces.zhejiang.deviation.source: must say who says so",
        ),
        (
            edited("default = \"12381\"", "default = \"123-81\""),
            "policies.nationwide.senders.default: must be 1 to 21 digits",
        ),
        (
            edited("default = \"12381\"", "mobile = \"12381\""),
            "policies.nationwide.senders: needs default, or each of",
        ),
    ] {
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn a_missing_province_is_named_and_an_empty_timeline_covers_nothing() {
    let file = include_str!("../../../../provinces.toml");
    let start = file.find("[provinces.hunan]").unwrap();
    let end = start + file[start..].find("\n\n").unwrap();
    let without = format!("{}{}", &file[..start], &file[end..]);
    let error = Timeline::parse(&without).unwrap_err().to_string();
    assert!(error.starts_with("provinces.hunan: missing"), "{error}");
    let empty = format!(
        "{}[provinces.hunan]\nbatch = 3\ntimeline = []{}",
        &file[..start],
        &file[end..]
    );
    let timeline = Timeline::parse(&empty).unwrap();
    assert!(
        timeline
            .at(Province::Hunan, at("2026-01-01T00:00Z"))
            .is_none()
    );
}
