//! The figures: each role may see them, a province's people their own bureau's alone; each table is a file without formulas.

use heyan::domain::{
    province::Province,
    staff::Role,
    words::{FilingKind, Outcome},
};

use super::{Console, account, stand};
use crate::{
    app::App,
    world::{Who, filing, on_engines, outcome},
};

const GANSU: Option<Province> = Some(Province::Gansu);

on_engines! {
    async fn a_bureau_sees_its_own_and_the_nation_all(engine) {
        let app = App::new(engine, "2018-10-10T09:00+08:00").await;
        let world = &app.world;
        stand(world, 0);
        let (wang, li) = (Who::number(1), Who::number(2));
        world.file(filing(Province::Gansu, FilingKind::NewSite, None, &[wang.json()])).await;
        world.file(filing(Province::Hunan, FilingKind::NewSite, None, &[li.json()])).await;
        let code = world.code(&wang.phone).await;
        let verified = world.verify(GANSU, &code, &wang.phone, wang.tail()).await;
        assert_eq!(outcome(verified), Outcome::VerifiedAll);
        world.settle().await;
        let zhang = account(world, "zhang", Role::Officer, GANSU).await;
        let wu = account(world, "wu", Role::Auditor, None).await;
        let zhao = account(world, "zhao", Role::Admin, GANSU).await;
        let officer = Console::open(&app, &zhang).await;
        let auditor = Console::open(&app, &wu).await;
        let admin = Console::open(&app, &zhao).await;

        for console in [&officer, &admin] {
            let page = console.get("/staff/statistics?province=hunan").await;
            assert_eq!(page.status, 200);
            assert_eq!(page.texts("svg").len(), 4, "funnel, days, durations, providers");
            // filed, to be verified, sent, delivered, verified, handed over; nothing else
            let cells = page.texts("[aria-labelledby=funnel-rows] tbody td");
            assert_eq!(cells[..14].join(" "), "1 1 1 1 1 1 1 1 1 1 1 1 0 0");
            assert!(page.texts("#provinces").is_empty(), "a bureau has itself alone");
        }
        let page = auditor.get("/staff/statistics").await;
        let cells = page.texts("[aria-labelledby=funnel-rows] tbody td");
        assert_eq!(cells[..4].join(" "), "2 2 2 2");
        let provinces = page.texts("[aria-labelledby=provinces-rows] tbody th");
        assert_eq!(provinces, ["湖南", "甘肃"]);
        assert!(page.texts("[style], script:not([src])").is_empty());
        let page = auditor.get("/staff/statistics?province=hunan").await;
        let cells = page.texts("[aria-labelledby=funnel-rows] tbody td");
        assert_eq!(cells[8..12].join(" "), "0 0 0 0", "nobody has verified there");

        let file = officer.get("/staff/statistics/funnel.csv").await;
        assert_eq!(file.status, 200);
        assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
        assert!(file.body.trim_start_matches('\u{feff}').starts_with("\"步骤\",\"今天\",\"最近30天\"\r\n\"接入商提交（请求）\",\"1\",\"1\"\r\n"), "{}", file.body);
        assert_eq!(officer.get("/staff/statistics/nothing.csv").await.status, 404);
        assert_eq!(officer.get("/staff/statistics/provinces.csv").await.status, 404);
        assert_eq!(auditor.get("/staff/statistics/provinces.csv").await.status, 200);
    }
}
