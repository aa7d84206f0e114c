//! Where webhooks go: 410, redirects, changed addresses, and those that are never called.

use std::{
    io,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::FutureExt;
use heyan::{
    domain::{delivery::Trouble, ids::WebhookId},
    flow::{FlowError, providers},
    webhook::{Outgoing, Secret, Sent, Webhooks},
};
use uuid::Uuid;

use super::{Hooked, Receiver};
use crate::store::on_both;

/// One attempt with a client of one's own.
async fn send(webhooks: &Webhooks, url: &str) -> Sent {
    let outgoing = Outgoing {
        url,
        id: WebhookId(Uuid::nil()),
        at: chrono::DateTime::UNIX_EPOCH,
        body: b"{}",
        secrets: &[Secret::parse("whsec_AAAA").unwrap()],
    };
    webhooks.send(outgoing).await
}

/// Names that lead to these, one answer after the other; the last stays.
fn names(allow: &[&str], sandbox: bool, answers: &[&[&str]]) -> (Webhooks, Arc<AtomicUsize>) {
    let parse = |answer: &&[&str]| -> Vec<IpAddr> {
        answer.iter().map(|one| one.parse().unwrap()).collect()
    };
    let answers: Vec<Vec<IpAddr>> = answers.iter().map(parse).collect();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let lookup = move |_| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        let answer = answers[number.min(answers.len() - 1)].clone();
        std::future::ready(io::Result::Ok(answer)).boxed()
    };
    let allow: Vec<_> = allow.iter().map(|net| net.parse().unwrap()).collect();
    (
        Webhooks::with_lookup(&allow, sandbox, Arc::new(lookup)),
        asked,
    )
}

fn refused(trouble: Trouble) -> Sent {
    Sent::Failed(trouble, None)
}

