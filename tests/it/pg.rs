//! A real PostgreSQL for the tests: each gets a database of its own in one throw-away cluster, which the first test
//! process starts and a small watchdog stops once no test process is left. `HEYAN_TEST_POSTGRES=postgres://…` names
//! another server (its user may create databases).

use std::{
    fs::File,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use sqlx::{Connection, PgConnection};

/// An empty database, dropped with the value.
pub struct Database {
    pub url: String,
    name: String,
}

impl Database {
    pub async fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = tokio::task::spawn_blocking(server).await.unwrap();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("heyan_test_{}_{number}", std::process::id());
        admin(&server, format!("CREATE DATABASE {name}")).await;
        Self {
            url: format!("{server}/{name}"),
            name,
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // a test's runtime cannot be waited for inside `drop`
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(admin(&server(), drop));
        });
        let _ = thread.join();
    }
}

/// Waits until a query about the server's own state says true, for 30 s at most: what goes on there begins and ends by itself,
/// however long a busy machine takes.
pub async fn becomes(url: &str, sql: &'static str) -> bool {
    let mut connection = PgConnection::connect(url).await.unwrap();
    for _ in 0..3000 {
        let is: bool = sqlx::query_scalar(sql)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        if is {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

/// Returns once a transaction of this database waits for another's lock.
pub async fn somebody_waits_for_a_lock(url: &str) {
    const WAITS: &str = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity \
        WHERE datname = current_database() AND wait_event_type = 'Lock')";
    assert!(becomes(url, WAITS).await, "nobody waits");
}

async fn admin(server: &str, sql: String) {
    let mut connection = PgConnection::connect(&format!("{server}/postgres"))
        .await
        .unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(&mut connection)
        .await
        .unwrap();
}

/// `postgres://user@host:port`, without a database.
#[expect(clippy::disallowed_methods, reason = "a test's own setting")]
fn server() -> String {
    static SERVER: OnceLock<String> = OnceLock::new();
    SERVER
        .get_or_init(|| match std::env::var("HEYAN_TEST_POSTGRES") {
            Ok(url) => {
                let scheme = url.find("://").expect("HEYAN_TEST_POSTGRES: postgres://…") + 3;
                let end = url[scheme..]
                    .find('/')
                    .map_or(url.len(), |slash| scheme + slash);
                url[..end].to_owned()
            }
            Err(_) => Cluster::find().join(),
        })
        .clone()
}

/// The cluster that all test processes of this checkout share. In the temporary directory: PostgreSQL does not run as
/// root, and its user may not be able to reach a checkout of root's; a socket's path is short, too.
struct Cluster {
    bin: PathBuf,
    folder: PathBuf,
}

impl Cluster {
    fn find() -> Self {
        let mut versions: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path().join("bin"))
            .filter(|bin| bin.join("initdb").exists())
            .collect();
        versions.sort();
        let bin = versions.pop().expect(
            "no PostgreSQL: apt-get install postgresql, or set HEYAN_TEST_POSTGRES=postgres://…",
        );
        let mut checkout = DefaultHasher::new();
        env!("CARGO_MANIFEST_DIR").hash(&mut checkout);
        let folder = std::env::temp_dir().join(format!("heyan-test-pg-{:016x}", checkout.finish()));
        Self { bin, folder }
    }

    /// Starts it unless it runs; in either case it stays for as long as this process lives.
    fn join(&self) -> String {
        std::fs::create_dir_all(&self.folder).unwrap();
        let users = File::create(self.folder.join("users")).unwrap();
        let starting = File::create(self.folder.join("starting")).unwrap();
        starting.lock().unwrap();
        // held to the end of the process; the watchdog stops the server when it gets this lock for itself
        users.lock_shared().unwrap();
        std::mem::forget(users);
        let port_file = self.folder.join("port");
        if !self.run("pg_ctl", &["status", "-D", "data"]) {
            let port = std::net::TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port();
            self.start(port);
            std::fs::write(&port_file, port.to_string()).unwrap();
        }
        let port = std::fs::read_to_string(port_file).unwrap();
        format!("postgres://postgres@127.0.0.1:{port}")
    }

    #[expect(
        clippy::zombie_processes,
        reason = "the watchdog is there to outlive this process"
    )]
    fn start(&self, port: u16) {
        // nothing in it is worth keeping
        let data = self.folder.join("data");
        if data.exists() {
            std::fs::remove_dir_all(&data).unwrap();
        }
        if is_root() {
            let owned = Command::new("chown")
                .arg("postgres")
                .arg(&self.folder)
                .status()
                .unwrap();
            assert!(owned.success());
        }
        assert!(
            self.run(
                "initdb",
                &[
                    "-D",
                    "data",
                    "-U",
                    "postgres",
                    "-A",
                    "trust",
                    "-E",
                    "UTF8",
                    "--locale=C.UTF-8",
                    "--no-sync"
                ]
            ),
            "initdb failed"
        );
        let options = format!(
            "-p {port} -k {} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=300 -c timezone=Asia/Shanghai",
            self.folder.display()
        );
        assert!(
            self.run(
                "pg_ctl",
                &["start", "-w", "-D", "data", "-l", "log", "-o", &options]
            ),
            "no start: see {}/log",
            self.folder.display()
        );
        let stop = self.command("pg_ctl", &["stop", "-D", "data", "-m", "immediate"]);
        let stop = std::iter::once(stop.get_program()).chain(stop.get_args());
        let stop: Vec<_> = stop
            .map(|word| format!("'{}'", word.to_str().unwrap()))
            .collect();
        std::fs::write(
            self.folder.join("stop"),
            format!("{}; rm -rf data", stop.join(" ")),
        )
        .unwrap();
        // 9: some test process still holds the lock
        let watchdog =
            "while sleep 10; do flock -n -E 9 -x users sh stop; [ $? -eq 9 ] || exit; done";
        Command::new("setsid")
            .args(["sh", "-c", watchdog])
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let program = self.bin.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.args(arguments).current_dir(&self.folder);
        command
    }

    fn run(&self, program: &str, arguments: &[&str]) -> bool {
        // the server must not keep the test's output open
        let mut command = self.command(program, arguments);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().unwrap().success()
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(Path::new("/proc/self")).is_ok_and(|own| own.uid() == 0)
}
