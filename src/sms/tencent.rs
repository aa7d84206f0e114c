//! Tencent Cloud's short messages (`SendSms` of 2021-01-11): like Aliyun's, in other words.

mod code;
mod signature;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{FutureExt, future::BoxFuture};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use secrecy::SecretString;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use url::Url;

use self::signature::Unsigned;
use super::{
    About, Asked, BadPush, Fate, Gateway, Pace, Push, Pushed, Receipt, Sent, SmsMessage,
    https::{Calls, Trouble, host},
    vendor::{Verdict, filled, reports},
};
use crate::clock::Clock;

const SERVICE: &str = "sms";
const VERSION: &str = "2021-01-11";
/// How far back it is asked; it keeps seven days.
const LOOK_BACK: TimeDelta = TimeDelta::days(1);

/// `[sms.gateways.NAME]` of kind `tencent`.
#[derive(Debug, Clone)]
pub struct TencentSettings {
    /// `https://sms.tencentcloudapi.com`, or another of its addresses.
    pub endpoint: Url,
    /// Such as `ap-guangzhou`.
    pub region: String,
    /// Of a sub-account that may call `SendSms` and `PullSmsSendStatusByPhoneNumber`.
    pub secret_id: String,
    /// Its secret.
    pub secret_key: SecretString,
    /// The application of the SMS console.
    pub sdk_app_id: String,
    /// The signature as Tencent has approved it, without 【】.
    pub sign_name: String,
    /// The approved template's number.
    pub template_id: String,
    /// Its variables in order; `{code}` stands for the code.
    pub template_params: Vec<String>,
    /// How many messages a phone gets by it.
    pub pace: Pace,
    /// In the path that receipts are pushed to; none: no receipts.
    pub push_secret: Option<SecretString>,
}

/// The gateway.
pub struct Tencent {
    name: String,
    settings: TencentSettings,
    clock: Clock,
    calls: Calls,
}