on_both! {
    async fn gone_is_gone_until_it_is_set_anew(db) {
        let gone = Receiver::start(410);
        let hooked = Hooked::new(db, &gone.url).await;
        let services = &hooked.desk.services;
        hooked.file().await;
        assert_eq!(gone.seen().len(), 1);
        assert_eq!(hooked.states().await, ["disabled", "disabled"]);
        let row = providers::by_name(services, &hooked.name).await.unwrap().unwrap();
        assert!(row.webhook_disabled_at.is_some());
        // nothing is written down for it any more, and nothing can be asked for again
        hooked.desk.file(&["13900139000"]).await;
        hooked.desk.settle().await;
        let rows = hooked.deliveries().await;
        assert_eq!(rows.len(), 2);
        assert!(matches!(hooked.redeliver(rows[0].id).await, Err(FlowError::NotDeliverable(_))));

        let receiver = Receiver::start(200);
        assert!(providers::set_webhook(services, &hooked.name, Some(&receiver.url)).await.unwrap());
        for row in rows {
            hooked.redeliver(row.id).await.unwrap();
        }
        hooked.desk.settle().await;
        assert_eq!(receiver.kinds(), ["filing_request.verifying", "verification.sent"]);
        hooked.desk.file(&["13700137000"]).await;
        hooked.desk.settle().await;
        assert_eq!((receiver.seen().len(), gone.seen().len()), (4, 1));
    }

    async fn what_is_queued_goes_where_the_provider_wants_it_now(db) {
        let old = Receiver::start(500);
        let hooked = Hooked::new(db, &old.url).await;
        let services = &hooked.desk.services;
        hooked.file().await;
        let new = Receiver::start(200);
        providers::set_webhook(services, &hooked.name, Some(&new.url)).await.unwrap();
        hooked.desk.turn_and_settle("2018-09-10T09:00:10+08:00").await;
        assert_eq!((old.seen().len(), new.seen().len()), (1, 2));
        providers::set_webhook(services, &hooked.name, None).await.unwrap();
        hooked.desk.file(&["13900139000"]).await;
        hooked.desk.settle().await;
        assert_eq!(new.seen().len(), 2);
        assert!(!providers::set_webhook(services, "nobody", None).await.unwrap());
        let bad = providers::set_webhook(services, &hooked.name, Some("http://10.0.0.1/")).await;
        assert!(matches!(bad, Err(FlowError::Invalid(_))));
    }

    async fn whose_access_has_ended_is_told_nothing_more(db) {
        let receiver = Receiver::start(500);
        let hooked = Hooked::new(db, &receiver.url).await;
        hooked.file().await;
        providers::revoke(&hooked.desk.services, &hooked.name).await.unwrap();
        hooked.desk.turn_and_settle("2018-09-10T09:01+08:00").await;
        assert_eq!(receiver.seen().len(), 1);
        assert_eq!(hooked.states().await, ["disabled"; 2]);
    }

    async fn a_redirect_is_an_answer_and_no_way_on(db) {
        for status in [301, 302, 307, 308] {
            let receiver = Receiver::start(status);
            let hooked = Hooked::new(db, &receiver.url).await;
            hooked.file().await;
            assert!(receiver.seen().iter().all(|one| one.path == "/hook"));
            assert_eq!(receiver.seen().len(), 1);
            let first = hooked.deliveries().await.remove(0);
            assert_eq!((first.state.as_str(), first.last_status), ("queued", Some(i64::from(status))));
        }
    }

    async fn a_name_that_leads_inside_is_refused_and_tried_again(db) {
        let (webhooks, asked) = names(&[], false, &[&["10.0.0.1"]]);
        let hooked = Hooked::with(db, "https://hooks.example.cn/", webhooks).await;
        hooked.file().await;
        let first = hooked.deliveries().await.remove(0);
        assert_eq!((first.last_status, first.last_error), (None, Some(Trouble::AddressRefused)));
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn addresses_in_the_url_are_judged_too() {
    let webhooks = Webhooks::new(&[], false);
    for url in [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[fe80::1]/",
    ] {
        let sent = send(&webhooks, url).await;
        assert_eq!(sent, refused(Trouble::AddressRefused), "{url}");
    }
    for url in [
        "http://example.cn/",
        "http://127.0.0.1/",
        "ftp://example.cn/",
        "file:///etc/passwd",
        "nothing",
    ] {
        let sent = send(&webhooks, url).await;
        assert_eq!(sent, refused(Trouble::UrlRefused), "{url}");
    }
    let sandbox = Webhooks::new(&[], true);
    for url in ["http://10.0.0.1/", "http://example.cn/", "http://[::]/"] {
        let sent = send(&sandbox, url).await;
        assert_eq!(sent, refused(Trouble::UrlRefused), "{url}");
    }
}

#[tokio::test]
async fn every_address_of_a_name_must_be_public() {
    let refuse = refused(Trouble::AddressRefused);
    for answer in [
        &["127.0.0.1"][..],
        &["8.8.8.8", "192.168.1.1"],
        &["::ffff:127.0.0.1"],
        &["fd00::1"],
        &["100.64.0.1"],
    ] {
        let (webhooks, _) = names(&[], false, &[answer]);
        assert_eq!(send(&webhooks, "https://hooks.example.cn/").await, refuse);
    }
    // a sandbox calls this machine, and no other inside
    let (webhooks, _) = names(&[], true, &[&["127.0.0.1", "10.0.0.1"]]);
    assert_eq!(send(&webhooks, "https://hooks.example.cn/").await, refuse);
    let (webhooks, _) = names(&[], false, &[&[]]);
    let sent = send(&webhooks, "https://hooks.example.cn/").await;
    assert_eq!(sent, refused(Trouble::Unresolvable));
}

/// Answers first with what may be called and then with what may not: each connection goes to an address of the answer that
/// was checked, and none is looked up a second time in between.
#[tokio::test]
async fn a_name_that_changes_its_mind_leads_nowhere_else() {
    let receiver = Receiver::start(200);
    let port = receiver.url.split(':').nth(2).unwrap().to_owned();
    let (webhooks, asked) = names(&[], true, &[&["127.0.0.1"], &["10.0.0.1"]]);
    let url = format!("http://localhost:{port}");
    assert_eq!(send(&webhooks, &url).await, Sent::Delivered(200));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    // the next connection asks again, and is refused
    let (webhooks, asked) = names(&[], true, &[&["10.0.0.1"], &["127.0.0.1"]]);
    assert_eq!(
        send(&webhooks, &url).await,
        refused(Trouble::AddressRefused)
    );
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(receiver.seen().len(), 1);
}

#[tokio::test]
async fn a_listed_network_may_be_called() {
    // nobody listens there: it was allowed to find out
    let (webhooks, _) = names(&["127.0.0.0/8"], false, &[&["127.0.0.1"]]);
    let sent = send(&webhooks, "https://hooks.example.cn:9/").await;
    assert_eq!(sent, refused(Trouble::Unreachable));
    let sent = send(&webhooks, "https://127.0.0.1:9/").await;
    assert_eq!(sent, refused(Trouble::Unreachable));
}

/// An answer without end costs no more than its first kilobytes; one that never comes, the time of one attempt.
#[tokio::test]
async fn answers_are_bounded() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, served) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = [0; 1024];
        let _ = stream.read(&mut asked).await;
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let _ = stream.write_all(head).await;
        let chunk = [b"1000\r\n".as_slice(), &[b'x'; 4096], b"\r\n"].concat();
        let mut bytes = 0;
        while stream.write_all(&chunk).await.is_ok() {
            bytes += 4096;
        }
        tell.send(bytes).unwrap();
    });
    let webhooks = Webhooks::new(&[], true);
    assert_eq!(send(&webhooks, &url).await, Sent::Delivered(200));
    // the connection is closed on it; until then, what the machine's own buffers take
    let served: usize = served.await.unwrap();
    assert!(served < 16 << 20, "{served}");

    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let begun = std::time::Instant::now();
    assert_eq!(send(&webhooks, &url).await, refused(Trouble::TimedOut));
    let took = begun.elapsed().as_secs();
    assert!((14..=30).contains(&took), "{took}");
}
