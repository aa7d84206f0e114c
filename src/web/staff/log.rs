//! 操作日志.

use actix_web::{
    HttpRequest,
    http::StatusCode,
    web::{Data, Query},
};

use super::{
    desk::{self, Asked, Who, must},
    words,
};
use crate::{
    domain::{staff::Right, time::SHANGHAI},
    flow::staff::log,
    store::staff::log::LogRow,
    web::{
        error::Result,
        pages::staff::{
            Place,
            log::{Line, LogPage},
        },
        parts,
        site::State,
    },
};

pub async fn show(
    request: HttpRequest,
    state: Data<State>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result {
    must(&state, &request, &who, Right::ReadLog).await?;
    let page = log::list(&state.services, &who, asked.page()).await?;
    let (frame, desk) = desk::at(&state, &who, Place::Log);
    let page = LogPage {
        frame,
        desk,
        lines: page.rows.into_iter().map(line).collect(),
        pager: asked.pager("/staff/log", page.more),
    };
    parts::html(StatusCode::OK, &page)
}

fn line(row: LogRow) -> Line {
    let (what, detail) = words::deed(&row.r#type, &row.data.0);
    let at = row.at.with_timezone(&SHANGHAI);
    Line {
        at: at.format("%Y-%m-%d %H:%M:%S").to_string(),
        name: row.name,
        province: row.province,
        what: what.to_owned(),
        detail,
    }
}
