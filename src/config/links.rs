//! `[links.…]`: where the buttons and downloads of neighbouring systems are.

use std::collections::BTreeMap;

use super::reader::{Reader, text};
use crate::domain::province::Province;

/// `[links.PROVINCE]` or `[links.national]`: neighbouring systems; what has none is not drawn.
#[derive(Debug, Clone, Default)]
pub struct Links {
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

pub(super) fn links(all: &mut Reader<'_>) -> BTreeMap<Option<Province>, Links> {
    let mut section = all.section("links");
    let mut links = BTreeMap::new();
    for (name, node) in section.others() {
        let province = Province::from_slug(&name);
        if province.is_none() && name != "national" {
            let message = "must be national or a province, such as gansu";
            section.wrong(&node.origin, &name, message);
            continue;
        }
        let Some(mut place) = section.named_section(&name, node) else {
            continue;
        };
        let mut link = |key| {
            place.read(key, |node| {
                let text = text(node)?;
                let url = url::Url::parse(text).ok();
                let web = url.is_some_and(|url| matches!(url.scheme(), "http" | "https"));
                let must = "must be a web address, such as https://example.cn/complaints";
                web.then(|| text.to_owned()).ok_or_else(|| must.into())
            })
        };
        let found = Links {
            find_password: link("find_password"),
            change_password: link("change_password"),
            complaints: link("complaints"),
            photo_guide: link("photo_guide"),
            android_app: link("android_app"),
            photo_backdrop: link("photo_backdrop"),
        };
        links.insert(province, found);
    }
    links
}
