//! What falls due — SMS, expiry, noon, purge — and the loop that runs it, on both engines, by a clock that stands still.

mod deadlines;
mod delivery;
pub mod desk;
mod looping;
mod noon;
mod retention;
