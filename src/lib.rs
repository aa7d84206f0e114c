//! 核验 (Heyan): the SMS verification of ICP filings, from a provider's submission to the bureau's desk.
//!
//! # The layers
//!
//! ```text
//! main → app → { web, cli, jobs } → flow → { store, sms, captcha, webhook } → keys → { clock, random, metrics } → domain
//! ```
//!
//! A file uses only what stands further right; `tests/it/architecture.rs` holds that. [`domain`] is the rules, pure: no
//! async, no SQL, no HTTP, no clock and no randomness of its own. A flow is: begin, load, decide (domain), save, commit.
//! `config` is read by `main` and `app` alone and travels down as plain values.
//!
//! # The life of a request
//!
//! 1. A provider posts it (`web`'s API), or `heyan import` reads it; `flow::submit` asks [`domain::filing`] what is wrong
//!    with it and, by the policy in force ([`domain::policy`]), who must be verified. Nobody: handed over at once.
//! 2. One verification and one sealed message for each distinct phone, in the same transaction. `jobs` wakes, claims the
//!    message under a lease, hands it to a gateway ([`sms`]), records what became of it; the window starts.
//! 3. The principal posts code, phone and ID tail. `web` folds the input and judges the fields, `flow` uses up the captcha,
//!    then loads every candidate, and the domain says which one is verified, charged or left alone, and in which words.
//! 4. The last one verified: the request is handed over. One failed or out of time: returned to the provider, whole.
//! 5. After the retention, purged of everything personal; states, times and events stay.
//!
//! # Where to change what
//!
//! | to change | look at |
//! |---|---|
//! | a province's rules, a number, a sender | `provinces.toml`: data, each entry with its source |
//! | a sentence on a page | `templates/`; outcome sentences: [`domain::outcome`] |
//! | who is verified, what a filing must carry | [`domain::filing`] |
//! | matching, counting, deadlines | the rules in [`domain`], with `docs/rules.md` beside them |
//! | a table or a statement | [`store`], and `migrations/` in twins |
//! | an address, a header, the order of the checks around a request | [`web`] |
//! | a captcha's letters, noise or voice, a puzzle's things | [`captcha`] |
//! | a gateway | [`sms`] |
//! | a setting | `config`, `heyan.example.toml`, `docs/operating.md` |

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
pub mod webhook;
