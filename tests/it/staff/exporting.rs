//! Lists as files: masked, without formulas, for a reason and a fresh code.

use heyan::domain::{province::Province, staff::Role, words::FilingKind};

use super::{Console, account, stand};
use crate::{
    app::App,
    world::{Who, filing, on_engines},
};

const GANSU: Option<Province> = Some(Province::Gansu);

/// The texts of a spreadsheet: it is a ZIP of XML.
fn unzipped(bytes: &[u8]) -> String {
    const SCRIPT: &str = "import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1])\n\
        print(*(z.read(n).decode() for n in z.namelist() if 'sheet' in n or 'shared' in n))";
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let mut python = std::process::Command::new("python3");
    let read = python
        .args(["-c", SCRIPT])
        .arg(file.path())
        .output()
        .unwrap();
    assert!(
        read.status.success(),
        "{}",
        String::from_utf8_lossy(&read.stderr)
    );
    String::from_utf8(read.stdout).unwrap()
}

on_engines! {
    async fn csv_and_xlsx_hold_masked_texts_alone(engine) {
        let app = App::new(engine, "2018-10-10T09:00+08:00").await;
        let world = &app.world;
        stand(world, 0);
        let who = Who::number(1);
        for (province, reference) in [(Province::Gansu, "=HYPERLINK(\"http://evil\")"), (Province::Hunan, "ORDER-2")] {
            let mut draft = filing(province, FilingKind::NewSite, None, &[who.json()]);
            draft.provider_reference = Some(reference.into());
            world.file(draft).await;
        }
        let zhang = account(world, "zhang", Role::Officer, GANSU).await;
        let wu = account(world, "wu", Role::Auditor, None).await;
        let officer = Console::open(&app, &zhang).await;
        let auditor = Console::open(&app, &wu).await;
        let form = officer.get("/staff/export").await;
        assert_eq!((form.typed("from"), form.typed("to")), ("2018-09-10".into(), "2018-10-10".into()));
        let fields = |format: &'static str, code: String, more: &[(&'static str, &'static str)]| {
            let mut fields = vec![("from", "2018-10-10".to_owned()), ("to", "2018-10-10".into()), ("format", format.into()),
                ("reason", "audit".into()), ("code", code)];
            for (name, value) in more {
                fields.retain(|(known, _)| known != name);
                fields.push((name, (*value).to_owned()));
            }
            fields
        };
        let take = async |console: &Console<'_>, fields: Vec<(&'static str, String)>| {
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            console.file("/staff/export", &fields).await
        };
        stand(world, 30);
        let (kind, csv) = take(&officer, fields("csv", zhang.code(world), &[])).await;
        let csv = String::from_utf8(csv).unwrap();
        assert_eq!(kind, "text/csv; charset=utf-8", "{csv}");
        let lines: Vec<_> = csv.lines().collect();
        assert_eq!(lines.len(), 2, "the other bureau's is not there: {csv}");
        assert!(lines[0].starts_with("\u{feff}\"备案请求\",\"省份\""));
        assert!(lines[1].contains("\"'=HYPERLINK(\"\"http://evil\"\")\"") && lines[1].contains("\"王** 138****0001 待核验\""));
        assert!(!csv.contains(&who.phone) && !csv.contains(&who.document));
        let (kind, xlsx) = take(&auditor, fields("xlsx", wu.code(world), &[("province", "")])).await;
        assert!(kind.ends_with("spreadsheetml.sheet"), "{kind}");
        let text = unzipped(&xlsx);
        assert!(text.contains("'=HYPERLINK") && text.contains("ORDER-2") && text.contains("138****0001"), "{text}");
        assert!(!text.contains("<f>") && !text.contains(&who.phone), "{text}");
        // what cannot be taken
        stand(world, 60);
        let code = zhang.code(world);
        for (more, part) in [
            (&[("from", "x")][..], "请按 2026-11-26 的格式填写日期"), (&[("to", "2018-10-09")], "结束日期不能早于开始日期"),
            (&[("reason", "")], "请选择事由"), (&[("code", "")], "动态码不能为空"), (&[("format", "pdf")], "请选择格式"),
            (&[("code", "000000")], "动态码不正确或已用过"),
        ] {
            let (kind, page) = take(&officer, fields("csv", code.clone(), more)).await;
            let page = String::from_utf8(page).unwrap();
            assert!(kind.starts_with("text/html") && page.contains(part), "{more:?}");
        }
        let (kind, _) = take(&officer, fields("csv", code, &[("state", "handed_over")])).await;
        assert!(kind.starts_with("text/csv"), "the code had not been used");
        stand(world, 90);
        let log = auditor.get("/staff/log").await.texts("tbody tr");
        let taken: Vec<_> = log.iter().filter(|line| line.contains("导出")).collect();
        assert_eq!(taken.len(), 3, "{log:?}");
        assert!(taken[2].contains("csv，1个请求") && taken[2].contains("统计与内部审计"), "{taken:?}");
        app.stop().await;
    }
}
