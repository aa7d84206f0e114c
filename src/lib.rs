#![forbid(unsafe_code)]
pub mod captcha;
pub mod clock;
pub mod domain;
pub mod flow;
pub mod jobs;
pub mod keys;
pub mod metrics;
pub mod random;
pub mod sms;
pub mod store;
pub mod web;
