//! What is counted of SMS: answers, receipts, the state of each gateway, and alarms.

use std::{sync::Mutex, time::Duration};

use chrono::{DateTime, Utc};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use super::{MessageLabels, Metrics, abuse::Watch, durations, lock};
use crate::domain::{ids::ProviderId, phone::Phone};

/// The counters of SMS.
pub(super) struct Sms {
    messages: Family<MessageLabels, Counter>,
    repeated: Counter,
    attempts: Family<AttemptLabels, Histogram, fn() -> Histogram>,
    receipts: Family<ReceiptLabels, Counter>,
    resting: Family<GatewayLabels, Gauge>,
    slow: Family<GatewayLabels, Gauge>,
    verified_percent: Gauge,
    alarms: Family<AlarmLabels, Counter>,
    watch: Mutex<Watch>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct AttemptLabels {
    gateway: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ReceiptLabels {
    gateway: String,
    receipt: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct GatewayLabels {
    gateway: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct AlarmLabels {
    alarm: &'static str,
}

impl Sms {
    pub fn new() -> Self {
        Self {
            messages: Family::default(),
            repeated: Counter::default(),
            attempts: Family::new_with_constructor(durations),
            receipts: Family::default(),
            resting: Family::default(),
            slow: Family::default(),
            verified_percent: Gauge::default(),
            alarms: Family::default(),
            watch: Mutex::default(),
        }
    }

    /// A phone was verified.
    pub fn verified(&self) {
        lock(&self.watch).verified();
    }

    pub fn register(&self, registry: &mut Registry) {
        registry.register("sms", "What became of SMS", self.messages.clone());
        registry.register(
            "sms_repeated",
            "SMS sent once more though a gateway may have them",
            self.repeated.clone(),
        );
        registry.register(
            "sms_attempt_seconds",
            "Time from an SMS's submission to its gateway's answer",
            self.attempts.clone(),
        );
        registry.register("sms_receipts", "Receipts", self.receipts.clone());
        registry.register(
            "sms_gateway_resting",
            "1: a gateway is out of order, and left alone",
            self.resting.clone(),
        );
        registry.register(
            "sms_gateway_slow",
            "1: receipts of a gateway come late, and it stands behind the others",
            self.slow.clone(),
        );
        registry.register(
            "sms_verified_percent",
            "SMS of the last whole hour that led to a verification, per cent",
            self.verified_percent.clone(),
        );
        registry.register(
            "alarms",
            "What an operator should look at",
            self.alarms.clone(),
        );
    }
}

impl Metrics {
    /// What became of an SMS that was due: `accepted`, `retried`, `rested`, `held`, `refused`, `in_doubt`, `unknown`, `cancelled`.
    pub fn message(&self, result: &'static str) {
        let labels = MessageLabels { result };
        self.inner.sms.messages.get_or_create(&labels).inc();
    }

    /// An SMS is sent once more though a gateway may have it: at most one is a duplicate.
    pub fn repeated(&self) {
        self.inner.sms.repeated.inc();
    }

    /// A gateway was handed an SMS, and answered so.
    pub fn attempt(&self, gateway: &str, outcome: &'static str, took: Duration) {
        let gateway = gateway.to_owned();
        let labels = AttemptLabels { gateway, outcome };
        let attempts = self.inner.sms.attempts.get_or_create(&labels);
        attempts.observe(took.as_secs_f64());
    }

    /// A receipt said something new: `delivered`, `undeliverable`.
    pub fn receipt(&self, gateway: &str, receipt: &'static str) {
        let gateway = gateway.to_owned();
        let labels = ReceiptLabels { gateway, receipt };
        self.inner.sms.receipts.get_or_create(&labels).inc();
    }

    /// A gateway rests, being out of order; its receipts come late.
    pub fn gateway(&self, gateway: &str, rests: bool, is_slow: bool) {
        for (family, is) in [
            (&self.inner.sms.resting, rests),
            (&self.inner.sms.slow, is_slow),
        ] {
            let gateway = gateway.to_owned();
            family
                .get_or_create(&GatewayLabels { gateway })
                .set(is.into());
        }
    }

    /// Something that an operator should look at.
    pub fn alarm(&self, alarm: &'static str) {
        tracing::warn!(alarm, "an alarm: see docs/operating.md");
        self.inner
            .sms
            .alarms
            .get_or_create(&AlarmLabels { alarm })
            .inc();
    }

    /// An SMS for a provider was accepted at an instant: signs of abuse are an alarm.
    pub fn texted(&self, provider: ProviderId, phone: &Phone, at: DateTime<Utc>) {
        self.tick(at);
        let sign = lock(&self.inner.sms.watch).texted(provider, phone);
        if let Some(sign) = sign {
            self.alarm(sign.word());
        }
    }

    /// It is now: an hour may have ended.
    pub fn tick(&self, now: DateTime<Utc>) {
        let (sign, percent) = {
            let mut watch = lock(&self.inner.sms.watch);
            (watch.tick(now), watch.verified_percent())
        };
        if let Some(percent) = percent {
            let percent = i64::try_from(percent).unwrap_or(i64::MAX);
            self.inner.sms.verified_percent.set(percent);
        }
        if let Some(sign) = sign {
            self.alarm(sign.word());
        }
    }
}
