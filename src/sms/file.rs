//! For development: messages go into a file, one JSON object a line, or onto the terminal. Neither reaches a phone.

use std::{io::Write, path::PathBuf};

use chrono::{DateTime, Utc};
use futures_util::{FutureExt, future::BoxFuture};
use serde_json::json;
use tokio::{fs::OpenOptions, io::AsyncWriteExt, sync::Mutex};

use super::{Gateway, Sent, SmsMessage};
use crate::domain::time::rfc3339;

/// Writes each message to the end of a file that this user alone can read.
pub struct File {
    name: String,
    path: PathBuf,
    /// One line at a time.
    writing: Mutex<()>,
}

impl File {
    /// The file is made when the first message comes.
    #[must_use]
    pub fn new(name: &str, path: PathBuf) -> Self {
        Self {
            name: name.to_owned(),
            path,
            writing: Mutex::new(()),
        }
    }

    async fn write(&self, line: &str) -> std::io::Result<()> {
        let _turn = self.writing.lock().await;
        let mut options = OpenOptions::new();
        let mut file = options
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&self.path)
            .await?;
        file.write_all(line.as_bytes()).await?;
        file.flush().await
    }
}

impl Gateway for File {
    fn name(&self) -> &str {
        &self.name
    }

    fn send<'a>(&'a self, message: &'a SmsMessage, now: DateTime<Utc>) -> BoxFuture<'a, Sent> {
        async move {
            match self.write(&line(message, now)).await {
                Ok(()) => accepted(),
                Err(error) => {
                    let file = self.path.display();
                    tracing::error!(gateway = self.name, %file, %error, "an SMS cannot be written");
                    Sent::Retry { after: None }
                }
            }
        }
        .boxed()
    }
}

/// Prints each message to standard output.
pub struct Console(String);

impl Console {
    /// Nothing is printed yet.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl Gateway for Console {
    fn name(&self) -> &str {
        &self.0
    }

    fn send<'a>(&'a self, message: &'a SmsMessage, now: DateTime<Utc>) -> BoxFuture<'a, Sent> {
        async move {
            let mut out = std::io::stdout().lock();
            let line = line(message, now);
            match out.write_all(line.as_bytes()).and_then(|()| out.flush()) {
                Ok(()) => accepted(),
                Err(_) => Sent::Retry { after: None },
            }
        }
        .boxed()
    }
}

fn line(message: &SmsMessage, now: DateTime<Utc>) -> String {
    let shown = json!({
        "at": rfc3339(now),
        "id": message.id,
        "phone": message.phone,
        "sender": message.sender,
        "text": message.text,
    });
    format!("{shown}\n")
}

fn accepted() -> Sent {
    Sent::Accepted {
        references: Vec::new(),
    }
}
