//! The homes: the national one and each bureau's.

use askama::Template;

use super::rules::Rules;
use crate::domain::province::Province;
use crate::web::page::Frame;

/// A home; `frame.bureau` says whose (`pages/home.html`).
#[derive(Debug, Template)]
#[template(path = "pages/home.html")]
pub struct HomePage {
    /// The frame.
    pub frame: Frame,
    /// A bureau's 核验规则; none: not covered yet. The national home shows none.
    pub rules: Option<Rules>,
    /// Buttons and downloads that lead elsewhere.
    pub neighbours: Neighbours,
    /// Whether there is a console for 管理用户 to enter.
    pub staff: bool,
}

/// Neighbouring systems' addresses, configured by province; what has none is not drawn.
#[derive(Debug, Clone, Default)]
pub struct Neighbours {
    /// 找回备案密码
    pub find_password: Option<String>,
    /// 修改备案密码
    pub change_password: Option<String>,
    /// 投诉建议
    pub complaints: Option<String>,
    /// 拍照背景使用说明图
    pub photo_guide: Option<String>,
    /// 备案助手（安卓版）
    pub android_app: Option<String>,
    /// 拍照背景原始图
    pub photo_backdrop: Option<String>,
}

/// 管局系统 after 工信部, in the order of the ministry's page (S1).
const GRID: [Province; 31] = [
    Province::Beijing,
    Province::Tianjin,
    Province::Hebei,
    Province::Shanxi,
    Province::Neimenggu,
    Province::Liaoning,
    Province::Jilin,
    Province::Heilongjiang,
    Province::Shanghai,
    Province::Jiangsu,
    Province::Zhejiang,
    Province::Anhui,
    Province::Fujian,
    Province::Jiangxi,
    Province::Shandong,
    Province::Henan,
    Province::Hubei,
    Province::Hunan,
    Province::Guangdong,
    Province::Guangxi,
    Province::Hainan,
    Province::Chongqing,
    Province::Sichuan,
    Province::Guizhou,
    Province::Yunnan,
    Province::Xizang,
    Province::Shaanxi,
    Province::Gansu,
    Province::Qinghai,
    Province::Ningxia,
    Province::Xinjiang,
];
