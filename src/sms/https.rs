//! Calls to gateways over HTTP: no redirects, a bounded answer, and never a URL in an error: it holds phone and code.

use std::{sync::OnceLock, time::Duration};

use reqwest::{Client, RequestBuilder, Response, redirect::Policy};
use url::Url;

/// A gateway may take so long for the whole of a call.
const PATIENCE: Duration = Duration::from_secs(10);
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
const IDLE: Duration = Duration::from_secs(30);
/// So much of an answer is read.
const ANSWER: usize = 256 * 1024;

/// Makes calls; keeps connections.
#[derive(Default)]
pub(super) struct Calls(OnceLock<Client>);

/// What came back.
pub(super) struct Answered {
    pub status: u16,
    pub body: Vec<u8>,
}

/// No answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The gateway was not reached: it has certainly got nothing.
    NotSent,
    /// It may have got the call.
    Unknown,
}

impl Calls {
    /// Makes one call. `gateway` is named in the log, where it fails.
    pub async fn call(
        &self,
        gateway: &str,
        request: impl FnOnce(&Client) -> RequestBuilder,
    ) -> Result<Answered, Trouble> {
        let client = self.client().map_err(|error| {
            tracing::error!(gateway, %error, "no calls can be made at all");
            Trouble::NotSent
        })?;
        let told = |error: reqwest::Error| {
            let not_sent = error.is_connect() || error.is_builder();
            let error = error.without_url();
            tracing::warn!(
                gateway,
                error = &error as &dyn std::error::Error,
                "no answer from the gateway"
            );
            if not_sent {
                Trouble::NotSent
            } else {
                Trouble::Unknown
            }
        };
        let response = request(client).send().await.map_err(told)?;
        let status = response.status().as_u16();
        let body = read(response).await.map_err(told)?;
        Ok(Answered { status, body })
    }

    /// Made when it is first needed: most commands never send anything.
    fn client(&self) -> reqwest::Result<&Client> {
        if let Some(client) = self.0.get() {
            return Ok(client);
        }
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .referer(false)
            .user_agent("heyan")
            .timeout(PATIENCE)
            .connect_timeout(CONNECT_PATIENCE)
            .pool_idle_timeout(IDLE)
            .build()?;
        Ok(self.0.get_or_init(|| client))
    }
}

/// As much of the body as matters.
async fn read(mut response: Response) -> reqwest::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > ANSWER {
            break;
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What stands in the `Host` header of a call to `url`.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}
