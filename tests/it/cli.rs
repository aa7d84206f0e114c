//! The command line, as a process: what it answers, where, and with which status.

mod database;
mod import;
mod keys;
mod serve;
mod sms;
mod staff;
mod workbook;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// A folder to work in, with nothing in it.
pub struct Heyan {
    folder: tempfile::TempDir,
    database: String,
}

/// What a command answered.
#[derive(Debug)]
pub struct Answer {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Answer {
    /// Status 0; what stands on stdout.
    #[track_caller]
    pub fn done(self) -> String {
        assert_eq!(self.status, 0, "{self:?}");
        self.stdout
    }

    /// A failure of this status with nothing on stdout; what stands on stderr.
    #[track_caller]
    pub fn failed(self, status: i32) -> String {
        assert_eq!((self.status, &*self.stdout), (status, ""), "{self:?}");
        assert!(!self.stderr.contains("panicked"), "{self:?}");
        self.stderr
    }
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Heyan {
    /// Its database is `heyan.db` in its folder.
    pub fn new() -> Self {
        Self::on("sqlite://heyan.db")
    }

    pub fn on(database: &str) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            database: database.to_owned(),
        }
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(file), text).unwrap();
    }

    pub fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.path(file)).unwrap()
    }

    pub fn url(&self) -> String {
        match self.database.strip_prefix("sqlite://") {
            Some(file) => format!("sqlite://{}", self.path(file).display()),
            None => self.database.clone(),
        }
    }

    /// A command that knows nothing of this machine's environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_heyan"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HEYAN_DATABASE_URL", &self.database)
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Answer {
        self.command(arguments).output().unwrap().into()
    }

    /// Adds a provider.
    pub fn with_provider(self) -> Self {
        self.run(&["provider", "add", "demo"]).done();
        self
    }
}

fn exists(path: &Path) -> bool {
    path.try_exists().unwrap()
}

#[test]
fn arguments_that_are_none_end_with_2() {
    let heyan = Heyan::new();
    for (arguments, expected) in [
        (
            &["dance"][..],
            "error: unrecognized subcommand 'dance'; heyan --help shows how\n",
        ),
        (
            &["policy", "--at"],
            "error: a value is required for '--at <TIME>' but none was supplied; heyan --help shows how\n",
        ),
        (
            &["provider", "add"],
            "error: the following required arguments were not provided: <NAME>; heyan --help shows how\n",
        ),
        (
            &["restore"],
            "error: the following required arguments were not provided: <FILE>; heyan --help shows how\n",
        ),
        (
            &["migrate", "now"],
            "error: unexpected argument 'now' found; heyan --help shows how\n",
        ),
        (
            &["polic"],
            "error: unrecognized subcommand 'polic'; tip: a similar subcommand exists: 'policy'; heyan --help shows how\n",
        ),
    ] {
        assert_eq!(heyan.run(arguments).failed(2), expected);
    }
    assert!(heyan.run(&[]).failed(2).contains("Usage: heyan"));
    let help = heyan.run(&["--help"]).done();
    for command in [
        "demo", "serve", "migrate", "policy", "provider", "import", "purge", "keys", "config",
        "backup", "restore",
    ] {
        assert!(
            help.contains(&format!("\n  {command} ")),
            "{command} in {help}"
        );
    }
    let version = heyan.run(&["--version"]).done();
    assert_eq!(version, format!("heyan {}\n", env!("CARGO_PKG_VERSION")));
    assert!(!exists(&heyan.path("heyan.db")), "nothing was opened");
}

#[test]
fn policy_shows_one_or_the_whole_timeline() {
    let heyan = Heyan::new();
    let at = |time| {
        let arguments = ["policy", "--province", "gansu", "--at", time];
        heyan.run(&arguments).done()
    };
    let pilot = at("2018-09-10T08:00+08:00");
    for line in [
        "province                gansu 甘肃省",
        "policy                  pilot-1",
        "from                    2017-12-18T09:00:00+08:00",
        "validity_hours          48",
        "noon_resend             yes",
    ] {
        assert!(pilot.contains(line), "{line} in {pilot}");
    }
    assert!(pilot.contains("source                  S0, S1; from: "));
    assert_eq!(
        at("2017-12-18T08:59:59+08:00"),
        "gansu: not covered at 2017-12-18T08:59:59+08:00\n"
    );
    assert!(at("2020-08-17T00:00+08:00").contains("nationwide"));

    let whole = heyan.run(&["policy"]).done();
    assert!(whole.lines().count() > 32 + 10, "{whole}");
    for place in ["national ", "beijing ", "xinjiang "] {
        assert!(whole.lines().any(|line| line.starts_with(place)), "{place}");
    }
    let gansu = heyan.run(&["policy", "--province", "gansu"]).done();
    assert_eq!(gansu.lines().count(), 3, "{gansu}");
    let then = heyan.run(&["policy", "--at", "2018-01-01T00:00Z"]).done();
    assert!(then.contains("beijing       not covered"), "{then}");

    let error = heyan.run(&["policy", "--province", "atlantis"]).failed(2);
    assert!(
        error
            .starts_with("error: --province: there is no province `atlantis`; there are beijing, ")
    );
    let error = heyan.run(&["policy", "--at", "yesterday"]).failed(2);
    assert_eq!(
        error,
        "error: --at: `yesterday` is not a time of RFC 3339, such as 2018-09-10T08:00+08:00\n"
    );
}

