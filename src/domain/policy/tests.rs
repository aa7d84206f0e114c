//! The era table.

use super::*;
use crate::domain::{province::Province, time::parse_time};

mod data_file;

fn at(text: &str) -> DateTime<Utc> {
    parse_time(text).unwrap()
}

fn name_at(province: Province, now: &str) -> Option<String> {
    let timeline = Timeline::built_in().unwrap();
    timeline
        .at(province, at(now))
        .map(|policy| policy.name.clone())
}

const BATCHES: [&[Province]; 4] = {
    use Province::{
        Anhui, Beijing, Chongqing, Fujian, Gansu, Guangdong, Guangxi, Guizhou, Hainan, Hebei,
        Heilongjiang, Henan, Hubei, Hunan, Jiangsu, Jiangxi, Jilin, Liaoning, Neimenggu, Ningxia,
        Qinghai, Shaanxi, Shandong, Shanghai, Shanxi, Sichuan, Tianjin, Xinjiang, Xizang, Yunnan,
        Zhejiang,
    };
    [
        &[Tianjin, Gansu, Xizang, Ningxia, Hainan, Xinjiang, Qinghai],
        &[
            Zhejiang, Fujian, Guangxi, Chongqing, Sichuan, Shaanxi, Yunnan,
        ],
        &[
            Shanxi,
            Neimenggu,
            Heilongjiang,
            Anhui,
            Shandong,
            Henan,
            Hubei,
            Hunan,
        ],
        &[
            Beijing, Hebei, Liaoning, Jilin, Shanghai, Jiangsu, Jiangxi, Guangdong, Guizhou,
        ],
    ]
};

/// The minute before and the instant of every roll-out, for every province.
#[test]
fn each_batch_starts_at_its_instant() {
    let firsts = [
        (
            "2017-12-18T08:59:59.999+08:00",
            "2017-12-18T09:00+08:00",
            "pilot-1",
        ),
        (
            "2018-09-09T23:59:59.999+08:00",
            "2018-09-10T00:00+08:00",
            "pilots-2-3",
        ),
        (
            "2018-09-23T23:59:59.999+08:00",
            "2018-09-24T00:00+08:00",
            "pilots-2-3",
        ),
        (
            "2020-08-16T23:59:59.999+08:00",
            "2020-08-17T00:00+08:00",
            "nationwide",
        ),
    ];
    assert_eq!(
        BATCHES.iter().map(|batch| batch.len()).sum::<usize>(),
        Province::ALL.len()
    );
    for (batch, (before, start, name)) in BATCHES.iter().zip(firsts) {
        for &province in *batch {
            assert_eq!(name_at(province, before), None, "{province:?}");
            assert_eq!(
                name_at(province, start).as_deref(),
                Some(name),
                "{province:?}"
            );
            let last_minute = name_at(province, "2020-08-16T23:59+08:00");
            assert_eq!(
                last_minute.as_deref(),
                (name != "nationwide").then_some(name),
                "{province:?}"
            );
            assert_eq!(
                name_at(province, "2020-08-17T00:00+08:00").as_deref(),
                Some("nationwide")
            );
            assert_eq!(
                name_at(province, "2030-01-01T00:00+08:00").as_deref(),
                Some("nationwide")
            );
        }
    }
}

#[test]
fn each_province_knows_its_batch() {
    let timeline = Timeline::built_in().unwrap();
    for (number, batch) in (1..).zip(BATCHES) {
        for &province in batch {
            let entries = timeline.entries(province);
            assert_eq!(
                entries.len(),
                if number == 4 { 1 } else { 2 },
                "{province:?}"
            );
            assert!(
                entries.iter().all(|policy| policy.batch == number),
                "{province:?}"
            );
            assert!(
                entries.iter().all(|policy| policy.source.contains('S')),
                "{province:?}"
            );
        }
    }
}

