//! 导出: requests of a time, as CSV or XLSX.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{Data, Form},
};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::Deserialize;

use super::{
    desk::{self, Who, must},
    spreadsheet::{self, Format},
    words,
};
use crate::{
    domain::{
        province::Province,
        staff::{Reason, Right},
        time::{SHANGHAI, rfc3339},
        words::RequestState,
    },
    flow::staff::{
        confirm::Confirmed,
        export::{self, Export, Exported, MOST, Selection},
    },
    web::{
        error::Result,
        pages::staff::{
            Place,
            form::{Input, Kind, Problems},
            lists::standing,
            request::{Button, StepPage, state_name},
        },
        parts,
        site::State,
    },
};

const HEADINGS: [&str; 13] = [
    "备案请求",
    "省份",
    "类型",
    "接入商",
    "接入商编号",
    "状态",
    "退回原因",
    "提交时间",
    "办结时间",
    "提交管局时间",
    "受理时间",
    "核验人数",
    "核验人（脱敏）",
];

/// What was typed. Deliberately without `Debug`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Typed {
    province: String,
    state: String,
    from: String,
    to: String,
    format: String,
    reason: String,
    code: String,
}

pub async fn show(request: HttpRequest, state: Data<State>, who: Who) -> Result {
    must(&state, &request, &who, Right::Export).await?;
    let today = state
        .services
        .clock
        .now()
        .with_timezone(&SHANGHAI)
        .date_naive();
    let typed = Typed {
        from: (today - TimeDelta::days(30)).to_string(),
        to: today.to_string(),
        format: Format::Xlsx.as_str().into(),
        ..Typed::default()
    };
    form(&state, &who, StatusCode::OK, inputs(&who, &typed), None)
}

pub async fn submit(
    request: HttpRequest,
    state: Data<State>,
    who: Who,
    Form(typed): Form<Typed>,
) -> Result {
    must(&state, &request, &who, Right::Export).await?;
    let mut inputs = inputs(&who, &typed);
    let unusable = StatusCode::UNPROCESSABLE_ENTITY;
    let (from, to) = (midnight(&typed.from, 0), midnight(&typed.to, 1));
    let format = Format::from_word(&typed.format);
    let reason = Reason::from_word(&typed.reason);
    let mut wrong = |id: &str, sentence: Option<&str>| {
        let found = inputs.iter_mut().find(|input| input.id == id);
        if let (Some(input), Some(sentence)) = (found, sentence) {
            input.error = Some(sentence.to_owned());
        }
    };
    let bad_date = "请按 2026-11-26 的格式填写日期";
    wrong("from", from.is_none().then_some(bad_date));
    wrong("to", to.is_none().then_some(bad_date));
    let backwards = matches!((from, to), (Some(from), Some(to)) if from >= to);
    wrong("to", backwards.then_some("结束日期不能早于开始日期"));
    wrong("format", format.is_none().then_some("请选择格式"));
    wrong("reason", reason.is_none().then_some("请选择事由"));
    let (province, state_wanted) = (
        Province::from_slug(&typed.province),
        RequestState::from_word(&typed.state),
    );
    // an empty choice is all of them
    let unknown = province.is_none() && !typed.province.is_empty();
    wrong("province", unknown.then_some("请选择省份"));
    let unknown = state_wanted.is_none() && !typed.state.is_empty();
    wrong("state", unknown.then_some("请选择状态"));
    wrong(
        "code",
        typed.code.trim().is_empty().then_some("动态码不能为空"),
    );
    let (Some(from), Some(to), Some(format), Some(reason)) = (from, to, format, reason) else {
        return form(&state, &who, unusable, inputs, None);
    };
    if Problems::of(&inputs).is_some() {
        return form(&state, &who, unusable, inputs, None);
    }
    let selection = Selection {
        province,
        state: state_wanted,
        from,
        to,
    };
    let fresh = desk::fresh(&state, &request, &typed.code);
    let taken = export::take(
        &state.services,
        &who,
        selection,
        format.as_str(),
        reason,
        fresh,
    );
    match taken.await? {
        Export::Rows(rows) => file(format, &rows),
        Export::TooMany => {
            let sentence = format!("超过{MOST}个请求，请缩小日期范围，分几次导出");
            form(
                &state,
                &who,
                unusable,
                inputs,
                Some(Problems::whole(sentence)),
            )
        }
        Export::Refused(Confirmed::Waits(seconds)) => {
            let sentence = format!("操作过于频繁，请在{seconds}秒后再试");
            let limited = StatusCode::TOO_MANY_REQUESTS;
            let problems = Some(Problems::whole(sentence));
            let mut response = form(&state, &who, limited, inputs, problems)?;
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds.into());
            Ok(response)
        }
        Export::Refused(_) => {
            if let Some(code) = inputs.last_mut() {
                code.error = Some("动态码不正确或已用过，请用新的动态码".into());
            }
            form(&state, &who, unusable, inputs, None)
        }
    }
}

