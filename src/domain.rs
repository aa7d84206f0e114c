//! The rules, pure: no async, no SQL, no HTTP, no clock and no randomness of their own.

pub mod ids;
pub mod province;
pub mod words;
