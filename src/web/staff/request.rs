//! One request: its page, and 受理.

use actix_web::{
    HttpRequest,
    http::StatusCode,
    web::{Data, Query},
};

use super::{
    desk::{self, Asked, Who, must, named, noticed, row},
    words,
};
use crate::{
    domain::{
        ids::RequestId,
        outcome::return_advice,
        staff::Right,
        text::mask_name,
        time::chinese_date_time,
        words::{RequestState, VerificationState},
    },
    flow::{
        look_up::VerificationView,
        staff::request::{self, Whole},
    },
    web::{
        error::Result,
        pages::staff::{
            Place,
            request::{Happened, May, Person, RequestNotice, RequestPage},
        },
        parts,
        site::State,
    },
};

const NOTICES: [(&str, RequestNotice); 4] = [
    ("resent", RequestNotice::Resent),
    ("on-its-way", RequestNotice::FirstOnItsWay),
    ("limit", RequestNotice::Limit),
    ("ended", RequestNotice::Ended),
];

/// The word of what came of another SMS.
pub fn word_of(notice: RequestNotice) -> &'static str {
    let found = NOTICES.iter().find(|(_, known)| *known == notice);
    found.map_or("", |(word, _)| word)
}

pub async fn show(
    request: HttpRequest,
    state: Data<State>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result {
    must(&state, &request, &who, Right::Read).await?;
    let id: RequestId = named(&request, "id")?;
    let whole = request::load(&state.services, &who, id).await?;
    let now = state.services.clock.now();
    let role = who.staff.role;
    let request_row = &whole.row;
    let under_review = request_row.state == RequestState::AwaitingPhoneReview;
    let waits = request_row.state == RequestState::HandedOver && request_row.accepted_at.is_none();
    let purged = whole.view.row.purged_at.is_some();
    let (frame, desk) = desk::at(&state, &who, place(request_row.state));
    let people = whole.view.verifications.iter();
    let people = people.filter_map(|one| person(&whole, one, role.may(Right::Resend), now));
    let returned = request_row.state == RequestState::Returned;
    let page = RequestPage {
        frame,
        desk,
        row: row(request_row, request_row.submitted_at),
        facts: facts(&whole),
        advice: returned.then(|| return_advice(request_row.kind).to_owned()),
        people: people.collect(),
        purged,
        timeline: timeline(&whole),
        may: May {
            accept: waits && role.may(Right::Decide),
            review: under_review && role.may(Right::Decide),
            see_clear: !purged && role.may(Right::SeeClear),
        },
        notice: noticed(&NOTICES, &asked.notice),
    };
    parts::html(StatusCode::OK, &page)
}

/// Takes it off the queue.
pub async fn accept(request: HttpRequest, state: Data<State>, who: Who) -> Result {
    must(&state, &request, &who, Right::Decide).await?;
    let id: RequestId = named(&request, "id")?;
    let notice = if request::accept(&state.services, &who, id).await? {
        "accepted"
    } else {
        "not-accepted"
    };
    Ok(desk::to(format!("/staff?notice={notice}")))
}

const fn place(state: RequestState) -> Place {
    match state {
        RequestState::AwaitingPhoneReview => Place::Reviews,
        RequestState::HandedOver => Place::Queue,
        _ => Place::Search,
    }
}

fn facts(whole: &Whole) -> Vec<(&'static str, String)> {
    let row = &whole.row;
    let mut facts = Vec::new();
    let mut fact = |name, value: Option<String>| facts.extend(value.map(|value| (name, value)));
    fact("接入商编号", row.provider_reference.clone());
    let filing = whole.filing.as_ref();
    let subject = filing.and_then(|filing| filing.subject.as_ref());
    fact("主办单位", subject.map(|subject| subject.name.clone()));
    let sites = filing.map(|filing| {
        let names = filing.sites.iter().map(|site| {
            let domains = site.domains.join("、");
            if domains.is_empty() {
                site.name.clone()
            } else {
                format!("{}（{domains}）", site.name)
            }
        });
        names.collect::<Vec<_>>().join("；")
    });
    fact("网站（服务）", sites.filter(|sites| !sites.is_empty()));
    fact("提交时间", Some(chinese_date_time(row.submitted_at)));
    fact("提交管局", row.handed_over_at.map(chinese_date_time));
    fact("受理时间", row.accepted_at.map(chinese_date_time));
    fact(
        "退回原因",
        row.return_reason
            .map(|reason| words::return_reason(reason).to_owned()),
    );
    fact("管局意见", whole.view.row.return_detail.clone());
    let before = whole.view.row.resubmits.map(|id| id.to_string());
    fact("重新提交自", before);
    facts
}

fn person(
    whole: &Whole,
    view: &VerificationView,
    may_resend: bool,
    now: chrono::DateTime<chrono::Utc>,
) -> Option<Person> {
    let person = view.person.as_ref()?;
    let row = &view.row;
    let policy = whole.view.policy.as_ref()?;
    let at = match row.state {
        VerificationState::Pending => Some(row.expires_at),
        VerificationState::Verified => row.verified_at,
        _ => row.ended_at,
    };
    let pending = row.state == VerificationState::Pending && now < row.expires_at;
    let left = row.manual_resends < i64::from(policy.max_manual_resends);
    Some(Person {
        id: row.id.to_string(),
        name_masked: mask_name(&person.name),
        phone_masked: person.phone.masked(),
        roles: desk::roles(&row.principals.0),
        state: row.state,
        at: at.map(chinese_date_time).unwrap_or_default(),
        counts: format!(
            "输错{}次（最多{}次），重发{}次（最多{}次）",
            row.wrong_tries, policy.max_wrong_tries, row.manual_resends, policy.max_manual_resends
        ),
        resend: may_resend && pending && left,
    })
}

fn timeline(whole: &Whole) -> Vec<Happened> {
    let events = whole.events.iter().map(|event| {
        let about = event.verification_id.and_then(|id| {
            let mut all = whole.view.verifications.iter();
            let found = all.find(|one| one.row.id == id)?;
            found.person.as_ref().map(|person| mask_name(&person.name))
        });
        let mut what = words::event(event.r#type).to_owned();
        let detail = words::event_detail(event.r#type, &event.data.0);
        for more in about.into_iter().chain(detail) {
            what = format!("{what}：{more}");
        }
        let who = event.staff_id.map(crate::domain::ids::StaffId);
        let name = who
            .and_then(|who| whole.names.get(&who))
            .map(String::as_str);
        Happened {
            at: chinese_date_time(event.at),
            what,
            who: words::actor(&event.actor, name),
        }
    });
    events.collect()
}
