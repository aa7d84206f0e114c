//! 统计: pictures, tables, and each table as a file. There is nobody's data in it: it takes the right, and no code.

mod chart;
mod tables;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{Data, Query},
};

use super::{
    desk::{self, Asked, Who, must},
    spreadsheet::{self, Format},
};
use crate::{
    domain::{staff::Right, time::chinese_date_time},
    flow::{staff::sessions::Session, statistics},
    web::{
        error::{Failure, Result},
        pages::{
            error::ErrorKind,
            staff::{
                Place,
                statistics::{StatisticsPage, Table},
            },
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
    must(&state, &request, &who, Right::Statistics).await?;
    let tables = tables(&state, &who, &asked).await?;
    let (frame, desk) = desk::at(&state, &who, Place::Statistics);
    let page = StatisticsPage {
        frame,
        desk,
        filter: asked.filter(&who, "/staff/statistics"),
        now: chinese_date_time(state.services.clock.now()),
        tables,
    };
    parts::html(StatusCode::OK, &page)
}

/// One table.
pub async fn file(
    request: HttpRequest,
    state: Data<State>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result {
    must(&state, &request, &who, Right::Statistics).await?;
    let wanted: String = desk::named(&request, "table")?;
    let mut tables = tables(&state, &who, &asked).await?.into_iter();
    let found = tables.find(|table| table.id == wanted);
    let table = found.ok_or(Failure::Page(ErrorKind::NotFound))?;
    let bytes = spreadsheet::write(Format::Csv, &table.headings, &table.rows)?;
    let disposition = format!("attachment; filename=\"statistics-{}.csv\"", table.id);
    Ok(HttpResponse::Ok()
        .content_type(Format::Csv.content_type())
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .body(bytes))
}

/// Of their own bureau; a national account's choice.
async fn tables(state: &State, who: &Session, asked: &Asked) -> Result<Vec<Table>> {
    let chosen = asked.province();
    let told = statistics::of_bureau(&state.services, who.staff.province.or(chosen)).await?;
    let query = match chosen {
        Some(province) if who.staff.province.is_none() => format!("?province={}", province.slug()),
        _ => String::new(),
    };
    Ok(tables::of(&told, &query))
}
