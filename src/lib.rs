#![forbid(unsafe_code)]
pub mod app;
pub mod captcha;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod flow;
pub mod jobs;
pub mod keys;
pub mod metrics;
pub mod random;
pub mod sms;
pub mod store;
pub mod web;
