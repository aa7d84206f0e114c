//! The sandbox: its clock, its ready cases, its API and its desk.

mod api;
mod clock;
mod desk;
mod scenarios;
