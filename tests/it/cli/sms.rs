//! `sms test` and what `config check` says of texts.

use std::{
    io::{Read, Write},
    net::TcpListener,
};

use super::Heyan;

const SETTINGS: &str = r#"
public_url = "https://beian.example.cn"
[sandbox]
sends_to = ["13800138000"]
[sms]
default = ["out", "spare"]
[sms.gateways.out]
kind = "file"
path = "sms.ndjson"
[sms.gateways.spare]
kind = "http"
url = "http://127.0.0.1:9/"
"#;

#[test]
fn an_sms_is_sent_by_one_gateway() {
    let heyan = Heyan::new();
    heyan.write("heyan.toml", SETTINGS);
    let done = heyan.run(&["sms", "test", "13800138000", "--gateway", "out"]);
    assert!(done.done().starts_with("out: accepted in "));
    let sent = heyan.read("sms.ndjson");
    assert!(
        sent.contains("【演示】【备案核验】短信通道测试，验证码000000"),
        "{sent}"
    );
    for (arguments, expected) in [
        (
            ["13900139000", "out"],
            "a sandbox texts listed numbers alone",
        ),
        (
            ["13800138000", "nobody"],
            "there is no gateway `nobody` in [sms.gateways]; there are: out, spare",
        ),
        (["12345", "out"], "PHONE must be a mobile number"),
    ] {
        let [phone, gateway] = arguments;
        let error = heyan
            .run(&["sms", "test", phone, "--gateway", gateway])
            .failed(2);
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(heyan.read("sms.ndjson").lines().count(), 1);
}

#[test]
fn nobody_waits_here_for_a_receipt_that_is_pushed_to_a_server() {
    let gateway = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = gateway.local_addr().unwrap();
    let taking = std::thread::spawn(move || {
        let (mut client, _) = gateway.accept().unwrap();
        let mut head = [0; 4096];
        let read = client.read(&mut head).unwrap();
        client
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
            .unwrap();
        read
    });
    let heyan = Heyan::new();
    let settings = SETTINGS.replace("http://127.0.0.1:9/", &format!("http://{address}/"));
    let receipts = "[sms.gateways.spare.reports]\nsecret = \"0123456789abcdef0123456789abcdef\"\n\
        id = \"id\"\nstate = \"state\"\ndelivered = [\"DELIVRD\"]\n";
    heyan.write("heyan.toml", settings + receipts);
    let done = heyan
        .run(&["sms", "test", "13800138000", "--gateway", "spare"])
        .done();
    assert!(taking.join().unwrap() > 0);
    assert!(
        done.contains("spare: its receipts are pushed to a running server"),
        "{done}"
    );
}

#[test]
fn texts_are_told_with_what_they_cost() {
    let heyan = Heyan::new();
    heyan.write(
        "heyan.toml",
        SETTINGS.replace("sends_to = [\"13800138000\"]", ""),
    );
    let told = heyan.run(&["config", "check"]).done();
    for policy in ["pilot-1", "pilots-2-3", "nationwide"] {
        assert!(
            told.contains(&format!("sms       {policy}: first 1 part (up to ")),
            "{told}"
        );
    }
    let bound = SETTINGS.replace("[sms]", "[sms]\norigin_bound_codes = true");
    heyan.write("heyan.toml", bound);
    let told = heyan.run(&["config", "check"]).done();
    assert!(
        told.contains("sms       nationwide: first 2 parts (up to "),
        "{told}"
    );
}
