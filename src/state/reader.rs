//! One side's database, whichever kind it is.

use std::collections::HashSet;
use std::str::FromStr;

use futures_util::stream::BoxStream;
use sqlx::Executor;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;

use super::catalogue::Catalogue;
use super::error::StateError;
use super::joined::{Joined, Row};
use super::{postgres, postgres_catalogue, sqlite, sqlite_catalogue};

/// A connection to one side's database.
pub(super) enum Reader {
    Postgres(Box<PgConnection>),
    Sqlite(Box<SqliteConnection>),
}

/// Rows of a table or of a chunk of it, and what they are as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fingerprint {
    pub(super) rows: u64,
    /// Equal for equal rows; `None`: too many rows to read all at once, nothing is known.
    pub(super) digest: Option<String>,
}

impl Fingerprint {
    /// Of no rows.
    pub(super) fn empty() -> Self {
        Self { rows: 0, digest: Some("0".to_owned()) }
    }

    /// Whether both are known and the same.
    pub(super) fn is_equal(&self, other: &Self) -> bool {
        self.digest.is_some() && self == other
    }
}

/// Rows by the first column of their key: from one bound, to another that is not in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
}

impl Range {
    /// The chunk with this number.
    pub(super) fn chunk(bounds: &[String], number: usize) -> Self {
        Self { from: number.checked_sub(1).and_then(|at| bounds.get(at)).cloned(), to: bounds.get(number).cloned() }
    }
}

impl Reader {
    pub(super) async fn connect(url: &str) -> Result<Self, StateError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Ok(Self::Postgres(Box::new(postgres::connect(url).await?)))
        } else if sqlx::sqlite::SqliteConnectOptions::from_str(url).is_ok() && url.starts_with("sqlite:") {
            Ok(Self::Sqlite(Box::new(sqlite::connect(url).await?)))
        } else {
            Err(StateError::Address)
        }
    }

    /// Sees the data as it is now, until [`Self::end`].
    pub(super) async fn begin(&mut self) -> Result<(), StateError> {
        match self {
            Self::Postgres(connection) => postgres::begin(connection).await,
            Self::Sqlite(connection) => connection.execute("BEGIN").await.map(drop).map_err(StateError::database),
        }
    }

    pub(super) async fn end(&mut self) -> Result<(), StateError> {
        let sql = "ROLLBACK";
        let done = match self {
            Self::Postgres(connection) => connection.execute(sql).await.map(drop),
            Self::Sqlite(connection) => connection.execute(sql).await.map(drop),
        };
        done.map_err(StateError::database)
    }

    pub(super) async fn catalogue(&mut self) -> Result<Catalogue, StateError> {
        match self {
            Self::Postgres(connection) => postgres_catalogue::read(connection).await,
            Self::Sqlite(connection) => sqlite_catalogue::read(connection).await,
        }
    }

    /// How many sessions of the side are doing something, as far as that can be seen, and a number that moves with
    /// every change.
    pub(super) async fn activity(&mut self) -> Result<(i64, String), StateError> {
        match self {
            Self::Postgres(connection) => postgres::activity(connection).await,
            Self::Sqlite(connection) => sqlite::activity(connection).await,
        }
    }

    /// Rows and checksum of each table; of tables with more rows than `most` perhaps the rows alone.
    pub(super) async fn fingerprints(&mut self, tables: &[&Joined], most: u64) -> Result<Vec<Fingerprint>, StateError> {
        match self {
            Self::Postgres(connection) => postgres::fingerprints(connection, tables).await,
            Self::Sqlite(connection) => sqlite::fingerprints(connection, tables, most).await,
        }
    }

    /// Where chunks of so many rows begin.
    pub(super) async fn bounds(&mut self, table: &Joined, every: u64) -> Result<Vec<String>, StateError> {
        match self {
            Self::Postgres(connection) => postgres::bounds(connection, table, every).await,
            Self::Sqlite(connection) => sqlite::bounds(connection, table, every).await,
        }
    }

    /// Rows and checksum of each chunk, one more than there are bounds.
    pub(super) async fn chunks(&mut self, table: &Joined, bounds: &[String]) -> Result<Vec<Fingerprint>, StateError> {
        match self {
            Self::Postgres(connection) => postgres::chunks(connection, table, bounds).await,
            Self::Sqlite(connection) => sqlite::chunks(connection, table, bounds).await,
        }
    }

    /// Rows in the order of the key.
    pub(super) fn rows(&mut self, table: &Joined, range: &Range) -> BoxStream<'_, Result<Row, StateError>> {
        match self {
            Self::Postgres(connection) => postgres::rows(connection, table, range),
            Self::Sqlite(connection) => sqlite::rows(connection, table, range),
        }
    }

    /// Which of these texts a column holds.
    pub(super) async fn present(
        &mut self,
        table: &Joined,
        column: usize,
        texts: &[String],
    ) -> Result<HashSet<String>, StateError> {
        let name = &table.columns[column].name;
        let found = match self {
            Self::Postgres(connection) => postgres::present(connection, &table.sql, name, texts).await,
            Self::Sqlite(connection) => sqlite::present(connection, &table.sql, name, texts).await,
        };
        found.map(HashSet::from_iter)
    }

    /// The sum of a column of whole numbers.
    pub(super) async fn sum(&mut self, table: &str, column: &str) -> Result<Option<String>, StateError> {
        match self {
            Self::Postgres(connection) => postgres::sum(connection, table, column).await,
            Self::Sqlite(connection) => sqlite::sum(connection, table, column).await,
        }
    }
}
