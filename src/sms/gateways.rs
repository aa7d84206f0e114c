//! The gateways in use, and which of them a message goes by: the chain of its phone's carrier, first choice first, without
//! those that rest.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt,
    sync::Arc,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use super::{
    Asked, BadPush, Gateway, Pace, Push, Pushed, Received, Sent, SmsMessage,
    breaker::Breaker,
    delays::Delays,
    receipts::Tray,
    sandbox::{self, Sandbox},
};
use crate::domain::{carrier::Carrier, phone::Phone};

type At = DateTime<Utc>;

/// The gateways as configured.
#[derive(Default)]
pub struct Chains {
    /// Each under its name.
    pub gateways: Vec<Box<dyn Gateway>>,
    /// Their order for carriers without a chain of their own, and where the carrier is not known.
    pub default: Vec<String>,
    /// For a carrier.
    pub by_carrier: BTreeMap<Carrier, Vec<String>>,
    /// A sandbox: its own gateway takes everything, but for these numbers.
    pub sandbox: Option<HashSet<Phone>>,
}

/// Where a message is to go, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Route<'a> {
    /// To whom.
    pub phone: &'a Phone,
    /// Whose number that is taken for.
    pub carrier: Option<Carrier>,
    /// The gateways that are out of the question.
    pub without: &'a BTreeSet<String>,
}

/// Which gateway a message goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    /// This one.
    By(String),
    /// All that are left rest, until then at least.
    Rest(At),
    /// None is left.
    None,
}

/// A gateway with what is known of it.
struct Link {
    gateway: Box<dyn Gateway>,
    /// None: it never rests, there being no other.
    breaker: Option<Breaker>,
    delays: Delays,
}

/// The gateways in use. Clones share them.
#[derive(Clone)]
pub struct Gateways(Arc<Inner>);

struct Inner {
    links: Vec<Link>,
    default: Vec<String>,
    by_carrier: BTreeMap<Carrier, Vec<String>>,
    sandbox: Option<HashSet<Phone>>,
    own: Vec<String>,
    tray: Tray,
}

impl Gateways {
    /// Chains of gateways.
    #[must_use]
    pub fn new(chains: Chains) -> Self {
        let tray = Tray::new();
        let mut links: Vec<_> = chains
            .gateways
            .into_iter()
            .map(|gateway| Link {
                gateway,
                breaker: Some(Breaker::default()),
                delays: Delays::default(),
            })
            .collect();
        if chains.sandbox.is_some() {
            let own = Sandbox::new(tray.sink(sandbox::NAME));
            links.push(Link::alone(own));
        }
        Self(Arc::new(Inner {
            links,
            default: chains.default,
            by_carrier: chains.by_carrier,
            sandbox: chains.sandbox,
            own: vec![sandbox::NAME.into()],
            tray,
        }))
    }

    /// All messages go by this gateway.
    #[must_use]
    pub fn one(gateway: impl Gateway + 'static) -> Self {
        let default = vec![gateway.name().to_owned()];
        Self(Arc::new(Inner {
            links: vec![Link::alone(gateway)],
            default,
            by_carrier: BTreeMap::new(),
            sandbox: None,
            own: Vec::new(),
            tray: Tray::new(),
        }))
    }

    /// The sandbox's own alone: sends nothing anywhere, and fails for the phones that are there to fail.
    #[must_use]
    pub fn sandbox() -> Self {
        Self::new(Chains {
            sandbox: Some(HashSet::new()),
            ..Chains::default()
        })
    }

    /// Starts what the gateways need besides.
    pub fn start(&self) {
        for link in &self.0.links {
            link.gateway.start(self.0.tray.sink(link.gateway.name()));
        }
    }

    /// Ends that.
    pub async fn stop(&self) {
        join_all(self.0.links.iter().map(|link| link.gateway.stop())).await;
    }

    /// The gateway for a message at `now`. One whose rest is over is picked once, to see how it does: what is picked must
    /// be tried, or [put back](Self::put_back).
    #[must_use]
    pub fn pick(&self, route: Route<'_>, now: At) -> Pick {
        let mut rest: Option<At> = None;
        for name in self.ordered(route, now) {
            let Some(link) = self.link(name) else {
                continue;
            };
            match link.breaker.as_ref().map_or(Ok(()), |own| own.admits(now)) {
                Ok(()) => return Pick::By(name.to_owned()),
                Err(until) => rest = Some(rest.map_or(until, |rest| rest.min(until))),
            }
        }
        rest.map_or(Pick::None, Pick::Rest)
    }

    /// Whether nobody at all is left, resting or not.
    #[must_use]
    pub fn nobody_for(&self, route: Route<'_>, now: At) -> bool {
        self.ordered(route, now).is_empty()
    }

