//! One connection to either database, behind one set of methods.
//!
//! The SQL is the same text for both as far as it goes (`$1` placeholders work in both).

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{ConnectOptions, Connection as _, Executor, FromRow, SqlStr};
use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection};

use super::target::Target;
use super::value::Value;

/// A row type that both databases can fill.
pub(crate) trait Record:
    for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin + 'static
{
}

impl<T> Record for T where T: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin + 'static {}

/// An open connection.
pub(crate) enum Connection {
    /// To PostgreSQL.
    Postgres(Box<PgConnection>),
    /// To SQLite, which works on a thread of its own.
    Sqlite(Box<SqliteConnection>),
}

impl Connection {
    /// Opens a connection.
    pub(crate) async fn open(target: &Target) -> Result<Self, sqlx::Error> {
        match target {
            Target::Postgres(options) => Ok(Self::Postgres(Box::new(options.connect().await?))),
            Target::Sqlite(options) => Ok(Self::Sqlite(Box::new(options.connect().await?))),
        }
    }

    /// One round trip that says whether the connection still lives.
    pub(crate) async fn ping(&mut self) -> Result<(), sqlx::Error> {
        match self {
            Self::Postgres(connection) => connection.ping().await,
            Self::Sqlite(connection) => connection.ping().await,
        }
    }

    /// Runs SQL without parameters or rows, unprepared: one round trip.
    pub(crate) async fn command(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        match self {
            Self::Postgres(connection) => (&mut **connection).execute(sql).await.map(drop),
            Self::Sqlite(connection) => (&mut **connection).execute(sql).await.map(drop),
        }
    }

    /// Runs a statement and says how many rows it touched.
    pub(crate) async fn execute(&mut self, sql: SqlStr, values: &[Value]) -> Result<u64, sqlx::Error> {
        match self {
            Self::Postgres(connection) => {
                let done = postgres_query(sql, values).execute(&mut **connection).await?;
                Ok(done.rows_affected())
            }
            Self::Sqlite(connection) => {
                let done = sqlite_query(sql, values).execute(&mut **connection).await?;
                Ok(done.rows_affected())
            }
        }
    }

    /// Runs a statement and reads every row.
    pub(crate) async fn fetch_all<T: Record>(&mut self, sql: SqlStr, values: &[Value]) -> Result<Vec<T>, sqlx::Error> {
        match self {
            Self::Postgres(connection) => {
                let rows = postgres_query(sql, values).fetch_all(&mut **connection).await?;
                rows.iter().map(T::from_row).collect()
            }
            Self::Sqlite(connection) => {
                let rows = sqlite_query(sql, values).fetch_all(&mut **connection).await?;
                rows.iter().map(T::from_row).collect()
            }
        }
    }

    /// Says goodbye and closes.
    pub(crate) async fn close(self) {
        let closed = match self {
            Self::Postgres(connection) => connection.close().await,
            Self::Sqlite(connection) => connection.close().await,
        };
        if let Err(error) = closed {
            tracing::debug!(%error, "a connection did not close cleanly");
        }
    }
}

fn postgres_query(sql: SqlStr, values: &[Value]) -> Query<'static, Postgres, PgArguments> {
    values.iter().fold(sqlx::query(sql), |query, value| match value {
        Value::Int(number) => query.bind(*number),
        Value::Text(text) => query.bind(text.clone()),
        Value::Time(time) => query.bind(time.utc()),
    })
}

fn sqlite_query(sql: SqlStr, values: &[Value]) -> Query<'static, Sqlite, SqliteArguments> {
    values.iter().fold(sqlx::query(sql), |query, value| match value {
        Value::Int(number) => query.bind(*number),
        Value::Text(text) => query.bind(text.clone()),
        Value::Time(time) => query.bind(time.to_string()),
    })
}