fn file(format: Format, rows: &[Exported]) -> Result {
    let lines: Vec<_> = rows.iter().map(line).collect();
    let bytes = spreadsheet::write(format, &HEADINGS, &lines)?;
    let disposition = format!(
        "attachment; filename=\"filing-requests.{}\"",
        format.as_str()
    );
    Ok(HttpResponse::Ok()
        .content_type(format.content_type())
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .body(bytes))
}

fn line(one: &Exported) -> Vec<String> {
    let row = &one.row;
    let at = |at: Option<DateTime<Utc>>| at.map(rfc3339).unwrap_or_default();
    let people = one.people.iter();
    let people =
        people.map(|(name, phone, state)| format!("{name} {phone} {}", state_name(*state)));
    vec![
        row.id.to_string(),
        row.province.short_name().into(),
        row.kind.name().into(),
        row.provider.clone(),
        row.provider_reference.clone().unwrap_or_default(),
        standing(row.state, row.accepted_at.is_some()).into(),
        row.return_reason
            .map_or_else(String::new, |reason| words::return_reason(reason).into()),
        rfc3339(row.submitted_at),
        at(row.ended_at),
        at(row.handed_over_at),
        at(row.accepted_at),
        one.people.len().to_string(),
        people.collect::<Vec<_>>().join("；"),
    ]
}

/// A day's midnight in Beijing, or one so many days after.
fn midnight(typed: &str, days: i64) -> Option<DateTime<Utc>> {
    let day: NaiveDate = typed.trim().parse().ok()?;
    // years that identifiers and clocks reach
    let sound = (2000..=9000).contains(&chrono::Datelike::year(&day));
    let local = (day.and_time(NaiveTime::MIN) + TimeDelta::days(days)).and_local_timezone(SHANGHAI);
    local.single().filter(|_| sound).map(|at| at.to_utc())
}

fn inputs(who: &Who, typed: &Typed) -> Vec<Input> {
    let choice = |value: &str, name: &str| (value.to_owned(), name.to_owned());
    let mut inputs = Vec::new();
    if who.staff.province.is_none() {
        let mut provinces = vec![choice("", "全部")];
        let all = Province::ALL.iter();
        provinces.extend(all.map(|one| choice(one.slug(), one.short_name())));
        inputs.push(
            Input::new("province", "省份", Kind::Choice(provinces)).with_value(&typed.province),
        );
    }
    let mut states = vec![choice("", "全部")];
    let all = RequestState::ALL.iter();
    states.extend(all.map(|one| choice(one.as_str(), standing(*one, false))));
    let formats = Format::ALL.iter();
    let formats = formats
        .map(|one| choice(one.as_str(), one.name()))
        .collect();
    inputs.extend([
        Input::new("from", "提交日期，从", Kind::Text)
            .with_hint("如 2026-11-01")
            .with_value(&typed.from),
        Input::new("to", "到（含当日）", Kind::Text).with_value(&typed.to),
        Input::new("state", "状态", Kind::Choice(states)).with_value(&typed.state),
        Input::new("format", "格式", Kind::Choice(formats)).with_value(&typed.format),
        desk::reason_input(&typed.reason),
        Input::code("动态码"),
    ]);
    inputs
}

fn form(
    state: &State,
    who: &Who,
    status: StatusCode,
    inputs: Vec<Input>,
    problems: Option<Problems>,
) -> Result {
    let (frame, desk) = desk::at(state, who, Place::Export);
    let page = StepPage {
        frame,
        desk,
        title: "导出",
        sentences: vec![format!(
            "按提交日期导出备案请求，姓名和手机号码已脱敏，一次最多{MOST}个。每次导出都会记入操作日志。"
        )],
        facts: Vec::new(),
        action: "/staff/export".into(),
        hidden: Vec::new(),
        problems: problems.unwrap_or_else(|| Problems::of(&inputs)),
        inputs,
        buttons: vec![Button {
            value: "",
            text: "导出",
            danger: false,
        }],
        back: "/staff".into(),
    };
    parts::html(status, &page)
}
