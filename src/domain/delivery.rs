//! Webhooks: how far a delivery is, what went wrong with an attempt, and when the next one is made.

use chrono::{DateTime, TimeDelta, Utc};

use super::words::{EventType, words};

words!(/// How far a webhook is.
    DeliveryState {
    /// An earlier event of the same request has yet to be delivered.
    Waiting = "waiting",
    /// To be sent, for the first time or again.
    Queued = "queued",
    /// The receiver took it.
    Delivered = "delivered",
    /// Given up after three days, or its content was erased.
    Parked = "parked",
    /// There is nowhere to send it: the receiver answered 410, or the provider has no webhooks or no access any more.
    Disabled = "disabled",
});

words!(/// Why an attempt failed.
    Trouble {
    /// The receiver answered, but not with 2xx.
    Status = "status",
    /// It took too long.
    TimedOut = "timed_out",
    /// No connection, or it broke.
    Unreachable = "unreachable",
    /// The host name leads nowhere.
    Unresolvable = "unresolvable",
    /// The host is, or its name leads to, an address that is not called.
    AddressRefused = "address_refused",
    /// The address is not one that webhooks go to: https alone.
    UrlRefused = "url_refused",
    /// It could not be made.
    Failed = "failed",
});

impl EventType {
    /// Whether providers are told of it.
    pub const fn is_told(self) -> bool {
        matches!(
            self,
            Self::Verifying
                | Self::VerificationSent
                | Self::VerificationVerified
                | Self::HandedOver
                | Self::Returned
                | Self::Withdrawn
        )
    }
}

/// So long is a delivery tried, from its event (or from its being asked for again).
pub const GIVE_UP: TimeDelta = TimeDelta::days(3);

/// In thousandths: up to so much longer is waited, so that many do not come back at the same moment.
pub const JITTER: u32 = 200;

/// When to try again after `attempt` (from 1) failed at `at`; the last time at `give_up_at`, then not any more.
/// `jitter`: 0 to [`JITTER`].
pub fn next_attempt(
    attempt: u32,
    jitter: u32,
    at: DateTime<Utc>,
    give_up_at: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let seconds: i64 = match attempt {
        0 | 1 => 5,
        2 => 60,
        3 => 5 * 60,
        4 => 15 * 60,
        5 => 45 * 60,
        6 => 2 * 3600,
        7 => 4 * 3600,
        8 => 8 * 3600,
        _ => 12 * 3600,
    };
    let wait = TimeDelta::milliseconds(seconds * (1000 + i64::from(jitter.min(JITTER))));
    (at < give_up_at).then(|| (at + wait).min(give_up_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_come_ever_later_for_three_days() {
        for jitter in [0, 100, JITTER, u32::MAX] {
            let start = DateTime::from_timestamp(1_536_541_200, 0).unwrap();
            let (mut at, mut waits) = (start, Vec::new());
            for attempt in 1.. {
                let Some(next) = next_attempt(attempt, jitter, at, start + GIVE_UP) else {
                    break;
                };
                waits.push(next - at);
                at = next;
            }
            assert_eq!(at, start + GIVE_UP);
            assert!((12..16).contains(&waits.len()), "{waits:?}");
            // the last one is what is left
            assert!(waits[..waits.len() - 1].is_sorted(), "{waits:?}");
            assert!(waits[0] >= TimeDelta::seconds(5) && waits[0] <= TimeDelta::seconds(6));
        }
    }

    #[test]
    fn the_first_six_types_are_told() {
        let told: Vec<_> = EventType::ALL
            .iter()
            .filter(|what| what.is_told())
            .collect();
        assert!(told.into_iter().eq(&EventType::ALL[..6]));
    }
}
