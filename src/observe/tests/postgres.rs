//! The observer against a real PostgreSQL, and what watching costs.
//!
//! The server is a temporary one from the machine's own binaries. Without them the tests say so and pass, unless
//! `CUTOVER_REQUIRE_POSTGRES=1`.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::{Connection, Executor, PgConnection};

use super::endpoint::{Endpoint, Manner};
use super::mapping::OPENTELEMETRY;
use crate::observe::{DatabaseTarget, Observer, Record, Target};

/// A temporary server; it ends when it is dropped.
struct Server {
    process: Child,
    port: u16,
    _directory: tempfile::TempDir,
}

impl Server {
    /// `None`: this machine cannot run one.
    async fn start() -> Option<Self> {
        let server = Self::try_start().await;
        let required = std::env::var("CUTOVER_REQUIRE_POSTGRES").is_ok_and(|value| value == "1");
        assert!(server.is_some() || !required, "PostgreSQL is required but could not be started");
        if server.is_none() {
            eprintln!("skipped: no PostgreSQL server could be started (needs initdb and postgres)");
        }
        server
    }

    async fn try_start() -> Option<Self> {
        let bin = binaries()?;
        let directory = tempfile::Builder::new().prefix("cutover-observe-").tempdir().ok()?;
        let data = directory.path().join("data");
        std::fs::create_dir(&data).ok()?;
        let owner = ordinary_user();
        if let Some((user, group)) = owner {
            std::os::unix::fs::chown(directory.path(), Some(user), Some(group)).ok()?;
            std::os::unix::fs::chown(&data, Some(user), Some(group)).ok()?;
        }
        let mut initdb = command(&bin.join("initdb"), owner, directory.path());
        initdb.args(["-U", "postgres", "-A", "trust", "--no-sync", "-D"]).arg(&data);
        if !initdb.status().ok()?.success() {
            return None;
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
        let mut postgres = command(&bin.join("postgres"), owner, directory.path());
        postgres.args(["-h", "127.0.0.1", "-k", "", "-F", "-p", &port.to_string(), "-D"]).arg(&data);
        let server = Self { process: postgres.spawn().ok()?, port, _directory: directory };
        server.ready().await.then_some(server)
    }

    async fn ready(&self) -> bool {
        let until = Instant::now() + Duration::from_secs(30);
        while Instant::now() < until {
            if let Ok(connection) = PgConnection::connect(&self.url()).await {
                return connection.close().await.is_ok();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }

    fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn target(&self) -> DatabaseTarget {
        DatabaseTarget { url: self.url(), name: "postgres".to_owned() }
    }

    async fn connect(&self, application: &str) -> PgConnection {
        PgConnection::connect(&format!("{}?application_name={application}", self.url())).await.expect("a connection")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn binaries() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut places = std::env::split_paths(&path).chain(installed.map(|entry| entry.path().join("bin")));
    places.find(|place| place.join("initdb").is_file() && place.join("postgres").is_file())
}

/// The server refuses to run as root; then it runs as the user `postgres`.
fn ordinary_user() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let mut fields = users.lines().find(|line| line.starts_with("postgres:"))?.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

fn command(program: &Path, owner: Option<(u32, u32)>, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command
}

fn start(target: DatabaseTarget) -> Observer {
    let target = Target { database: Some(target), ..Target::default() };
    Observer::start(&target, Instant::now(), Duration::from_millis(50)).expect("an observer")
}

async fn stop(observer: Observer) -> Record {
    tokio::time::timeout(Duration::from_mins(1), observer.stop()).await.expect("an observer that ends")
}

#[tokio::test]
async fn the_sides_connections_are_told_apart_by_what_they_do() {
    let Some(server) = Server::start().await else { return };
    let mut holder = server.connect("side").await;
    holder.execute("CREATE TABLE t (id int)").await.expect("a table");
    holder.execute("BEGIN; LOCK TABLE t").await.expect("a lock");
    let mut waiter = server.connect("another name").await;
    let _ours = server.connect("cutover-observer").await;
    let observer = start(server.target());
    let wait = tokio::spawn(async move { waiter.execute("SELECT * FROM t").await.map(drop) });
    tokio::time::sleep(Duration::from_secs(2)).await;
    holder.execute("COMMIT").await.expect("a commit");
    wait.await.expect("a task").expect("an answer");
    let record = stop(observer).await;
    let database = &record.observations.database;
    let has = |connections, active, idle_in_transaction, waiting| {
        let rows = database.connections.iter().zip(&database.active).zip(&database.idle_in_transaction);
        rows.zip(&database.waiting)
            .any(|(((a, b), c), d)| (*a, *b, *c, *d) == (connections, active, idle_in_transaction, waiting))
    };
    assert!(has(2, 1, 1, 1), "{database:?}, {:?}", record.problems);
    assert!(record.database_totals.is_some_and(|totals| totals.commits.is_some() && totals.deadlocks == Some(0)));
    assert_eq!(record.observations.pool_source.as_deref(), Some("pg_stat_activity"));
}

#[tokio::test]
async fn the_connection_is_made_anew_after_a_failure() {
    let Some(server) = Server::start().await else { return };
    let observer = start(server.target());
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut admin = server.connect("admin").await;
    let killed = "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
                  WHERE application_name = 'cutover-observer'";
    let killed: i64 = sqlx::query_scalar(killed).fetch_one(&mut admin).await.expect("an answer");
    tokio::time::sleep(Duration::from_secs(2)).await;
    let record = stop(observer).await;
    assert_eq!(killed, 1, "one connection watches");
    assert_eq!(record.problems.len(), 1, "{:?}", record.problems);
    let database = &record.observations.database;
    assert_eq!(database.connections.first(), Some(&0), "the observer does not count itself: {database:?}");
    assert_eq!(database.connections.last(), Some(&1), "the admin came after the failure: {database:?}");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_a_problem_and_no_more() {
    let url = "postgres://u:hunter2@127.0.0.1:1/none".to_owned();
    let observer = start(DatabaseTarget { url, name: "none".to_owned() });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let record = stop(observer).await;
    assert!(record.observations.database.at_ms.is_empty() && record.database_totals.is_none());
    assert_eq!(record.problems.len(), 1);
    assert!(!format!("{record:?}").contains("hunter2"));
}

/// Prints the processor time of an observer's thread that watches an endpoint of 25 KiB, a process and a database,
/// first each alone, then all of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "a measurement, not a test"]
async fn cost_of_watching_one_side() {
    let Some(server) = Server::start().await else { return };
    let noise =
        "http_requests_seconds_bucket{path=\"/api/v1/students\",method=\"GET\",le=\"0.25\"} 12345\n".repeat(300);
    let endpoint = Endpoint::start(Manner::Says(noise + OPENTELEMETRY)).await;
    let metrics = Some((endpoint.url.clone(), "auto".to_owned()));
    let (pid, database) = (Some(std::process::id()), Some(server.target()));
    for (name, target) in [
        ("endpoint", Target { metrics: metrics.clone(), ..Target::default() }),
        ("process", Target { pid, ..Target::default() }),
        ("database", Target { database: database.clone(), ..Target::default() }),
        ("all", Target { metrics, pid, database }),
    ] {
        let observer = Observer::start(&target, Instant::now(), Duration::from_millis(100)).expect("an observer");
        tokio::time::sleep(Duration::from_secs(10)).await;
        let used = observer_thread_ms();
        let observations = stop(observer).await.observations;
        let rows = (observations.pool.at_ms.len(), observations.process.at_ms.len(), observations.database.at_ms.len());
        eprintln!("{name}: {used:.0} ms of processor time in 10 s; rows of pool, process, database: {rows:?}");
    }
}

/// Processor time of the one thread that observes.
fn observer_thread_ms() -> f64 {
    let myself = procfs::process::Process::myself().expect("our process");
    let observers =
        myself.tasks().expect("tasks").flatten().filter(|task| task.stat().is_ok_and(|stat| stat.comm == "observer"));
    observers.filter_map(|task| task.schedstat().ok()).map(|stat| stat.sum_exec_runtime as f64 / 1e6).sum()
}
