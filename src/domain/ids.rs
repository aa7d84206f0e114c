//! Identifiers: a `UUIDv7` in the database, `fr_` / `vf_` … and a ULID's 26 characters outside.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ulid::Ulid;
use uuid::Uuid;

/// The text is not an identifier of the kind asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of this kind")]
pub struct BadId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new identifier that sorts by `at` (whole milliseconds); `random` makes it unguessable.
            pub fn new(at: DateTime<Utc>, random: [u8; 10]) -> Self {
                let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), Ulid::from(self.0.as_u128()))
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                let ulid = text.strip_prefix(concat!($prefix, "_")).ok_or(BadId)?;
                let ulid = Ulid::from_string(ulid).map_err(|_| BadId)?;
                Ok(Self(Uuid::from_u128(ulid.0)))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(/// A filing request, `fr_…`.
    RequestId, "fr");
id!(/// The verification of one phone of a request, `vf_…`.
    VerificationId, "vf");
id!(/// An access provider, `pr_…`.
    ProviderId, "pr");
id!(/// A message of the outbox, `sm_…`; the gateway's reference for it.
    MessageId, "sm");
id!(/// A webhook to be delivered, `wh_…`; the same at each attempt.
    WebhookId, "wh");
id!(/// Somebody of the bureau's staff, `st_…`.
    StaffId, "st");
id!(/// A session of theirs, `ss_…`; not what its cookie holds.
    SessionId, "ss");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips_and_sorts_by_time() {
        let early = RequestId::new(DateTime::from_timestamp_millis(1_000).unwrap(), [255; 10]);
        let late = RequestId::new(DateTime::from_timestamp_millis(1_001).unwrap(), [0; 10]);
        assert!(early < late);
        assert!(early.to_string() < late.to_string());
        assert_eq!(early.to_string().parse(), Ok(early));
        assert_eq!(early.to_string().parse::<VerificationId>(), Err(BadId));
        assert_eq!("fr_".parse::<RequestId>(), Err(BadId));
    }
}
