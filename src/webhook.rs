//! Webhooks over HTTP, by the Standard Webhooks spec: one signed POST, no redirects, only to addresses that were checked.
//! Knows nothing of the database: it is given a body, and says what the receiver answered.

mod address;
mod signature;

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures_util::{FutureExt, future::BoxFuture};
use ipnet::IpNet;
use reqwest::{
    Client, Response, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{CONTENT_TYPE, USER_AGENT},
    redirect::Policy,
};
use tokio::sync::{Notify, Semaphore, SemaphorePermit};

use self::address::{Allowed, RefusedAddress};
pub use self::signature::{Secret, sign};
use crate::domain::{delivery::Trouble, ids::WebhookId};

/// A receiver may take so long for the whole of an attempt.
pub const PATIENCE: Duration = Duration::from_secs(15);
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
/// So much of an answer is read, so long, so that the connection can be used again; nothing in it matters.
const ANSWER: usize = 16 * 1024;
const ANSWER_PATIENCE: Duration = Duration::from_secs(1);
const IDLE: Duration = Duration::from_secs(15);

/// Many are sent at once, but so many alone are read or written down: the pages need the database too.
const TURNS: usize = 4;

/// Looks a host name up.
pub type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// A webhook about to be sent.
pub struct Outgoing<'a> {
    /// Where to.
    pub url: &'a str,
    /// The same at every attempt.
    pub id: WebhookId,
    /// The real time of the attempt.
    pub at: DateTime<Utc>,
    /// The body, JSON.
    pub body: &'a [u8],
    /// It is signed with each.
    pub secrets: &'a [Secret],
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// 2xx: the receiver has it.
    Delivered(u16),
    /// 410: there will never be a receiver.
    Gone,
    /// Another attempt may succeed.
    Failed(Trouble, Option<u16>),
}

/// Sends webhooks. Clones share its connections.
#[derive(Clone)]
pub struct Webhooks(Arc<Inner>);

struct Inner {
    allowed: Allowed,
    lookup: Lookup,
    client: OnceLock<Client>,
    wake: Notify,
    turns: Semaphore,
}

impl Webhooks {
    /// Calls public addresses and those of `allow`; a sandbox this machine too, and that without TLS.
    #[must_use]
    pub fn new(allow: &[IpNet], sandbox: bool) -> Self {
        Self::with_lookup(allow, sandbox, Arc::new(|name| system_lookup(name).boxed()))
    }

    /// With host names of one's own.
    #[must_use]
    pub fn with_lookup(allow: &[IpNet], sandbox: bool, lookup: Lookup) -> Self {
        Self(Arc::new(Inner {
            allowed: Allowed::new(allow, sandbox),
            lookup,
            client: OnceLock::new(),
            wake: Notify::new(),
            turns: Semaphore::new(TURNS),
        }))
    }

    /// Something has been queued: whoever waits in [`Webhooks::woken`] need not wait for the next look.
    pub fn wake(&self) {
        self.0.wake.notify_one();
    }

    /// Waits until something has been queued.
    pub async fn woken(&self) {
        self.0.wake.notified().await;
    }

    /// Waits for a turn at what all senders share. None at the program's end.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.0.turns.acquire().await.ok()
    }

    /// Makes one attempt.
    pub async fn send(&self, outgoing: Outgoing<'_>) -> Sent {
        let Some(url) = self.target(outgoing.url) else {
            return Sent::Failed(Trouble::UrlRefused, None);
        };
        // an address in place of a name is never looked up
        if let Some(address) = literal(&url)
            && !self.0.allowed.may_call(address)
        {
            return Sent::Failed(Trouble::AddressRefused, None);
        }
        let client = match self.client() {
            Ok(client) => client,
            Err(error) => {
                tracing::error!(%error, "webhooks cannot be sent at all");
                return Sent::Failed(Trouble::Failed, None);
            }
        };
        let id = outgoing.id.to_string();
        let timestamp = outgoing.at.timestamp().to_string();
        let signature = sign(outgoing.secrets, &id, &timestamp, outgoing.body);
        let request = client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, "heyan")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature)
            .body(outgoing.body.to_vec());
        match request.send().await {
            Ok(response) => {
                let status = response.status();
                drain(response).await;
                match status.as_u16() {
                    410 => Sent::Gone,
                    code if status.is_success() => Sent::Delivered(code),
                    code => Sent::Failed(Trouble::Status, Some(code)),
                }
            }
            Err(error) => Sent::Failed(trouble(&error), None),
        }
    }

    /// https alone; http where a sandbox calls this machine.
    fn target(&self, url: &str) -> Option<Url> {
        let url = Url::parse(url).ok()?;
        let here = match literal(&url) {
            Some(address) => address.is_loopback(),
            None => url.host_str() == Some("localhost"),
        };
        let sound = match url.scheme() {
            "https" => url.has_host(),
            "http" => self.0.allowed.sandbox() && here,
            _ => false,
        };
        sound.then_some(url)
    }

    /// Made when it is first needed: most commands never send anything.
    fn client(&self) -> reqwest::Result<&Client> {
        if let Some(client) = self.0.client.get() {
            return Ok(client);
        }
        let resolver = Checked {
            allowed: self.0.allowed.clone(),
            lookup: Arc::clone(&self.0.lookup),
        };
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .referer(false)
            .timeout(PATIENCE)
            .connect_timeout(CONNECT_PATIENCE)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(4)
            .dns_resolver(Arc::new(resolver))
            .build()?;
        Ok(self.0.client.get_or_init(|| client))
    }
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Webhooks(…)")
    }
}

/// Names are looked up here and nowhere else, and what is connected to is what was checked: a name that leads to another
/// address a moment later leads nowhere new.
struct Checked {
    allowed: Allowed,
    lookup: Lookup,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let found = (self.lookup)(name.as_str().to_owned());
        let allowed = self.allowed.clone();
        async move {
            let addresses = found.await.map_err(|_| Unresolvable)?;
            if addresses.is_empty() {
                return Err(Unresolvable.into());
            }
            if !addresses.iter().all(|address| allowed.may_call(*address)) {
                return Err(RefusedAddress.into());
            }
            // the connector puts in the URL's port
            let sockets = addresses
                .into_iter()
                .map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(sockets) as Addrs)
        }
        .boxed()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the host name leads nowhere")]
struct Unresolvable;

async fn system_lookup(name: String) -> io::Result<Vec<IpAddr>> {
    let found = tokio::net::lookup_host((name, 0)).await?;
    Ok(found.map(|socket| socket.ip()).collect())
}

/// The address that stands in the URL itself.
fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        url::Host::Ipv4(address) => Some(address.into()),
        url::Host::Ipv6(address) => Some(address.into()),
        url::Host::Domain(_) => None,
    }
}

/// Reads an answer to its end, if that comes soon.
async fn drain(mut response: Response) {
    let reading = async {
        let mut left = ANSWER;
        while let Ok(Some(chunk)) = response.chunk().await {
            if chunk.len() > left {
                return;
            }
            left -= chunk.len();
        }
    };
    // whatever comes of it, the status has told what matters
    let _ = tokio::time::timeout(ANSWER_PATIENCE, reading).await;
}

fn trouble(error: &reqwest::Error) -> Trouble {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = source {
        if cause.is::<RefusedAddress>() {
            return Trouble::AddressRefused;
        }
        if cause.is::<Unresolvable>() {
            return Trouble::Unresolvable;
        }
        source = cause.source();
    }
    if error.is_timeout() {
        Trouble::TimedOut
    } else if error.is_builder() {
        Trouble::Failed
    } else {
        Trouble::Unreachable
    }
}
