//! Aliyun's short messages (短信服务, `SendSms` of 2017-05-25): a template of its own that is given the code. It knows no
//! idempotency: after an unknown outcome it is asked whether it has the message (`QuerySendDetails`).
//!
//! Parameters stand in the query, as its SDK has them: the URL holds phone and code.

mod code;
mod signature;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use futures_util::{FutureExt, future::BoxFuture};
use secrecy::SecretString;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

use self::signature::{Unsigned, canonical_query};
use super::{
    About, Asked, BadPush, Fate, Gateway, Pace, Push, Pushed, Receipt, Sent, SmsMessage,
    https::{Answered, Calls, Trouble, host},
    vendor::{Verdict, filled, reports},
};
use crate::{clock::Clock, domain::time::SHANGHAI, random::Random};

const VERSION: &str = "2017-05-25";
/// Younger messages may not be listed yet.
const LISTED: TimeDelta = TimeDelta::seconds(10);
/// Days that are kept for asking.
const KEPT: TimeDelta = TimeDelta::days(30);
/// More than a phone can get in a day (40).
const PAGE: &str = "50";

/// `[sms.gateways.NAME]` of kind `aliyun`.
#[derive(Debug, Clone)]
pub struct AliyunSettings {
    /// `https://dysmsapi.aliyuncs.com`, or another of its addresses.
    pub endpoint: Url,
    /// Of a RAM user that may call `SendSms` and `QuerySendDetails`.
    pub access_key_id: String,
    /// Its secret.
    pub access_key_secret: SecretString,
    /// The signature as Aliyun has approved it, without 【】.
    pub sign_name: String,
    /// The approved template, `SMS_…`.
    pub template_code: String,
    /// Its variables; `{code}` stands for the code.
    pub template_params: BTreeMap<String, String>,
    /// How many messages a phone gets by it.
    pub pace: Pace,
    /// In the path that receipts are pushed to; none: no receipts.
    pub push_secret: Option<SecretString>,
}

