//! Tencent's codes (短信 API 3.0 发送错误码), sorted. What is not known concerns the account or the configuration.

use crate::sms::vendor::{Verdict, Window};

/// What a code means.
pub(super) fn verdict(code: &str) -> Verdict {
    match code {
        "Ok" => Verdict::Accepted,
        "LimitExceeded.PhoneNumberThirtySecondLimit" => Verdict::Wait(Window::ThirtySeconds),
        "LimitExceeded.DeliveryFrequencyLimit" => Verdict::Wait(Window::Minute),
        "LimitExceeded.PhoneNumberOneHourLimit" => Verdict::Wait(Window::Hour),
        "LimitExceeded.PhoneNumberDailyLimit"
        | "LimitExceeded.PhoneNumberSameContentDailyLimit" => Verdict::Wait(Window::Day),
        "FailedOperation.ContainSensitiveWord"
        | "FailedOperation.PhoneNumberInBlacklist"
        | "FailedOperation.PhoneNumberParseFail"
        | "InvalidParameter.DirtyWordFound"
        | "InvalidParameterValue.ContentLengthLimit"
        | "InvalidParameterValue.IncorrectPhoneNumber"
        | "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter"
        | "InvalidParameterValue.TemplateParameterFormatError"
        | "InvalidParameterValue.TemplateParameterLengthLimit" => Verdict::Refused,
        // it broke down over the message
        "InternalError"
        | "InternalError.OtherError"
        | "InternalError.ParseBackendResponseFail"
        | "InternalError.SendAndRecvFail"
        | "InternalError.Timeout"
        | "InternalError.UnknownError" => Verdict::Unknown,
        code if code.starts_with("RequestLimitExceeded") => Verdict::Again,
        // AuthFailure.SignatureExpire and InternalError.RequestTimeException among them: this machine's clock is wrong
        _ => Verdict::Stop,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_class() {
        for (class, codes) in [
            (Verdict::Accepted, "Ok"),
            (
                Verdict::Again,
                "RequestLimitExceeded RequestLimitExceeded.IPLimitExceeded",
            ),
            (
                Verdict::Wait(Window::ThirtySeconds),
                "LimitExceeded.PhoneNumberThirtySecondLimit",
            ),
            (
                Verdict::Wait(Window::Minute),
                "LimitExceeded.DeliveryFrequencyLimit",
            ),
            (
                Verdict::Wait(Window::Hour),
                "LimitExceeded.PhoneNumberOneHourLimit",
            ),
            (
                Verdict::Wait(Window::Day),
                "LimitExceeded.PhoneNumberDailyLimit LimitExceeded.PhoneNumberSameContentDailyLimit",
            ),
            (
                Verdict::Refused,
                "FailedOperation.ContainSensitiveWord FailedOperation.PhoneNumberInBlacklist \
                 FailedOperation.PhoneNumberParseFail InvalidParameter.DirtyWordFound \
                 InvalidParameterValue.ContentLengthLimit InvalidParameterValue.IncorrectPhoneNumber \
                 InvalidParameterValue.ProhibitedUseUrlInTemplateParameter \
                 InvalidParameterValue.TemplateParameterFormatError InvalidParameterValue.TemplateParameterLengthLimit",
            ),
            (
                Verdict::Unknown,
                "InternalError InternalError.OtherError InternalError.ParseBackendResponseFail \
                 InternalError.SendAndRecvFail InternalError.Timeout InternalError.UnknownError",
            ),
            (
                Verdict::Stop,
                "AuthFailure.SecretIdNotFound AuthFailure.SignatureFailure AuthFailure.SignatureExpire \
                 FailedOperation.InsufficientBalanceInSmsPackage FailedOperation.SignatureIncorrectOrUnapproved \
                 FailedOperation.TemplateIncorrectOrUnapproved FailedOperation.TemplateUnapprovedOrNotExist \
                 FailedOperation.TemplateParamSetNotMatchApprovedTemplate InternalError.RequestTimeException \
                 InternalError.SigVerificationFail InvalidParameterValue.SdkAppIdNotExist LimitExceeded.AppDailyLimit \
                 LimitExceeded.DailyLimit LimitExceeded.AppMainlandChinaDailyLimit \
                 UnauthorizedOperation.RequestIpNotInWhitelist UnauthorizedOperation.SdkAppIdIsDisabled \
                 UnauthorizedOperation.ServiceSuspendDueToArrears UnsupportedOperation.UnsupportedRegion \
                 MissingParameter Something.New",
            ),
        ] {
            for code in codes.split_whitespace() {
                assert_eq!(verdict(code), class, "{code}");
            }
        }
    }
}
