//! What only a sandbox can: a clock that is turned, an inbox, ready cases, and everything gone again.

pub mod clock;
mod demo;
mod filed;
mod inbox;
mod people;
mod reset;
mod scenarios;

pub use demo::{Demo, seed_demo};
pub use filed::{Filed, FiledPerson, file, newest};
pub use inbox::{InboxMessage, inbox, inbox_of_phone};
pub use reset::reset;
pub use scenarios::{Era, SCENARIOS, Scenario, by_name};
