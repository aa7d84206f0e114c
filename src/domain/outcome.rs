//! What a visitor is told: the sentence of each outcome in the wording of each era, and what to do after a return.
//!
//! The source stands beside each text; S0–S4 and P as in docs/rules.md. Sentences follow 尊敬的ICP用户：, which the page writes.

use super::words::{FilingKind, Outcome, Wording};

/// The sentence of an outcome.
///
/// `name` is the person's masked name, given where the policy has `name_in_messages`; else people are 您. `ended_known`:
/// something of that phone and tail has ended (it matters to `nothing_pending` alone).
pub fn sentence(
    outcome: Outcome,
    wording: Wording,
    name: Option<&str>,
    ended_known: bool,
) -> String {
    use Outcome as O;
    use Wording::{W2017, W2018, W2020};
    const NOT_IN_THE_RECORDS: &str = "该条验证库里找不到记录。"; // S2, S3, S4
    const NO_RECORD_FOUND: &str = "找不到记录。请核实信息后，重新输入。"; // S0, S1
    let name = name.unwrap_or("您");
    match (outcome, wording) {
        // S3
        (O::VerifiedAll, W2020) => "您的短信核验已全部完成，该请求将提交管局审核。".to_owned(),
        // S2
        (O::VerifiedAll, W2018) => {
            format!("{name}的短信核验完成。您的请求已完成全部核验，该请求将提交管局审核。")
        }
        // S0, S1: 系统提示核验完成; 您的备案信息将流转至管局审核
        (O::VerifiedAll, W2017) => "核验完成。您的备案信息将提交管局审核。".to_owned(),

        // S3
        (O::VerifiedWaiting, W2020) => {
            "您的短信核验完成，请等待其他核验人进行短信核验。".to_owned()
        }
        // S2
        (O::VerifiedWaiting, W2018) => {
            format!("{name}的短信核验完成。请等待其他待核验人进行短信核验。")
        }
        // S0, S1
        (O::VerifiedWaiting, W2017) => {
            "核验完成。如果您的备案订单中还有其他需验证的手机号，请继续完成。".to_owned()
        }

        // S2, addressed as S3 does; nothing is known for 2017
        (O::AlreadyVerified, W2020 | W2017) => "您的短信核验已完成，无需重复提交。".to_owned(),
        // S2
        (O::AlreadyVerified, W2018) => format!("{name}的短信核验已经完成，无需重复提交。"),

        // S2, addressed as S3 does
        (O::Wrong, W2020) => "您的短信核验失败，请输入正确的信息。".to_owned(),
        // S2
        (O::Wrong, W2018) => format!("{name}的短信核验失败，请输入正确的信息。"),
        // S0, S1: whatever does not fit, no record is found
        (O::Wrong | O::NotFound | O::NothingPending, W2017) => NO_RECORD_FOUND.to_owned(),

        // P; S4: 系统提示短信核验失败
        (O::AskProvider, W2020 | W2018) => {
            "您的短信核验失败，请联系接入商查询核验结果。".to_owned()
        }
        // S0, S1
        (O::AskProvider, W2017) => "短信核验失败。您的备案申请信息将被退回。".to_owned(),

        // P; S3 and S4 without 或已完成验证
        (O::NotFound, W2020) => "该条验证库里找不到记录或已完成验证。".to_owned(),
        // P
        (O::NothingPending, W2020) if ended_known => {
            "您暂无待短信核验的备案申请，无需重发短信。".to_owned()
        }
        // S2: 核验错误1; S3, S4
        (O::NotFound | O::NothingPending, W2018) | (O::NothingPending, W2020) => {
            NOT_IN_THE_RECORDS.to_owned()
        }

        // P
        (O::TryAgain, _) => "您的短信核验失败，请您重新验证。".to_owned(),

        // S3 (收集 there is a slip for 手机)
        (O::Resent, W2020) => "您的短信验证码已重发成功，请查看手机并尽快完成短信核验。".to_owned(),
        // S0, S1; nothing else is known for 2018
        (O::Resent, W2018 | W2017) => "您的短信已发送成功。".to_owned(),

        // P
        (O::ResendLimit, _) => {
            "重发次数已到上限，若不能及时完成短信核验，您的备案申请将会被退回。".to_owned()
        }
    }
}

/// The panel's heading, which the page's title begins with (ours).
pub const fn heading(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::VerifiedAll | Outcome::VerifiedWaiting | Outcome::AlreadyVerified => "核验完成",
        Outcome::Wrong | Outcome::AskProvider | Outcome::TryAgain => "核验失败",
        Outcome::NotFound => "没有找到记录",
        Outcome::Resent => "短信已重发",
        Outcome::ResendLimit | Outcome::NothingPending => "短信未重发",
    }
}

