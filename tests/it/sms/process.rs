//! A program that a test starts: what it says is waited for, and it ends with the value.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::timeout,
};

/// A condition that has not come true by then never does.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// A child, and the lines that it says.
pub struct Process {
    child: Child,
    lines: UnboundedReceiver<String>,
    name: String,
}

/// Where a program says what a test waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Says {
    Out,
    Err,
}

impl Process {
    pub fn start(mut command: Command, says: Says) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::piped());
        let (stdout, stderr) = match says {
            Says::Out => (Stdio::piped(), Stdio::inherit()),
            Says::Err => (Stdio::null(), Stdio::piped()),
        };
        let child = command.stdout(stdout).stderr(stderr).spawn();
        let mut child = child
            .unwrap_or_else(|error| panic!("{name}: {error}; tests/run installs what is lacking"));
        let pipe: Box<dyn std::io::Read + Send> = match says {
            Says::Out => Box::new(child.stdout.take().unwrap()),
            Says::Err => Box::new(child.stderr.take().unwrap()),
        };
        let (to, lines) = unbounded_channel();
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines() {
                let Ok(line) = line else { return };
                if to.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines, name }
    }

    /// The next line; none: it has ended.
    pub async fn line(&mut self) -> Option<String> {
        timeout(PATIENCE, self.lines.recv())
            .await
            .unwrap_or_else(|_| panic!("{} says nothing more", self.name))
    }

    /// What it has said, without waiting.
    pub fn said(&mut self) -> Option<String> {
        self.lines.try_recv().ok()
    }

    /// The next line that holds this.
    pub async fn says(&mut self, part: &str) -> String {
        while let Some(line) = self.line().await {
            if line.contains(part) {
                return line;
            }
        }
        panic!("{} ended before it said `{part}`", self.name);
    }

    pub fn tell(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        writeln!(stdin, "{line}").unwrap();
        stdin.flush().unwrap();
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// As a power cut would.
    pub fn kill(&mut self) {
        // it may have ended by itself
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
