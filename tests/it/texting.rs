//! SMS by several gateways: chains, outcomes that are unknown, receipts, ceilings. The gateways are scripted, the clock stands.

mod ceilings;
mod chains;
mod doubts;
mod killed;
mod pushed;
mod receipts;

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex},
};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{FutureExt, future::BoxFuture};
use heyan::{
    domain::{
        carrier::Carrier,
        filing::FilingDraft,
        ids::{MessageId, RequestId},
        phone::Phone,
        province::Province,
        words::FilingKind,
    },
    flow::look_up::SmsView,
    sms::{Asked, BadPush, Chains, Gateway, Gateways, Pace, Push, Pushed, Sent, Sink, SmsMessage},
    store::Engine,
};
use secrecy::SecretString;

use crate::world::{Who, World, filing};

pub const NINE: &str = "2018-09-10T09:00+08:00";

/// An attempt that reached a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caught {
    pub gateway: &'static str,
    pub id: MessageId,
    pub phone: String,
    pub sender: String,
    pub text: String,
    pub carrier: Option<Carrier>,
    pub at: DateTime<Utc>,
}

type Script = dyn Fn(&SmsMessage, DateTime<Utc>) -> Sent + Send + Sync;

/// A gateway that does what it is told to.
pub struct Fake {
    name: &'static str,
    script: Box<Script>,
    asked: Asked,
    receipts: bool,
    pace: Pace,
    secret: Option<SecretString>,
    caught: Arc<Mutex<Vec<Caught>>>,
    sinks: Arc<Mutex<BTreeMap<&'static str, Sink>>>,
}

impl Gateway for Fake {
    fn name(&self) -> &str {
        self.name
    }

    fn send<'a>(&'a self, message: &'a SmsMessage, now: DateTime<Utc>) -> BoxFuture<'a, Sent> {
        self.caught.lock().unwrap().push(Caught {
            gateway: self.name,
            id: message.id,
            phone: message.phone.as_str().to_owned(),
            sender: message.sender.clone().unwrap_or_default(),
            text: message.text.clone(),
            carrier: message.carrier,
            at: now,
        });
        std::future::ready((self.script)(message, now)).boxed()
    }

    fn ask<'a>(&'a self, _: &'a SmsMessage, _: DateTime<Utc>) -> BoxFuture<'a, Asked> {
        std::future::ready(self.asked.clone()).boxed()
    }

    fn sends_receipts(&self) -> bool {
        self.receipts
    }

    fn pace(&self) -> Pace {
        self.pace
    }

    fn push_secret(&self) -> Option<&SecretString> {
        self.secret.as_ref()
    }

    fn pushed(&self, push: &Push<'_>) -> Result<Pushed, BadPush> {
        pushed::read(push)
    }

    fn start(&self, receipts: Sink) {
        self.sinks.lock().unwrap().insert(self.name, receipts);
    }
}

/// Gateways to be, and what they have been given.
#[derive(Default)]
pub struct Fakes {
    gateways: Vec<Box<dyn Gateway>>,
    by_carrier: BTreeMap<Carrier, Vec<String>>,
    sandbox: Option<HashSet<Phone>>,
    caught: Arc<Mutex<Vec<Caught>>>,
    sinks: Arc<Mutex<BTreeMap<&'static str, Sink>>>,
}

impl Fakes {
    /// One more, behind the others in the default chain.
    pub fn add(
        self,
        name: &'static str,
        script: impl Fn(&SmsMessage, DateTime<Utc>) -> Sent + Send + Sync + 'static,
    ) -> Self {
        self.with(name, script, |_| {})
    }

    /// The same, changed.
    pub fn with(
        mut self,
        name: &'static str,
        script: impl Fn(&SmsMessage, DateTime<Utc>) -> Sent + Send + Sync + 'static,
        change: impl FnOnce(&mut Fake),
    ) -> Self {
        let mut fake = Fake {
            name,
            script: Box::new(script),
            asked: Asked::CannotTell,
            receipts: false,
            pace: Pace::default(),
            secret: None,
            caught: self.caught.clone(),
            sinks: self.sinks.clone(),
        };
        change(&mut fake);
        self.gateways.push(Box::new(fake));
        self
    }

    /// The chain of a carrier.
    pub fn chain(mut self, carrier: Carrier, names: &[&str]) -> Self {
        let names = names.iter().map(|&name| name.to_owned());
        self.by_carrier.insert(carrier, names.collect());
        self
    }

    /// Those of a sandbox that may text this number for real.
    pub fn sandbox(mut self, listed: &str) -> Self {
        let listed = Phone::parse(listed).unwrap();
        self.sandbox = Some(HashSet::from([listed]));
        self
    }

    /// A world that sends by them.
    pub async fn world(self, engine: Engine, now: &str) -> Texting {
        let default = self.gateways.iter().map(|one| one.name().to_owned());
        let chains = Chains {
            default: default.collect(),
            gateways: self.gateways,
            by_carrier: self.by_carrier,
            sandbox: self.sandbox,
        };
        let gateways = Gateways::new(chains);
        gateways.start();
        let world = World::with(engine, now, |services| services.gateways = gateways).await;
        Texting {
            world,
            caught: self.caught,
            sinks: self.sinks,
        }
    }
}

/// A world, its gateways' catch, and the way back from them.
pub struct Texting {
    pub world: World,
    caught: Arc<Mutex<Vec<Caught>>>,
    sinks: Arc<Mutex<BTreeMap<&'static str, Sink>>>,
}

impl Texting {
    /// What has reached the gateways, in order.
    pub fn caught(&self) -> Vec<Caught> {
        self.caught.lock().unwrap().clone()
    }

    /// Their names, in order.
    pub fn by(&self) -> Vec<&'static str> {
        self.caught().iter().map(|one| one.gateway).collect()
    }

    /// What a gateway's session brings receipts by.
    pub fn sink(&self, gateway: &str) -> Sink {
        self.sinks.lock().unwrap()[gateway].clone()
    }

    /// A filing of one person with this phone; whoever files the same phone again is the same person.
    pub async fn file(&self, phone: &str) -> RequestId {
        let view = self.world.submit(draft(phone)).await;
        self.world.settle().await;
        view.row.id
    }

    /// Turns the clock on, and runs what is due then.
    pub async fn after(&self, seconds: i64) {
        self.world
            .set(self.world.now() + TimeDelta::seconds(seconds));
        self.world.settle().await;
    }

    /// The SMS of a request's first verification.
    pub async fn sms(&self, id: RequestId) -> Vec<SmsView> {
        self.world.view(id).await.verifications.remove(0).sms
    }

    /// A line of the metrics.
    pub fn counted(&self, line: &str) -> bool {
        let text = self.world.services.metrics.render();
        text.lines().any(|one| one == line)
    }
}

pub fn draft(phone: &str) -> FilingDraft {
    let who = Who::new(phone, "王小明", "E12345678");
    let principal = Some(who.json());
    filing(Province::Gansu, FilingKind::NewFiling, principal, &[])
}

pub fn accepted() -> Sent {
    Sent::Accepted {
        references: Vec::new(),
    }
}

pub fn again() -> Sent {
    Sent::Retry { after: None }
}
