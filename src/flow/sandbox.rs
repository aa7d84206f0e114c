//! What only a sandbox can: a clock that is turned, an inbox, ready cases, the bureau's part, and everything gone again.

pub mod clock;
mod inbox;
mod reset;

pub use inbox::{InboxMessage, inbox, inbox_of_phone};
pub use reset::reset;
