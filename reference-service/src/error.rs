//! Why the service could not start, told so that the reader knows what to do next.

use std::error::Error;
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;

use thiserror::Error as ThisError;

use crate::db::UrlError;
use crate::prepare::PrepareError;

/// Why the service could not start, or stopped.
#[derive(Debug, ThisError)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address of `--listen`.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The URL is not one.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The database could not be prepared.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The database refuses, or is not there.
    #[error("cannot connect to {target}")]
    Connect {
        /// Which database, without its password.
        target: String,
        /// What it said.
        source: sqlx::Error,
    },
    /// The database has no schema.
    #[error("{target} does not hold the tables of this service")]
    NotMigrated {
        /// Which database, without its password.
        target: String,
        /// What it said.
        source: sqlx::Error,
    },
    /// The system refused something else: a temporary directory, a signal handler, the sockets.
    #[error("cannot {doing}")]
    System {
        /// What was refused.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl ServeError {
    /// What to try next.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => {
                Some("another process has that port; `--listen 127.0.0.1:0` takes a free one")
            }
            Self::Url(error) | Self::Prepare(PrepareError::Url(error)) => Some(url_hint(error)),
            Self::Connect { .. } | Self::Prepare(PrepareError::Connect { .. }) => {
                Some("check `--database-url` (or DATABASE_URL): host, port, user, password and database name")
            }
            Self::NotMigrated { .. } => Some("rerun with `--migrate`"),
            Self::Prepare(PrepareError::OtherSeed { .. }) => {
                Some("give that `--seed` and `--seed-students`, leave `--migrate` out, or use an empty database")
            }
            Self::Prepare(PrepareError::Migrate { .. } | PrepareError::Fill { .. }) => {
                Some("use an empty database that this user may create tables in")
            }
            Self::Listen { .. } | Self::System { .. } => None,
        }
    }

    /// The whole story: `error: …`, `  Caused by: …`, `hint: …`.
    pub fn explain(&self) -> String {
        let mut text = format!("error: {self}");
        let mut cause = self.source();
        while let Some(error) = cause {
            let message = error.to_string();
            // Some errors quote their cause already.
            if !text.ends_with(&message) {
                let _ = write!(text, "\n  Caused by: {message}");
            }
            cause = error.source();
        }
        if let Some(hint) = self.hint() {
            let _ = write!(text, "\nhint: {hint}");
        }
        text
    }
}

fn url_hint(error: &UrlError) -> &'static str {
    match error {
        UrlError::InMemory => "name a file: `--database-url sqlite:///tmp/students.db`",
        UrlError::Scheme | UrlError::Malformed(_) => {
            "write `postgres://user:password@host:5432/database` or `sqlite:///path/to/file.db`"
        }
    }
}
