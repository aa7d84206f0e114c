//! `serve` and `demo` as processes: where they answer, and how they stop.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, ChildStdout, Command, Stdio},
};

use super::{Heyan, exists};
use crate::pg;

/// A running server; killed with the value.
struct Serving {
    child: Child,
    stdout: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Serving {
    /// Returns once it has said where it answers.
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut read = String::new();
        let address = loop {
            let from = read.len();
            if stdout.read_line(&mut read).unwrap() == 0 {
                let mut stderr = String::new();
                let mut pipe = child.stderr.take().unwrap();
                pipe.read_to_string(&mut stderr).unwrap();
                panic!("it did not start: {read}{stderr}");
            }
            if let Some((_, url)) = read[from..].split_once("http://") {
                let end = url.find([' ', '/', '\n']).unwrap();
                break url[..end].parse().unwrap();
            }
        };
        Self {
            child,
            stdout,
            address,
        }
    }

    fn get(&self, path: &str) -> String {
        exchange(
            self.connect(),
            &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
        )
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).unwrap()
    }

    /// A form that the server has begun to read, without its last byte: what still waits to be accepted when a signal
    /// comes may be turned away, and without the type of a form it would be answered at once (415).
    fn taken_up(&self) -> TcpStream {
        let mut stream = self.connect();
        let head = "POST /sms-resend HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\
            Content-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let mut wanted = [0; 25];
        stream.read_exact(&mut wanted).unwrap();
        assert_eq!(&wanted, b"HTTP/1.1 100 Continue\r\n\r\n");
        stream.write_all(b"phone=1").unwrap();
        stream
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    /// Its exit status, the rest of its stdout, all of its stderr.
    fn end(mut self) -> (i32, String, String) {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stdout.read_to_string(&mut stdout).unwrap();
        let mut pipe = self.child.stderr.take().unwrap();
        pipe.read_to_string(&mut stderr).unwrap();
        let status = self.child.wait().unwrap();
        (status.code().unwrap_or(-1), stdout, stderr)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // it has ended, in most cases
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn exchange(mut stream: TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn serve(heyan: &Heyan) -> Serving {
    Serving::start(heyan.command(&["serve", "--listen", "127.0.0.1:0"]))
}

fn stops_in_order(heyan: &Heyan) {
    let serving = serve(heyan);
    assert!(serving.get("/readyz").starts_with("HTTP/1.1 200 "));
    assert!(serving.get("/gansu").contains("您是第1位访问者"));
    assert!(serving.get("/no-such-page").starts_with("HTTP/1.1 404 "));
    // what is no request is no error of ours
    for garbage in ["\u{16}\u{3}\u{1}\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"] {
        assert!(exchange(serving.connect(), garbage).starts_with("HTTP/1.1 400 "));
    }
    // a form that is still on its way when the signal comes
    let running = serving.taken_up();
    serving.signal("TERM");
    let answer = exchange(running, "3");
    assert!(answer.starts_with("HTTP/1.1 422 "), "{answer}");
    let (status, _, stderr) = serving.end();
    assert_eq!(status, 0, "{stderr}");
    assert!(stderr.contains("stopped"), "{stderr}");
    assert!(!stderr.contains("ERROR"), "{stderr}");

    let again = serve(heyan);
    assert!(
        again.get("/gansu").contains("您是第2位访问者"),
        "visitors are written down"
    );
    again.signal("INT");
    assert_eq!(again.end().0, 0);
}

#[test]
fn a_signal_stops_it_in_order_on_sqlite() {
    let heyan = Heyan::new();
    stops_in_order(&heyan);
    let log = std::fs::metadata(heyan.path("heyan.db-wal"));
    assert!(log.is_ok_and(|log| log.len() == 0) || !exists(&heyan.path("heyan.db-wal")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_stops_it_in_order_on_postgresql() {
    let server = pg::Database::new().await;
    stops_in_order(&Heyan::on(&server.url));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let serving = serve(&Heyan::new());
    let mut hanging = serving.taken_up();
    serving.signal("TERM");
    // the first is heard once no connection is accepted any more
    while TcpStream::connect(serving.address).is_ok() {
        std::thread::yield_now();
    }
    serving.signal("TERM");
    assert_eq!(serving.end().0, 1);
    let mut rest = Vec::new();
    let _ = hanging.read_to_end(&mut rest);
}

#[test]
fn an_address_in_use_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let heyan = Heyan::new();
    for command in ["serve", "demo"] {
        let error = heyan.run(&[command, "--listen", &address]).failed(1);
        assert_eq!(
            error,
            format!(
                "error: {address} is in use by another program: end that one, or choose another address with --listen\n"
            )
        );
    }
}

#[test]
fn metrics_have_a_listener_of_their_own() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let metrics = free.local_addr().unwrap();
    drop(free);
    let heyan = Heyan::new();
    heyan.write("heyan.toml", format!("metrics_listen = \"{metrics}\"\n"));
    let serving = serve(&heyan);
    assert!(serving.get("/metrics").starts_with("HTTP/1.1 404 "));
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let text = exchange(TcpStream::connect(metrics).unwrap(), request);
    assert!(text.contains("heyan_http_requests_total"), "{text}");
    serving.signal("TERM");
    assert_eq!(serving.end().0, 0);
}

#[test]
fn demo_prints_how_to_begin_and_keeps_to_its_own_database() {
    let heyan = Heyan::new();
    // not even read: a demo never touches anything real
    heyan.write("heyan.toml", "mode = \"production\"\n");
    let key = || {
        let mut serving = Serving::start(heyan.command(&["demo", "--listen", "127.0.0.1:0"]));
        let address = serving.address;
        let mut text = String::new();
        while !text.contains("Ctrl-C") {
            assert!(serving.stdout.read_line(&mut text).unwrap() > 0, "{text}");
        }
        let key = text.lines().find_map(|line| line.strip_prefix("api_key="));
        let key = key.unwrap().to_owned();
        for url in [
            "sandbox",
            "gansu",
            "api/v1/openapi.json",
            "api/v1/filing-requests",
        ] {
            assert!(text.contains(&format!("http://{address}/{url}")), "{text}");
        }
        let request = format!(
            "GET /api/v1/filing-requests HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n"
        );
        let answer = exchange(serving.connect(), &request);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert_eq!(
            answer.matches("\"id\":\"fr_").count(),
            1,
            "demo data, once: {answer}"
        );
        let messages =
            "GET /sandbox/api/messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        while !exchange(serving.connect(), messages).contains("\"code\"") {
            assert!(TcpStream::connect(serving.address).is_ok(), "it has gone");
        }
        serving.signal("TERM");
        assert_eq!(serving.end().0, 0);
        key
    };
    assert_eq!(key(), key(), "derived from the key file");
    assert!(exists(&heyan.path("heyan-demo.db")) && exists(&heyan.path("heyan-demo.keys")));
    assert!(!exists(&heyan.path("heyan.db")));

    let mut production = heyan.command(&["demo"]);
    production.env("HEYAN_MODE", "production");
    let answer: super::Answer = production.output().unwrap().into();
    assert!(
        answer
            .failed(2)
            .contains("error: operator.name: production needs")
    );
}

#[test]
fn what_cannot_be_served_is_refused_with_2() {
    let heyan = Heyan::new();
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let example = include_str!("../../../heyan.example.toml").replacen("REPLACE-ME", key, 1);
    let example = example.replace("default = [\"main\"]", "default = []");
    heyan.write("heyan.toml", example);
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(heyan.path("heyan.toml"), private).unwrap();
    for command in [&["serve"][..], &["config", "check"]] {
        let error = heyan.run(command).failed(2);
        assert!(
            error.contains("sms.default: production needs a real SMS channel"),
            "{error}"
        );
    }
    let error = Heyan::new()
        .run(&["serve", "--listen", "0.0.0.0:0"])
        .failed(2);
    assert!(
        error.contains("only with a password: set sandbox.password"),
        "{error}"
    );
}

#[test]
fn a_sandbox_clock_survives_a_restart_and_commands_go_by_it() {
    let heyan = Heyan::new();
    let serving = serve(&heyan);
    let address = serving.address;
    let body = r#"{"now": "2018-09-24T00:00:00+08:00"}"#;
    let reset = format!(
        "POST /sandbox/api/reset HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
        Connection: close\r\n\r\n{body}",
        body.len()
    );
    let answer = exchange(serving.connect(), &reset);
    assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
    serving.signal("TERM");
    assert_eq!(serving.end().0, 0);

    heyan.run(&["provider", "add", "then"]).done();
    let listed = heyan.run(&["provider", "list"]).done();
    assert!(
        listed.lines().all(|line| line.contains("2018-09-24T00:0")),
        "{listed}"
    );
    let serving = serve(&heyan);
    assert!(
        serving
            .get("/sandbox/api/clock")
            .contains("2018-09-24T00:0")
    );
}
