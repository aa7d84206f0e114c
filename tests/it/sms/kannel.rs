//! The HTTP gateway against a real Kannel, with the fake SMSC that comes with it: `docs/gateways.md` as it is written there.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use chrono::{DateTime, Utc};
use heyan::{
    clock::Clock,
    sms::{
        About, Fate, Gateway, Pace, Push, Receipt, Sent,
        http::{Answers, Http, HttpSettings, Reports},
    },
};
use tempfile::TempDir;

use super::{
    fake::{Call, Fake},
    message,
    process::{Process, Says, free_port},
};

/// A Kannel: its core, its HTTP side, and an SMSC behind it.
pub struct Kannel {
    folder: TempDir,
    /// Where messages are taken.
    pub send_port: u16,
    smsc_port: u16,
    parts: Option<(Process, Process)>,
    smsc: Option<Process>,
}

impl Kannel {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // it is not run as root
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let [admin, boxes, smsc_port, send_port] = [(); 4].map(|()| free_port());
        let store = folder.path().join("kannel.store");
        let configuration = format!(
            "group=core\nadmin-port={admin}\nadmin-interface=127.0.0.1\nadmin-password=bar\nsmsbox-port={boxes}\n\
             smsbox-interface=127.0.0.1\nstore-type=file\nstore-location=\"{}\"\n\n\
             group=smsc\nsmsc=fake\nsmsc-id=fake\nport={smsc_port}\nconnect-allow-ip=\"127.0.0.1\"\n\n\
             group=smsbox\nbearerbox-host=127.0.0.1\nsendsms-port={send_port}\nsendsms-interface=127.0.0.1\n\
             http-request-retry=5\nhttp-queue-delay=2\n\n\
             group=sendsms-user\nusername=heyan\npassword=secret\nconcatenation=true\nmax-messages=5\n\n\
             group=sms-service\nkeyword=default\nmax-messages=0\ntext=\"\"\n",
            store.display()
        );
        fs::write(folder.path().join("kannel.conf"), configuration).unwrap();
        let mut kannel = Self {
            folder,
            send_port,
            smsc_port,
            parts: None,
            smsc: None,
        };
        kannel.start_parts().await;
        kannel
    }

    /// All of it.
    pub async fn start_parts(&mut self) {
        let mut core = self.run("/usr/sbin/bearerbox", &["kannel.conf"]);
        core.says("Start-up done").await;
        self.parts = Some((core, self.run("/usr/sbin/smsbox", &["kannel.conf"])));
        self.start_smsc().await;
        let (_, http) = self.parts.as_mut().unwrap();
        http.says("Connected to bearerbox").await;
    }

    /// The SMSC behind it.
    pub async fn start_smsc(&mut self) {
        let port = self.smsc_port.to_string();
        let arguments = [
            "-H",
            "127.0.0.1",
            "-r",
            &port,
            "-i",
            "1e6",
            "-m",
            "1",
            "100 300 text hi",
        ];
        self.smsc = Some(self.run("/usr/lib/kannel/test/fakesmsc", &arguments));
        let (core, _) = self.parts.as_mut().unwrap();
        core.says("Fakesmsc client connected").await;
    }

    /// Kills the SMSC; the core has noticed.
    pub async fn kill_smsc(&mut self) {
        self.smsc = None;
        let (core, _) = self.parts.as_mut().unwrap();
        core.says("fakesmsc client. Closing").await;
    }

    /// Kills all of it at once.
    pub fn kill(&mut self) {
        self.parts = None;
        self.smsc = None;
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Process {
        assert!(
            Path::new(program).exists(),
            "no {program}; tests/run installs it"
        );
        let root = fs::metadata("/proc/self").is_ok_and(|own| {
            use std::os::unix::fs::MetadataExt;
            own.uid() == 0
        });
        let mut command = if root {
            let mut command = Command::new("setpriv");
            command.args([
                "--reuid=nobody",
                "--regid=nogroup",
                "--clear-groups",
                program,
            ]);
            command
        } else {
            Command::new(program)
        };
        command.args(arguments).current_dir(self.folder.path());
        Process::start(command, Says::Err)
    }

    /// The next text that arrives at the SMSC: sender, phone, text, a long one part by part.
    pub async fn arrives(&mut self) -> (String, String, String) {
        let smsc = self.smsc.as_mut().unwrap();
        arrived(&smsc.says(ARRIVED).await)
    }

    /// Kills all of it at once; what had arrived at the SMSC and was not heard of yet.
    pub async fn dies(&mut self) -> Vec<(String, String, String)> {
        self.parts = None;
        let mut smsc = self.smsc.take().unwrap();
        smsc.kill();
        let mut heard = Vec::new();
        while let Some(line) = smsc.line().await {
            heard.extend(line.contains(ARRIVED).then(|| arrived(&line)));
        }
        heard
    }

    /// The gateway for it, with reports to `callback`.
    pub fn gateway(&self, callback: &str) -> Http {
        Http::new("kannel", settings(self.send_port, callback))
    }
}

/// In what the SMSC says of a message that it got.
const ARRIVED: &str = "ot message ";

