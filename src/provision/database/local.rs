//! `local`: a temporary server from the machine's own PostgreSQL programs.
//!
//! It is set up as a server for real use would be: nothing that makes it durable is switched off, since figures must mean
//! something. It listens on this machine only, on a free port, for whoever has the random password.

use std::ffi::OsString;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use super::postgres::Server;
use crate::provision::error::ProvisionError;
use crate::provision::guard::Guard;
use crate::provision::output::{Destination, open_log};
use crate::provision::process::{Orphan, Process, describe};
use crate::provision::secret::Redactions;

/// How long a new cluster or a start may take.
const START: Duration = Duration::from_mins(1);
/// How long a stop may take that waits for no client.
const HALT: Duration = Duration::from_secs(15);
/// Name of the superuser.
const USER: &str = "cutover";
/// Another program may take the port between choosing and listening; then another is chosen.
const PORTS_TRIED: usize = 3;

/// Stops the server in the directory `$1` and removes it; a server that is just being made ends when its files are gone.
const CLEAN_UP: &str = r#"
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
[ -z "$pid" ] || kill -s QUIT "$pid"
n=0
while [ -n "$pid" ] && kill -s 0 "$pid" && [ $n -lt 50 ]; do sleep 0.1; n=$((n + 1)); done
[ -z "$pid" ] || kill -s KILL "$pid"
n=0
while [ -e "$1" ] && [ $n -lt 20 ]; do rm -rf -- "$1"; sleep 0.2; n=$((n + 1)); done
"#;

/// A running server; dropping it stops it and removes its files.
pub(super) struct Cluster {
    // Dropped in this order: the server, its files, the guard over both.
    server: Running,
    dir: TempDir,
    _guard: Guard,
    bindir: PathBuf,
    log: PathBuf,
    /// The server's words may quote what it was told.
    redactions: Redactions,
    owner: Owner,
}

/// The server's process, stopped without a word to its clients when dropped.
struct Running(Option<Process>);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(process) = &mut self.0 {
            // SIGQUIT lets it remove its shared memory, which SIGKILL would leave behind.
            process.signal_and_wait(Signal::QUIT, Duration::from_secs(3));
        }
    }
}

impl Cluster {
    /// Makes a cluster, starts it and waits until it accepts connections. `log` is where the server's words go.
    pub(super) async fn start(
        bindir: &Path,
        password: &str,
        log: &Path,
        (run, redactions): (&str, &Redactions),
    ) -> Result<(Self, Server), ProvisionError> {
        let owner = Owner::find()?;
        let prefix = format!("cutover-{run}-postgres-");
        let dir =
            tempfile::Builder::new().prefix(&prefix).tempdir().map_err(|error| failed("making a directory", error))?;
        let guard = Guard::new(CLEAN_UP, [dir.path()]).map_err(|error| failed("starting a guard", error))?;
        owner.take(dir.path())?;
        let (bindir, log) = (bindir.to_owned(), log.to_owned());
        let redactions = redactions.clone();
        let mut cluster = Self { server: Running(None), dir, _guard: guard, bindir, log, redactions, owner };
        cluster.initialise(password).await?;
        let server = cluster.listen(password, run).await?;
        Ok((cluster, server))
    }

    /// Whether the server has ended by itself.
    pub(super) fn has_ended(&mut self) -> bool {
        self.server.0.as_mut().is_some_and(|process| process.exited().is_some())
    }

    /// Stops the server in order and removes its files. Returns what went wrong on the way.
    pub(super) async fn stop(mut self) -> Vec<String> {
        let mut warnings = Vec::new();
        let steps = [(Signal::INT, Duration::from_secs(15)), (Signal::QUIT, Duration::from_secs(5))];
        if let Some(process) = self.server.0.take()
            && !process.stop(&steps).await
        {
            warnings.push("the local PostgreSQL server did not stop when asked to and was killed".to_owned());
        }
        if let Err(error) = self.dir.close() {
            warnings.push(format!("the directory of the local PostgreSQL server could not be removed: {error}"));
        }
        warnings
    }

    /// Stops the server as an administrator would who does not wait for its clients.
    pub(super) async fn halt(&mut self) -> Result<(), ProvisionError> {
        let Some(process) = &mut self.server.0 else { return Ok(()) };
        process.ask(Signal::INT);
        if !process.ended_within(HALT).await {
            return Err(failed("stopping the server", format!("still running after {}s", HALT.as_secs())));
        }
        self.server = Running(None);
        Ok(())
    }

    /// Starts the server again where it was.
    pub(super) async fn resume(&mut self, server: &Server) -> Result<(), ProvisionError> {
        let (_, port) = server.endpoint();
        self.server = Running(Some(self.spawn(self.command(port))?));
        let ready = server.wait_until_ready(START, || self.has_ended()).await;
        ready.map_err(|error| error.with_log(self.last_lines()))
    }

