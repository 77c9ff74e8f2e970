//! One side: started with its database, or found where it runs.

use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::context::{Context, Progress};
use super::database::local::free_port;
use super::database::{SideDatabase, Twin, program_name};
use super::error::{Cause, ProvisionError};
use super::output::{Destination, open_log};
use super::process::{Orphan, Process, describe};
use super::ready::Readiness;
use super::secret::Redactions;
use crate::http::Origin;
use crate::plan::{Side, SideKind, Stack, Transport};
use crate::role::Role;

/// How long a side may take to finish what it is doing.
const STOP: Duration = Duration::from_secs(10);
/// A command is given a free port so often. Another program may take it before the side does.
const PORTS: usize = 3;
/// How a bundled side tells where it listens.
const LISTENING: &str = "listening on http://";
/// Filled in with the database's URL.
const DATABASE_URL: &str = "{{database_url}}";
/// Filled in with a free port.
const PORT: &str = "{{port}}";

/// A side that answers.
#[derive(Debug, Clone)]
pub struct RunningSide {
    /// Which of the two.
    pub role: Role,
    /// Scheme, host and port, without a trailing slash.
    pub base_url: String,
    /// The same, ready to be spoken to.
    pub origin: Origin,
    /// As the plan says that it is spoken to.
    pub transport: Transport,
    /// For reports: `bundled, stack async`.
    pub words: String,
    /// Of the process that was started (its group's leader); `None` for a URL.
    pub pid: Option<u32>,
    /// Where its pool metrics are.
    pub metrics_url: Option<String>,
    /// Which mapping of metric names applies there.
    pub metrics_names: Option<String>,
    /// Its database, if the harness made it.
    pub database: Option<SideDatabase>,
}

/// A side and the process behind it.
pub(super) struct Started {
    pub(super) running: RunningSide,
    process: Option<Process>,
}

/// Whether the harness makes a database for this side.
pub(super) fn needs_database(side: &Side) -> bool {
    match &side.kind {
        SideKind::Bundled { .. } => true,
        SideKind::Url { .. } => false,
        SideKind::Command { command, env, .. } => {
            command.iter().chain(env.iter().map(|(_, value)| value)).any(|text| text.contains(DATABASE_URL))
        }
    }
}

/// Whether the harness starts this side, and so can start it again.
pub(super) const fn is_started_by_us(side: &Side) -> bool {
    !matches!(side.kind, SideKind::Url { .. })
}

impl Started {
    /// Starts a side and waits until it answers.
    pub(super) async fn start(
        role: Role,
        side: &Side,
        twin: Option<Twin>,
        context: &Context,
        progress: Progress<'_>,
    ) -> Result<Self, ProvisionError> {
        let begun = Instant::now();
        let (transport, by_any, timeout) = (&side.transport, side.ready_by_any, side.ready_timeout);
        let readiness = Readiness { role, transport, by_any, begun, timeout };
        let launch = Launch { role, twin: twin.as_ref(), context };
        let mut tries = 0;
        let (base_url, process, origin) = loop {
            tries += 1;
            let (base_url, mut process) = match &side.kind {
                SideKind::Url { url } => (url.trim_end_matches('/').to_owned(), None),
                SideKind::Bundled { stack, defects, args } => {
                    let mut process = launch.bundled(*stack, defects, args)?;
                    let address = readiness.wait_for_announcement(&mut process).await?;
                    (format!("http://{}", address.trim().trim_end_matches('/')), Some(process))
                }
                SideKind::Command { command, env, dir } => {
                    let port = free_port().map_err(|error| launch.failed("a free port", error))?;
                    let process = launch.command(command, env, dir.as_deref(), port)?;
                    (format!("http://127.0.0.1:{port}"), Some(process))
                }
            };
            // Apart, for what a handshake needs is much.
            let ready = Box::pin(readiness.wait_for(&base_url, &side.ready, process.as_mut())).await;
            match ready {
                Ok(origin) => break (base_url, process, origin),
                Err(error) if tries < PORTS && error.is_of_a_port() => {
                    progress(format!("{role}: its port was in use, starting it with another"));
                }
                Err(error) => return Err(error),
            }
        };
        let pid = process.as_ref().map(Process::pid);
        progress(format!("{role}: ready at {base_url} after {:.1}s", begun.elapsed().as_secs_f64()));
        let running = RunningSide {
            role,
            words: words(&side.kind),
            pid,
            metrics_url: side.metrics.as_ref().map(|metrics| join(&base_url, &metrics.path)),
            metrics_names: side.metrics.as_ref().map(|metrics| metrics.names.clone()),
            database: twin.map(|twin| twin.database),
            transport: side.transport.clone(),
            base_url,
            origin,
        };
        Ok(Self { running, process })
    }

