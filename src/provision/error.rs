//! What can go wrong while sides and databases come up, and what to try then.

use std::path::PathBuf;
use std::time::Duration;

use crate::http::OriginError;
use crate::role::Role;
use crate::units::format_duration;

/// A side or its environment could not be started, or died. Secrets are taken out before an error is made.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// A side answered no 2xx in time.
    #[error("side `{role}` was not ready after {}", format_duration(*.waited))]
    NotReady {
        /// Which side.
        role: Role,
        /// How long it was waited for.
        waited: Duration,
        /// The last try.
        source: Cause,
        /// The end of its output.
        last_lines: Vec<String>,
    },
    /// A side cannot be reached, however long it is waited for.
    #[error("side `{role}` cannot be reached")]
    Unreachable {
        /// Which side.
        role: Role,
        /// Why.
        source: OriginError,
    },
    /// The process ended before it answered.
    #[error("side `{role}` ended before it was ready")]
    SideExited {
        /// Which side.
        role: Role,
        /// Exit status or signal.
        status: String,
        /// The end of its output.
        last_lines: Vec<String>,
    },
    /// The process ended although nobody had asked it to.
    #[error("side `{role}` died during the run")]
    SideDied {
        /// Which side.
        role: Role,
        /// Exit status or signal.
        status: String,
        /// The end of its output.
        last_lines: Vec<String>,
    },
    /// The process could not be started at all.
    #[error("side `{role}` could not be started: `{program}`")]
    SideStart {
        /// Which side.
        role: Role,
        /// What was to be run.
        program: String,
        /// Why not.
        source: Cause,
    },
    /// A database provider failed.
    #[error("database provider `{provider}`: {doing}")]
    Database {
        /// `docker`, `local`, `sqlite` or `url`.
        provider: &'static str,
        /// What was being done.
        doing: String,
        /// Why it failed.
        source: Cause,
        /// The end of the server's log, if there is one.
        last_lines: Vec<String>,
        /// What to try.
        hint: Option<String>,
    },
    /// The plan's `database.setup` failed.
    #[error("`database.setup` failed: `{program}`")]
    Setup {
        /// The program of the command.
        program: String,
        /// Exit status, signal or why it could not be run.
        source: Cause,
        /// The end of its output.
        last_lines: Vec<String>,
    },
    /// The reference service could not migrate and fill the template.
    #[error("the reference service's database could not be prepared")]
    Prepare {
        /// Why not.
        source: Cause,
    },
    /// A file or directory of the harness itself.
    #[error("{doing} `{}`", path.display())]
    Files {
        /// What was being done.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl ProvisionError {
    /// Lines to print below the cause: how a process ended and what it said last.
    pub fn details(&self) -> Vec<String> {
        match self {
            Self::SideExited { status, last_lines, .. } | Self::SideDied { status, last_lines, .. } => {
                let mut details = vec![format!("the process ended with {status}{}", said(last_lines))];
                details.extend(last_lines.iter().map(|line| format!("| {line}")));
                details
            }
            Self::NotReady { last_lines, .. } | Self::Setup { last_lines, .. } | Self::Database { last_lines, .. } => {
                last_lines.iter().map(|line| format!("| {line}")).collect()
            }
            Self::Unreachable { .. } | Self::SideStart { .. } | Self::Prepare { .. } | Self::Files { .. } => Vec::new(),
        }
    }

    /// What to try next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::SideExited { role, last_lines, .. } if speaks_of_a_port(last_lines) => Some(format!(
                "side `{role}` found its port in use: leave the port to `{{{{port}}}}` in its command, or run again"
            )),
            Self::NotReady { role, .. } | Self::SideExited { role, .. } | Self::SideDied { role, .. } => {
                Some(format!("rerun with `--show-output {role}`"))
            }
            Self::Unreachable { source, .. } => source.hint().map(str::to_owned),
            Self::SideStart { .. } => Some("is the program in PATH, and may it be executed?".to_owned()),
            Self::Database { hint, .. } => hint.clone(),
            Self::Setup { .. } => Some("run the command by hand with a database URL of your own".to_owned()),
            Self::Prepare { .. } | Self::Files { .. } => None,
        }
    }

    /// Whether a side ended before it was ready because something else had its port.
    pub(super) fn is_of_a_port(&self) -> bool {
        matches!(self, Self::SideExited { last_lines, .. } if speaks_of_a_port(last_lines))
    }

    /// A provider's failure without a server log.
    pub(super) fn database(provider: &'static str, doing: impl Into<String>, cause: impl Into<Cause>) -> Self {
        Self::Database { provider, doing: doing.into(), source: cause.into(), last_lines: Vec::new(), hint: None }
    }

    /// The same with something to try.
    pub(super) fn with_hint(mut self, text: impl Into<String>) -> Self {
        if let Self::Database { hint, .. } = &mut self {
            *hint = Some(text.into());
        }
        self
    }

    /// The same with the end of the server's log.
    pub(super) fn with_log(mut self, lines: Vec<String>) -> Self {
        if let Self::Database { last_lines, .. } = &mut self {
            *last_lines = lines;
        }
        self
    }

    /// Message and causes on one line, for "tried that first, but …".
    pub(super) fn in_one_line(&self) -> String {
        use std::error::Error;
        let mut text = self.to_string();
        let mut source = self.source();
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        text
    }
}

fn said(last_lines: &[String]) -> String {
    last_lines.last().map(|line| format!("; its last line: `{line}`")).unwrap_or_default()
}

fn speaks_of_a_port(last_lines: &[String]) -> bool {
    last_lines.iter().any(|line| line.to_lowercase().contains("address already in use"))
}

/// Why something failed, as text from which secrets are gone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Cause(pub String);

impl From<String> for Cause {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Cause {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<std::io::Error> for Cause {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}
