//! 账号管理: what an administrator looks after.

use actix_web::{
    HttpRequest,
    http::StatusCode,
    web::{Data, Query},
};

use super::{
    account::line,
    desk::{self, Asked, Who, must, named, noticed},
};
use crate::{
    domain::{ids::StaffId, province::Province, staff::Right, time::chinese_date_time},
    flow::staff::{accounts, sessions},
    store::staff::StaffRow,
    web::{
        error::Result,
        pages::staff::{
            Place,
            form::Problems,
            people::{Account, AccountsPage, PeopleNotice, PersonPage},
            request::{Button, StepPage},
            role_name,
        },
        parts,
        site::State,
    },
};

const NOTICES: [(&str, PeopleNotice); 2] = [
    ("sessions-ended", PeopleNotice::SessionsEnded),
    ("removed", PeopleNotice::Removed),
];

pub async fn list(
    request: HttpRequest,
    state: Data<State>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result {
    must(&state, &request, &who, Right::Accounts).await?;
    let rows = accounts::of_admin(&state.services, &who).await?;
    let (frame, desk) = desk::at(&state, &who, Place::Accounts);
    let page = AccountsPage {
        frame,
        desk,
        accounts: rows.iter().map(|row| account(row, &who)).collect(),
        notice: noticed(&NOTICES, &asked.notice),
    };
    parts::html(StatusCode::OK, &page)
}

pub async fn show(request: HttpRequest, state: Data<State>, who: Who) -> Result {
    must(&state, &request, &who, Right::Accounts).await?;
    let id: StaffId = named(&request, "id")?;
    let row = accounts::one(&state.services, &who, id).await?;
    let all = sessions::list(&state.services, &who, id).await?;
    let (frame, desk) = desk::at(&state, &who, Place::Accounts);
    let page = PersonPage {
        frame,
        desk,
        account: account(&row, &who),
        sessions: all.iter().map(|one| line(one, &who)).collect(),
    };
    parts::html(StatusCode::OK, &page)
}

pub async fn end_sessions(request: HttpRequest, state: Data<State>, who: Who) -> Result {
    must(&state, &request, &who, Right::Accounts).await?;
    sessions::revoke_all(&state.services, &who, named(&request, "id")?).await?;
    Ok(desk::to("/staff/accounts?notice=sessions-ended"))
}

pub async fn remove(request: HttpRequest, state: Data<State>, who: Who) -> Result {
    must(&state, &request, &who, Right::Accounts).await?;
    let id: StaffId = named(&request, "id")?;
    let row = accounts::one(&state.services, &who, id).await?;
    let (frame, desk) = desk::at(&state, &who, Place::Accounts);
    let page = StepPage {
        frame,
        desk,
        title: "移除账号",
        sentences: vec![
            "移除后该账号立即不能登录，所有登录随即结束；不能恢复，操作记录保留。".into(),
        ],
        facts: vec![
            ("账号", row.name.clone()),
            ("角色", role_name(row.role).into()),
            (
                "省份",
                row.province.map_or("全国", Province::full_name).into(),
            ),
        ],
        action: format!("/staff/accounts/{id}/remove"),
        hidden: Vec::new(),
        inputs: Vec::new(),
        problems: Problems::default(),
        buttons: vec![Button {
            value: "",
            text: "移除账号",
            danger: true,
        }],
        back: format!("/staff/accounts/{id}"),
    };
    parts::html(StatusCode::OK, &page)
}

pub async fn submit_remove(request: HttpRequest, state: Data<State>, who: Who) -> Result {
    must(&state, &request, &who, Right::Accounts).await?;
    accounts::remove_as_admin(&state.services, &who, named(&request, "id")?).await?;
    Ok(desk::to("/staff/accounts?notice=removed"))
}

fn account(row: &StaffRow, who: &Who) -> Account {
    Account {
        id: row.id.to_string(),
        name: row.name.clone(),
        role: role_name(row.role),
        province: row.province,
        last_login_at: row.last_login_at.map(chinese_date_time),
        closed: row.disabled_at.is_some(),
        own: row.id == who.staff.id,
    }
}
