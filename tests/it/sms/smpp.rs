//! The SMPP gateway against a real SMSC: what it sends, what it makes of answers and receipts, and how it comes back.

use std::{collections::BTreeMap, path::PathBuf, process::Command, time::Duration};

use heyan::{
    clock::Clock,
    random::Random,
    sms::{
        About, Asked, Fate, Gateways, Receipt, Sent, SmsMessage,
        smpp::{MessageIds, Smpp, SmppSettings, Tls},
    },
};
use serde_json::json;
use tokio::time::timeout;

use super::{
    message,
    process::PATIENCE,
    smsc::{PASSWORD, Smsc},
};

pub fn settings(port: u16) -> SmppSettings {
    SmppSettings {
        host: "127.0.0.1".into(),
        port,
        tls: None,
        system_id: "heyan".into(),
        password: PASSWORD.into(),
        system_type: String::new(),
        sessions: 1,
        window: 16,
        per_second: None,
        phone_prefix: String::new(),
        sender_type: (0, 0),
        phone_type: (0, 0),
        receipts: true,
        message_ids: MessageIds::Same,
        foreign: vec!["NE:0106".into(), "0x40B".into()],
        answer: Duration::from_secs(10),
        enquire_link: Duration::from_secs(30),
    }
}

/// One gateway, started.
struct Sending(Gateways);

impl Sending {
    fn start(settings: SmppSettings) -> Self {
        let gateways = Gateways::one(Smpp::new("main", settings, Random::seeded(1)));
        gateways.start();
        Self(gateways)
    }

    async fn send(&self, message: &SmsMessage) -> Sent {
        self.0.send("main", message, Clock::system().now()).await
    }