    /// An error if the process that was started has ended.
    pub(super) fn check_alive(&mut self) -> Result<(), ProvisionError> {
        let Some(process) = &mut self.process else { return Ok(()) };
        let Some(status) = process.exited() else { return Ok(()) };
        let last_lines = process.output().final_lines();
        Err(ProvisionError::SideDied { role: self.running.role, status: describe(status), last_lines })
    }

    /// Ends the process in order. Returns what went wrong on the way.
    pub(super) async fn stop(self) -> Option<String> {
        let role = self.running.role;
        let stopped = self.process?.stop(&[(Signal::TERM, STOP)]).await;
        (!stopped).then(|| format!("side `{role}` did not end within {}s of SIGTERM and was killed", STOP.as_secs()))
    }
}

/// What is known of a process before it is started.
struct Launch<'a> {
    role: Role,
    twin: Option<&'a Twin>,
    context: &'a Context,
}

impl Launch<'_> {
    fn bundled(&self, stack: Stack, defects: &[String], args: &[String]) -> Result<Process, ProvisionError> {
        let mut command = Command::new(&self.context.options.executable);
        command.args(["serve", "--stack", stack.name(), "--listen", "127.0.0.1:0", "--exit-with-stdin"]);
        command.args(defects.iter().flat_map(|defect| ["--defect", defect])).args(args);
        if let Some(twin) = self.twin {
            command.env("DATABASE_URL", twin.url.expose());
        }
        self.spawn(command, Orphan::EndsByItself, Some(LISTENING))
    }

    fn command(
        &self,
        words: &[String],
        env: &[(String, String)],
        dir: Option<&std::path::Path>,
        port: u16,
    ) -> Result<Process, ProvisionError> {
        let filled: Vec<String> = words.iter().map(|word| self.fill_in(word, port)).collect();
        let Some((program, arguments)) = filled.split_first() else {
            return Err(self.failed("", Cause::from("the command is empty")));
        };
        let mut command = Command::new(program);
        command.args(arguments).envs(env.iter().map(|(name, value)| (name, self.fill_in(value, port))));
        if let Some(dir) = dir {
            command.current_dir(dir);
        }
        self.spawn(command, Orphan::IsKilled, None)
    }

    fn fill_in(&self, text: &str, port: u16) -> String {
        let url = self.twin.map_or("", |twin| twin.url.expose());
        text.replace(PORT, &port.to_string()).replace(DATABASE_URL, url)
    }

    fn spawn(
        &self,
        command: Command,
        orphan: Orphan,
        announcement: Option<&'static str>,
    ) -> Result<Process, ProvisionError> {
        let path = self.context.log(self.role.name());
        let log = open_log(&path).map_err(|source| ProvisionError::Files {
            doing: "cannot write to",
            path: path.clone(),
            source,
        })?;
        let show_as = (self.context.options.show_output == Some(self.role)).then(|| self.role.name());
        let redactions = self.redactions();
        let program = command.get_program().to_string_lossy().into_owned();
        let destination = Destination { log: Some(log), show_as, redactions, announcement };
        Process::spawn(command, orphan, destination).map_err(|error| self.failed(&program, error))
    }

    /// What nobody may see of what the process says.
    fn redactions(&self) -> Redactions {
        self.twin.map_or_else(Redactions::default, Twin::redactions).and(&self.context.redactions)
    }

    fn failed(&self, program: &str, cause: impl Into<Cause>) -> ProvisionError {
        let program = self.redactions().redact(program);
        ProvisionError::SideStart { role: self.role, program, source: cause.into() }
    }
}

fn words(kind: &SideKind) -> String {
    match kind {
        SideKind::Bundled { stack, defects, .. } if defects.is_empty() => format!("bundled, stack {}", stack.name()),
        SideKind::Bundled { stack, defects, .. } => {
            format!("bundled, stack {}, defects {}", stack.name(), defects.join(" "))
        }
        SideKind::Url { url } => format!("url {}", without_credentials(url)),
        SideKind::Command { command, .. } => {
            format!("command {}", command.first().map(|program| program_name(program)).unwrap_or_default())
        }
    }
}

fn without_credentials(url: &str) -> String {
    let Ok(mut url) = reqwest::Url::parse(url) else { return "(unreadable)".to_owned() };
    // Only URLs that can have credentials refuse to lose them.
    let _ = (url.set_username(""), url.set_password(None));
    url.as_str().trim_end_matches('/').to_owned()
}

fn join(base_url: &str, path: &str) -> String {
    format!("{base_url}/{}", path.trim_start_matches('/'))
}
