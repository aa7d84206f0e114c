//! The pages of the bureau's console (管局工作台). Each holds a [`Desk`], and its template extends `staff/frame.html`.

pub mod account;
pub mod form;
pub mod lists;
pub mod log;
pub mod login;
pub mod people;
pub mod request;
pub mod statistics;

use crate::domain::{
    province::Province,
    staff::{Right, Role},
};

/// Who is at the desk, and where: header and navigation.
#[derive(Debug, Clone)]
pub struct Desk {
    /// The account's name.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// Its bureau; none: national.
    pub province: Option<Province>,
    /// Which entry of the navigation the page belongs to.
    pub here: Place,
}

/// The entries of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// 待受理
    Queue,
    /// 号码变更审核
    Reviews,
    /// 已通过联系人
    Contacts,
    /// 查询
    Search,
    /// 统计
    Statistics,
    /// 导出
    Export,
    /// 操作日志
    Log,
    /// 账号管理
    Accounts,
    /// 我的账号
    Own,
}

impl Place {
    const ALL: [Self; 9] = [
        Self::Queue,
        Self::Reviews,
        Self::Contacts,
        Self::Search,
        Self::Statistics,
        Self::Export,
        Self::Log,
        Self::Accounts,
        Self::Own,
    ];

    const fn path(self) -> &'static str {
        match self {
            Self::Queue => "/staff",
            Self::Reviews => "/staff/reviews",
            Self::Contacts => "/staff/contacts",
            Self::Search => "/staff/search",
            Self::Statistics => "/staff/statistics",
            Self::Export => "/staff/export",
            Self::Log => "/staff/log",
            Self::Accounts => "/staff/accounts",
            Self::Own => "/staff/account",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Queue => "待受理",
            Self::Reviews => "号码变更审核",
            Self::Contacts => "已通过联系人",
            Self::Search => "查询",
            Self::Statistics => "统计",
            Self::Export => "导出",
            Self::Log => "操作日志",
            Self::Accounts => "账号管理",
            Self::Own => "我的账号",
        }
    }

    /// What it takes; one's own account takes nothing.
    const fn right(self) -> Option<Right> {
        match self {
            Self::Queue | Self::Reviews | Self::Contacts | Self::Search => Some(Right::Read),
            Self::Statistics => Some(Right::Statistics),
            Self::Export => Some(Right::Export),
            Self::Log => Some(Right::ReadLog),
            Self::Accounts => Some(Right::Accounts),
            Self::Own => None,
        }
    }
}

impl Desk {
    /// What this role may open.
    fn places(&self) -> Vec<Place> {
        let mut places = Place::ALL.to_vec();
        places.retain(|place| place.right().is_none_or(|right| self.role.may(right)));
        places
    }

    /// 甘肃 or 全国, and the role.
    fn who(&self) -> String {
        let bureau = self.province.map_or("全国", Province::short_name);
        format!("{bureau} · {}", role_name(self.role))
    }
}

/// 审核人员, 审计人员, 系统管理员
pub const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Officer => "审核人员",
        Role::Auditor => "审计人员",
        Role::Admin => "系统管理员",
    }
}

/// Which page of a list it is, and where the others are (`staff/pager.html`).
#[derive(Debug, Clone, askama::Template)]
#[template(path = "staff/pager.html")]
pub struct Pager {
    /// From 1.
    pub page: u32,
    /// There is another page after it.
    pub more: bool,
    /// The list's address with its filter, ready for `page=` to be added.
    pub address: String,
}

impl Pager {
    fn to(&self, page: u32) -> String {
        let joint = if self.address.contains('?') { '&' } else { '?' };
        format!("{}{joint}page={page}", self.address)
    }
}

/// Which bureau a national account looks at; a province's people have nothing to choose (`staff/filter.html`).
#[derive(Debug, Clone, askama::Template)]
#[template(path = "staff/filter.html")]
pub struct Filter {
    /// Where it leads.
    pub path: &'static str,
    /// The choice now; none: all.
    pub province: Option<Province>,
}
