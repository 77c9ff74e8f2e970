//! What the tests of the whole share: the program in a place of its own, what it recorded, and what it left behind.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use serde_json::Value;
use tempfile::TempDir;

/// Steps of the smoke plan.
pub(crate) const SMOKE_STEPS: u64 = 78;

/// The program under test.
pub(crate) const CUTOVER: &str = env!("CARGO_BIN_EXE_cutover");

const SMOKE: &str = include_str!("../../scenarios/students-smoke.yaml");
/// The candidate of the smoke plan.
pub(crate) const CANDIDATE: &str = "candidate: { bundled: { stack: async } }";
/// The baseline of the smoke plan.
pub(crate) const BASELINE: &str = "baseline: { bundled: { stack: blocking } }";

/// Longest that anything may take; reached only when something is wrong.
const DEADLINE: Duration = Duration::from_secs(90);
/// Runs whose generator was disturbed by the machine are done again so often.
pub(crate) const TRIES: usize = 4;

/// Runs with load have the machine to themselves, as far as these tests are concerned.
static MACHINE: RwLock<()> = RwLock::new(());

/// Held while a program runs.
enum Share {
    Alone(#[expect(dead_code, reason = "held")] RwLockWriteGuard<'static, ()>),
    Together(#[expect(dead_code, reason = "held")] RwLockReadGuard<'static, ()>),
}

/// The smoke plan with parts of its text replaced.
pub(crate) fn smoke(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(SMOKE.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "`{from}` is not in the plan, or is there more than once");
        text.replace(from, to)
    })
}

/// The smoke plan with one pair of blocks of a second each, so that both sides are seen under load and no more.
pub(crate) fn short(changes: &[(&str, &str)]) -> String {
    let mut all = vec![("pairs: 2", "pairs: 1"), ("block: 2s", "block: 1s"), ("settle: 500ms", "settle: 200ms")];
    all.extend(changes);
    smoke(&all)
}

/// A candidate that is a shell script, which knows its database's address as `$URL`.
pub(crate) fn script(text: &str) -> String {
    format!(
        "candidate: {{ command: [sh, -c, '{text}', sh, '{{{{port}}}}'], env: {{ URL: '{{{{database_url}}}}' }}, \
         metrics: /metrics }}"
    )
}

/// A directory for one test: plans, the output directory `out`, and temporary files of the program in `tmp`.
pub(crate) struct Place(TempDir);

/// How the program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) pid: u32,
}

impl Place {
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("cutover-it-").tempdir().expect("a directory");
        fs::create_dir(dir.path().join("tmp")).expect("a directory");
        for open in [dir.path().to_owned(), dir.path().join("tmp")] {
            // The database server's user must get through.
            fs::set_permissions(open, PermissionsExt::from_mode(0o755)).expect("permissions");
        }
        Self(dir)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn out(&self) -> PathBuf {
        self.path().join("out")
    }