    /// The chain without those out of the question. Where receipts come late from some, they stand behind the others.
    fn ordered<'a>(&'a self, route: Route<'_>, now: At) -> Vec<&'a str> {
        let inner = &*self.0;
        let chain = match &inner.sandbox {
            Some(real) if !real.contains(route.phone) => &inner.own,
            _ => {
                let own = route.carrier.and_then(|one| inner.by_carrier.get(&one));
                own.unwrap_or(&inner.default)
            }
        };
        let left = chain.iter().map(String::as_str);
        let mut left: Vec<_> = left.filter(|name| !route.without.contains(*name)).collect();
        let is_slow = |name: &&str| self.link(name).is_some_and(|one| one.delays.are_long(now));
        left.sort_by_key(is_slow);
        left
    }

    /// A sandbox texts this phone for real.
    #[must_use]
    pub fn is_listed(&self, phone: &Phone) -> bool {
        let sandbox = self.0.sandbox.as_ref();
        sandbox.is_some_and(|listed| listed.contains(phone))
    }

    /// Makes one attempt at `now` by the gateway of a name.
    pub async fn send(&self, name: &str, message: &SmsMessage, now: At) -> Sent {
        match self.link(name) {
            Some(link) => link.gateway.send(message, now).await,
            None => Sent::Retry { after: None },
        }
    }

    /// An attempt came to this at `now`.
    pub fn heard(&self, name: &str, sent: &Sent, now: At) {
        if let Some(breaker) = self.link(name).and_then(|link| link.breaker.as_ref()) {
            breaker.heard(sent, now);
        }
    }

    /// What was picked is not tried after all.
    pub fn put_back(&self, name: &str) {
        if let Some(breaker) = self.link(name).and_then(|link| link.breaker.as_ref()) {
            breaker.put_back();
        }
    }

    /// A receipt came at `now`, so long after the message was accepted.
    pub fn receipt_took(&self, name: &str, took: TimeDelta, now: At) {
        if let Some(link) = self.link(name) {
            link.delays.heard(took, now);
        }
    }

    /// What became of a message whose outcome is unknown. A gateway that is gone cannot tell.
    pub async fn ask(&self, name: &str, message: &SmsMessage, since: At) -> Asked {
        match self.link(name) {
            Some(link) => link.gateway.ask(message, since).await,
            None => Asked::CannotTell,
        }
    }

    /// Receipts come from the gateway of a name, as far as is known.
    #[must_use]
    pub fn sends_receipts(&self, name: &str) -> bool {
        self.link(name)
            .is_none_or(|link| link.gateway.sends_receipts())
    }

    /// Receipts of the gateway of a name are pushed to a server, and come over no session of its own.
    #[must_use]
    pub fn has_pushed_receipts(&self, name: &str) -> bool {
        let link = self.link(name);
        link.is_some_and(|link| link.gateway.push_secret().is_some())
    }

    /// How many messages the gateway of a name takes for one phone.
    #[must_use]
    pub fn pace(&self, name: &str) -> Pace {
        self.link(name)
            .map_or_else(Pace::default, |link| link.gateway.pace())
    }

    /// The names of all.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.links.iter().map(|link| link.gateway.name())
    }

    /// The names of all, and whether each rests and is slow at `now`.
    #[must_use]
    pub fn health(&self, now: At) -> Vec<(&str, bool, bool)> {
        let health = |link: &Link| (link.rests(), link.delays.are_long(now));
        let links = self.0.links.iter();
        links
            .map(|link| {
                let (rests, slow) = health(link);
                (link.gateway.name(), rests, slow)
            })
            .collect()
    }

    /// Reads what was pushed to the path of a gateway; none: there is no such gateway with this secret.
    #[must_use]
    pub fn pushed(
        &self,
        name: &str,
        secret: &str,
        push: &Push<'_>,
    ) -> Option<Result<Pushed, BadPush>> {
        let gateway = &self.link(name)?.gateway;
        let own = gateway.push_secret()?.expose_secret().as_bytes();
        let same: bool = own.ct_eq(secret.as_bytes()).into();
        same.then(|| gateway.pushed(push))
    }

    /// Receipts that wait to be written down, at most so many.
    #[must_use]
    pub fn receipts(&self, most: usize) -> Vec<Received> {
        self.0.tray.take(most)
    }

    /// Returns when a receipt has come in.
    pub async fn receipt_arrived(&self) {
        self.0.tray.arrived().await;
    }

    fn link(&self, name: &str) -> Option<&Link> {
        let mut links = self.0.links.iter();
        links.find(|link| link.gateway.name() == name)
    }
}

impl Link {
    fn alone(gateway: impl Gateway + 'static) -> Self {
        Self {
            gateway: Box::new(gateway),
            breaker: None,
            delays: Delays::default(),
        }
    }

    fn rests(&self) -> bool {
        self.breaker.as_ref().is_some_and(Breaker::rests)
    }
}

impl fmt::Debug for Gateways {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.links.iter().map(|link| link.gateway.name());
        f.debug_list().entries(names).finish()
    }
}