/// What the provider and the principals do after a return (S1, S3; `change_phone` is ours).
pub const fn return_advice(kind: FilingKind) -> &'static str {
    match kind {
        FilingKind::NewFiling | FilingKind::NewSite | FilingKind::Change => {
            "请核对备案信息中负责人的手机号码：号码无误的，重新提交；号码有误的，改正后重新提交。"
        }
        FilingKind::NewAccess => {
            "请向网站当前的接入商核对网站负责人及其手机号码：仍是同一负责人且号码无误的，重新核验；负责人或号码已变的，\
             先在当前接入商处变更，再提交接入备案；空壳网站或联系不到当前接入商的，先注销网站备案，再按新增网站提交。"
        }
        FilingKind::CancelSubject | FilingKind::CancelSite => {
            "请先提交变更备案，更改负责人的手机号码；变更通过后，再提交注销。"
        }
        FilingKind::CancelAccess => {
            "请先提交变更备案，更改网站负责人的手机号码；变更通过后，再提交取消接入。"
        }
        FilingKind::ChangePhone => "请核对新的手机号码，确认能收到短信后重新提交。",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_its_sentence_in_every_era() {
        // 2020, 2018, 2017; — : as 2020's
        let table = [
            (
                Outcome::VerifiedAll,
                "您的短信核验已全部完成，该请求将提交管局审核。",
                "王*的短信核验完成。您的请求已完成全部核验，该请求将提交管局审核。",
                "核验完成。您的备案信息将提交管局审核。",
            ),
            (
                Outcome::VerifiedWaiting,
                "您的短信核验完成，请等待其他核验人进行短信核验。",
                "王*的短信核验完成。请等待其他待核验人进行短信核验。",
                "核验完成。如果您的备案订单中还有其他需验证的手机号，请继续完成。",
            ),
            (
                Outcome::AlreadyVerified,
                "您的短信核验已完成，无需重复提交。",
                "王*的短信核验已经完成，无需重复提交。",
                "您的短信核验已完成，无需重复提交。",
            ),
            (
                Outcome::Wrong,
                "您的短信核验失败，请输入正确的信息。",
                "王*的短信核验失败，请输入正确的信息。",
                "找不到记录。请核实信息后，重新输入。",
            ),
            (
                Outcome::AskProvider,
                "您的短信核验失败，请联系接入商查询核验结果。",
                "—",
                "短信核验失败。您的备案申请信息将被退回。",
            ),
            (
                Outcome::NotFound,
                "该条验证库里找不到记录或已完成验证。",
                "该条验证库里找不到记录。",
                "找不到记录。请核实信息后，重新输入。",
            ),
            (
                Outcome::TryAgain,
                "您的短信核验失败，请您重新验证。",
                "—",
                "—",
            ),
            (
                Outcome::Resent,
                "您的短信验证码已重发成功，请查看手机并尽快完成短信核验。",
                "您的短信已发送成功。",
                "您的短信已发送成功。",
            ),
            (
                Outcome::ResendLimit,
                "重发次数已到上限，若不能及时完成短信核验，您的备案申请将会被退回。",
                "—",
                "—",
            ),
            (
                Outcome::NothingPending,
                "该条验证库里找不到记录。",
                "该条验证库里找不到记录。",
                "找不到记录。请核实信息后，重新输入。",
            ),
        ];
        assert_eq!(table.len(), Outcome::ALL.len());
        for (outcome, w2020, w2018, w2017) in table {
            let expected = |text: &'static str| if text == "—" { w2020 } else { text };
            assert_eq!(sentence(outcome, Wording::W2020, None, false), w2020);
            assert_eq!(
                sentence(outcome, Wording::W2018, Some("王*"), false),
                expected(w2018)
            );
            assert_eq!(
                sentence(outcome, Wording::W2017, None, false),
                expected(w2017)
            );
        }
    }

    #[test]
    fn without_a_name_people_are_you() {
        assert_eq!(
            sentence(Outcome::VerifiedWaiting, Wording::W2018, None, false),
            "您的短信核验完成。请等待其他待核验人进行短信核验。"
        );
    }

    #[test]
    fn a_resend_for_what_has_ended_says_so_from_2020_on() {
        let nothing = |wording| sentence(Outcome::NothingPending, wording, None, true);
        assert_eq!(
            nothing(Wording::W2020),
            "您暂无待短信核验的备案申请，无需重发短信。"
        );
        assert_eq!(nothing(Wording::W2018), "该条验证库里找不到记录。");
        assert_eq!(
            nothing(Wording::W2017),
            "找不到记录。请核实信息后，重新输入。"
        );
    }

    #[test]
    fn a_name_is_told_in_2018_alone() {
        for &outcome in Outcome::ALL {
            for wording in [Wording::W2017, Wording::W2020] {
                assert!(!sentence(outcome, wording, Some("王*"), true).contains('王'));
            }
        }
    }

    #[test]
    fn headings_and_advice_cover_everything() {
        for &outcome in Outcome::ALL {
            assert!(
                [
                    "核验完成",
                    "核验失败",
                    "没有找到记录",
                    "短信已重发",
                    "短信未重发"
                ]
                .contains(&heading(outcome))
            );
        }
        for &kind in FilingKind::ALL {
            let advice = return_advice(kind);
            assert!(
                advice.ends_with('。') && !advice.contains(' '),
                "{kind}: {advice}"
            );
        }
        assert!(return_advice(FilingKind::NewAccess).contains("空壳网站"));
        assert!(return_advice(FilingKind::CancelSite).contains("先提交变更备案"));
    }
}
