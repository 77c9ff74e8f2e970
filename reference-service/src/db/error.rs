//! What a database can answer instead of rows, in the few kinds that clients are told apart.
//!
//! The database's own words stay inside: they are logged, never sent.

use thiserror::Error;

/// Why a session could not do what it was asked.
#[derive(Debug, Error)]
pub(crate) enum DbError {
    /// No connection became free within the pool timeout.
    #[error("no connection became free within the pool timeout")]
    PoolTimeout,
    /// One operation took longer than the operation timeout.
    #[error("the operation took longer than its timeout")]
    OperationTimeout,
    /// The database is there but will not do it now (statement timeout, locks, too many clients).
    #[error("the database is busy")]
    Busy(#[source] sqlx::Error),
    /// The database is not there.
    #[error("the database cannot be reached")]
    Unavailable(#[source] sqlx::Error),
    /// A unique constraint refused the row; the constraint or column is named.
    #[error("a unique constraint refused the row")]
    Unique(String, #[source] sqlx::Error),
    /// A row that was referred to is missing.
    #[error("a row that was referred to is missing")]
    ForeignKey(#[source] sqlx::Error),
    /// Anything else: a mistake of the service.
    #[error("the statement failed")]
    Other(#[source] sqlx::Error),
}

impl DbError {
    /// Whether the connection cannot be used again after this.
    pub(crate) fn breaks_connection(&self) -> bool {
        matches!(self, Self::OperationTimeout | Self::Unavailable(_))
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        let sqlx::Error::Database(refusal) = &error else {
            return from_driver(error);
        };
        if refusal.is_unique_violation() {
            let constraint = refusal.constraint().unwrap_or(refusal.message()).to_owned();
            return Self::Unique(constraint, error);
        }
        if refusal.is_foreign_key_violation() {
            return Self::ForeignKey(error);
        }
        let code = refusal.code().unwrap_or_default().into_owned();
        let sqlite = refusal.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some();
        match if sqlite { sqlite_trouble(&code) } else { postgres_trouble(&code) } {
            Some(Trouble::Busy) => Self::Busy(error),
            Some(Trouble::Unavailable) => Self::Unavailable(error),
            None => Self::Other(error),
        }
    }
}

fn from_driver(error: sqlx::Error) -> DbError {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => DbError::Unavailable(error),
        other => DbError::Other(other),
    }
}

enum Trouble {
    Busy,
    Unavailable,
}

/// `SQLSTATE` classes, PostgreSQL manual, appendix A.
fn postgres_trouble(code: &str) -> Option<Trouble> {
    match code {
        // query_canceled (statement_timeout), lock_not_available, serialization_failure,
        // deadlock_detected, too_many_connections
        "57014" | "55P03" | "40001" | "40P01" | "53300" => Some(Trouble::Busy),
        // admin_shutdown, crash_shutdown, cannot_connect_now, database_dropped, invalid_catalog_name
        "57P01" | "57P02" | "57P03" | "57P04" | "3D000" => Some(Trouble::Unavailable),
        // class 08: connection exceptions
        other => other.starts_with("08").then_some(Trouble::Unavailable),
    }
}

/// Primary result codes are the low byte of SQLite's extended ones.
fn sqlite_trouble(code: &str) -> Option<Trouble> {
    match code.parse::<u32>().ok()? & 0xff {
        // SQLITE_BUSY, SQLITE_LOCKED
        5 | 6 => Some(Trouble::Busy),
        // SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_FULL, SQLITE_CANTOPEN, SQLITE_NOTADB
        10 | 11 | 13 | 14 | 26 => Some(Trouble::Unavailable),
        _ => None,
    }
}
