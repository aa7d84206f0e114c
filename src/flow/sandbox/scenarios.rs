//! The ready cases, as data: what each is called, when it is meant for, and what it files.

mod parts;

use chrono::{DateTime, Utc};

use self::parts::{
    Parts, alone, cancel_access, cancel_site, cancel_site_one_pass, cancel_subject, change,
    change_phone, change_remarks, change_unchanged, foreign_passport, hk_macau_permit, id_with_x,
    new_access, new_filing, new_site, one_person, three_sites,
};
use super::people::Cast;
use crate::domain::{
    filing::FilingDraft,
    province::Province::{
        self, Beijing, Chongqing, Fujian, Gansu, Guangdong, Hainan, Henan, Hubei, Ningxia,
        Shandong, Shanghai, Sichuan, Tianjin, Yunnan, Zhejiang,
    },
    time::parse_time,
};

/// The roll-outs, as the desk groups its cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    /// 2017-12-18
    Pilot1,
    /// 2018-09-10
    Pilot2,
    /// 2018-09-24
    Pilot3,
    /// 2020-08-17
    Nationwide,
}
use Era::{Nationwide, Pilot1, Pilot2, Pilot3};

impl Era {
    /// In their order.
    pub const ALL: [Self; 4] = [Pilot1, Pilot2, Pilot3, Nationwide];

    /// 2017 第一批试点 …
    pub const fn title(self) -> &'static str {
        match self {
            Pilot1 => "2017-12-18 起 第一批试点",
            Pilot2 => "2018-09-10 起 第二批试点",
            Pilot3 => "2018-09-24 起 第三批试点",
            Nationwide => "2020-08-17 起 全国",
        }
    }

    /// The instant from which its cases are meant.
    pub fn from(self) -> DateTime<Utc> {
        let from = match self {
            Pilot1 => "2017-12-18T09:00+08:00",
            Pilot2 => "2018-09-10T00:00+08:00",
            Pilot3 => "2018-09-24T00:00+08:00",
            Nationwide => "2020-08-17T00:00+08:00",
        };
        parse_time(from).unwrap_or_default()
    }
}

