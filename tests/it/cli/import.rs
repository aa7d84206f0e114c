//! `import`: what is accepted, what is told by line, and that nothing is lost.

use super::{Heyan, exists};
use std::os::unix::fs::PermissionsExt;

const HEADER: &str = "provider_reference,province,kind,role,entity_name,principal_name,phone,previous_phone,document_type,\
    document_number,card_number,domains,service_type,resubmits";

fn request(reference: &str, phone: &str) -> String {
    format!(
        r#"{{"province":"gansu","kind":"new_filing","provider_reference":"{reference}","subject":{{"name":"兰州某某科技有限公司","principal":{{"name":"王小明","phone":"{phone}","document":{{"type":"resident_id","number":"11010519491231002X"}}}}}}}}"#
    )
}

#[test]
fn ndjson_is_submitted_and_what_is_wrong_is_told_by_line() {
    let heyan = Heyan::new().with_provider();
    let lines = [
        request("A", "13800138000"),
        String::new(),
        request("B", "1380013"),
        "{\"province\": \"gansu\", ".into(),
        request("C", "13900139000").replace("gansu", "atlantis"),
        request("D", "13900139000").replace("\"kind\"", "\"kin\""),
        request("E", "13900139000"),
        request("F", "13700137000").replace("\"13700137000\"", "13700137000"),
    ];
    heyan.write("all.ndjson", lines.join("\n"));
    let answer = heyan.run(&["import", "all.ndjson"]);
    assert_eq!(answer.status, 1, "{answer:?}");
    assert_eq!(answer.stdout, "2 request(s) submitted\n");
    let told: Vec<_> = answer.stderr.lines().collect();
    assert_eq!(told.len(), 6, "{told:#?}");
    assert!(
        told[0].starts_with("line 3: /subject/principal/phone must be"),
        "{told:#?}"
    );
    assert!(
        told[1].starts_with("line 4: is no JSON, at column "),
        "{told:#?}"
    );
    assert!(
        told[2].starts_with("line 5: /province must be one of `beijing`"),
        "{told:#?}"
    );
    assert!(
        told[3].starts_with("line 6: ") && told[3].contains("unknown field `kin`"),
        "{told:#?}"
    );
    assert!(
        told[4].starts_with("line 8: /subject/principal/phone must be a string"),
        "{told:#?}"
    );
    assert_eq!(
        told[5],
        "error: 5 request(s) rejected; they stand with the reasons in all.rejected.ndjson: mend and import that file"
    );
    for value in ["atlantis", "13700137000", "王小明", "1380013"] {
        assert!(
            !answer.stderr.contains(value),
            "{value} in {}",
            answer.stderr
        );
    }

    // mended by hand, the rejected go in; the others are known
    let rejected = heyan.read("all.rejected.ndjson");
    assert_eq!(rejected.lines().count(), 5);
    let mode = std::fs::metadata(heyan.path("all.rejected.ndjson"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let mended: Vec<_> = rejected
        .lines()
        .filter(|line| !line.contains("is no JSON"))
        .map(|line| {
            line.replace("\"1380013\"", "\"13800138001\"")
                .replace("atlantis", "gansu")
                .replace("\"kin\"", "\"kind\"")
                .replace(":13700137000", ":\"13700137000\"")
        })
        .collect();
    heyan.write("mended.ndjson", mended.join("\n"));
    assert_eq!(
        heyan.run(&["import", "mended.ndjson"]).done(),
        "4 request(s) submitted\n"
    );
    let again = heyan.run(&["import", "all.ndjson"]);
    assert_eq!(again.stdout, "0 request(s) submitted, 2 had been before\n");
    assert!(
        exists(&heyan.path("all.rejected-2.ndjson")),
        "the first rejected stay"
    );
}

#[test]
fn csv_makes_a_request_of_the_rows_of_one_reference() {
    let heyan = Heyan::new().with_provider();
    let id = "11010519491231002X";
    let rows = [
        format!("A,gansu,new_filing,subject,公司,王小明,13800138000,,resident_id,{id},,,,"),
        format!("B,gansu,change_phone,subject,公司,李雷,13700137000,13700137001,resident_id,{id},,,,"),
        "A,,,site,某某网,李雷,139 0013 9000,,passport,E12345678,,example.cn;例子.cn,website,".into(),
        "C,gansu,change,,,,,,,,,,,".into(),
        // none of them any good
        format!("D,gansu,new_site,subject,公司,王小明,13800138000,,resident_id,{id},,,,"),
        "D,zhejiang,,site,某某网,李雷,13900139000,,driving_licence,E12345678,,example.cn,,".into(),
        format!("E,gansu,new_site,site,某某网,王小明,555,,resident_id,{id},,example.cn,,"),
        ",gansu,cancel_site,site,某某网,王小明,13800138000,,resident_id,\"110105194912310021\",,example.cn,,".into(),
    ];
    heyan.write(
        "all.csv",
        format!("\u{feff}{HEADER}\r\n{}\r\n", rows.join("\r\n")),
    );
    let answer = heyan.run(&["import", "all.csv", "--provider", "demo"]);
    assert_eq!(
        (answer.status, &*answer.stdout),
        (1, "3 request(s) submitted\n"),
        "{answer:?}"
    );
    let told: Vec<_> = answer.stderr.lines().collect();
    assert!(
        told.contains(&"line 7: province differs from that of line 6"),
        "{told:#?}"
    );
    assert!(
        told.iter()
            .any(|line| line.starts_with("line 7: document_type must be one of resident_id, "))
    );
    assert!(
        told.iter()
            .any(|line| line.starts_with("line 8: /sites/0/principal/phone ")),
        "{told:#?}"
    );
    assert!(
        told.iter()
            .any(|line| line.starts_with("line 9: /sites/0/principal/document/number ")),
        "{told:#?}"
    );
    assert_eq!(
        told.last(),
        Some(
            &"error: 3 request(s) rejected; they stand with the reasons in all.rejected.csv: mend and import that file"
        )
    );

    let rejected = heyan.read("all.rejected.csv");
    assert!(
        rejected.starts_with(&format!("{HEADER},reason\n")),
        "{rejected}"
    );
    assert_eq!(rejected.lines().count(), 5, "{rejected}");
    let mended = rejected.replace(",555,", ",13600136000,");
    let mended: Vec<_> = mended
        .lines()
        .filter(|line| !line.starts_with("D,") && !line.starts_with(",gansu"))
        .collect();
    heyan.write("mended.csv", mended.join("\n"));
    assert_eq!(
        heyan.run(&["import", "mended.csv"]).done(),
        "1 request(s) submitted\n"
    );
}

#[test]
fn a_file_that_cannot_be_imported_is_told_before_anything_is_done() {
    let heyan = Heyan::new().with_provider();
    heyan.write("book.xlsx", b"PK\x03\x04 and so on");
    heyan.write("disguised.csv", b"PK\x03\x04 and so on");
    heyan.write("header.csv", "province,kind,colour\n");
    heyan.write("short.csv", "phone\n1\n");
    heyan.write("gbk.csv", b"province,kind,\xd0\xd5\xc3\xfb\n");
    for (file, expected) in [
        ("none.csv", "none.csv: there is no such file"),
        (
            "book.xlsx",
            "XLSX cannot be read yet; save it as CSV (UTF-8)",
        ),
        ("disguised.csv", "XLSX cannot be read yet"),
        (
            "header.csv",
            "column 3 of the header is none of provider_reference,province",
        ),
        ("short.csv", "the header has no column province"),
        ("gbk.csv", "is not UTF-8; save it as CSV UTF-8"),
    ] {
        let error = heyan.run(&["import", file]).failed(2);
        assert!(
            error.starts_with("error: ") && error.contains(expected),
            "{file}: {error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    heyan.write("one.ndjson", request("A", "13800138000"));
    let error = heyan
        .run(&["import", "one.ndjson", "--provider", "nobody"])
        .failed(2);
    assert!(
        error.contains("--provider: there is no provider `nobody` with access"),
        "{error}"
    );
    heyan.run(&["provider", "add", "second"]).done();
    let error = heyan.run(&["import", "one.ndjson"]).failed(2);
    assert!(
        error.contains("there are several providers: say with --provider NAME"),
        "{error}"
    );
    let error = Heyan::new().run(&["import", "/dev/null"]).failed(2);
    assert!(
        error.contains("cannot be read as CSV") || error.contains("no column"),
        "{error}"
    );
}

#[test]
fn invalid_utf_8_costs_its_row_alone() {
    let heyan = Heyan::new().with_provider();
    let mut text = format!("{}\n", request("A", "13800138000")).into_bytes();
    text.extend(b"{\"province\": \"\xff\"}\n");
    heyan.write("all.ndjson", text);
    let answer = heyan.run(&["import", "all.ndjson"]);
    assert_eq!(
        (answer.status, &*answer.stdout),
        (1, "1 request(s) submitted\n")
    );
    assert!(
        answer.stderr.starts_with("line 2: is not UTF-8\n"),
        "{answer:?}"
    );
}
