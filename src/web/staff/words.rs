//! Events and deeds in the words of the console.

use serde_json::Value;

use crate::domain::{
    event::{Actor, Deed},
    words::EventType,
};

/// What happened to a request.
pub fn event(what: EventType) -> &'static str {
    match what {
        EventType::Submitted => "接入商提交",
        EventType::PhoneApproved => "管局同意新号码",
        EventType::Verifying => "开始短信核验",
        EventType::VerificationSent => "首次短信已发出",
        EventType::VerificationDelivered => "短信已送达手机",
        EventType::VerificationVerified => "核验通过",
        EventType::WrongTry => "信息输错",
        EventType::ManyWrongTries => "该号码多次输错，可能有人在试探",
        EventType::VerificationFailed => "核验失败",
        EventType::VerificationExpired => "核验超时",
        EventType::VerificationCancelled => "无需再核验",
        EventType::ManualResend => "短信重发",
        EventType::NoonResend => "次日12:00自动重发短信",
        EventType::HandedOver => "提交管局审核",
        EventType::Accepted => "管局受理",
        EventType::Returned => "退回接入商",
        EventType::Withdrawn => "接入商撤回",
        EventType::Purged => "个人信息已按期删除",
    }
}

/// What its details add, if anything.
pub fn event_detail(what: EventType, data: &Value) -> Option<String> {
    let number = |key: &str| data.get(key).and_then(Value::as_u64);
    match what {
        EventType::WrongTry => Some(format!("还可以再试{}次", number("tries_left")?)),
        EventType::ManualResend => Some(format!("还可重发{}次", number("resends_left")?)),
        EventType::Returned | EventType::VerificationFailed => {
            let word = data.get("reason").and_then(Value::as_str)?;
            Some(return_reason(crate::domain::words::ReturnReason::from_word(word)?).to_owned())
        }
        _ => None,
    }
}

/// Why a request went back.
pub const fn return_reason(reason: crate::domain::words::ReturnReason) -> &'static str {
    use crate::domain::words::ReturnReason;
    match reason {
        ReturnReason::Expired => "未在规定时间内完成核验",
        ReturnReason::TooManyWrongTries => "信息输错次数过多",
        ReturnReason::Undeliverable => "短信无法送达该手机号码",
        ReturnReason::PhoneChangeRejected => "手机号码变更未通过管局审核",
    }
}

/// Who or what caused it; `name`: of whom of the staff.
pub fn actor(actor: &str, name: Option<&str>) -> String {
    match (Actor::from_word(actor), name) {
        (Some(Actor::Visitor), _) => "核验人".into(),
        (Some(Actor::Provider), _) => "接入商".into(),
        (Some(Actor::Bureau), Some(name)) => format!("管局（{name}）"),
        (Some(Actor::Bureau), None) => "管局".into(),
        (Some(Actor::System) | None, _) => "系统".into(),
    }
}

/// What the staff did, and details of it.
pub fn deed(word: &str, data: &Value) -> (&'static str, String) {
    let text = |key: &str| data.get(key).and_then(Value::as_str).unwrap_or_default();
    let number = |key: &str| data.get(key).and_then(Value::as_u64).unwrap_or_default();
    let Some(deed) = Deed::from_word(word) else {
        return ("其他", word.to_owned());
    };
    match deed {
        Deed::Login => ("登录", text("session").to_owned()),
        Deed::LoginRefused => {
            let why = match text("reason") {
                "no_account" => "没有这个账号",
                "disabled" => "账号已停用",
                "code" => "动态码不正确或已用过",
                _ => "密码不正确",
            };
            ("登录或验证被拒", why.to_owned())
        }
        Deed::Locked if number("failures") > 0 => {
            ("账号停用", format!("连续输错{}次", number("failures")))
        }
        Deed::Locked => ("锁定", format!("该地址须等待{}分钟", number("minutes"))),
        Deed::Logout => ("退出", text("session").to_owned()),
        Deed::SessionRevoked => (
            "结束登录",
            format!("{}{}", text("session"), text("account")),
        ),
        Deed::AccountAdded => ("新增账号", text("account").to_owned()),
        Deed::AccountChanged => {
            let all = data.get("changed").and_then(Value::as_array);
            let name = |one: &Value| match one.as_str() {
                Some("totp") => "身份验证器",
                _ => "密码",
            };
            let names: Vec<_> = all.into_iter().flatten().map(name).collect();
            (
                "修改账号",
                format!("{} {}", text("account"), names.join("、")),
            )
        }
        Deed::AccountRemoved => ("移除账号", text("account").to_owned()),
        Deed::Refused => ("没有权限", text("route").to_owned()),
        Deed::ShownInClear => (
            "查看明文",
            format!("{} 事由：{}", text("request"), reason(text("reason"))),
        ),
        Deed::Exported => (
            "导出",
            format!(
                "{}，{}个请求，{} 至 {}，事由：{}",
                text("format"),
                number("requests"),
                text("from"),
                text("to"),
                reason(text("reason"))
            ),
        ),
        Deed::SandboxReset => ("演示环境重置", String::new()),
    }
}

/// Why somebody looks at persons in clear, or takes a list away.
pub fn reason(word: &str) -> &'static str {
    use crate::domain::staff::Reason;
    match Reason::from_word(word) {
        Some(Reason::Check) => "核对备案信息",
        Some(Reason::Call) => "负责人来电核实",
        Some(Reason::Complaint) => "投诉举报核查",
        Some(Reason::Order) => "司法机关或主管部门要求",
        Some(Reason::Audit) => "统计与内部审计",
        None => "—",
    }
}
