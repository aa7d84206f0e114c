//! `import`: what is accepted, what is told by line, and that nothing is lost.

use std::{
    io::{BufRead, BufReader, Read},
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
};

use super::{Answer, Heyan, exists};

const HEADER: &str = "provider_reference,province,kind,role,entity_name,principal_name,phone,previous_phone,document_type,\
    document_number,card_number,domains,service_type,resubmits";

fn request(reference: &str, phone: &str) -> String {
    format!(
        r#"{{"province":"gansu","kind":"new_filing","provider_reference":"{reference}","subject":{{"name":"兰州某某科技有限公司","principal":{{"name":"王小明","phone":"{phone}","document":{{"type":"resident_id","number":"11010519491231002X"}}}}}}}}"#
    )
}

#[test]
fn a_line_that_is_no_object_is_told_in_the_files_words() {
    let heyan = Heyan::new().with_provider();
    heyan.write("lists.ndjson", "[]\n\"text\"\n17\n");
    let answer = heyan.run(&["import", "lists.ndjson"]);
    assert_eq!(answer.status, 1, "{answer:?}");
    for line in 1..=3 {
        let told = format!("line {line}: must be an object\n");
        assert!(answer.stderr.contains(&told), "{}", answer.stderr);
    }
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
        "error: 5 request(s) rejected; they stand with the reasons in all.rejected.ndjson: mend and import that file; \
        all.report.csv lists them by row and pointer"
    );
    for value in ["atlantis", "13700137000", "王小明", "1380013"] {
        assert!(
            !answer.stderr.contains(value),
            "{value} in {}",
            answer.stderr
        );
    }

    let report = heyan.read("all.report.csv");
    let report: Vec<_> = report.lines().collect();
    assert_eq!(report[0], r#""row","pointer","reason""#);
    assert!(
        report[1].starts_with(r#""3","/subject/principal/phone","must be "#),
        "{report:#?}"
    );
    assert!(
        report[2].starts_with(r#""4","","is no JSON, at column "#),
        "{report:#?}"
    );
    assert_eq!(report.len(), 6);

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
    assert!(exists(&heyan.path("all.report-2.csv")));
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
        told.contains(&"line 7: /province differs from that of line 6"),
        "{told:#?}"
    );
    assert!(told.iter().any(|line| {
        line.starts_with("line 7: /sites/0/principal/document/type must be one of resident_id, ")
    }));
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
            &"error: 3 request(s) rejected; they stand with the reasons in all.rejected.csv: mend and import that file; \
            all.report.csv lists them by row and pointer"
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
    heyan.write("text.xlsx", "province,kind\n");
    heyan.write("old.xls", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1");
    let long = "x".repeat(1024 * 1024 + 1);
    heyan.write(
        "long.ndjson",
        format!("{}\n{long}", request("A", "13800138000")),
    );
    heyan.write("open.csv", format!("province,kind\n\"{long},\n"));
    heyan.write("header.csv", "province,kind,colour\n");
    heyan.write("short.csv", "phone\n1\n");
    heyan.write("gbk.csv", b"province,kind,\xd0\xd5\xc3\xfb\n");
    for (file, expected) in [
        ("none.csv", "none.csv: there is no such file"),
        ("book.xlsx", "book.xlsx: cannot be read as a workbook"),
        ("disguised.csv", "cannot be read as a workbook"),
        ("text.xlsx", "is no workbook, whatever its name"),
        ("old.xls", "is an old or locked workbook; save it as .xlsx"),
        ("long.ndjson", "line 2 is longer than 1 MiB"),
        (
            "open.csv",
            "the row that begins in line 2 is longer than 1 MiB: close its quotation mark",
        ),
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
    let error = heyan.run(&["import", "/dev/null"]).failed(2);
    assert!(error.contains("/dev/null: is no file"), "{error}");
    // a pipe that nobody writes to keeps nobody waiting
    let pipe = std::process::Command::new("mkfifo")
        .arg(heyan.path("pipe.csv"))
        .status();
    assert!(pipe.unwrap().success());
    let error = heyan.run(&["import", "pipe.csv"]).failed(2);
    assert!(error.contains("pipe.csv: is no file"), "{error}");
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

/// So many requests, and after the first 20 one that is rejected.
fn many(count: usize) -> String {
    let mut lines: Vec<_> = (0..count)
        .map(|n| request(&format!("ORDER-{n}"), &format!("138{n:08}")))
        .collect();
    lines.insert(20, request("BAD", "1"));
    lines.join("\n")
}

/// The numbers of "N request(s) submitted, M had been before".
fn counts(answer: &str) -> (usize, usize) {
    let numbers: Vec<_> = answer
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|word| word.parse().ok())
        .collect();
    (numbers[0], numbers.get(1).copied().unwrap_or(0))
}

/// Runs an import until it has told of the rejected row, and ends it there.
fn ended(heyan: &Heyan, signal: &str) -> Answer {
    let mut child = heyan
        .command(&["import", "many.ndjson"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert!(line.starts_with("line 21: "), "{line}");
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-s", signal, &pid]).status();
    assert!(sent.unwrap().success());
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    Answer {
        stderr: rest,
        ..child.wait_with_output().unwrap().into()
    }
}

#[test]
fn broken_off_it_goes_on_where_it_stopped() {
    for signal in ["INT", "KILL"] {
        let heyan = Heyan::new().with_provider();
        heyan.write("many.ndjson", many(600));
        let answer = ended(&heyan, signal);
        if signal == "INT" {
            assert_eq!(answer.status, 1, "{answer:?}");
            let told = "error: stopped; what was submitted stays: import the same file again, and it goes on from there; 1 \
                request(s) rejected; ";
            assert!(answer.stderr.contains(told), "{answer:?}");
            let (submitted, _) = counts(&answer.stdout);
            assert!((20..600).contains(&submitted), "{answer:?}");
        }
        let (submitted, before) = counts(&heyan.run(&["import", "many.ndjson"]).stdout);
        assert_eq!(submitted + before, 600, "{signal}");
        assert!(before >= 20, "{signal}: {before}");
        let again = heyan.run(&["import", "many.ndjson"]).stdout;
        assert_eq!(again, "0 request(s) submitted, 600 had been before\n");
    }
}

#[test]
fn two_imports_of_one_file_at_once_file_it_once() {
    let heyan = Heyan::new().with_provider();
    heyan.write("many.ndjson", many(100));
    let start = || {
        let mut command = heyan.command(&["import", "many.ndjson"]);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let both = [start(), start()].map(|child| {
        let answer = Answer::from(child.wait_with_output().unwrap());
        counts(&answer.stdout)
    });
    assert_eq!(both[0].0 + both[1].0, 100, "{both:?}");
    assert!(
        both.iter()
            .all(|(submitted, before)| submitted + before == 100),
        "{both:?}"
    );
}

#[test]
fn what_would_be_a_formula_is_none_and_comes_back_as_it_was() {
    let heyan = Heyan::new().with_provider();
    let row = "=1+1,gansu,new_filing,subject,+公司,王小明,+86 1380013,,resident_id,11010519491231002X,,,,";
    heyan.write("all.csv", format!("{HEADER}\n{row}\n"));
    heyan.run(&["import", "all.csv"]);
    let rejected = heyan.read("all.rejected.csv");
    assert!(rejected.contains("\n'=1+1,gansu,"), "{rejected}");
    assert!(
        rejected.contains(",'+公司,王小明,'+86 1380013,"),
        "{rejected}"
    );
    heyan.write(
        "mended.csv",
        rejected.replace("'+86 1380013", "'+86 13800138000"),
    );
    heyan.run(&["import", "mended.csv"]).done();
    // a blank line and a line's end in a cell do not shift what is told
    let rows = format!(
        "{HEADER}\n\n{}\n\nB,atlantis,change,,,,,,,,,,,\n",
        row.replace("公司", "\"公\n司\"")
    );
    heyan.write("lines.csv", rows);
    let told = heyan.run(&["import", "lines.csv"]).stderr;
    assert!(told.contains("line 3: /subject/"), "{told}");
    assert!(told.contains("line 6: /province must be"), "{told}");
}