#[derive(Deserialize)]
struct Answer<T> {
    #[serde(rename = "Response")]
    response: Response<T>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Response<T> {
    Error {
        #[serde(rename = "Error")]
        error: ErrorCode,
    },
    Done(T),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorCode {
    code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendStatuses {
    send_status_set: Vec<SendStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendStatus {
    code: String,
    serial_no: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Pulled {
    pull_sms_send_status_set: Vec<PulledStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PulledStatus {
    session_context: Option<String>,
    report_status: String,
}

#[derive(Deserialize)]
struct Report {
    sid: String,
    report_status: String,
}

impl Tencent {
    /// Calls nobody yet.
    #[must_use]
    pub fn new(name: &str, settings: TencentSettings, clock: Clock) -> Self {
        Self {
            name: name.to_owned(),
            settings,
            clock,
            calls: Calls::default(),
        }
    }

    async fn submit(&self, message: &SmsMessage, now: DateTime<Utc>) -> Sent {
        let settings = &self.settings;
        let parameters = settings.template_params.iter();
        let parameters: Vec<_> = parameters.map(|one| filled(one, message)).collect();
        let body = json!({
            "PhoneNumberSet": [e164(message)],
            "SmsSdkAppId": settings.sdk_app_id,
            "SignName": settings.sign_name,
            "TemplateId": settings.template_id,
            "TemplateParamSet": parameters,
            "SessionContext": message.id.to_string(),
        });
        let (code, serial) = match self.call("SendSms", &body).await {
            Ok(Response::Done(SendStatuses { send_status_set })) => {
                // one phone, one status
                let Some(status) = send_status_set.into_iter().next() else {
                    return Sent::Unknown;
                };
                (
                    status.code,
                    Some(status.serial_no).filter(|serial| !serial.is_empty()),
                )
            }
            Ok(Response::Error { error }) => (error.code, None),
            Err(Trouble::NotSent) => return Sent::Retry { after: None },
            Err(Trouble::Unknown) => return Sent::Unknown,
        };
        let verdict = code::verdict(&code);
        if verdict != Verdict::Accepted {
            tracing::warn!(gateway = self.name, message = %message.id, code, "Tencent does not take an SMS");
        }
        verdict.sent(serial.as_deref(), now)
    }

    /// By what became of the phone's messages: those alone are listed that have been reported upon.
    async fn ask_about(&self, message: &SmsMessage) -> Asked {
        let begin = self.clock.real_now() - LOOK_BACK;
        let body = json!({
            "BeginTime": begin.timestamp(),
            "Offset": 0,
            "Limit": 100,
            "PhoneNumber": e164(message),
            "SmsSdkAppId": self.settings.sdk_app_id,
        });
        let pulled: Pulled = match self.call("PullSmsSendStatusByPhoneNumber", &body).await {
            Ok(Response::Done(pulled)) => pulled,
            Ok(Response::Error { error }) => {
                tracing::warn!(
                    gateway = self.name,
                    code = error.code,
                    "Tencent does not say what it has sent"
                );
                return Asked::Later;
            }
            Err(_) => return Asked::Later,
        };
        let id = message.id.to_string();
        let mut statuses = pulled.pull_sms_send_status_set.into_iter();
        match statuses.find(|status| status.session_context.as_deref() == Some(id.as_str())) {
            Some(status) if status.report_status == "SUCCESS" => Asked::Delivered,
            Some(_) => Asked::Undeliverable { foreign: false },
            None => Asked::Later,
        }
    }

    async fn call<T: DeserializeOwned>(
        &self,
        action: &str,
        body: &Value,
    ) -> Result<Response<T>, Trouble> {
        let settings = &self.settings;
        let body = body.to_string();
        let at = self.clock.real_now();
        let unsigned = Unsigned {
            host: &host(&settings.endpoint),
            service: SERVICE,
            action,
            at,
            body: body.as_bytes(),
        };
        let authorization = unsigned.authorization(&settings.secret_id, &settings.secret_key);
        let request = |client: &reqwest::Client| {
            client
                .post(settings.endpoint.clone())
                .header(AUTHORIZATION, authorization)
                .header(CONTENT_TYPE, signature::CONTENT_TYPE)
                .header("x-tc-action", action)
                .header("x-tc-version", VERSION)
                .header("x-tc-region", &settings.region)
                .header("x-tc-timestamp", at.timestamp())
                .body(body)
        };
        let answered = self.calls.call(&self.name, request).await?;
        serde_json::from_slice::<Answer<T>>(&answered.body)
            .map(|answer| answer.response)
            .map_err(|_| {
                let status = answered.status;
                tracing::warn!(
                    gateway = self.name,
                    status,
                    "an answer that is none of Tencent's"
                );
                Trouble::Unknown
            })
    }
}

fn e164(message: &SmsMessage) -> String {
    format!("+86{}", message.phone.as_str())
}

impl Gateway for Tencent {
    fn name(&self) -> &str {
        &self.name
    }

    fn send<'a>(&'a self, message: &'a SmsMessage, now: DateTime<Utc>) -> BoxFuture<'a, Sent> {
        self.submit(message, now).boxed()
    }

    fn ask<'a>(&'a self, message: &'a SmsMessage, _: DateTime<Utc>) -> BoxFuture<'a, Asked> {
        self.ask_about(message).boxed()
    }

    fn carries_text(&self) -> bool {
        false
    }

    fn sends_receipts(&self) -> bool {
        self.settings.push_secret.is_some()
    }

    fn pace(&self) -> Pace {
        self.settings.pace
    }

    fn push_secret(&self) -> Option<&SecretString> {
        self.settings.push_secret.as_ref()
    }

    /// A list; each element names the message by the `SerialNo` that it got.
    fn pushed(&self, push: &Push<'_>) -> Result<Pushed, BadPush> {
        let reports = reports::<Report>(push.body)?;
        let receipts = reports.into_iter().map(|report| Receipt {
            about: About::Reference(report.sid),
            fate: if report.report_status == "SUCCESS" {
                Fate::Delivered
            } else {
                Fate::Undeliverable { foreign: false }
            },
        });
        Ok(Pushed {
            receipts: receipts.collect(),
            answer: r#"{"result":0,"errmsg":"OK"}"#.into(),
            content_type: "application/json",
        })
    }
}
