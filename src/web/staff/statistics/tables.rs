//! The statistics as tables with their pictures.

use super::chart;
use crate::{
    domain::statistics::{BUCKETS, Counted, Took, Totals},
    flow::statistics::Statistics,
    web::pages::staff::statistics::Table,
};

/// What one row tells of a day, a province or a provider.
type Column = (&'static str, fn(&Totals) -> i64);

const COLUMNS: [Column; 8] = [
    ("提交请求", |totals| totals.get(Counted::Filed)),
    ("需核验号码", |totals| totals.get(Counted::Phones)),
    ("短信已发出", |totals| totals.get(Counted::Sent)),
    ("短信已送达", |totals| totals.get(Counted::Delivered)),
    ("核验通过", |totals| totals.get(Counted::Verified)),
    ("提交管局", |totals| totals.get(Counted::HandedOver)),
    ("退回", Totals::returned),
    ("撤回", |totals| totals.get(Counted::Withdrawn)),
];

/// The steps of the funnel, with their units.
const STEPS: [(&str, Counted); 11] = [
    ("接入商提交（请求）", Counted::Filed),
    ("需要核验（手机号码）", Counted::Phones),
    ("短信已发出（手机号码）", Counted::Sent),
    ("短信已送达（手机号码）", Counted::Delivered),
    ("核验通过（手机号码）", Counted::Verified),
    ("提交管局（请求）", Counted::HandedOver),
    ("退回：未在规定时间内完成核验（请求）", Counted::Expired),
    ("退回：信息输错次数过多（请求）", Counted::TooManyWrongTries),
    ("退回：短信无法送达（请求）", Counted::Undeliverable),
    (
        "退回：号码变更未通过管局审核（请求）",
        Counted::PhoneChangeRejected,
    ),
    ("接入商撤回（请求）", Counted::Withdrawn),
];

/// Providers in the picture; the table has all.
const DRAWN: usize = 12;
/// The longest name in a picture, an ideograph counted as two.
const LONGEST: usize = 12;

/// All tables; `query` follows their files' addresses.
pub fn of(told: &Statistics, query: &str) -> Vec<Table> {
    let mut tables = vec![funnel(told), days(told), durations(told)];
    // a bureau has itself alone
    if told.provinces.len() > 1 {
        let rows = told.provinces.iter();
        let rows = rows.map(|(province, totals)| (province.short_name().to_owned(), totals));
        tables.push(Table {
            id: "provinces",
            title: "各省份",
            about: "最近30天；图中是各省份提交的请求数。",
            ..compared("省份", rows.collect(), usize::MAX)
        });
    }
    let rows = told.providers.iter();
    let mut rows: Vec<_> = rows.map(|(name, totals)| (name.clone(), totals)).collect();
    rows.sort_by_key(|(_, totals)| std::cmp::Reverse(totals.get(Counted::Filed)));
    tables.push(Table {
        id: "providers",
        title: "各接入商",
        about: "最近30天，提交最多的在前；图中是其提交的请求数。",
        ..compared("接入商", rows, DRAWN)
    });
    for table in &mut tables {
        table.file = format!("/staff/statistics/{}.csv{query}", table.id);
    }
    tables
}

fn funnel(told: &Statistics) -> Table {
    let today = told.today();
    let row = |(name, what): &(&str, Counted)| {
        vec![
            (*name).to_owned(),
            today.get(*what).to_string(),
            told.month.get(*what).to_string(),
        ]
    };
    let bars = COLUMNS.map(|(name, count)| (name.to_owned(), count(&told.month)));
    Table {
        id: "funnel",
        title: "从提交到管局",
        about: "一个请求可以有几个手机号码要核验，全部通过才提交管局；不需要核验的请求直接提交管局。图中是最近30天。",
        picture: chart::bars(&bars),
        legend: "",
        headings: vec!["步骤", "今天", "最近30天"],
        rows: STEPS.iter().map(row).collect(),
        file: String::new(),
    }
}

fn days(told: &Statistics) -> Table {
    let columns: Vec<_> = told
        .days
        .iter()
        .map(|(_, totals)| (totals.get(Counted::Filed), totals.get(Counted::HandedOver)))
        .collect();
    // without the year
    let name = |day: Option<&(String, Totals)>| {
        day.and_then(|(day, _)| day.get(5..))
            .unwrap_or_default()
            .to_owned()
    };
    let (first, last) = (name(told.days.first()), name(told.days.last()));
    let row = |(day, totals): &(String, Totals)| row(day.clone(), totals);
    Table {
        id: "days",
        title: "每天",
        about: "最近30天，最近的在前。",
        picture: chart::columns(&columns, &first, &last),
        legend: "宽的灰柱：提交的请求；窄的蓝柱：提交管局的请求。",
        headings: headings("日期"),
        rows: told.days.iter().rev().map(row).collect(),
        file: String::new(),
    }
}

fn durations(told: &Statistics) -> Table {
    let today = told.today();
    let mut rows = Vec::new();
    for (name, percent) in [("中位数（一半不超过）", 50), ("90%不超过", 90)] {
        let took = |totals: &Totals| duration(totals.took(percent));
        rows.push(vec![name.to_owned(), took(&today), took(&told.month)]);
    }
    let mut bars = Vec::new();
    let buckets = BUCKETS.map(|(seconds, bucket)| (format!("≤{}", short(seconds)), bucket));
    let later = (">48小时".to_owned(), Counted::Later);
    for (name, bucket) in buckets.into_iter().chain([later]) {
        let count = |totals: &Totals| totals.get(bucket).to_string();
        rows.push(vec![name.clone(), count(&today), count(&told.month)]);
        bars.push((name, told.month.get(bucket)));
    }
    Table {
        id: "durations",
        title: "核验用时",
        about: "从第一条短信发出到核验通过；中位数等由各档人数估算。图中是最近30天各档通过的手机号码数。",
        picture: chart::bars(&bars),
        legend: "",
        headings: vec!["用时", "今天", "最近30天"],
        rows,
        file: String::new(),
    }
}

/// Provinces or providers side by side, the first few drawn; its words are yet to be filled in.
fn compared(first: &'static str, rows: Vec<(String, &Totals)>, drawn: usize) -> Table {
    let bars: Vec<_> = rows
        .iter()
        .take(drawn)
        .map(|(name, totals)| (cut(name), totals.get(Counted::Filed)))
        .collect();
    Table {
        id: "",
        title: "",
        about: "",
        picture: if bars.is_empty() {
            String::new()
        } else {
            chart::bars(&bars)
        },
        legend: "",
        headings: headings(first),
        rows: rows
            .into_iter()
            .map(|(name, totals)| row(name, totals))
            .collect(),
        file: String::new(),
    }
}

fn headings(first: &'static str) -> Vec<&'static str> {
    let counts = COLUMNS.iter().map(|(name, _)| *name);
    [first]
        .into_iter()
        .chain(counts)
        .chain(["用时中位数", "90%用时"])
        .collect()
}

fn row(name: String, totals: &Totals) -> Vec<String> {
    let counts = COLUMNS.iter().map(|(_, count)| count(totals).to_string());
    let took = [50, 90].map(|percent| duration(totals.took(percent)));
    [name].into_iter().chain(counts).chain(took).collect()
}

/// 约3分20秒; nobody yet: a dash.
fn duration(took: Option<Took>) -> String {
    let Some(took) = took else {
        return "—".to_owned();
    };
    match took {
        Took::Longer(than) => format!("超过{}", short(than.num_seconds())),
        Took::About(time) => {
            let seconds = time.num_seconds().max(1);
            let parts = match seconds {
                ..60 => vec![(seconds, "秒")],
                60..3600 => vec![(seconds / 60, "分"), (seconds % 60, "秒")],
                _ => vec![(seconds / 3600, "小时"), (seconds % 3600 / 60, "分")],
            };
            let parts = parts.into_iter().filter(|(number, _)| *number > 0);
            let parts: Vec<_> = parts
                .map(|(number, unit)| format!("{number}{unit}"))
                .collect();
            let told = parts.concat();
            format!("约{told}")
        }
    }
}

/// A round time in its largest unit: 30秒, 5分钟, 48小时.
fn short(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{seconds}秒"),
        60..3600 => format!("{}分钟", seconds / 60),
        _ => format!("{}小时", seconds / 3600),
    }
}

/// As much of a name as fits in front of a bar.
fn cut(name: &str) -> String {
    let width = |c: char| if c.is_ascii() { 1 } else { 2 };
    if name.chars().map(width).sum::<usize>() <= LONGEST {
        return name.to_owned();
    }
    let mut left = LONGEST - 2;
    let fits = |c: &char| {
        let wide = width(*c);
        let fits = wide <= left;
        left = left.saturating_sub(wide);
        fits
    };
    name.chars().take_while(fits).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn times_are_told_in_two_units_at_most() {
        let about = |seconds| duration(Some(Took::About(TimeDelta::seconds(seconds))));
        assert_eq!(about(0), "约1秒");
        assert_eq!(about(37), "约37秒");
        assert_eq!(about(200), "约3分20秒");
        assert_eq!(about(7_500), "约2小时5分");
        assert_eq!(about(7_201), "约2小时");
        assert_eq!(
            duration(Some(Took::Longer(TimeDelta::hours(48)))),
            "超过48小时"
        );
        assert_eq!(duration(None), "—");
    }

    #[test]
    fn long_names_are_cut_for_the_picture_alone() {
        assert_eq!(cut("aliyun-cloud"), "aliyun-cloud");
        assert_eq!(cut("aliyun-clouds"), "aliyun-clo…");
        assert_eq!(cut("某某云计算公司"), "某某云计算…");
        let totals = Totals::default();
        let told = Statistics {
            days: vec![("2026-11-26".into(), totals.clone())],
            month: totals.clone(),
            provinces: Vec::new(),
            providers: vec![("=某某云计算公司".into(), totals)],
        };
        let tables = of(&told, "?province=gansu");
        assert_eq!(
            tables.iter().map(|table| table.id).collect::<Vec<_>>(),
            ["funnel", "days", "durations", "providers"]
        );
        assert_eq!(tables[3].rows[0][0], "=某某云计算公司");
        assert_eq!(
            tables[3].file,
            "/staff/statistics/providers.csv?province=gansu"
        );
        for table in &tables {
            assert!(
                table
                    .rows
                    .iter()
                    .all(|row| row.len() == table.headings.len()),
                "{}",
                table.id
            );
        }
    }
}
