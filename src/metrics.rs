//! What is counted for the operator, in Prometheus' text form. Closed sets of labels, nothing of a person in them.

use std::{fmt, sync::Arc, time::Duration};

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use crate::domain::words::EventType;

/// The counters. Clones share them.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    events: Family<EventLabels, Counter>,
    submissions: Family<SubmissionLabels, Counter>,
    messages: Family<MessageLabels, Counter>,
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
            messages: Family::default(),
            conflicts: Counter::default(),
            lag: Gauge::default(),
            requests: Family::default(),
            durations: Family::new_with_constructor(durations),
        };
        Self(Arc::new(inner.registered()))
    }

    /// Something happened to a request.
    pub fn event(&self, what: EventType) {
        let event = what.as_str();
        self.0.events.get_or_create(&EventLabels { event }).inc();
    }

    /// A form was answered: with an outcome's word, or `captcha`, `limited`.
    pub fn submission(&self, form: &'static str, outcome: &'static str) {
        let labels = SubmissionLabels { form, outcome };
        self.0.submissions.get_or_create(&labels).inc();
    }

    /// A gateway answered an SMS: `accepted`, `retried`, `held`, `refused`.
    pub fn message(&self, result: &'static str) {
        self.0
            .messages
            .get_or_create(&MessageLabels { result })
            .inc();
    }

    /// A flow collided with another and was begun again.
    pub fn conflict(&self) {
        self.0.conflicts.inc();
    }

    /// How late the oldest due work is, seconds; 0: nothing is late.
    pub fn lag(&self, seconds: i64) {
        self.0.lag.set(seconds);
    }

    /// An HTTP request was answered. `route` is its pattern, never its path.
    pub fn request(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let route = route.to_owned();
        let durations = self.0.durations.get_or_create(&RouteLabels {
            route: route.clone(),
        });
        durations.observe(took.as_secs_f64());
        let labels = RequestLabels {
            method,
            route,
            status,
        };
        self.0.requests.get_or_create(&labels).inc();
    }

    /// All of them, as Prometheus reads them.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        // writing into a string does not fail
        let _ = text::encode(&mut text, &self.0.registry);
        text
    }
}

impl Inner {
    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register("events", "What happened to requests", self.events.clone());
        registry.register("submissions", "Forms answered", self.submissions.clone());
        registry.register("sms", "Answers of gateways", self.messages.clone());
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

fn durations() -> Histogram {
    Histogram::new([0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_counted_is_rendered() {
        let metrics = Metrics::new();
        metrics.event(EventType::HandedOver);
        metrics.submission("verification", "wrong");
        metrics.message("accepted");
        metrics.conflict();
        metrics.lag(7);
        metrics.request("GET", "/v/{token}", 404, Duration::from_millis(2));
        let text = metrics.render();
        for line in [
            "heyan_events_total{event=\"filing_request.handed_over\"} 1",
            "heyan_submissions_total{form=\"verification\",outcome=\"wrong\"} 1",
            "heyan_sms_total{result=\"accepted\"} 1",
            "heyan_conflicts_total 1",
            "heyan_due_lag_seconds 7",
            "heyan_http_requests_total{method=\"GET\",route=\"/v/{token}\",status=\"404\"} 1",
            "heyan_http_request_seconds_count{route=\"/v/{token}\"} 1",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
