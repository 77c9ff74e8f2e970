//! Plans of small commands, and looking for what a run has left behind.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::plan::{Arrivals, Compare, Database, Load, Plan, Provider, Side, SideKind, Transport};
use crate::provision::database::local::find_programs;
use crate::provision::{Options, ProvisionError, Sides, start};
use crate::role::{Pair, Role};

/// The test below that is a server.
const SERVER: &str = "provision::tests::support::server";

/// What starts this very program as a server; a command of a plan, or a word list for a shell.
pub(super) fn this_program(test: &str) -> Vec<String> {
    let program = std::env::current_exe().expect("this program").display().to_string();
    [&program, "--ignored", "--exact", test, "--nocapture"].map(str::to_owned).to_vec()
}

/// Answers 200 to `/` and 404 to all else, on the port of the environment.
#[test]
#[ignore = "other tests start it as a side"]
fn server() {
    let Ok(port) = std::env::var("CUTOVER_TEST_PORT") else { return };
    let listener = std::net::TcpListener::bind(format!("127.0.0.1:{port}")).expect("a free port");
    println!("\nlistening on http://{}", listener.local_addr().expect("an address"));
    for mut stream in listener.incoming().flatten() {
        let mut request = [0; 4096];
        let length = stream.read(&mut request).unwrap_or(0);
        let status = if request[..length].starts_with(b"GET / ") { "200 OK" } else { "404 Not Found" };
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        // Whoever asked may have gone.
        let _ = stream.write_all(answer.as_bytes());
    }
}

/// A side that serves and has a database only if `wants_database`.
pub(super) fn file_server(wants_database: bool) -> Side {
    let words = this_program(SERVER);
    command(&words.iter().map(String::as_str).collect::<Vec<_>>(), wants_database)
}

/// A side that runs a shell script, in which `serve` is a server.
pub(super) fn shell(script: &str) -> Side {
    command(&["sh", "-c", &script.replace("serve", &serve())], false)
}

fn serve() -> String {
    this_program(SERVER).iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ")
}

pub(super) fn command(words: &[&str], wants_database: bool) -> Side {
    let url = |name: &str| (name.to_owned(), "{{database_url}}".to_owned());
    let mut env = if wants_database { vec![url("DATABASE_URL")] } else { Vec::new() };
    env.push(("CUTOVER_TEST_PORT".to_owned(), "{{port}}".to_owned()));
    let command = words.iter().map(ToString::to_string).collect();
    side(SideKind::Command { command, env, dir: Some(std::env::temp_dir()) })
}

pub(super) fn side(kind: SideKind) -> Side {
    Side {
        kind,
        ready: "/".to_owned(),
        ready_by_any: false,
        ready_timeout: Duration::from_secs(20),
        metrics: None,
        transport: Transport::default(),
    }
}

/// A plan of two sides; the template holds one table with two rows.
pub(super) fn plan(baseline: Side, candidate: Side, provider: Provider) -> Plan {
    Plan {
        name: "test".to_owned(),
        source: None,
        sides: Pair { baseline: Some(baseline), candidate: Some(candidate) },
        database: Database {
            provider,
            latency: Duration::ZERO,
            students: 0,
            setup: None,
            image: "postgres:17-alpine".to_owned(),
        },
        auth: None,
        flows: Vec::new(),
        contract: None,
        compare: Compare::default(),
        faults: None,
        load: Load {
            arrivals: Arrivals::Closed { users: 1 },
            ramp: None,
            pairs: 1,
            max_pairs: None,
            block: Duration::from_secs(1),
            settle: Duration::ZERO,
            parity: true,
            stop_early: true,
        },
        gates: Vec::new(),
        targets: Vec::new(),
        timeout: Duration::from_secs(1),
        seed: None,
        only: None,
        accepted: None,
        filled: Vec::new(),
    }
}

/// Two file servers with databases.
pub(super) fn plan_with_databases(provider: Provider) -> Plan {
    let mut plan = plan(file_server(true), file_server(true), provider);
    plan.database.setup = Some(setup());
    plan
}

fn setup() -> Vec<String> {
    let sql = "CREATE TABLE pupil (id int PRIMARY KEY, name text); INSERT INTO pupil VALUES (1, 'Ada'), (2, 'Alan')";
    ["psql", "--quiet", "--set", "ON_ERROR_STOP=1", "--command", sql, "{{database_url}}"].map(str::to_owned).to_vec()
}

/// The directory of a run, removed at the end of the test.
pub(super) struct Workplace(tempfile::TempDir);

impl Workplace {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    pub(super) fn options(&self) -> Options {
        let executable = PathBuf::from("/nonexistent/cutover");
        Options { show_output: None, work_dir: self.0.path().to_owned(), executable, seed: 1 }
    }