#[test]
fn the_eras_differ_as_the_table_says() {
    use FilingKind::{
        CancelAccess, CancelSite, CancelSubject, Change, ChangePhone, NewAccess, NewFiling, NewSite,
    };
    let timeline = Timeline::built_in().unwrap();
    let policy = |province, now| timeline.at(province, at(now)).unwrap();
    let pilot_1 = policy(Province::Gansu, "2018-09-24T12:00+08:00");
    let pilot_3 = policy(Province::Hunan, "2018-09-24T12:00+08:00");
    let nationwide = policy(Province::Beijing, "2021-01-01T00:00+08:00");

    let numbers = |p: &Policy| (p.validity_hours, p.max_wrong_tries, p.max_manual_resends);
    assert_eq!(numbers(pilot_1), (48, 5, 2));
    assert_eq!(numbers(pilot_3), (24, 3, 2));
    assert_eq!(numbers(nationwide), (24, 5, 2));
    assert_eq!(pilot_1.validity(), TimeDelta::days(2));

    let switches = |p: &Policy| {
        [
            p.noon_resend,
            p.verify_unchanged_phone,
            p.phone_change_review,
            p.short_link,
            p.national_entry,
            p.name_in_messages,
        ]
    };
    assert_eq!(switches(pilot_1), [true, false, false, false, false, false]);
    assert_eq!(switches(pilot_3), [true, true, true, true, false, true]);
    assert_eq!(switches(nationwide), [true, true, true, true, true, false]);

    let everywhere = [NewFiling, NewSite, NewAccess, Change, ChangePhone];
    for p in [pilot_1, pilot_3, nationwide] {
        assert!(
            everywhere.iter().all(|&kind| p.verifies(kind)),
            "{}",
            p.name
        );
    }
    let cancels =
        |p: &Policy| [CancelSubject, CancelSite, CancelAccess].map(|kind| p.verifies(kind));
    assert_eq!(cancels(pilot_1), [false, false, false]);
    assert_eq!(cancels(pilot_3), [true, true, true]);
    assert_eq!(cancels(nationwide), [true, true, false]);

    assert!(!pilot_1.reviews(ChangePhone));
    assert!(pilot_3.reviews(ChangePhone) && nationwide.reviews(ChangePhone));
    assert!(!pilot_3.reviews(Change));
    assert_eq!(
        [pilot_1, pilot_3, nationwide].map(|p| p.wording.as_str()),
        ["2017", "2018", "2020"]
    );
}

#[test]
fn senders_go_by_carrier() {
    let timeline = Timeline::built_in().unwrap();
    let gansu = timeline.entries(Province::Gansu);
    let carriers = [
        Carrier::Telecom,
        Carrier::Unicom,
        Carrier::Mobile,
        Carrier::Broadnet,
    ]
    .map(Some);
    let of =
        |policy: &Policy| carriers.map(|carrier| policy.senders.for_carrier(carrier).to_owned());
    assert_eq!(
        of(&gansu[0]),
        ["106598051001", "10655113", "106575000130", "106575000130"]
    );
    assert_eq!(gansu[0].senders.for_carrier(None), "106575000130");
    assert_eq!(of(&gansu[1]), ["12381"; 4]);
    assert_eq!(gansu[1].senders.for_carrier(None), "12381");
}

#[test]
fn zhejiang_alone_takes_the_card_on_the_permits_back() {
    let timeline = Timeline::built_in().unwrap();
    for province in Province::ALL {
        let expected = if province == Province::Zhejiang {
            HkMacauTail::IdentityCard
        } else {
            HkMacauTail::Permit
        };
        for policy in timeline.entries(province) {
            assert_eq!(policy.hk_macau_tail, expected, "{province:?}");
        }
    }
    assert!(
        timeline.entries(Province::Zhejiang)[0]
            .source
            .ends_with("hk_macau_tail: P")
    );
}

#[test]
fn the_national_page_takes_codes_from_2020_on() {
    let timeline = Timeline::built_in().unwrap();
    assert!(
        timeline
            .national_at(at("2020-08-16T23:59:59.999+08:00"))
            .is_none()
    );
    let national = timeline.national_at(at("2020-08-17T00:00+08:00")).unwrap();
    assert!(national.national_entry);
    assert_eq!(national.wording, Wording::W2020);
    assert_eq!(timeline.national_entries().len(), 1);
}

#[test]
fn a_snapshot_reads_back_and_bears_what_a_later_version_adds() {
    let timeline = Timeline::built_in().unwrap();
    for province in Province::ALL {
        for policy in timeline.entries(province) {
            let mut json = serde_json::to_value(policy.as_ref()).unwrap();
            assert_eq!(
                serde_json::from_value::<Policy>(json.clone()).unwrap(),
                **policy
            );
            json["a_later_setting"] = true.into();
            assert_eq!(serde_json::from_value::<Policy>(json).unwrap(), **policy);
        }
    }
    let json = serde_json::to_value(timeline.entries(Province::Gansu)[0].as_ref()).unwrap();
    assert_eq!(json["from"], "2017-12-18T09:00:00+08:00");
    assert_eq!(json["batch"], 1);
    assert_eq!(json["wording"], "2017");
    assert_eq!(json["senders"]["unicom"], "10655113");
}