/// The gateway.
pub struct Aliyun {
    name: String,
    settings: AliyunSettings,
    clock: Clock,
    random: Random,
    calls: Calls,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendAnswer {
    code: String,
    #[serde(default)]
    message: String,
    biz_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Details {
    code: String,
    #[serde(default)]
    total_count: Value,
    #[serde(rename = "SmsSendDetailDTOs")]
    list: Option<DetailList>,
}

#[derive(Deserialize)]
struct DetailList {
    #[serde(rename = "SmsSendDetailDTO", default)]
    list: Vec<Detail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Detail {
    out_id: Option<String>,
    send_status: i64,
}

#[derive(Deserialize)]
struct Report {
    success: bool,
    biz_id: Option<String>,
    out_id: Option<String>,
}

impl Aliyun {
    /// Calls nobody yet.
    #[must_use]
    pub fn new(name: &str, settings: AliyunSettings, clock: Clock, random: Random) -> Self {
        Self {
            name: name.to_owned(),
            settings,
            clock,
            random,
            calls: Calls::default(),
        }
    }

    async fn submit(&self, message: &SmsMessage, now: DateTime<Utc>) -> Sent {
        let sent = self.submit_once(message).await;
        // once more at most: then it is the machine's clock that is wrong
        let sent = match sent {
            Ok((Verdict::SignAgain, _)) => self.submit_once(message).await,
            sent => sent,
        };
        match sent {
            Ok((Verdict::SignAgain, _)) => {
                tracing::error!(
                    gateway = self.name,
                    "Aliyun calls our time wrong: is this machine's clock right?"
                );
                Sent::Stop
            }
            Ok((verdict, reference)) => verdict.sent(reference.as_deref(), now),
            Err(Trouble::NotSent) => Sent::Retry { after: None },
            Err(Trouble::Unknown) => Sent::Unknown,
        }
    }

    async fn submit_once(
        &self,
        message: &SmsMessage,
    ) -> Result<(Verdict, Option<String>), Trouble> {
        let settings = &self.settings;
        let parameters: BTreeMap<_, _> = settings
            .template_params
            .iter()
            .map(|(name, value)| (name, filled(value, message)))
            .collect();
        let parameters = serde_json::to_string(&parameters).map_err(|_| Trouble::NotSent)?;
        let answered = self
            .call(
                "SendSms",
                &[
                    ("PhoneNumbers", message.phone.as_str()),
                    ("SignName", &settings.sign_name),
                    ("TemplateCode", &settings.template_code),
                    ("TemplateParam", &parameters),
                    ("OutId", &message.id.to_string()),
                ],
            )
            .await?;
        let Some(answer) = read::<SendAnswer>(&answered) else {
            tracing::warn!(gateway = self.name, message = %message.id, status = answered.status, "an answer that is none of Aliyun's");
            return Ok((Verdict::Unknown, None));
        };
        let verdict = code::verdict(&answer.code, &answer.message);
        if verdict != Verdict::Accepted {
            tracing::warn!(gateway = self.name, message = %message.id, code = answer.code, "Aliyun does not take an SMS");
        }
        Ok((verdict, answer.biz_id))
    }

    /// Whether it has a message, by all that the phone was sent on a day.
    async fn look(&self, message: &SmsMessage, day: NaiveDate) -> Option<Asked> {
        let answered = self
            .call(
                "QuerySendDetails",
                &[
                    ("PhoneNumber", message.phone.as_str()),
                    ("SendDate", &day.format("%Y%m%d").to_string()),
                    ("PageSize", PAGE),
                    ("CurrentPage", "1"),
                ],
            )
            .await
            .ok()?;
        let details = read::<Details>(&answered)?;
        if details.code != "OK" {
            tracing::warn!(
                gateway = self.name,
                code = details.code,
                "Aliyun does not say what it has sent"
            );
            return None;
        }
        let list = details.list.map_or_else(Vec::new, |found| found.list);
        let id = message.id.to_string();
        let own = list
            .iter()
            .find(|detail| detail.out_id.as_deref() == Some(id.as_str()));
        Some(match own.map(|detail| detail.send_status) {
            Some(3) => Asked::Delivered,
            Some(2) => Asked::Undeliverable { foreign: false },
            Some(_) => Asked::Accepted {
                references: Vec::new(),
            },
            // it has been seen to count messages without listing them
            None if count(&details.total_count) == Some(list.len() as u64) => Asked::NeverHadIt,
            None => return None,
        })
    }

    async fn ask_about(&self, message: &SmsMessage, since: DateTime<Utc>) -> Asked {
        let today = self.clock.real_now();
        let mut answer = Asked::NeverHadIt;
        let mut days = vec![day(today)];
        // sent before midnight; a sandbox's own time may be of another year
        if day(since) != day(today) && (today - since).abs() < KEPT {
            days.push(day(since));
        }
        for day in days {
            match self.look(message, day).await {
                Some(Asked::NeverHadIt) => {}
                None => answer = Asked::Later,
                Some(found) => return found,
            }
        }
        if answer == Asked::NeverHadIt && self.clock.now() - since < LISTED {
            return Asked::Later;
        }
        answer
    }

    async fn call(&self, action: &str, parameters: &[(&str, &str)]) -> Result<Answered, Trouble> {
        let settings = &self.settings;
        let query = canonical_query(parameters);
        let unsigned = Unsigned {
            host: &host(&settings.endpoint),
            action,
            version: VERSION,
            date: &self
                .clock
                .real_now()
                .to_rfc3339_opts(SecondsFormat::Secs, true),
            nonce: &hex::encode(self.random.bytes::<16>()),
            query: &query,
        };
        let headers = unsigned.headers(&settings.access_key_id, &settings.access_key_secret);
        let mut url = settings.endpoint.clone();
        url.set_query(Some(&query));
        let request = |client: &reqwest::Client| {
            let headers = headers.iter().filter(|(name, _)| *name != "host");
            headers.fold(client.post(url).body(""), |request, (name, value)| {
                request.header(*name, value)
            })
        };
        self.calls.call(&self.name, request).await
    }
}

fn read<T: DeserializeOwned>(answered: &Answered) -> Option<T> {
    serde_json::from_slice(&answered.body).ok()
}

/// A number, which it writes as a text now and then.
fn count(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// The day as Aliyun counts it.
fn day(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&SHANGHAI).date_naive()
}

impl Gateway for Aliyun {
    fn name(&self) -> &str {
        &self.name
    }

    fn send<'a>(&'a self, message: &'a SmsMessage, now: DateTime<Utc>) -> BoxFuture<'a, Sent> {
        self.submit(message, now).boxed()
    }

    fn ask<'a>(&'a self, message: &'a SmsMessage, since: DateTime<Utc>) -> BoxFuture<'a, Asked> {
        self.ask_about(message, since).boxed()
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

    /// `SmsReport`, a list. Each element names the message by the `OutId` that it was given.
    fn pushed(&self, push: &Push<'_>) -> Result<Pushed, BadPush> {
        let reports = reports::<Report>(push.body)?;
        let receipts = reports.into_iter().filter_map(|report| {
            let own = report.out_id.as_deref().and_then(|id| id.parse().ok());
            let about = match own {
                Some(id) => About::Message(id),
                None => About::Reference(report.biz_id?),
            };
            let fate = if report.success {
                Fate::Delivered
            } else {
                Fate::Undeliverable { foreign: false }
            };
            Some(Receipt { about, fate })
        });
        Ok(Pushed {
            receipts: receipts.collect(),
            answer: r#"{"code":0,"msg":"接收成功"}"#.into(),
            content_type: "application/json",
        })
    }
}
