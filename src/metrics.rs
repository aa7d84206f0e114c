//! What is counted for the operator, in Prometheus' text form. Closed sets of labels, nothing of a person in them.

mod abuse;
mod sms;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use self::sms::Sms;
use crate::domain::words::EventType;

/// The counters. Clones share them.
#[derive(Clone)]
pub struct Metrics {
    inner: Arc<Inner>,
    /// Events of a flow under way, which count once it has been committed.
    held: Option<Arc<Mutex<Vec<EventType>>>>,
}

struct Inner {
    registry: Registry,
    events: Family<EventLabels, Counter>,
    submissions: Family<SubmissionLabels, Counter>,
    sms: Sms,
    webhooks: Family<MessageLabels, Counter>,
    conflicts: Counter,
    lag: Gauge,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct EventLabels {
    event: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct SubmissionLabels {
    form: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct MessageLabels {
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

impl Metrics {
    /// All at zero.
    #[must_use]
    pub fn new() -> Self {
        let inner = Inner {
            registry: Registry::with_prefix("heyan"),
            events: Family::default(),
            submissions: Family::default(),
            sms: Sms::new(),
            webhooks: Family::default(),
            conflicts: Counter::default(),
            lag: Gauge::default(),
            requests: Family::default(),
            durations: Family::new_with_constructor(durations),
        };
        Self {
            inner: Arc::new(inner.registered()),
            held: None,
        }
    }

    /// Something happened to a request.
    pub fn event(&self, what: EventType) {
        if let Some(held) = &self.held {
            lock(held).push(what);
        } else {
            if what == EventType::VerificationVerified {
                self.inner.sms.verified();
            }
            let event = what.as_str();
            self.inner
                .events
                .get_or_create(&EventLabels { event })
                .inc();
        }
    }

    /// For one attempt of a flow: its events count at `release`, and never where it is undone.
    #[must_use]
    pub fn holding(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            held: Some(Arc::default()),
        }
    }

    /// The attempt has been committed.
    pub fn release(self) {
        let counted = Self {
            inner: self.inner,
            held: None,
        };
        for what in self
            .held
            .iter()
            .flat_map(|held| std::mem::take(&mut *lock(held)))
        {
            counted.event(what);
        }
    }

    /// A form was answered: with an outcome's word, or `captcha`, `limited`.
    pub fn submission(&self, form: &'static str, outcome: &'static str) {
        let labels = SubmissionLabels { form, outcome };
        self.inner.submissions.get_or_create(&labels).inc();
    }

    /// An attempt at a webhook ended: `delivered`, `retried`, `parked`, `disabled`.
    pub fn webhook(&self, result: &'static str) {
        self.inner
            .webhooks
            .get_or_create(&MessageLabels { result })
            .inc();
    }

    /// A flow collided with another and was begun again.
    pub fn conflict(&self) {
        self.inner.conflicts.inc();
    }

    /// How late the oldest due work is, seconds; 0: nothing is late.
    pub fn lag(&self, seconds: i64) {
        self.inner.lag.set(seconds);
    }

    /// An HTTP request was answered. `route` is its pattern, never its path.
    pub fn request(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let route = route.to_owned();
        let durations = self.inner.durations.get_or_create(&RouteLabels {
            route: route.clone(),
        });
        durations.observe(took.as_secs_f64());
        let labels = RequestLabels {
            method,
            route,
            status,
        };
        self.inner.requests.get_or_create(&labels).inc();
    }

    /// All of them, as Prometheus reads them.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        // writing into a string does not fail
        let _ = text::encode(&mut text, &self.inner.registry);
        text
    }
}

impl Inner {
    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register("events", "What happened to requests", self.events.clone());
        registry.register("submissions", "Forms answered", self.submissions.clone());
        self.sms.register(registry);
        registry.register("webhooks", "Attempts at webhooks", self.webhooks.clone());
        registry.register("conflicts", "Flows begun again", self.conflicts.clone());
        registry.register(
            "due_lag_seconds",
            "How late the oldest due work is",
            self.lag.clone(),
        );
        registry.register(
            "http_requests",
            "HTTP requests answered",
            self.requests.clone(),
        );
        let help = "Time to an answer's head";
        registry.register("http_request_seconds", help, self.durations.clone());
        self
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics(…)")
    }
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    // plain values, whole whatever happened to the thread that held it
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

fn durations() -> Histogram {
    Histogram::new([0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_undone_is_not_counted() {
        let metrics = Metrics::new();
        let undone = metrics.holding();
        undone.event(EventType::Returned);
        let done = metrics.holding();
        done.clone().event(EventType::HandedOver);
        assert!(!metrics.render().contains("handed_over"));
        done.release();
        let text = metrics.render();
        assert!(text.contains("heyan_events_total{event=\"filing_request.handed_over\"} 1"));
        assert!(!text.contains("returned"), "{text}");
    }

    #[test]
    fn everything_counted_is_rendered() {
        let metrics = Metrics::new();
        metrics.event(EventType::HandedOver);
        metrics.submission("verification", "wrong");
        metrics.message("accepted");
        metrics.repeated();
        metrics.attempt("main", "accepted", Duration::from_millis(2));
        metrics.receipt("main", "delivered");
        metrics.gateway("main", true, false);
        metrics.alarm("sms_ceiling_near");
        metrics.webhook("retried");
        metrics.conflict();
        metrics.lag(7);
        metrics.request("GET", "/v/{token}", 404, Duration::from_millis(2));
        let text = metrics.render();
        for line in [
            "heyan_events_total{event=\"filing_request.handed_over\"} 1",
            "heyan_submissions_total{form=\"verification\",outcome=\"wrong\"} 1",
            "heyan_sms_total{result=\"accepted\"} 1",
            "heyan_sms_repeated_total 1",
            "heyan_sms_attempt_seconds_count{gateway=\"main\",outcome=\"accepted\"} 1",
            "heyan_sms_receipts_total{gateway=\"main\",receipt=\"delivered\"} 1",
            "heyan_sms_gateway_resting{gateway=\"main\"} 1",
            "heyan_sms_gateway_slow{gateway=\"main\"} 0",
            "heyan_alarms_total{alarm=\"sms_ceiling_near\"} 1",
            "heyan_webhooks_total{result=\"retried\"} 1",
            "heyan_conflicts_total 1",
            "heyan_due_lag_seconds 7",
            "heyan_http_requests_total{method=\"GET\",route=\"/v/{token}\",status=\"404\"} 1",
            "heyan_http_request_seconds_count{route=\"/v/{token}\"} 1",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
