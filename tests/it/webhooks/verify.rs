//! The reference library (`standardwebhooks` of the Python index) verifies what arrives. `tests/run` installs it.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use heyan::flow::providers;
use secrecy::ExposeSecret;
use serde_json::json;

use super::{Hooked, Receiver, Seen};
use crate::store::on_both;

/// The Python that has the library.
#[expect(clippy::disallowed_methods, reason = "a test's own settings")]
pub fn python() -> String {
    std::env::var("HEYAN_TEST_PYTHON").unwrap_or_else(|_| {
        let cache = std::env::var("XDG_CACHE_HOME")
            .unwrap_or_else(|_| format!("{}/.cache", std::env::var("HOME").unwrap_or_default()));
        format!("{cache}/heyan-tools/python/bin/python")
    })
}

/// Whether the library accepts it with this secret.
fn verifies(seen: &Seen, secret: &str) -> bool {
    let python = python();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/webhooks/verify.py");
    let mut child = Command::new(&python)
        .arg(script)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("{python}: {error}; tests/run installs it, with standardwebhooks")
        });
    let given = json!({"secret": secret, "body": seen.body, "headers": {"webhook-id": seen.id,
        "webhook-timestamp": seen.timestamp, "webhook-signature": seen.signature}});
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(given.to_string().as_bytes()).unwrap();
    drop(stdin);
    match child.wait().unwrap().code() {
        Some(0) => true,
        Some(3) => false,
        other => panic!("{script} ended with {other:?}"),
    }
}

on_both! {
    async fn the_reference_library_verifies_it_with_either_secret_of_a_rotation(db) {
        let receiver = Receiver::start(200);
        let hooked = Hooked::new(db, &receiver.url).await;
        let services = &hooked.desk.services;
        let old = hooked.secret();
        hooked.file().await;
        let first = &receiver.seen()[0];
        assert!(verifies(first, old));
        let altered = Seen { body: first.body.replace("gansu", "hunan"), ..first.clone() };
        assert!(!verifies(&altered, old));
        let moved = Seen { id: "wh_other".into(), ..first.clone() };
        assert!(!verifies(&moved, old));

        let rotated = providers::rotate(services, &hooked.name).await.unwrap().unwrap();
        let new = rotated.webhook_secret.expose_secret();
        assert!(!verifies(first, new));
        hooked.desk.file(&["13900139000"]).await;
        hooked.desk.settle().await;
        let both = &receiver.seen()[2];
        assert_eq!(both.signature.split(' ').count(), 2);
        assert!(verifies(both, old) && verifies(both, new));

        // the old one ends in 24 hours
        hooked.desk.turn_and_settle("2018-09-11T09:00:01+08:00").await;
        let before = receiver.seen().len();
        hooked.desk.file(&["13700137000"]).await;
        hooked.desk.settle().await;
        let last = &receiver.seen()[before];
        assert_eq!(last.signature.split(' ').count(), 1);
        assert!(verifies(last, new) && !verifies(last, old));
    }
}
