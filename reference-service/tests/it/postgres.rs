//! One PostgreSQL server for all tests of this binary, from the machine's own programs.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use reference_service::prepare;
use sqlx::{Connection, PgConnection};

use crate::support::SEED;

/// Ends with the pipe on its standard input, so the server never outlives the tests.
const SCRIPT: &str = r#"
trap '' INT
dir=$(mktemp -d) || exit 1
"$1/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >/dev/null || exit 1
"$1/pg_ctl" -D "$dir/data" -l "$dir/log" -w start \
    -o "-p $2 -k $dir -c listen_addresses=127.0.0.1 -c max_connections=400 -c fsync=off" >/dev/null || exit 1
echo ready
cat >/dev/null
"$1/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null
rm -rf "$dir"
"#;

struct Server {
    port: u16,
    /// Its standard input holds the server up.
    _child: Child,
}

static SERVER: OnceLock<Option<Server>> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The URL of a fresh, prepared database, or `None` where there is no PostgreSQL.
pub(crate) async fn database() -> Option<String> {
    let server = tokio::task::spawn_blocking(|| SERVER.get_or_init(start)).await.expect("start PostgreSQL");
    let Some(server) = server else {
        assert!(std::env::var_os("CUTOVER_REQUIRE_POSTGRES").is_none(), "PostgreSQL is required and missing");
        println!("skipped: PostgreSQL (no initdb and postgres on this machine)");
        return None;
    };
    let url = |name: &str| format!("postgres://postgres@127.0.0.1:{}/{name}", server.port);
    let name = format!("students_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    run(&url("postgres"), format!("CREATE DATABASE {name}")).await;
    prepare(&url(&name), &SEED).await.expect("prepare");
    Some(url(&name))
}

/// Runs one statement beside the service.
pub(crate) async fn run(url: &str, sql: String) {
    let mut connection = PgConnection::connect(url).await.expect("connect");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.expect("run");
    connection.close().await.expect("close");
}

/// Another program may take the port before the server does; then there is another.
fn start() -> Option<Server> {
    let programs = programs()?;
    (0..3).find_map(|_| start_once(&programs))
}

fn start_once(programs: &Path) -> Option<Server> {
    let port = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
    let mut child = shell(programs, port).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take()?).read_line(&mut line).ok()?;
    (line.trim() == "ready").then_some(Server { port, _child: child })
}

/// As root, PostgreSQL refuses to run: another user has to.
fn shell(programs: &Path, port: u16) -> Command {
    let root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    let mut command = Command::new(if root { "runuser" } else { "sh" });
    if root {
        command.args(["-u", "postgres", "--", "sh"]);
    }
    command.args(["-c", SCRIPT, "sh"]).arg(programs).arg(port.to_string()).current_dir("/");
    command
}

fn programs() -> Option<PathBuf> {
    let hidden = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = hidden.map(|entry| entry.path().join("bin")).collect();
    places.extend(std::env::split_paths(&on_path));
    places.into_iter().find(|place| place.join("initdb").exists() && place.join("postgres").exists())
}
