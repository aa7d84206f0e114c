//! Aliyun's codes (API错误码), sorted. What is not known concerns the account or the configuration, so far as is known.

use crate::sms::vendor::{Verdict, Window};

/// What `Code` means, with `Message` where it alone says which limit was reached.
pub(super) fn verdict(code: &str, message: &str) -> Verdict {
    match code {
        "OK" => Verdict::Accepted,
        "SignatureNonceUsed" | "InvalidTimeStamp.Expired" => Verdict::SignAgain,
        "isp.SYSTEM_ERROR" => Verdict::Again,
        "isv.BUSINESS_LIMIT_CONTROL" => Verdict::Wait(window(message)),
        "isv.MOBILE_NUMBER_ILLEGAL"
        | "isv.SMS_CONTENT_ILLEGAL"
        | "isv.BLACK_KEY_CONTROL_LIMIT"
        | "isv.TEMPLATE_PARAMS_ILLEGAL"
        | "isv.PARAM_LENGTH_LIMIT"
        | "isv.PARAM_NOT_SUPPORT_URL" => Verdict::Refused,
        // of its front door
        "InternalError" | "ServiceUnavailable" => Verdict::Unknown,
        code if code.starts_with("Throttling") => Verdict::Again,
        _ => Verdict::Stop,
    }
}

/// 触发分钟级流控Permits:1
fn window(message: &str) -> Window {
    if message.contains("小时") {
        Window::Hour
    } else if message.contains('天') {
        Window::Day
    } else {
        Window::Minute
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_class() {
        for (class, codes) in [
            (Verdict::Accepted, "OK"),
            (
                Verdict::SignAgain,
                "SignatureNonceUsed InvalidTimeStamp.Expired",
            ),
            (
                Verdict::Again,
                "isp.SYSTEM_ERROR Throttling Throttling.User Throttling.Api",
            ),
            (
                Verdict::Refused,
                "isv.MOBILE_NUMBER_ILLEGAL isv.SMS_CONTENT_ILLEGAL isv.BLACK_KEY_CONTROL_LIMIT isv.TEMPLATE_PARAMS_ILLEGAL \
                 isv.PARAM_LENGTH_LIMIT isv.PARAM_NOT_SUPPORT_URL",
            ),
            (
                Verdict::Stop,
                "isv.OUT_OF_SERVICE isv.AMOUNT_NOT_ENOUGH isv.DAY_LIMIT_CONTROL isv.MONTH_LIMIT_CONTROL \
                 isv.ACCOUNT_NOT_EXISTS isv.ACCOUNT_ABNORMAL isv.PRODUCT_UN_SUBSCRIPT isv.PRODUCT_UNSUBSCRIBE \
                 isv.SMS_TEMPLATE_ILLEGAL isv.SMS_SIGNATURE_ILLEGAL isv.SMS_SIGN_ILLEGAL isv.SIGN_STATE_ILLEGAL \
                 isv.EXTEND_CODE_ERROR isv.DENY_IP_RANGE isp.RAM_PERMISSION_DENY SignatureDoesNotMatch \
                 InvalidAccessKeyId.NotFound InvalidAccessKeyId.Inactive isv.SOMETHING_NEW MissingSignName",
            ),
            (Verdict::Unknown, "InternalError ServiceUnavailable"),
        ] {
            for code in codes.split_whitespace() {
                assert_eq!(verdict(code, ""), class, "{code}");
            }
        }
    }

    #[test]
    fn a_limit_says_in_words_which_it_is() {
        for (message, window) in [
            ("触发分钟级流控Permits:1", Window::Minute),
            ("触发小时级流控Permits:5", Window::Hour),
            ("触发天级流控Permits:10", Window::Day),
            ("业务限流", Window::Minute),
        ] {
            let told = verdict("isv.BUSINESS_LIMIT_CONTROL", message);
            assert_eq!(told, Verdict::Wait(window), "{message}");
        }
    }
}
