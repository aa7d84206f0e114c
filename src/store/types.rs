//! The domain's types as columns, the same on both engines: identifiers are UUIDs, words and provinces text, JSON text.

use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Database, Decode, Encode, Type, encode::IsNull, error::BoxDynError};
use uuid::Uuid;

use crate::domain::{
    carrier::Carrier,
    delivery::{DeliveryState, Trouble},
    ids::{MessageId, ProviderId, RequestId, SessionId, StaffId, VerificationId, WebhookId},
    message::{Arrival, SmsState},
    province::Province,
    staff::Role,
    statistics::Counted,
    words::{EventType, FilingKind, MessageKind, RequestState, ReturnReason, VerificationState},
};

/// A value that stands in a text column as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json<T>(pub T);

/// The column holds a text that is none of the type's words.
#[derive(Debug, thiserror::Error)]
#[error("not a known {0}")]
struct UnknownWord(&'static str);

macro_rules! uuids {
    ($($id:ident),*) => { $(
        impl<DB: Database> Type<DB> for $id where Uuid: Type<DB> {
            fn type_info() -> DB::TypeInfo { <Uuid as Type<DB>>::type_info() }
            fn compatible(info: &DB::TypeInfo) -> bool { <Uuid as Type<DB>>::compatible(info) }
        }
        impl<'q, DB: Database> Encode<'q, DB> for $id where Uuid: Encode<'q, DB> {
            fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
                self.0.encode_by_ref(buffer)
            }
        }
        impl<'r, DB: Database> Decode<'r, DB> for $id where Uuid: Decode<'r, DB> {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
                Uuid::decode(value).map(Self)
            }
        }
    )* };
}
uuids!(
    RequestId,
    VerificationId,
    ProviderId,
    MessageId,
    WebhookId,
    StaffId,
    SessionId
);

macro_rules! texts {
    ($($name:ident: $text:ident, $parse:ident;)*) => { $(
        impl<DB: Database> Type<DB> for $name where str: Type<DB> {
            fn type_info() -> DB::TypeInfo { <str as Type<DB>>::type_info() }
            fn compatible(info: &DB::TypeInfo) -> bool { <str as Type<DB>>::compatible(info) }
        }
        impl<'q, DB: Database> Encode<'q, DB> for $name where &'static str: Encode<'q, DB> {
            fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
                self.$text().encode(buffer)
            }
        }
        impl<'r, DB: Database> Decode<'r, DB> for $name where &'r str: Decode<'r, DB> {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
                Self::$parse(<&str>::decode(value)?).ok_or_else(|| UnknownWord(stringify!($name)).into())
            }
        }
    )* };
}
texts! {
    Province: slug, from_slug;
    FilingKind: as_str, from_word;
    RequestState: as_str, from_word;
    ReturnReason: as_str, from_word;
    VerificationState: as_str, from_word;
    MessageKind: as_str, from_word;
    EventType: as_str, from_word;
    DeliveryState: as_str, from_word;
    Trouble: as_str, from_word;
    Carrier: as_str, from_word;
    SmsState: as_str, from_word;
    Arrival: as_str, from_word;
    Counted: as_str, from_word;
    Role: as_str, from_word;
}

impl<T, DB: Database> Type<DB> for Json<T>
where
    str: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <str as Type<DB>>::type_info()
    }
    fn compatible(info: &DB::TypeInfo) -> bool {
        <str as Type<DB>>::compatible(info)
    }
}

impl<'q, T: Serialize, DB: Database> Encode<'q, DB> for Json<T>
where
    String: Encode<'q, DB>,
{
    fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        serde_json::to_string(&self.0)?.encode(buffer)
    }
}

impl<'r, T: DeserializeOwned, DB: Database> Decode<'r, DB> for Json<T>
where
    &'r str: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(serde_json::from_str(<&str>::decode(value)?)?))
    }
}
