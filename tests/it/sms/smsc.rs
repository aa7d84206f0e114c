//! A real SMSC, which can be told how to behave and be killed.

use std::process::Command;

use serde_json::Value;

use super::process::{Process, Says};

pub const PASSWORD: &str = "secret";

/// The SMSC.
pub struct Smsc {
    process: Process,
    pub port: u16,
    tls: Option<(String, String)>,
    /// All that it said so far.
    pub seen: Vec<Value>,
}

impl Smsc {
    pub async fn start() -> Self {
        Self::on(0, None).await
    }

    /// With a key and a certificate.
    pub async fn with_tls(key: String, certificate: String) -> Self {
        Self::on(0, Some((key, certificate))).await
    }

    async fn on(port: u16, tls: Option<(String, String)>) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/sms/smsc.js");
        let mut command = Command::new("node");
        command.arg(script).arg(modules()).arg(port.to_string());
        command.arg(PASSWORD);
        if let Some((key, certificate)) = &tls {
            command.arg(key).arg(certificate);
        }
        let mut smsc = Self {
            process: Process::start(command, Says::Out),
            port,
            tls,
            seen: Vec::new(),
        };
        let listening = smsc.hears("listening").await;
        smsc.port = listening["listening"].as_u64().unwrap().try_into().unwrap();
        smsc
    }

    /// Begins anew on the port that it had; what it had been told is forgotten.
    pub async fn again(&mut self) {
        self.process.kill();
        // a line may have been cut off with its writer
        while let Some(line) = self.process.line().await {
            self.seen.extend(serde_json::from_str::<Value>(&line));
        }
        let seen = std::mem::take(&mut self.seen);
        *self = Self::on(self.port, self.tls.clone()).await;
        self.seen.splice(0..0, seen);
    }

    /// Of the process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    pub fn has_ended(&mut self) -> bool {
        self.process.has_ended()
    }

    /// Tells it how to behave from now on.
    pub async fn set(&mut self, how: Value) {
        self.process.tell(&how.to_string());
        self.hears("set").await;
    }

    /// The next thing of this kind that it says.
    pub async fn hears(&mut self, kind: &str) -> Value {
        loop {
            let next = self.next().await;
            let next = next.unwrap_or_else(|| panic!("it ended before `{kind}`"));
            if next.get(kind).is_some() {
                return next;
            }
        }
    }

    /// The next thing that it says; none: it has ended.
    pub async fn next(&mut self) -> Option<Value> {
        let line = self.process.line().await?;
        let said: Value = serde_json::from_str(&line).unwrap();
        assert!(said.get("error").is_none(), "{said}");
        self.seen.push(said.clone());
        Some(said)
    }

    /// Takes in what it has said meanwhile, and counts what is of a kind, for each value of it.
    pub fn count(&mut self, kind: &str) -> std::collections::BTreeMap<String, usize> {
        while let Some(line) = self.process.said() {
            // a line may have been cut off with its writer
            self.seen.extend(serde_json::from_str::<Value>(&line));
        }
        let mut count = std::collections::BTreeMap::new();
        for value in self.seen.iter().filter_map(|said| said[kind].as_str()) {
            *count.entry(value.to_owned()).or_default() += 1;
        }
        count
    }
}

/// Where the library lies; `tests/run` installs it.
#[expect(clippy::disallowed_methods, reason = "a test's own settings")]
fn modules() -> String {
    std::env::var("HEYAN_TEST_NODE_MODULES").unwrap_or_else(|_| {
        let cache = std::env::var("XDG_CACHE_HOME")
            .unwrap_or_else(|_| format!("{}/.cache", std::env::var("HOME").unwrap_or_default()));
        format!("{cache}/heyan-tools/node/node_modules")
    })
}