#[test]
fn secrets_that_nobody_could_read_are_told_lost() {
    let heyan = Heyan::new();
    let full = || Stdio::from(std::fs::File::create("/dev/full").unwrap());
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Stdio::from(writer)
    };
    heyan.write("password", "correct horse battery staple\n");
    let staff = ["staff", "add", "zhang", "--province", "gansu"];
    for (arguments, stdout, again) in [
        (
            &["provider", "add", "full"][..],
            full(),
            "heyan provider rotate 'full'",
        ),
        (
            &["provider", "rotate", "full"],
            closed(),
            "heyan provider rotate 'full'",
        ),
        (&staff, full(), "heyan staff reset 'zhang'"),
    ] {
        let password = std::fs::File::open(heyan.path("password")).unwrap();
        let mut command = heyan.command(arguments);
        let answer: Answer = command
            .stdin(password)
            .stdout(stdout)
            .output()
            .unwrap()
            .into();
        let error = answer.failed(1);
        assert!(
            error.contains("the secrets are lost") && error.contains(again),
            "{error}"
        );
    }
    assert!(heyan.run(&["provider", "list"]).done().contains("full"));
    assert!(heyan.run(&["staff", "list"]).done().contains("zhang"));
}

#[test]
fn the_provinces_of_the_configuration_are_used() {
    let heyan = Heyan::new();
    heyan.write("heyan.toml", "provinces = \"mine.toml\"\n");
    let error = heyan.run(&["policy"]).failed(2);
    assert!(
        error.starts_with("error: provinces: mine.toml: No such file"),
        "{error}"
    );
    heyan.write("mine.toml", "[national]\nbatch = 1\ncolour = 3\n");
    let error = heyan.run(&["config", "check"]).failed(2);
    assert!(
        error.starts_with("error: provinces: mine.toml: line 3: unknown field `colour`"),
        "{error}"
    );
    heyan.write("mine.toml", include_str!("../../provinces.toml"));
    heyan.run(&["policy"]).done();
}

#[test]
fn config_check_says_what_is_wrong_and_shows_no_secret() {
    let heyan = Heyan::new();
    let fine = heyan.run(&["config", "check"]).done();
    assert!(
        fine.starts_with("no heyan.toml here: built-in values: nothing wrong\n"),
        "{fine}"
    );
    heyan.write(
        "heyan.toml",
        "mode = \"sandbox\"\n[limits]\nper_phone = 3\nper_phone_per_day = -1\n",
    );
    let error = heyan.run(&["config", "check"]).failed(2);
    assert_eq!(error.lines().count(), 2, "{error}");
    assert!(
        error.contains("error: heyan.toml, line 3: limits.per_phone: unknown key"),
        "{error}"
    );
    assert!(
        error.contains("error: heyan.toml, line 4: limits.per_phone_per_day: must be"),
        "{error}"
    );

    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    heyan.write(
        "other.toml",
        format!("[keys]\nactive = \"k\"\nk = \"{key}\"\n[sandbox]\npassword = \"hunter2\"\n"),
    );
    let arguments = [
        "config",
        "check",
        "--config",
        "other.toml",
        "--database-url",
        "postgres://heyan:hunter3@db/heyan",
    ];
    let answer = heyan.run(&arguments);
    let shown = format!("{}{}", answer.stdout, answer.stderr);
    assert!(
        !shown.contains("hunter") && !shown.contains(&key[..12]),
        "{shown}"
    );
    assert!(
        answer.done().contains("postgres://heyan@db/heyan\n"),
        "{shown}"
    );
    assert!(!exists(&heyan.path("heyan.db")) && !exists(&heyan.path("heyan.keys")));
}

#[test]
fn providers_are_added_listed_rotated_and_revoked() {
    let heyan = Heyan::new();
    heyan.run(&["migrate"]).done();
    assert!(
        heyan
            .run(&["provider", "list"])
            .done()
            .starts_with("no providers yet")
    );
    let added = heyan.run(&["provider", "add", "云厂商"]);
    assert_eq!(added.stderr, "");
    let secrets = |text: String| {
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(lines[0].starts_with("api_key=hk_") && lines[0].len() == 8 + 3 + 43);
        assert!(lines[1].starts_with("webhook_secret=whsec_"));
        lines
    };
    let first = secrets(added.done());
    let error = heyan.run(&["provider", "add", "云厂商"]).failed(1);
    assert!(
        error.starts_with("error: there is a provider `云厂商` already"),
        "{error}"
    );
    let second = secrets(heyan.run(&["provider", "rotate", "云厂商"]).done());
    assert!(first[0] != second[0] && first[1] != second[1]);
    let error = heyan
        .run(&["provider", "add", "x", "--webhook", "http://example.cn"])
        .failed(2);
    assert!(
        error.starts_with("error: webhook_url must be https"),
        "{error}"
    );

    let listed = heyan.run(&["provider", "list"]).done();
    assert!(
        listed.contains("云厂商  active") || listed.contains("active  云厂商"),
        "{listed}"
    );
    assert!(!listed.contains("hk_") && !listed.contains("whsec_"));
    heyan.run(&["provider", "revoke", "云厂商"]).done();
    assert!(
        heyan
            .run(&["provider", "list"])
            .done()
            .contains("revoked 20")
    );
    for action in ["revoke", "rotate"] {
        let error = heyan.run(&["provider", action, "云厂商"]).failed(1);
        assert!(
            error.contains("there is no provider `云厂商` with access"),
            "{error}"
        );
    }
}
