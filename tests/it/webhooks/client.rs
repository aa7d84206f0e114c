//! A provider in another language: `examples/provider.py` files a request and follows it to either end.

use std::{
    io::Write,
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

use heyan::{flow::FlowError, jobs};
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Hooked, verify::python};
use crate::{
    api::{example, remarks, serve},
    jobs::desk::at,
    store::on_both,
};

/// The client, with a filing given to it.
fn client(hooked: &Hooked, base: &str, listen: &str, filing: &Value) -> Child {
    let mut child = Command::new(python())
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/provider.py"))
        .args([base, "--listen", listen])
        .env("API_KEY", hooked.secrets.api_key.expose_secret())
        .env("WEBHOOK_SECRET", hooked.secret())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(filing.to_string().as_bytes()).unwrap();
    child
}

/// What it printed, without identifiers, and its exit status.
async fn end(child: Child) -> (Vec<String>, Option<i32>) {
    let ended = tokio::task::spawn_blocking(move || child.wait_with_output());
    let output = ended.await.unwrap().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let plain = |line: &str| {
        let words = line.split(' ').filter(|word| !word.contains("_01"));
        words.collect::<Vec<_>>().join(" ").trim().to_owned()
    };
    (text.lines().map(plain).collect(), output.status.code())
}

on_both! {
    async fn a_python_provider_follows_a_request_to_both_ends(db) {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let hooked = Hooked::new(db, &format!("http://{free}/hook")).await;
        let base = serve(hooked.desk.services.clone());
        let stop = CancellationToken::new();
        let chores = || std::future::ready(Ok::<_, FlowError>(()));
        let running = tokio::spawn(jobs::run(hooked.desk.services.clone(), stop.clone(), chores));
        let listen = free.to_string();

        let (lines, status) = end(client(&hooked, &base, &listen, &remarks())).await;
        assert_eq!(lines, ["filed", "filing_request.handed_over handed_over"]);
        assert_eq!(status, Some(0));

        let child = client(&hooked, &base, &listen, &example());
        while hooked.states().await != ["delivered"; 4] {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        hooked.desk.turn(at("2018-09-12T09:00:01+08:00"));
        let (lines, status) = end(child).await;
        assert_eq!(lines[..4], [
            "filed", "filing_request.verifying verifying", "verification.sent verifying", "verification.sent verifying",
        ]);
        assert_eq!(lines[4], "filing_request.returned returned");
        assert!(lines[5].starts_with("expired "), "{}", lines[5]);
        // who did not verify, to be passed on
        assert!(lines[6].starts_with("主体负责人王**（138****8000）在"), "{}", lines[6]);
        assert_eq!(status, Some(1));
        stop.cancel();
        running.await.unwrap();
    }
}