    async fn initialise(&mut self, password: &str) -> Result<(), ProvisionError> {
        let file = self.dir.path().join("password");
        std::fs::write(&file, password).map_err(|error| failed("writing a file", error))?;
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600))
            .map_err(|error| failed("protecting a file", error))?;
        self.owner.take(&file)?;
        let mut command = self.owner.command(&self.bindir.join("initdb"), self.dir.path());
        command.arg("--pgdata").arg(self.data()).arg("--pwfile").arg(&file);
        command.args(["--username", USER, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"]);
        let mut initdb = self.spawn(command)?;
        let ended = initdb.ended_within(START).await;
        let lines = initdb.output().final_lines();
        match initdb.exited() {
            Some(status) if status.success() => {}
            Some(status) => return Err(failed("`initdb`", describe(status)).with_log(lines)),
            None => return Err(failed("`initdb`", format!("still running after {START:?}: {ended}")).with_log(lines)),
        }
        std::fs::remove_file(&file).map_err(|error| failed("removing a file", error))
    }

    async fn listen(&mut self, password: &str, run: &str) -> Result<Server, ProvisionError> {
        let mut last = None;
        for _ in 0..PORTS_TRIED {
            let port = free_port().map_err(|error| failed("choosing a port", error))?;
            self.server = Running(Some(self.spawn(self.command(port))?));
            let server = Server::new("local", &format!("postgres://{USER}:{password}@127.0.0.1:{port}/postgres"), run)?;
            match server.wait_until_ready(START, || self.has_ended()).await {
                Ok(()) => return Ok(server),
                Err(error) => last = Some(error.with_log(self.last_lines())),
            }
            if !self.has_ended() {
                break;
            }
        }
        Err(last.unwrap_or_else(|| failed("starting the server", "no port was tried")))
    }

    /// The server on a port.
    fn command(&self, port: u16) -> Command {
        let mut command = self.owner.command(&self.bindir.join("postgres"), self.dir.path());
        command.arg("-D").arg(self.data());
        for setting in settings(port) {
            command.arg("-c").arg(setting);
        }
        command
    }

    fn spawn(&self, command: Command) -> Result<Process, ProvisionError> {
        let program = command.get_program().to_string_lossy().into_owned();
        let log = open_log(&self.log).map_err(|error| failed("opening the server's log", error))?;
        let destination =
            Destination { log: Some(log), show_as: None, redactions: self.redactions.clone(), announcement: None };
        Process::spawn(command, Orphan::IsSeenToElsewhere, destination)
            .map_err(|error| failed(&format!("starting `{program}`"), error))
    }

    fn last_lines(&self) -> Vec<String> {
        self.server.0.as_ref().map(|process| process.output().final_lines()).unwrap_or_default()
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }
}

/// The newest server programs of this machine.
pub(in crate::provision) fn find_programs() -> Result<PathBuf, ProvisionError> {
    let in_path =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
    let known = in_path.into_iter().chain(debian_directories()).chain(asked_of_pg_config());
    known.into_iter().find(|dir| dir.join("initdb").is_file() && dir.join("postgres").is_file()).ok_or_else(|| {
        failed(
            "finding the server's programs",
            "no `initdb` in PATH, in /usr/lib/postgresql/*/bin or where `pg_config` points",
        )
        .with_hint("install the PostgreSQL server package, or use `--database sqlite`")
    })
}

/// Debian keeps them out of PATH, by major version; the newest first.
fn debian_directories() -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir("/usr/lib/postgresql") else { return Vec::new() };
    let mut versions: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, path)| path).collect()
}

fn asked_of_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
}

fn settings(port: u16) -> [String; 5] {
    [
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
        // No socket: a place that every user may enter is not needed.
        "unix_socket_directories=".to_owned(),
        "max_connections=200".to_owned(),
        "cluster_name=cutover".to_owned(),
    ]
}

/// A port that is free now.
pub(in crate::provision) fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The user who owns the server: PostgreSQL refuses to run as root.
struct Owner(Option<(u32, u32)>);

impl Owner {
    fn find() -> Result<Self, ProvisionError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self(None));
        }
        let users = std::fs::read_to_string("/etc/passwd").map_err(|error| failed("reading /etc/passwd", error))?;
        let found = ["postgres", "nobody"].into_iter().find_map(|name| user_ids(&users, name));
        match found {
            Some(ids) => Ok(Self(Some(ids))),
            None => Err(failed(
                "choosing a user",
                "PostgreSQL does not run as root, and there is neither `postgres` nor `nobody`",
            )),
        }
    }

    /// Hands a file or directory over.
    fn take(&self, path: &Path) -> Result<(), ProvisionError> {
        let Some((user, group)) = self.0 else { return Ok(()) };
        chown(path, Some(user), Some(group)).map_err(|error| failed("handing over a file", error))
    }

    /// A command that this user runs in `dir`, with nothing of our environment that would steer PostgreSQL.
    fn command(&self, program: &Path, dir: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(dir).env("LC_ALL", "C").env("TZ", "UTC");
        for (name, _) in std::env::vars_os().filter(|(name, _)| steers_postgres(name)) {
            command.env_remove(name);
        }
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
        command
    }
}

fn steers_postgres(name: &OsString) -> bool {
    name.to_string_lossy().starts_with("PG") || name == "DATABASE_URL"
}

/// User and group of a line of `/etc/passwd`.
fn user_ids(users: &str, name: &str) -> Option<(u32, u32)> {
    let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields[0] == name)?;
    Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
}

fn failed(doing: &str, error: impl std::fmt::Display) -> ProvisionError {
    ProvisionError::database("local", doing, error.to_string())
}