/// A ready case.
#[derive(Debug)]
pub struct Scenario {
    /// Its name in the API.
    pub name: &'static str,
    /// What it shows, in Chinese.
    pub title: &'static str,
    /// When it is meant for; it can be filed at any time, and follows the rules of that time.
    pub era: Era,
    /// For which bureau.
    pub province: Province,
    /// It is filed, withdrawn and filed again.
    pub(super) resubmitted: bool,
    parts: fn(Cast<'_>) -> Parts,
}

/// All of them, by era.
#[rustfmt::skip]
pub static SCENARIOS: &[Scenario] = &[
    case("new-filing-2017", "新增备案：主体和网站负责人各一人", Pilot1, Gansu, new_filing),
    case("new-site-2017", "新增网站", Pilot1, Tianjin, new_site),
    case("new-access-2017", "新增接入", Pilot1, Hainan, new_access),
    case("change-2017", "变更备案：换了手机号，只验证新号码", Pilot1, Gansu, change),
    case("change-unchanged-phone-2017", "变更备案：手机号未变，不需要核验", Pilot1, Gansu, change_unchanged),
    case("change-phone-2017", "变更手机号码：不经管局审核", Pilot1, Ningxia, change_phone),
    case("cancel-subject-2017", "注销主体：不需要核验", Pilot1, Gansu, cancel_subject),
    case("cancel-site-2017", "注销网站：不需要核验", Pilot1, Gansu, cancel_site),
    case("cancel-access-2017", "取消接入：不需要核验", Pilot1, Gansu, cancel_access),
    case("id-ending-in-x", "身份证号码以X结尾", Pilot1, Gansu, id_with_x),
    case("before-rollout", "尚未开通的省份：直接提交管局", Pilot1, Guangdong, new_filing),
    case("new-filing-2018", "新增备案：主体和网站负责人各一人", Pilot2, Sichuan, new_filing),
    case("new-site-2018", "新增网站", Pilot2, Chongqing, new_site),
    case("new-access-2018", "新增接入", Pilot2, Fujian, new_access),
    case("change-2018", "变更备案：换了手机号，只验证新号码", Pilot2, Sichuan, change),
    case("change-unchanged-phone-2018", "变更备案：手机号未变，也要核验", Pilot2, Sichuan, change_unchanged),
    case("change-remarks-only", "变更备案：只改备注，不需要核验", Pilot2, Sichuan, change_remarks),
    case("change-phone-2018", "变更手机号码：先由管局审核", Pilot2, Yunnan, change_phone),
    case("cancel-subject-2018", "注销主体", Pilot2, Sichuan, cancel_subject),
    case("cancel-site-2018", "注销网站", Pilot2, Sichuan, cancel_site),
    case("cancel-site-one-pass", "注销网站：主体和网站负责人，一人通过即可", Pilot2, Sichuan, cancel_site_one_pass),
    case("cancel-access-2018", "取消接入", Pilot2, Sichuan, cancel_access),
    case("foreign-passport", "外籍网站负责人，护照", Pilot2, Chongqing, foreign_passport),
    case("zhejiang-hk-macau-permit", "浙江：港澳通行证，填背面身份证号码后六位", Pilot2, Zhejiang, hk_macau_permit),
    case("new-filing-2018-pilot-3", "新增备案：主体和网站负责人各一人", Pilot3, Shandong, new_filing),
    case("change-phone-2018-pilot-3", "变更手机号码：先由管局审核", Pilot3, Hubei, change_phone),
    case("cancel-access-2018-pilot-3", "取消接入", Pilot3, Henan, cancel_access),
    Scenario {
        resubmitted: true,
        ..case("resubmission", "撤回后重新提交：全部重新核验", Pilot3, Shandong, new_filing)
    },
    case("new-filing-2020", "新增备案：主体和网站负责人各一人", Nationwide, Beijing, new_filing),
    case("new-site-2020", "新增网站", Nationwide, Shanghai, new_site),
    case("new-access-2020", "新增接入", Nationwide, Guangdong, new_access),
    case("change-2020", "变更备案：换了手机号，只验证新号码", Nationwide, Beijing, change),
    case("change-phone-2020", "变更手机号码：先由管局审核", Nationwide, Guangdong, change_phone),
    case("cancel-subject-2020", "注销主体", Nationwide, Beijing, cancel_subject),
    case("cancel-site-2020", "注销网站", Nationwide, Gansu, cancel_site),
    case("cancel-access-2020", "取消接入：不需要核验", Nationwide, Beijing, cancel_access),
    case("three-sites-shared-phone", "三个网站，其中两个同一负责人：共三条短信", Nationwide, Guangdong, three_sites),
    case("one-person", "主体和网站同一负责人：只发一条短信", Nationwide, Gansu, one_person),
    case("zhejiang-hk-macau-permit-2020", "浙江：港澳通行证，填背面身份证号码后六位", Nationwide, Zhejiang, hk_macau_permit),
    case("phone-never-accepted", "短信一直发不出去（19900000001）", Nationwide, Gansu, |cast| alone(cast, "19900000001")),
    case("phone-refused", "号码被拒收，备案退回（19900000002）", Nationwide, Gansu, |cast| alone(cast, "19900000002")),
    case("phone-late", "短信晚到三分钟（19900000003）", Nationwide, Gansu, |cast| alone(cast, "19900000003")),
    case("phone-receipt-twice", "短信回执来两次（19900000004）", Nationwide, Gansu, |cast| alone(cast, "19900000004")),
    case("phone-undelivered", "短信已发出，没有送达（19900000005）", Nationwide, Gansu, |cast| alone(cast, "19900000005")),
    case("phone-moved", "携号转网：由另一运营商发送（19900000006）", Nationwide, Gansu, |cast| alone(cast, "19900000006")),
];

const fn case(
    name: &'static str,
    title: &'static str,
    era: Era,
    province: Province,
    parts: fn(Cast<'_>) -> Parts,
) -> Scenario {
    Scenario {
        name,
        title,
        era,
        province,
        resubmitted: false,
        parts,
    }
}

/// The case of a name.
pub fn by_name(name: &str) -> Option<&'static Scenario> {
    SCENARIOS.iter().find(|scenario| scenario.name == name)
}

impl Scenario {
    /// A filing with new people.
    pub(super) fn draft(&self, cast: Cast<'_>) -> FilingDraft {
        (self.parts)(cast).draft(self.province, self.name)
    }
}

/// What `heyan demo` begins with: somebody answers for the organiser, somebody else for its website.
pub(super) fn first_filing(province: Province, cast: Cast<'_>) -> FilingDraft {
    new_filing(cast).draft(province, "DEMO-0001")
}
