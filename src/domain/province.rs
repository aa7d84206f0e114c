//! The 31 provinces of the mainland, as GB/T 2260 codes them. What is in force in one of them stands in `policy`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! provinces {
    ($($name:ident $code:literal $slug:tt $full:literal $short:literal $one:literal $abbr:literal;)*) => {
        /// A province, municipality or autonomous region; each has one bureau (通信管理局).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        pub enum Province { $(#[doc = $full] #[serde(rename = $slug)] $name,)* }

        impl Province {
            /// All of them, by GB/T 2260 code.
            pub const ALL: [Self; 31] = [$(Self::$name,)*];

            /// GB/T 2260 code, such as `620000`.
            pub const fn code(self) -> u32 { match self { $(Self::$name => $code,)* } }
            /// Our name in paths, the API and the database: `gansu`.
            pub const fn slug(self) -> &'static str { match self { $(Self::$name => $slug,)* } }
            /// 甘肃省
            pub const fn full_name(self) -> &'static str { match self { $(Self::$name => $full,)* } }
            /// 甘肃
            pub const fn short_name(self) -> &'static str { match self { $(Self::$name => $short,)* } }
            /// The one-character name, 陇.
            pub const fn one_character(self) -> &'static str { match self { $(Self::$name => $one,)* } }
            /// First part of the historical host name (`gs` of `gscainfo.miitbeian.gov.cn`; S0, S1, P).
            pub const fn abbr(self) -> &'static str { match self { $(Self::$name => $abbr,)* } }
            /// The province of a slug.
            pub fn from_slug(slug: &str) -> Option<Self> { match slug { $($slug => Some(Self::$name),)* _ => None } }
        }
    };
}

provinces! {
    Beijing 110_000 "beijing" "北京市" "北京" "京" "b";
    Tianjin 120_000 "tianjin" "天津市" "天津" "津" "tj";
    Hebei 130_000 "hebei" "河北省" "河北" "冀" "hb";
    Shanxi 140_000 "shanxi" "山西省" "山西" "晋" "sx";
    Neimenggu 150_000 "neimenggu" "内蒙古自治区" "内蒙古" "蒙" "nm";
    Liaoning 210_000 "liaoning" "辽宁省" "辽宁" "辽" "ln";
    Jilin 220_000 "jilin" "吉林省" "吉林" "吉" "jl";
    Heilongjiang 230_000 "heilongjiang" "黑龙江省" "黑龙江" "黑" "hl";
    Shanghai 310_000 "shanghai" "上海市" "上海" "沪" "sh";
    Jiangsu 320_000 "jiangsu" "江苏省" "江苏" "苏" "js";
    Zhejiang 330_000 "zhejiang" "浙江省" "浙江" "浙" "z";
    Anhui 340_000 "anhui" "安徽省" "安徽" "皖" "ah";
    Fujian 350_000 "fujian" "福建省" "福建" "闽" "fj";
    Jiangxi 360_000 "jiangxi" "江西省" "江西" "赣" "jx";
    Shandong 370_000 "shandong" "山东省" "山东" "鲁" "sd";
    Henan 410_000 "henan" "河南省" "河南" "豫" "h";
    Hubei 420_000 "hubei" "湖北省" "湖北" "鄂" "e";
    Hunan 430_000 "hunan" "湖南省" "湖南" "湘" "x";
    Guangdong 440_000 "guangdong" "广东省" "广东" "粤" "gd";
    Guangxi 450_000 "guangxi" "广西壮族自治区" "广西" "桂" "gx";
    Hainan 460_000 "hainan" "海南省" "海南" "琼" "hn";
    Chongqing 500_000 "chongqing" "重庆市" "重庆" "渝" "cq";
    Sichuan 510_000 "sichuan" "四川省" "四川" "蜀" "sc";
    Guizhou 520_000 "guizhou" "贵州省" "贵州" "黔" "gz";
    Yunnan 530_000 "yunnan" "云南省" "云南" "滇" "yn";
    Xizang 540_000 "xizang" "西藏自治区" "西藏" "藏" "xz";
    Shaanxi 610_000 "shaanxi" "陕西省" "陕西" "陕" "shx";
    Gansu 620_000 "gansu" "甘肃省" "甘肃" "陇" "gs";
    Qinghai 630_000 "qinghai" "青海省" "青海" "青" "qh";
    Ningxia 640_000 "ningxia" "宁夏回族自治区" "宁夏" "宁" "nx";
    Xinjiang 650_000 "xinjiang" "新疆维吾尔自治区" "新疆" "新" "xj";
}