/// Sender, phone and text of such a line.
fn arrived(line: &str) -> (String, String, String) {
    let (_, words) = line.split_once('<').unwrap();
    let words: Vec<_> = words.trim_end_matches('>').split(' ').collect();
    // FROM TO ucs-2 TEXT, or FROM TO udh HEADER data TEXT
    let octets = words.last().unwrap().replace('+', " ");
    let octets: Vec<u8> = percent_encoding::percent_decode_str(&octets).collect();
    let units = octets
        .chunks(2)
        .map(|unit| u16::from_be_bytes([unit[0], unit[1]]));
    let text = String::from_utf16(&units.collect::<Vec<_>>()).unwrap();
    (words[0].to_owned(), words[1].to_owned(), text)
}

/// As `docs/gateways.md` describes it, with reports to `callback`.
pub fn settings(port: u16, callback: &str) -> HttpSettings {
    let rules = |rules: &[&str]| rules.iter().map(|rule| rule.parse().unwrap()).collect();
    let query = [
        ("username", "heyan"),
        ("password", "secret"),
        ("from", "{sender}"),
        ("to", "{phone}"),
        ("text", "{text}"),
        ("charset", "UTF-8"),
        ("coding", "2"),
        ("dlr-mask", "31"),
    ];
    let mut query: BTreeMap<_, _> = query
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    query.insert("dlr-url".into(), format!("{callback}?id={{id}}&state=%d"));
    HttpSettings {
        url: format!("http://127.0.0.1:{port}/cgi-bin/sendsms"),
        method: reqwest::Method::GET,
        query,
        headers: BTreeMap::new(),
        body: String::new(),
        content_type: "application/json".into(),
        answers: Answers {
            foreign: Vec::new(),
            refused: rules(&["400"]),
            next: Vec::new(),
            again: rules(&["503"]),
            stop: rules(&["401", "403"]),
            accepted: rules(&["202 0:", "202 3:"]),
        },
        reference: None,
        pace: Pace::default(),
        reports: Some(Reports {
            secret: SECRET.into(),
            list: None,
            id: Some("id".into()),
            reference: None,
            state: "state".into(),
            delivered: vec!["1".into()],
            undeliverable: vec!["2".into(), "16".into()],
            error: None,
            foreign: Vec::new(),
            answer: "ok".into(),
        }),
    }
}

pub const SECRET: &str = "0123456789abcdefghij";

fn now() -> DateTime<Utc> {
    Clock::system().real_now()
}

fn receipts(gateway: &Http, call: &Call) -> Vec<Receipt> {
    let push = Push {
        query: &call.query,
        content_type: None,
        body: call.body.as_bytes(),
    };
    gateway.pushed(&push).unwrap().receipts
}

#[tokio::test]
async fn chinese_texts_arrive_and_reports_come_back() {
    let mut kannel = Kannel::start().await;
    let reports = Fake::start();
    for _ in 0..20 {
        reports.answer(200, "ok");
    }
    let gateway = kannel.gateway(&reports.url);
    let accepted = Sent::Accepted { references: vec![] };
    let mut message = message();
    assert_eq!(gateway.send(&message, now()).await, accepted);
    // what the SMSC itself had sent is answered with nothing
    let arrived = kannel.arrives().await;
    assert_eq!(
        arrived,
        ("12381".into(), "13800138000".into(), message.text.clone())
    );
    let about = About::Message(message.id);
    let fate = Fate::Delivered;
    let delivered = Receipt { about, fate };
    // the SMSC's acceptance is told as well, before or after
    let mut told = Vec::new();
    while told.is_empty() {
        told = receipts(&gateway, &reports.next().await);
    }
    assert_eq!(told, [delivered]);

    // a text with spaces, marks of URLs and a character of two units, in two parts
    message.text = format!("【备案核验】{}𠮷 a&b=c+d%20?#", "验证码".repeat(24));
    assert_eq!(gateway.send(&message, now()).await, accepted);
    let (first, second) = (kannel.arrives().await.2, kannel.arrives().await.2);
    assert_eq!(format!("{first}{second}"), message.text);

    // a wrong password is nobody's fault but the configuration's
    let mut settings = settings(kannel.send_port, &reports.url);
    settings.query.insert("password".into(), "wrong".into());
    let wrong = Http::new("kannel", settings);
    assert_eq!(wrong.send(&message, now()).await, Sent::Stop);
}

#[tokio::test]
async fn what_it_took_while_its_smsc_was_away_arrives_later() {
    let mut kannel = Kannel::start().await;
    let reports = Fake::start();
    let gateway = kannel.gateway(&reports.url);
    let accepted = Sent::Accepted { references: vec![] };
    kannel.kill_smsc().await;
    assert_eq!(gateway.send(&message(), now()).await, accepted);
    kannel.start_smsc().await;
    assert_eq!(kannel.arrives().await.2, message().text);
    // and while it is down itself, nothing is lost with it
    kannel.kill();
    let sent = gateway.send(&message(), now()).await;
    // by a connection that was kept, that it is down shows after sending only
    let told = matches!(sent, Sent::Retry { after: None } | Sent::Unknown);
    assert!(told, "{sent:?}");
    kannel.start_parts().await;
    let mut sent = gateway.send(&message(), now()).await;
    if sent == Sent::Unknown {
        // on a busy machine the first call after its start has been seen to go without an answer; the outbox sends such a one again
        sent = gateway.send(&message(), now()).await;
    }
    assert_eq!(sent, accepted);
    assert_eq!(kannel.arrives().await.2, message().text);
}