    /// Writes a file and returns its path.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.path().join(name);
        fs::write(&path, text).expect("a file");
        path.display().to_string()
    }

    /// The record that the last run left in `out`.
    pub(crate) fn record(&self) -> Value {
        let text = fs::read_to_string(self.out().join("run.json")).expect("run.json");
        serde_json::from_str(&text).expect("JSON")
    }

    /// The program in this place, with nothing in its environment that would steer it.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(CUTOVER);
        command.args(arguments).current_dir(self.path()).env("TMPDIR", self.path().join("tmp"));
        for name in ["CUTOVER_DATABASE", "DATABASE_URL", "RUST_LOG", "NO_COLOR"] {
            command.env_remove(name);
        }
        command
    }

    /// Starts the program; where it writes a run, that goes to `out`.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running<'_> {
        self.start_command(self.command(&with_out(arguments)), is_load(arguments))
    }

    fn start_command(&self, mut command: Command, alone: bool) -> Running<'_> {
        let share = if alone {
            Share::Alone(whole_machine())
        } else {
            Share::Together(MACHINE.read().unwrap_or_else(std::sync::PoisonError::into_inner))
        };
        let file = |name| fs::File::create(self.path().join(name)).expect("a file");
        let child = command.stdin(Stdio::null()).stdout(file("stdout")).stderr(file("stderr")).spawn();
        Running { place: self, child: child.expect("the program"), _share: share }
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).wait()
    }

    /// The same with variables in its environment.
    pub(crate) fn run_with(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Ended {
        let mut command = self.command(&with_out(arguments));
        command.envs(environment.iter().copied());
        self.start_command(command, is_load(arguments)).wait()
    }

    /// Runs another program to its end that in turn runs ours with load, in this place and with the machine to itself.
    pub(crate) fn run_program(&self, program: &[&str]) -> Ended {
        let mut command = self.command(&[]);
        let environment: Vec<_> =
            command.get_envs().map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned))).collect();
        command = Command::new(program[0]);
        command.args(&program[1..]).current_dir(self.path());
        for (name, value) in environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        self.start_command(command, true).wait()
    }

    /// Runs the program to its end, and once more where something else on the machine kept its generator from keeping
    /// time: that says nothing about the program, which says so itself and calls the run invalid.
    pub(crate) fn measure(&self, arguments: &[&str]) -> Ended {
        self.measure_with(&[], arguments)
    }

    /// The same with variables in its environment.
    pub(crate) fn measure_with(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Ended {
        for _ in 1..TRIES {
            let ended = self.run_with(environment, arguments);
            if !is_disturbed(&self.record()) {
                return ended;
            }
            println!("once more: the generator was disturbed");
            fs::remove_dir_all(self.out()).expect("removed");
        }
        self.run_with(environment, arguments)
    }

    /// Processes that were started for this place: by their environment, command line or working directory.
    pub(crate) fn processes(&self) -> Vec<String> {
        let ids = fs::read_dir("/proc").expect("procfs").flatten();
        ids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
            .filter(|pid| *pid != std::process::id() && is_running(*pid) && self.started(*pid))
            .map(|pid| format!("{pid}: {}", command_line(pid)))
            .collect()
    }

    fn started(&self, pid: u32) -> bool {
        let needle = self.path().as_os_str().as_encoded_bytes();
        let holds = |bytes: &[u8]| bytes.windows(needle.len()).any(|part| part == needle);
        let read = |name: &str| fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
        let directory = fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
        holds(&read("cmdline")) || holds(&read("environ")) || holds(directory.as_os_str().as_encoded_bytes())
    }

    /// Fails if anything that `pid` started is left, or soon is.
    pub(crate) fn assert_nothing_left(&self, pid: u32) {
        let files = || {
            let entries = fs::read_dir(self.path().join("tmp")).expect("a directory").flatten();
            entries.map(|entry| entry.path()).collect::<Vec<_>>()
        };
        let gone = || self.processes().is_empty() && files().is_empty() && containers(pid).is_empty();
        assert!(
            eventually(gone),
            "left: processes {:#?}, temporary files {:?}, containers {:?}",
            self.processes(),
            files(),
            containers(pid)
        );
    }
}

/// Held by a test that starts programs with load by itself. A lock that a failed test has poisoned still keeps programs
/// apart.
pub(crate) fn whole_machine() -> RwLockWriteGuard<'static, ()> {
    MACHINE.write().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn with_out<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    let mut all = arguments.to_vec();
    if arguments.first().is_some_and(|command| ["run", "verify", "load", "search"].contains(command)) {
        all.extend(["--out", "out"]);
        // Faults take their time and are the matter of tests of their own.
        if !arguments.contains(&"--faults") {
            all.extend(["--faults", "none"]);
        }
    }
    all
}

fn is_load(arguments: &[&str]) -> bool {
    ["run", "load", "search"].contains(&arguments[0])
}

/// Whether a run is invalid for no other reason than that the machine was busy with other things.
pub(crate) fn is_disturbed(record: &Value) -> bool {
    let codes: Vec<&Value> = list(&record["findings"])
        .iter()
        .filter(|finding| finding["severity"] == "invalid")
        .map(|finding| &finding["code"])
        .collect();
    !codes.is_empty() && {
        let busy = ["dispatch-lag", "arrivals-lost", "pairs-disturbed"].map(Value::from);
        codes.iter().all(|code| busy.contains(code))
    }
}

/// A program that was started. Dropping it kills it.
pub(crate) struct Running<'a> {
    place: &'a Place,
    child: Child,
    _share: Share,
}

