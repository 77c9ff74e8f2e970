//! Which database, from one URL, and how its connections are opened.
//!
//! A target is shown by host and name only; the URL with its password is not kept.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use thiserror::Error;

const DEFAULT_APPLICATION_NAME: &str = "reference-service";

/// Which of the two databases is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// SQLite.
    Sqlite,
}

/// A database that connections can be opened to.
#[derive(Clone)]
pub(crate) enum Target {
    /// A PostgreSQL server.
    Postgres(Box<PgConnectOptions>),
    /// A SQLite file.
    Sqlite(Box<SqliteConnectOptions>),
}

/// Why a database URL is not one. Never quotes the URL, which may hold a password.
#[derive(Debug, Error)]
pub enum UrlError {
    /// Neither `postgres://` nor `sqlite://`.
    #[error("the database URL does not begin with `postgres://` or `sqlite://`")]
    Scheme,
    /// The rest cannot be read.
    #[error("the database URL cannot be read")]
    Malformed(#[source] sqlx::Error),
    /// A SQLite database in memory exists once per connection, which no pool can use.
    #[error("a SQLite database in memory cannot be shared by a pool")]
    InMemory,
}

impl Target {
    /// Reads a URL; `statement_timeout` is what PostgreSQL itself enforces.
    pub(crate) fn parse(url: &str, statement_timeout: Duration) -> Result<Self, UrlError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            postgres(url, statement_timeout)
        } else if url.starts_with("sqlite:") {
            sqlite(url)
        } else {
            Err(UrlError::Scheme)
        }
    }

    /// Which SQL it takes.
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Postgres(_) => Dialect::Postgres,
            Self::Sqlite(_) => Dialect::Sqlite,
        }
    }
}

fn postgres(url: &str, statement_timeout: Duration) -> Result<Target, UrlError> {
    let options = PgConnectOptions::from_str(url).map_err(UrlError::Malformed)?;
    let name = options.get_application_name().unwrap_or(DEFAULT_APPLICATION_NAME).to_owned();
    let timeout = format!("{}ms", statement_timeout.as_millis());
    let options = options.application_name(&name).options([("statement_timeout", timeout)]).disable_statement_logging();
    Ok(Target::Postgres(Box::new(options)))
}

fn sqlite(url: &str) -> Result<Target, UrlError> {
    if url.contains(":memory:") || url.contains("mode=memory") {
        return Err(UrlError::InMemory);
    }
    let options = SqliteConnectOptions::from_str(url)
        .map_err(UrlError::Malformed)?
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(Duration::from_secs(30))
        .pragma("cache_size", "-64000")
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging();
    Ok(Target::Sqlite(Box::new(options)))
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres(options) => {
                let database = options.get_database().unwrap_or(options.get_username());
                let socket = options.get_socket().map(|path| path.display().to_string());
                let place = socket.unwrap_or_else(|| options.get_host().to_owned());
                write!(formatter, "PostgreSQL {place}:{}/{database}", options.get_port())
            }
            Self::Sqlite(options) => {
                write!(formatter, "SQLite {}", options.get_filename().display())
            }
        }
    }
}
