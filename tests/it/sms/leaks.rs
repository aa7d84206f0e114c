//! Whatever goes wrong with a gateway, the log has neither phone nor text, neither password nor URL.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex},
};

use heyan::{
    clock::Clock,
    random::Random,
    sms::{Gateway, Pace, Push, http::Http, smpp::Smpp},
};
use serde_json::json;

use super::{fake::Fake, kannel, message, process::free_port, smpp::settings, smsc::Smsc, vendors};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// At the most talkative level that the configuration allows; each test is a process of its own.
    fn kept() -> Self {
        let log = Self::default();
        let writer = log.clone();
        tracing_subscriber::fmt()
            .with_env_filter("warn,heyan=trace")
            .without_time()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .init();
        log
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

#[tokio::test]
async fn what_goes_wrong_is_told_without_phone_text_password_or_url() {
    let log = Log::kept();
    let message = message();
    let now = Clock::system().real_now();
    let fake = Fake::start();
    let nobody = format!("http://127.0.0.1:{}", free_port());
    for url in [&fake.url, &nobody] {
        let mut http = kannel::settings(0, url);
        http.url = format!("{url}/send?token=hunter2");
        http.headers = BTreeMap::from([("x-key".into(), "hunter2 {text}\n".into())]);
        http.pace = Pace::default();
        let gateways: [Box<dyn Gateway>; 3] = [
            Box::new(vendors::aliyun(url)),
            Box::new(vendors::tencent(url)),
            Box::new(Http::new("main", http)),
        ];
        for gateway in gateways {
            for (status, body) in [
                (500, "13800138000 012345"),
                (200, r#"{"Code":"isv.OUT_OF_SERVICE"}"#),
            ] {
                fake.answer(status, body);
                gateway.send(&message, now).await;
                fake.answer(status, body);
                gateway.ask(&message, now).await;
            }
            let push = Push {
                query: "phone=13800138000",
                content_type: None,
                body: b"[13800138000",
            };
            let _ = gateway.pushed(&push);
        }
    }
    let mut smsc = Smsc::start().await;
    for (password, status) in [("hunter2", 0), (super::smsc::PASSWORD, 0x0B)] {
        smsc.set(json!({"status": status, "die": 0})).await;
        let mut own = settings(smsc.port);
        own.password = password.into();
        let gateways = heyan::sms::Gateways::one(Smpp::new("main", own, Random::seeded(1)));
        gateways.start();
        gateways.send("main", &message, now).await;
        smsc.set(json!({"die": 1})).await;
        gateways.send("main", &message, now).await;
        if smsc.has_ended() {
            smsc.again().await;
        }
    }
    let told = log.text();
    // it does tell
    for said in [
        "isv.OUT_OF_SERVICE",
        "status 0x0000000b",
        "status 0x0000000e",
        &message.id.to_string(),
    ] {
        assert!(told.contains(said), "no {said} in {told}");
    }
    for hidden in [
        "13800138000",
        "012345",
        "hunter2",
        "验证码",
        "/send",
        "PhoneNumbers",
        &fake.url[7..],
    ] {
        assert!(!told.contains(hidden), "{hidden} in {told}");
    }
}