impl Running<'_> {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn stderr(&self) -> String {
        fs::read_to_string(self.place.path().join("stderr")).expect("a file")
    }

    /// Waits until standard error has so many lines that hold `needle`, and returns them.
    pub(crate) fn lines(&mut self, needle: &str, count: usize) -> Vec<String> {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let text = self.stderr();
            let complete = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
            let found: Vec<String> = complete.lines().filter(|line| line.contains(needle)).map(str::to_owned).collect();
            if found.len() >= count {
                return found;
            }
            let ended = self.child.try_wait().expect("a status");
            assert!(ended.is_none() && Instant::now() < deadline, "`{needle}` was not said: {ended:?}\n{text}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Addresses at which the sides answer during the load: baseline, candidate. Only for `run`, which starts them three times: for the baseline on its own, for the replay, for the load.
    pub(crate) fn addresses_under_load(&mut self) -> [String; 2] {
        let lines = self.lines(": ready at http://", 6);
        let address = |role: &str| {
            let line = lines.iter().rfind(|line| line.trim_start().starts_with(role)).expect("a side");
            line.split("http://").nth(1).and_then(|rest| rest.split(' ').next()).expect("an address").to_owned()
        };
        [address("baseline"), address("candidate")]
    }

    /// Waits until each side has answered so many requests that went to its database under load.
    pub(crate) fn wait_for_load(&mut self, requests: u64) {
        let addresses = self.addresses_under_load();
        let so = || addresses.iter().all(|address| answered(address).is_some_and(|count| count >= requests));
        assert!(eventually(so), "no load reached the sides\n{}", self.stderr());
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw).expect("a process");
        rustix::process::kill_process(pid, signal).expect("a signal");
    }

    pub(crate) fn wait(mut self) -> Ended {
        let deadline = Instant::now() + DEADLINE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a status") {
                break status;
            }
            assert!(Instant::now() < deadline, "the program does not end\n{}", self.stderr());
            std::thread::sleep(Duration::from_millis(5));
        };
        let read = |name| fs::read_to_string(self.place.path().join(name)).expect("a file");
        Ended { code: status.code(), stdout: read("stdout"), stderr: read("stderr"), pid: self.child.id() }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // It has ended in most cases, and then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Requests that a reference service has answered with a connection of its pool.
fn answered(address: &str) -> Option<u64> {
    let metrics = get(address, "/metrics")?;
    let line = metrics.lines().find(|line| line.starts_with("db_client_connection_wait_time_seconds_count"))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// One answer as text, headers and all.
pub(crate) fn get(address: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    Some(text)
}

/// Waits until something is so.
pub(crate) fn eventually(so: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !so() {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

/// Whether the process is there and not just waiting for its parent to notice its end.
pub(crate) fn is_running(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

pub(crate) fn command_line(pid: u32) -> String {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).replace('\0', " ")
}

/// Processes whose parent is `pid`.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let ids = fs::read_dir("/proc").expect("procfs").flatten();
    ids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|child| {
            let stat = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
            let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse().ok());
            parent == Some(pid) && is_running(*child)
        })
        .collect()
}

/// Containers that a process has started; none where there is no docker.
fn containers(pid: u32) -> String {
    let filter = format!("label=cutover.process={pid}");
    let output = Command::new("docker").args(["ps", "--all", "--quiet", "--filter", &filter]).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

/// Servers that this machine has besides SQLite; what it lacks is named, and an error where all is demanded.
pub(crate) fn has_server(provider: &str) -> bool {
    let (there, demand) = match provider {
        "local" => (has_local(), "CUTOVER_REQUIRE_POSTGRES"),
        "docker" => (has_docker(), "CUTOVER_REQUIRE_DOCKER"),
        _ => (true, ""),
    };
    assert!(there || std::env::var_os(demand).is_none(), "{demand} is set, and the provider `{provider}` is not there");
    if !there {
        println!("skipped on `{provider}`: not on this machine");
    }
    there
}

fn has_local() -> bool {
    let mut directories: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    directories.extend(debian.map(|entry| entry.path().join("bin")));
    directories.iter().any(|directory| directory.join("initdb").is_file() && directory.join("postgres").is_file())
}

fn has_docker() -> bool {
    ["postgres:17-alpine", "cutover-postgres:local"].iter().any(|image| {
        let output = Command::new("docker").args(["image", "inspect", image]).output();
        output.is_ok_and(|output| output.status.success())
    })
}

/// The elements of a JSON array.
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Differences of a record that are of a class.
pub(crate) fn differences<'a>(record: &'a Value, class: &str) -> Vec<&'a Value> {
    list(&record["parity"]["differences"]).iter().filter(|difference| difference["class"] == class).collect()
}

/// Every file below a directory, with what is in it.
pub(crate) fn files(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(directory).expect("a path below").to_owned();
                found.push((name, fs::read(&path).expect("a file")));
            }
        }
    }
    found.sort();
    found
}
