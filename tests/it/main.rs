//! One integration binary: fewer links, shared helpers.

mod api;
mod app;
mod architecture;
mod assets;
mod attacks;
mod audit;
mod cli;
mod config;
mod crash;
mod eras;
mod faults;
mod invariants;
mod jobs;
mod life;
mod pages;
mod pg;
mod portal;
mod qa;
mod rotation;
mod sandbox;
mod sms;
mod staff;
mod store;
mod texting;
mod web;
mod webhooks;
#[allow(dead_code, reason = "used as more tests come")]
mod world;
