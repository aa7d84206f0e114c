//! The eras, through submission, outbox and pages' outcomes: for each batch, before and after each roll-out, and each
//! kind, who gets an SMS, for how long, how many tries. `cargo nextest run eras:: --no-capture` prints the table.

use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};
use heyan::{
    domain::{
        province::Province,
        time::rfc3339,
        words::{FilingKind, Outcome},
    },
    flow::review_phone,
};

use crate::world::{Who, World, at, filing, on_engines, other_than, outcome, told};

const BATCHES: [(u8, Province, &str); 4] = [
    (1, Province::Gansu, "2017-12-18T09:00+08:00"),
    (2, Province::Zhejiang, "2018-09-10T00:00+08:00"),
    (3, Province::Hunan, "2018-09-24T00:00+08:00"),
    (4, Province::Beijing, "2020-08-17T00:00+08:00"),
];
const NATIONWIDE: &str = "2020-08-17T00:00+08:00";

/// The subject's principal (China Mobile) and a site's (China Telecom), new for each filing.
fn pair(n: u32) -> (Who, Who) {
    let site = Who {
        phone: format!("133{n:08}"),
        ..Who::number(5000 + n)
    };
    (Who::number(n), site)
}

/// What a provider sends for a kind; `moved`: a `change` of the site's number, else it leaves the numbers as they are.
fn draft(
    province: Province,
    kind: FilingKind,
    moved: bool,
    n: u32,
) -> heyan::domain::filing::FilingDraft {
    use FilingKind as K;
    let (subject, site) = pair(n);
    let changed = site.moved_from("13700137000");
    let (subject, sites) = match kind {
        K::Change if moved => (Some(subject.json()), vec![changed]),
        K::NewFiling | K::Change | K::CancelSite => (Some(subject.json()), vec![site.json()]),
        K::NewSite | K::NewAccess | K::CancelAccess => (None, vec![site.json()]),
        K::CancelSubject => (Some(subject.json()), vec![]),
        K::ChangePhone => (None, vec![changed]),
    };
    filing(province, kind, subject, &sites)
}

/// One row: who gets an SMS, hours, tries, and from which numbers.
async fn row(world: &World, province: Province, kind: FilingKind, moved: bool, n: u32) -> String {
    let now = world.now();
    let view = world.file(draft(province, kind, moved, n)).await;
    let id = view.row.id;
    let mut reviewed = "";
    if view.row.state.as_str() == "awaiting_phone_review" {
        assert!(world.messages().await.iter().all(|one| one.request != id));
        review_phone::review_phone(&world.services, id, true, None)
            .await
            .unwrap();
        world.settle().await;
        reviewed = ", after the bureau's review";
    }
    let view = world.view(id).await;
    if view.verifications.is_empty() {
        assert_eq!(view.row.state.as_str(), "handed_over");
        assert_eq!(view.policy.is_none(), view.row.policy.is_none());
        return "nobody, handed over at once".to_owned();
    }
    let messages: Vec<_> = world
        .messages()
        .await
        .into_iter()
        .filter(|one| one.request == id)
        .collect();
    assert_eq!(messages.len(), view.verifications.len());
    let (subject, site) = pair(n);
    let mut cells = Vec::new();
    for one in &view.verifications {
        assert_eq!(one.row.first_sent_at, Some(now));
        let sms = messages
            .iter()
            .find(|sms| sms.verification == one.row.id)
            .unwrap();
        let role = if sms.phone == subject.phone {
            "subject"
        } else {
            "site"
        };
        let link = if sms.link.is_some() { " +link" } else { "" };
        cells.push(format!("{role} by {}{link}", sms.sender));
    }
    let hours = (view.verifications[0].row.expires_at - now).num_hours();
    let who = if messages[0].phone == subject.phone {
        &subject
    } else {
        &site
    };
    let tries = tries(world, province, who, &messages[0].code).await;
    let one_pass = if view.row.one_pass {
        ", one is enough"
    } else {
        ""
    };
    format!(
        "{}; {hours} h, {tries} tries{one_pass}{reviewed}",
        cells.join(", ")
    )
}

/// How many wrong ones it takes.
async fn tries(world: &World, province: Province, who: &Who, code: &str) -> u32 {
    let wrong = other_than(&[code.to_owned()]);
    for tries in 1.. {
        let told = world
            .verify(Some(province), &wrong, &who.phone, who.tail())
            .await;
        match outcome(told) {
            Outcome::Wrong => assert!(tries < 10),
            Outcome::AskProvider => return tries,
            other => panic!("{other}"),
        }
    }
    unreachable!()
}

