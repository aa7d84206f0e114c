//! The rules, pure: no async, no SQL, no HTTP, no clock and no randomness of their own.

pub mod carrier;
pub mod delivery;
pub mod event;
pub mod filing;
pub mod id_document;
pub mod ids;
pub mod judge;
pub mod limit;
pub mod message;
pub mod outcome;
pub mod phone;
pub mod policy;
pub mod province;
pub mod request;
pub mod returned;
pub mod sms_code;
pub mod spreadsheet;
pub mod staff;
pub mod statistics;
pub mod text;
pub mod time;
pub mod verification;
pub mod words;