    /// The same with a script in the place of our own program: it says what it was started with and serves.
    pub(super) fn options_with_fake_executable(&self) -> Options {
        let options = self.options();
        let executable = options.work_dir.join("fake-cutover");
        std::fs::write(&executable, FAKE_EXECUTABLE.replace("SERVE", &serve())).expect("a script");
        std::fs::set_permissions(&executable, PermissionsExt::from_mode(0o755)).expect("permissions");
        Options { executable, ..options }
    }

    pub(super) fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join("logs").join(format!("{name}.log"))).expect("a log")
    }

    pub(super) async fn start(&self, plan: &Plan) -> Result<Sides, ProvisionError> {
        start(plan, self.options(), &|_| ()).await
    }
}

const FAKE_EXECUTABLE: &str = r#"#!/bin/sh
[ -n "$DATABASE_URL" ] || exit 9
echo arguments: "$@"
echo url $DATABASE_URL
CUTOVER_TEST_PORT=0 SERVE &
cat >/dev/null
kill $!
"#;

pub(super) fn pid_of(sides: &Sides, role: Role) -> u32 {
    sides.get(role).and_then(|side| side.pid).expect("a process")
}

/// Whether the process is there and not just waiting for its parent to notice its end.
pub(super) fn is_running(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// Processes, other than this one, whose command line holds `needle`.
pub(super) fn processes_with(needle: &str) -> Vec<u32> {
    let ids = std::fs::read_dir("/proc").expect("procfs").flatten();
    ids.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| *pid != std::process::id() && is_running(*pid))
        .filter(|pid| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(needle)
        })
        .collect()
}

/// Directories of a run that are still in `dir`.
pub(super) fn directories_of(run: &str, dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).expect("a directory").flatten();
    let prefix = format!("cutover-{run}-");
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix)).map(|entry| entry.path()).collect()
}

/// Containers of a run that are still there.
pub(super) fn containers_of(run: &str) -> String {
    containers_with(&format!("name=cutover-{run}-"))
}

/// Containers that a filter of `docker ps` lets through.
pub(super) fn containers_with(filter: &str) -> String {
    let output = Command::new("docker").args(["ps", "--all", "--quiet", "--filter", filter]).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

/// Fails if anything of the run is left.
pub(super) fn assert_nothing_left(run: &str) {
    let dir = std::env::temp_dir();
    let gone = || processes_with(&format!("cutover-{run}")).is_empty() && directories_of(run, &dir).is_empty();
    assert!(
        eventually(gone),
        "processes {:?}, directories {:?}",
        processes_with(&format!("cutover-{run}")),
        directories_of(run, &dir)
    );
    assert_eq!(containers_of(run), "");
}

/// Waits until something is so.
pub(super) fn eventually(mut so: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !so() {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

/// Providers of real servers that this machine has; what it lacks is named, and an error where all is demanded.
pub(super) fn server_providers() -> Vec<Provider> {
    let mut providers = Vec::new();
    if has(
        "PostgreSQL programs and psql",
        "CUTOVER_REQUIRE_POSTGRES",
        find_programs().is_ok() && runs("psql", "--version"),
    ) {
        providers.push(Provider::Local);
    }
    if has_docker() && runs("psql", "--version") {
        providers.push(Provider::Docker);
    }
    providers
}

pub(super) fn has_local() -> bool {
    server_providers().contains(&Provider::Local)
}

pub(super) fn has_docker() -> bool {
    let images = ["postgres:17-alpine", "cutover-postgres:local"];
    let there = images.iter().any(|image| {
        Command::new("docker").args(["image", "inspect", image]).output().is_ok_and(|output| output.status.success())
    });
    has("docker with a PostgreSQL image", "CUTOVER_REQUIRE_DOCKER", there)
}

fn has(what: &str, demanded_by: &str, there: bool) -> bool {
    let demanded = std::env::var_os(demanded_by).is_some_and(|value| value == "1");
    assert!(there || !demanded, "{demanded_by} is set, but this machine has no {what}");
    if !there {
        eprintln!("skipped: this machine has no {what}");
    }
    there
}

fn runs(program: &str, argument: &str) -> bool {
    Command::new(program).arg(argument).output().is_ok_and(|output| output.status.success())
}

/// What `sql` answers on a database.
pub(super) fn query(url: &str, sql: &str) -> String {
    let output = Command::new("psql").args(["--no-align", "--tuples-only", "--command", sql, url]).output();
    let output = output.expect("psql");
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Runs one ignored test of this program as a process of its own, for what cannot be done in this one.
pub(super) fn this_test_binary(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", test, "--ignored", "--nocapture", "--test-threads", "1"]);
    command
}
