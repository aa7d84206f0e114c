//! Any gateway that takes a message by one HTTP call, described in the configuration: what is called, how its answers read,
//! and how its delivery reports do. URL, headers and body hold phone, text and password, and are never logged.

mod answer;
mod report;
mod template;

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use futures_util::{FutureExt, future::BoxFuture};
use reqwest::{
    Method, RequestBuilder,
    header::{CONTENT_TYPE, HeaderValue},
};
use secrecy::SecretString;
use url::Url;

use self::{
    answer::Verdict,
    template::{Place, fill},
};
pub use self::{
    answer::{Answers, Rule},
    report::Reports,
};
use super::{
    BadPush, Gateway, Pace, Push, Pushed, Sent, SmsMessage,
    https::{Calls, Trouble},
};

/// `[sms.gateways.NAME]` of kind `http`. In URL, query, headers and body `{phone}`, `{text}`, `{sender}`, `{id}` and `{code}`
/// stand for the message's, encoded as the place demands.
#[derive(Clone)]
pub struct HttpSettings {
    /// What is called.
    pub url: String,
    /// `GET` or `POST`.
    pub method: Method,
    /// Parameters that are put behind the URL.
    pub query: BTreeMap<String, String>,
    /// Headers besides `Content-Type`.
    pub headers: BTreeMap<String, String>,
    /// The body; empty: none.
    pub body: String,
    /// Its type, which says how values are encoded in it.
    pub content_type: String,
    /// How answers read.
    pub answers: Answers,
    /// Where its own reference stands in an accepting answer of JSON (RFC 6901).
    pub reference: Option<String>,
    /// How many messages a phone gets by it.
    pub pace: Pace,
    /// How delivery reports read; none: none come.
    pub reports: Option<Reports>,
}

impl fmt::Debug for HttpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // any of the templates may hold a password
        f.debug_struct("HttpSettings")
            .field("method", &self.method)
            .field("content_type", &self.content_type)
            .field("answers", &self.answers)
            .field("pace", &self.pace)
            .field("reports", &self.reports)
            .finish_non_exhaustive()
    }
}

/// The gateway.
pub struct Http {
    name: String,
    settings: HttpSettings,
    calls: Calls,
}

impl Http {
    /// Calls nobody yet.
    #[must_use]
    pub fn new(name: &str, settings: HttpSettings) -> Self {
        Self {
            name: name.to_owned(),
            settings,
            calls: Calls::default(),
        }
    }

    async fn submit(&self, message: &SmsMessage) -> Sent {
        let Some(url) = self.url(message) else {
            tracing::error!(
                gateway = self.name,
                "the URL of the configuration is none once it is filled in"
            );
            return Sent::Stop;
        };
        let request = |client: &reqwest::Client| self.request(client, url, message);
        let answered = match self.calls.call(&self.name, request).await {
            Ok(answered) => answered,
            Err(Trouble::NotSent) => return Sent::Retry { after: None },
            Err(Trouble::Unknown) => return Sent::Unknown,
        };
        let verdict = self.settings.answers.verdict(&answered);
        if verdict != Some(Verdict::Accepted) {
            let status = answered.status;
            tracing::warn!(gateway = self.name, message = %message.id, status, ?verdict, "the gateway does not take an SMS");
        }
        match verdict {
            Some(Verdict::Accepted) => {
                let reference = self.settings.reference.as_deref();
                let reference = reference.and_then(|at| answer::member(&answered.body, at));
                Sent::Accepted {
                    references: reference.into_iter().collect(),
                }
            }
            Some(Verdict::Again) => Sent::Retry { after: None },
            Some(Verdict::Next) => Sent::Next { foreign: false },
            Some(Verdict::Foreign) => Sent::Next { foreign: true },
            Some(Verdict::Refused) => Sent::Refused,
            Some(Verdict::Stop) => Sent::Stop,
            None => Sent::Unknown,
        }
    }

    fn url(&self, message: &SmsMessage) -> Option<Url> {
        let mut url = Url::parse(&fill(&self.settings.url, message, Place::Url)).ok()?;
        if !self.settings.query.is_empty() {
            let values = self.settings.query.iter();
            let values = values.map(|(name, value)| (name, fill(value, message, Place::Plain)));
            url.query_pairs_mut().extend_pairs(values);
        }
        Some(url)
    }

    fn request(&self, client: &reqwest::Client, url: Url, message: &SmsMessage) -> RequestBuilder {
        let settings = &self.settings;
        let mut request = client.request(settings.method.clone(), url);
        for (name, value) in &settings.headers {
            // what no header can carry makes the request fail before it is sent
            let value = HeaderValue::from_bytes(fill(value, message, Place::Plain).as_bytes());
            request = match value {
                Ok(mut value) => {
                    value.set_sensitive(true);
                    request.header(name, value)
                }
                Err(_) => request.header(name, "\n"),
            };
        }
        if settings.body.is_empty() {
            return request;
        }
        let place = Place::of(&settings.content_type);
        request
            .header(CONTENT_TYPE, &settings.content_type)
            .body(fill(&settings.body, message, place))
    }
}

impl Gateway for Http {
    fn name(&self) -> &str {
        &self.name
    }

    fn send<'a>(&'a self, message: &'a SmsMessage, _: DateTime<Utc>) -> BoxFuture<'a, Sent> {
        self.submit(message).boxed()
    }

    fn sends_receipts(&self) -> bool {
        self.settings.reports.is_some()
    }

    fn pace(&self) -> Pace {
        self.settings.pace
    }

    fn push_secret(&self) -> Option<&SecretString> {
        Some(&self.settings.reports.as_ref()?.secret)
    }

    fn pushed(&self, push: &Push<'_>) -> Result<Pushed, BadPush> {
        self.settings.reports.as_ref().ok_or(BadPush)?.read(push)
    }
}
