//! The bureau's staff (管理用户): who may do what, and for which bureau.

use unicode_normalization::UnicodeNormalization;

use super::{ids::StaffId, province::Province, words::words};

words!(/// What somebody is employed for. The three are apart (GB/T 22239-2019 8.1.4.2 d): who decides does not audit, who looks
    /// after accounts sees no filing.
    Role {
    /// 审核人员: decides, resends, may see persons in clear.
    Officer = "officer",
    /// 审计人员: reads everything masked, the staff's log too; changes nothing.
    Auditor = "auditor",
    /// 系统管理员: accounts and sessions alone.
    Admin = "admin",
});

/// What needs a right of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Queue, reviews, contacts, search, timelines; persons masked.
    Read,
    /// 已受理, and the answer to a changed number.
    Decide,
    /// Another SMS on behalf of a principal who called.
    Resend,
    /// Persons in clear.
    SeeClear,
    /// Lists as files, persons masked.
    Export,
    /// The figures.
    Statistics,
    /// What the staff did.
    ReadLog,
    /// Other people's accounts and sessions.
    Accounts,
}

impl Right {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Read,
        Self::Decide,
        Self::Resend,
        Self::SeeClear,
        Self::Export,
        Self::Statistics,
        Self::ReadLog,
        Self::Accounts,
    ];
}

impl Role {
    /// The matrix of rights.
    pub const fn may(self, right: Right) -> bool {
        match self {
            Self::Officer => matches!(
                right,
                Right::Read
                    | Right::Decide
                    | Right::Resend
                    | Right::SeeClear
                    | Right::Export
                    | Right::Statistics
            ),
            Self::Auditor => matches!(
                right,
                Right::Read | Right::Export | Right::Statistics | Right::ReadLog
            ),
            Self::Admin => matches!(right, Right::Accounts | Right::Statistics),
        }
    }
}

words!(/// Why somebody looks at persons in clear, or takes a list away. A closed set: the log holds no free text, which would hold
    /// persons sooner or later.
    Reason {
    /// 核对备案信息
    Check = "check",
    /// 负责人来电核实
    Call = "call",
    /// 投诉举报核查
    Complaint = "complaint",
    /// 司法机关或主管部门要求
    Order = "order",
    /// 统计与内部审计
    Audit = "audit",
});

/// Somebody of the staff, as known from their session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    /// Whose account.
    pub id: StaffId,
    /// Its name.
    pub name: String,
    /// What they are employed for.
    pub role: Role,
    /// Of which bureau; none: a national account.
    pub province: Option<Province>,
}

impl Staff {
    /// What a province's people may see: their own bureau's.
    pub fn covers(&self, province: Province) -> bool {
        self.province.is_none_or(|own| own == province)
    }
}

/// The longest name of an account, in characters.
const LONGEST_NAME: usize = 32;

/// An account's name as it is kept: NFKC, lower case. `None`: not 1–32 letters, digits, `.`, `_` or `-`.
pub fn account_name(typed: &str) -> Option<String> {
    let name: String = typed.trim().nfkc().flat_map(char::to_lowercase).collect();
    let sound = |c: char| c.is_alphanumeric() || "._-".contains(c);
    let long_enough = (1..=LONGEST_NAME).contains(&name.chars().count());
    (long_enough && name.chars().all(sound)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix() {
        let rights = |role: Role| {
            let marks = Right::ALL.map(|right| if role.may(right) { 'x' } else { '.' });
            marks.iter().collect::<String>()
        };
        // Read Decide Resend SeeClear Export Statistics ReadLog Accounts
        assert_eq!(rights(Role::Officer), "xxxxxx..");
        assert_eq!(rights(Role::Auditor), "x...xxx.");
        assert_eq!(rights(Role::Admin), ".....x.x");
    }

    #[test]
    fn a_province_s_people_see_their_own() {
        let of = |province| Staff {
            id: StaffId(uuid::Uuid::nil()),
            name: "zhang".into(),
            role: Role::Officer,
            province,
        };
        assert!(of(Some(Province::Gansu)).covers(Province::Gansu));
        assert!(!of(Some(Province::Gansu)).covers(Province::Hunan));
        assert!(of(None).covers(Province::Hunan));
    }

    #[test]
    fn names_are_folded() {
        assert_eq!(account_name(" Zhang.San ").as_deref(), Some("zhang.san"));
        assert_eq!(account_name("ｚｈａｎｇ").as_deref(), Some("zhang"));
        assert_eq!(account_name("张三").as_deref(), Some("张三"));
        for bad in ["", " ", "a b", "a:b", "a\u{202e}b", "a/b", &"x".repeat(33)] {
            assert_eq!(account_name(bad), None, "{bad}");
        }
    }
}