/// Each kind at one instant, kinds of the same row together.
async fn instant(
    world: &World,
    batch: u8,
    province: Province,
    now: DateTime<Utc>,
    n: &mut u32,
) -> String {
    world.set(now);
    let mut rows: Vec<(String, Vec<&str>)> = Vec::new();
    let kinds = FilingKind::ALL
        .iter()
        .map(|kind| (*kind, false, kind.as_str()));
    for (kind, moved, name) in kinds.chain([(FilingKind::Change, true, "change with a new number")])
    {
        *n += 1;
        let row = row(world, province, kind, moved, *n).await;
        match rows.iter_mut().find(|(other, _)| *other == row) {
            Some((_, kinds)) => kinds.push(name),
            None => rows.push((row, vec![name])),
        }
    }
    let mut table = format!("batch {batch}, {}, {}\n", province.slug(), rfc3339(now));
    for (row, kinds) in rows {
        writeln!(table, "    {}: {row}", kinds.join(", ")).unwrap();
    }
    table
}

on_engines! {
    async fn table(engine) {
        let world = World::new(engine, "2017-12-01T00:00+08:00").await;
        let (mut table, mut n) = (String::new(), 0);
        for (batch, province, from) in BATCHES {
            let mut roll_outs = vec![at(from), at(NATIONWIDE)];
            roll_outs.dedup();
            for roll_out in roll_outs {
                for now in [roll_out - TimeDelta::minutes(1), roll_out] {
                    table += &instant(&world, batch, province, now, &mut n).await;
                }
            }
        }
        println!("{table}");
        insta::assert_snapshot!("era_table", table);
    }

    /// A number's carrier decides the sender, till the one number of 2020.
    async fn senders(engine) {
        let world = World::new(engine, "2018-09-10T09:00+08:00").await;
        let virtual_ones = ["17000000001", "17030000001", "17040000001"];
        for (now, province, expected) in [
            ("2018-09-10T09:00+08:00", Province::Gansu, ["106575000130", "10655113", "106598051001"]),
            ("2018-10-10T09:00+08:00", Province::Hunan, ["106575000130", "10655113", "106598051001"]),
            ("2021-09-10T09:00+08:00", Province::Beijing, ["12381", "12381", "12381"]),
        ] {
            world.set(at(now));
            let [mobile, unicom, telecom] = expected;
            for (phone, sender) in [
                ("13800000001", mobile), ("13000000001", unicom), ("13300000001", telecom),
                // virtual operators: their host's
                (virtual_ones[0], telecom), (virtual_ones[1], mobile), (virtual_ones[2], unicom),
                // Broadnet, and a number of no known carrier: China Mobile's
                ("19200000001", mobile), ("15400000001", mobile),
            ] {
                let who = Who { phone: phone.into(), ..Who::number(1) };
                let id = world.file(filing(province, FilingKind::NewSite, None, &[who.json()])).await.row.id;
                let messages = world.messages().await;
                let sms = messages.iter().find(|one| one.request == id).unwrap();
                assert_eq!(sms.sender, sender, "{phone} at {now}");
            }
        }
    }

    /// The SMS and the pages speak as they did.
    async fn wordings(engine) {
        let world = World::new(engine, "2018-09-10T09:00+08:00").await;
        let mut said = String::new();
        for (now, province) in [
            ("2018-09-10T09:00+08:00", Province::Gansu),
            ("2018-10-10T09:00+08:00", Province::Hunan),
            ("2021-09-10T09:00+08:00", Province::Beijing),
        ] {
            world.set(at(now));
            let (a, b) = (Who::number(1), Who::new("13300000001", "李雷", "E87654321"));
            let id = world.file(filing(province, FilingKind::NewFiling, Some(a.json()), &[b.json()])).await.row.id;
            let messages = world.messages().await;
            let of = |who: &Who| messages.iter().find(|one| one.request == id && one.phone == who.phone).unwrap();
            let (sms, other) = (of(&a), of(&b));
            let text = sms.text.replace(&sms.code, "CODE");
            let text = sms.link.as_ref().map_or(text.clone(), |link| text.replace(link, "LINK"));
            writeln!(said, "{}\n  {text}", province.slug()).unwrap();
            let here = Some(province);
            let wrong = other_than(std::slice::from_ref(&sms.code));
            for answer in [
                world.verify(here, &wrong, &a.phone, a.tail()).await,
                world.verify(here, &wrong, &a.phone, "QQQQQQ").await,
                world.resend(here, &a.phone, a.tail()).await,
                world.resend(here, &a.phone, a.tail()).await,
                world.resend(here, &a.phone, a.tail()).await,
                world.verify(here, &sms.code, &a.phone, a.tail()).await,
                world.verify(here, &sms.code, &a.phone, a.tail()).await,
                world.resend(here, &a.phone, a.tail()).await,
                world.verify(here, &other.code, &b.phone, b.tail()).await,
            ] {
                let answer = told(answer);
                writeln!(said, "  {}: {}", answer.outcome, answer.sentence()).unwrap();
            }
        }
        insta::assert_snapshot!("era_wordings", said);
    }

    /// 48 hours, sent in the morning or in the evening: once at 12:00 of the next day. 24 hours: only what was sent after noon.
    async fn noon(engine) {
        for (now, province, comes) in [
            ("2018-09-10T09:00+08:00", Province::Gansu, true),
            ("2018-09-10T20:00+08:00", Province::Gansu, true),
            ("2018-10-10T09:00+08:00", Province::Hunan, false),
            ("2018-10-10T11:59+08:00", Province::Hunan, false),
            ("2018-10-10T20:00+08:00", Province::Hunan, true),
            ("2021-10-10T11:59+08:00", Province::Beijing, false),
            ("2021-10-10T12:05+08:00", Province::Beijing, true),
        ] {
            let world = World::new(engine, now).await;
            let who = Who::number(1);
            world.file(filing(province, FilingKind::NewSite, None, &[who.json()])).await;
            let noon = heyan::domain::time::noon_after(at(now));
            world.turn(noon - TimeDelta::milliseconds(1)).await;
            assert_eq!(world.messages().await.len(), 1, "{now}");
            world.turn(noon).await;
            let messages = world.messages().await;
            assert_eq!(messages.len() == 2, comes, "{now}");
            if comes {
                assert_eq!(messages[1].accepted_at, Some(noon));
                assert_eq!(messages[1].kind.as_str(), "noon");
                assert_ne!(messages[1].code, messages[0].code);
                // the older code is as good
                let told = world.verify(Some(province), &messages[0].code, &who.phone, who.tail()).await;
                assert_eq!(outcome(told), Outcome::VerifiedAll);
            }
            world.turn(noon + TimeDelta::days(5)).await;
            assert_eq!(world.messages().await.len(), 1 + usize::from(comes), "{now}");
        }
    }

    /// `now == expires_at` is too late, whether or not the job has been there.
    async fn deadline(engine) {
        for (now, province, hours) in [
            ("2018-09-10T09:00+08:00", Province::Gansu, 48),
            ("2018-10-10T09:00+08:00", Province::Hunan, 24),
            ("2021-10-10T09:00+08:00", Province::Beijing, 24),
        ] {
            let world = World::new(engine, now).await;
            let people = [Who::number(1), Who::number(2), Who::number(3)];
            let mut ids = Vec::new();
            for who in &people {
                let draft = filing(province, FilingKind::NewSite, None, &[who.json()]);
                ids.push(world.file(draft).await.row.id);
            }
            let deadline = at(now) + TimeDelta::hours(hours);
            let verify = async |who: &Who| {
                let code = world.code(&who.phone).await;
                outcome(world.verify(Some(province), &code, &who.phone, who.tail()).await)
            };
            world.turn(deadline - TimeDelta::milliseconds(1)).await;
            assert_eq!(verify(&people[0]).await, Outcome::VerifiedAll);
            world.set(deadline);
            assert_eq!(verify(&people[1]).await, Outcome::AskProvider);
            assert_eq!(world.view(ids[1]).await.verifications[0].row.wrong_tries, 0);
            world.settle().await;
            assert_eq!(verify(&people[2]).await, Outcome::AskProvider);
            for id in &ids[1..] {
                let row = world.view(*id).await.row;
                assert_eq!(row.return_reason.unwrap().as_str(), "expired");
                assert_eq!(row.ended_at, Some(deadline));
            }
        }
    }
}