    /// Sends until there is a session again.
    async fn send_when_bound(&self, message: &SmsMessage) -> Sent {
        let sending = async {
            loop {
                match self.send(message).await {
                    // a session that has just ended may be tried once more before that is known
                    Sent::Retry { .. } | Sent::Unknown => {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                    sent => return sent,
                }
            }
        };
        timeout(PATIENCE, sending).await.expect("no session again")
    }

    /// The next receipts, taken note of.
    async fn receipts(&self) -> Vec<Receipt> {
        let waiting = async {
            loop {
                let received = self.0.receipts(100);
                if !received.is_empty() {
                    return received;
                }
                self.0.receipt_arrived().await;
            }
        };
        let received = timeout(PATIENCE, waiting).await.expect("no receipt");
        let mut receipts = Vec::new();
        for one in received {
            assert_eq!(one.gateway, "main");
            receipts.extend(one.receipts.clone());
            one.written();
        }
        receipts
    }

    /// So many of them.
    async fn so_many_receipts(&self, count: usize) -> Vec<Receipt> {
        let mut receipts = Vec::new();
        while receipts.len() < count {
            receipts.extend(self.receipts().await);
        }
        receipts
    }
}

fn references(sent: &Sent) -> &[String] {
    match sent {
        Sent::Accepted { references } => references,
        other => panic!("not accepted: {other:?}"),
    }
}

#[tokio::test]
async fn a_chinese_text_arrives_and_its_receipt_comes_back() {
    let mut smsc = Smsc::start().await;
    let sending = Sending::start(settings(smsc.port));
    let message = message();
    let sent = sending.send(&message).await;
    let bind = smsc.hears("bind").await;
    assert_eq!(
        (&bind["bind"], &bind["version"]),
        (&json!("heyan"), &json!(0x34))
    );
    let submit = smsc.hears("submit").await;
    assert_eq!(
        submit,
        json!({"submit": "13800138000", "from": "12381", "text": message.text, "class": 0, "coding": 8, "registered": 1,
            "udh": null})
    );
    let [reference] = references(&sent) else {
        panic!("one reference: {sent:?}")
    };
    let about = About::Reference(reference.clone());
    let fate = Fate::Delivered;
    assert_eq!(sending.receipts().await, [Receipt { about, fate }]);
    // once it has been written down
    assert_eq!(smsc.hears("acknowledged").await["acknowledged"], 0);

    sending.0.stop().await;
    smsc.hears("unbind").await;
}

#[tokio::test]
async fn a_long_text_is_put_together_again() {
    let mut smsc = Smsc::start().await;
    let sending = Sending::start(settings(smsc.port));
    let mut message = message();
    message.text = format!("{}𠮷{}", "核".repeat(66), "验证码012345".repeat(10));
    let sent = sending.send(&message).await;
    let mut text = String::new();
    for number in 1..=3 {
        let submit = smsc.hears("submit").await;
        text += submit["text"].as_str().unwrap();
        assert_eq!(submit["class"], 0x40);
        let udh = submit["udh"].as_str().unwrap();
        let reference = message.id.0.as_bytes()[15];
        // the library has taken its length off: 05
        assert_eq!(udh, format!("0003{reference:02x}03{number:02x}"));
    }
    assert_eq!(text, message.text);
    let mut about: Vec<_> = references(&sent)
        .iter()
        .cloned()
        .map(About::Reference)
        .collect();
    let receipts = sending.so_many_receipts(3).await;
    let mut told: Vec<_> = receipts.into_iter().map(|receipt| receipt.about).collect();
    about.sort_by_key(|about| format!("{about:?}"));
    told.sort_by_key(|about| format!("{about:?}"));
    assert_eq!(told, about);
}

#[tokio::test]
async fn each_status_says_what_to_do() {
    let mut smsc = Smsc::start().await;
    let sending = Sending::start(settings(smsc.port));
    let pause = Some(chrono::TimeDelta::seconds(1));
    for (status, expected) in [
        (0x58, Sent::Retry { after: pause }),
        (0x14, Sent::Retry { after: pause }),
        (0x08, Sent::Retry { after: None }),
        (0x64, Sent::Retry { after: None }),
        (0x45, Sent::Next { foreign: false }),
        (0x40B, Sent::Next { foreign: true }),
        (0x0A, Sent::Stop),
        (0x0B, Sent::Refused),
        (0xFF, Sent::Refused),
    ] {
        smsc.set(json!({"status": status})).await;
        assert_eq!(sending.send(&message()).await, expected, "{status:#x}");
    }
    smsc.set(json!({"status": 0})).await;
    assert_eq!(references(&sending.send(&message()).await).len(), 1);
}

#[tokio::test]
async fn receipts_find_their_message_however_ids_are_written() {
    let mut smsc = Smsc::start().await;
    for ids in MessageIds::ALL {
        let sending = Sending::start(SmppSettings {
            message_ids: *ids,
            ..settings(smsc.port)
        });
        smsc.set(json!({"ids": ids.as_str()})).await;
        for early in [false, true] {
            smsc.set(json!({"early": early})).await;
            let sent = sending.send(&message()).await;
            let about = About::Reference(references(&sent)[0].clone());
            assert_eq!(sending.receipts().await[0].about, about, "{ids}");
        }
    }
    let sending = Sending::start(settings(smsc.port));
    smsc.set(json!({"ids": "same", "early": false})).await;
    for (state, error, fate) in [
        ("UNDELIV", "069", Fate::Undeliverable { foreign: false }),
        ("UNDELIV", "NE:0106", Fate::Undeliverable { foreign: true }),
        ("MA:0054", "000", Fate::Undeliverable { foreign: false }),
        ("DELIVRD", "000", Fate::Delivered),
    ] {
        smsc.set(json!({"receipts": state, "error": error})).await;
        sending.send(&message()).await;
        assert_eq!(sending.receipts().await[0].fate, fate, "{state} {error}");
    }
    // twice is told twice
    smsc.set(json!({"twice": true})).await;
    sending.send(&message()).await;
    assert_eq!(sending.so_many_receipts(2).await.len(), 2);
}

#[tokio::test]
async fn a_wrong_password_stops_it() {
    let mut smsc = Smsc::start().await;
    let sending = Sending::start(SmppSettings {
        password: "wrong".into(),
        ..settings(smsc.port)
    });
    assert_eq!(sending.send(&message()).await, Sent::Stop);
    assert_eq!(smsc.hears("bind").await["right"], false);
    assert_eq!(smsc.count("submit"), BTreeMap::new());
}

#[tokio::test]
async fn a_late_answer_is_used() {
    let mut smsc = Smsc::start().await;
    smsc.set(json!({"silent": true, "receipts": ""})).await;
    let sending = Sending::start(SmppSettings {
        answer: Duration::from_millis(200),
        window: 1,
        ..settings(smsc.port)
    });
    let message = message();
    // the window does not stay taken by who is not answered
    for _ in 0..2 {
        assert_eq!(sending.send(&message).await, Sent::Unknown);
    }
    // meanwhile it is not said that nobody knows
    let asked = async || sending.0.ask("main", &message, message.queued_at).await;
    assert_eq!(asked().await, Asked::Later);
    smsc.set(json!({"silent": false})).await;
    for receipt in sending.so_many_receipts(2).await {
        assert_eq!(receipt.about, About::Message(message.id));
        let Fate::Accepted { references } = receipt.fate else {
            panic!("{:?}", receipt.fate)
        };
        assert_eq!(references.len(), 1);
    }
    let told = async {
        while asked().await == Asked::Later {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, told)
        .await
        .expect("nothing is on its way");
}

/// However many are submitted at once, and though nothing comes in from it.
#[tokio::test]
async fn all_that_the_window_allows_reach_a_silent_smsc() {
    let mut smsc = Smsc::start().await;
    smsc.set(json!({"silent": true, "receipts": ""})).await;
    let sending = Sending::start(SmppSettings {
        window: 64,
        ..settings(smsc.port)
    });
    let message = message();
    let all = futures_util::future::join_all((0..64).map(|_| sending.send(&message)));
    let watch = async {
        for _ in 0..64 {
            smsc.hears("submit").await;
        }
        smsc.set(json!({"silent": false})).await;
    };
    let (sent, ()) = tokio::join!(all, watch);
    assert!(sent.iter().all(|sent| references(sent).len() == 1));
}

#[tokio::test]
async fn a_queue_of_our_own_is_no_fault_of_the_gateway_s() {
    let mut smsc = Smsc::start().await;
    smsc.set(json!({"silent": true, "receipts": ""})).await;
    let sending = Sending::start(SmppSettings {
        window: 1,
        ..settings(smsc.port)
    });
    let message = message();
    let (first, second) = (sending.send(&message), sending.send(&message));
    let both = async {
        let (first, second) = tokio::join!(first, second);
        [first, second]
    };
    assert!(both.await.contains(&Sent::Full));
}

/// Such as a session of before that it has not missed yet.
#[tokio::test]
async fn a_bind_that_is_refused_for_now_stops_nothing() {
    let mut smsc = Smsc::start().await;
    // ESME_RALYBND
    smsc.set(json!({"bind": 5})).await;
    let sending = Sending::start(settings(smsc.port));
    let sent = sending.send_when_bound(&message()).await;
    assert_eq!(references(&sent).len(), 1);
}

#[tokio::test]
async fn no_more_are_in_flight_than_the_window_allows() {
    let mut smsc = Smsc::start().await;
    smsc.set(json!({"silent": true, "receipts": ""})).await;
    let sending = Sending::start(SmppSettings {
        window: 3,
        ..settings(smsc.port)
    });
    let message = message();
    let eight = futures_util::future::join_all((0..8).map(|_| sending.send(&message)));
    let watch = async {
        for _ in 0..3 {
            smsc.hears("submit").await;
        }
        smsc.set(json!({"silent": true})).await;
        assert_eq!(smsc.count("submit")["13800138000"], 3);
        smsc.set(json!({"silent": false})).await;
    };
    let (sent, ()) = tokio::join!(eight, watch);
    for sent in sent {
        assert_eq!(references(&sent).len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_comes_back_after_the_server_s_end_and_says_what_it_does_not_know() {
    let mut smsc = Smsc::start().await;
    let sending = Sending::start(settings(smsc.port));
    sending.send(&message()).await;
    // between submission and answer
    smsc.set(json!({"die": 1})).await;
    assert_eq!(sending.send(&message()).await, Sent::Unknown);
    // nobody there
    while smsc.next().await.is_some() {}
    let sent = sending.send(&message()).await;
    assert!(
        matches!(sent, Sent::Retry { after: None } | Sent::Unknown),
        "{sent:?}"
    );
    smsc.again().await;
    let sent = sending.send_when_bound(&message()).await;
    assert_eq!(references(&sent).len(), 1);
    // the server ends the session in order
    smsc.set(json!({"unbind": true})).await;
    smsc.hears("bind").await;
    let sent = sending.send_when_bound(&message()).await;
    assert_eq!(references(&sent).len(), 1);
}

#[tokio::test]
async fn several_sessions_share_the_work() {
    let mut smsc = Smsc::start().await;
    let sending = Sending::start(SmppSettings {
        sessions: 3,
        per_second: Some(1000),
        ..settings(smsc.port)
    });
    for _ in 0..6 {
        assert_eq!(references(&sending.send(&message()).await).len(), 1);
    }
    assert_eq!(smsc.count("bind")["heyan"], 3);
}

#[tokio::test]
async fn tls_is_spoken_to_whom_the_authority_knows() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (key, certificate) = (file("key.pem"), file("certificate.pem"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ])
        .args([
            "-subj",
            "/CN=smsc",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", &key, "-out", &certificate])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let smsc = Smsc::with_tls(key, certificate.clone()).await;
    let tls = |authority: Option<PathBuf>| SmppSettings {
        tls: Some(Tls { authority }),
        ..settings(smsc.port)
    };
    let known = Sending::start(tls(Some(certificate.into())));
    assert_eq!(references(&known.send(&message()).await).len(), 1);
    let unknown = Sending::start(tls(None));
    assert_eq!(unknown.send(&message()).await, Sent::Retry { after: None });
    // and in plain text it does not answer
    let plain = Sending::start(settings(smsc.port));
    assert_eq!(plain.send(&message()).await, Sent::Retry { after: None });
}
