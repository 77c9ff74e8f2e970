//! Reading an SQLite file: every value with its own type, in one read transaction. SQLite has no checksums; they are
//! made here, over the rows of a chunk at a time.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::str::FromStr;
use std::time::Duration;

use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row as _};

use super::error::StateError;
use super::joined::{Joined, Row};
use super::postgres::quote;
use super::reader::{Fingerprint, Range};
use crate::compare::rows::{Cell, Form};

/// How long a side may hold the file for itself.
const BUSY: Duration = Duration::from_secs(10);

/// Opens a file that is there; nothing is written through this connection.
pub(super) async fn connect(url: &str) -> Result<SqliteConnection, StateError> {
    let options = SqliteConnectOptions::from_str(url).map_err(|_| StateError::Address)?;
    let options = options.create_if_missing(false).busy_timeout(BUSY).pragma("query_only", "ON");
    SqliteConnection::connect_with(&options.disable_statement_logging()).await.map_err(StateError::database)
}

/// What others do cannot be seen, only whether they changed something.
pub(super) async fn activity(connection: &mut SqliteConnection) -> Result<(i64, String), StateError> {
    let version: i64 =
        sqlx::query_scalar("PRAGMA data_version").fetch_one(connection).await.map_err(StateError::database)?;
    Ok((0, version.to_string()))
}

/// Rows of each table, and a checksum where they are not more than `most`.
pub(super) async fn fingerprints(
    connection: &mut SqliteConnection,
    tables: &[&Joined],
    most: u64,
) -> Result<Vec<Fingerprint>, StateError> {
    let mut found = Vec::with_capacity(tables.len());
    for table in tables {
        let sql = format!("SELECT count(*) FROM {}", table.sql);
        let rows: i64 =
            sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *connection).await.map_err(StateError::database)?;
        let rows = rows.max(0) as u64;
        found.push(if rows <= most {
            chunk(connection, table, &Range::default()).await?
        } else {
            Fingerprint { rows, digest: None }
        });
    }
    Ok(found)
}

/// The first column of the key at every so-manieth row, as SQL writes it.
pub(super) async fn bounds(
    connection: &mut SqliteConnection,
    table: &Joined,
    every: u64,
) -> Result<Vec<String>, StateError> {
    let Some(key) = first_key(table) else { return Ok(Vec::new()) };
    let sql = format!(
        "SELECT quote(k) FROM (SELECT {key} AS k, row_number() OVER (ORDER BY {key}) AS n FROM {}) \
         WHERE n % {every} = 0 AND k IS NOT NULL GROUP BY k COLLATE BINARY ORDER BY k COLLATE BINARY",
        table.sql
    );
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(connection).await.map_err(StateError::database)
}

/// Rows and checksum of each chunk.
pub(super) async fn chunks(
    connection: &mut SqliteConnection,
    table: &Joined,
    bounds: &[String],
) -> Result<Vec<Fingerprint>, StateError> {
    let mut found = Vec::with_capacity(bounds.len() + 1);
    for number in 0..=bounds.len() {
        found.push(chunk(connection, table, &Range::chunk(bounds, number)).await?);
    }
    Ok(found)
}

/// Row by row: together rows may be longer than any text that SQLite makes.
async fn chunk(connection: &mut SqliteConnection, table: &Joined, range: &Range) -> Result<Fingerprint, StateError> {
    let compared: Vec<usize> = (0..table.columns.len()).filter(|at| !table.ignored[*at]).collect();
    let mut stream = cells(connection, table, &compared, range);
    let (mut rows, mut hasher) = (0, DefaultHasher::new());
    while let Some(row) = stream.try_next().await? {
        rows += 1;
        row.hash(&mut hasher);
    }
    Ok(Fingerprint { rows, digest: Some(hasher.finish().to_string()) })
}

/// Rows in the order of the key.
pub(super) fn rows<'c>(
    connection: &'c mut SqliteConnection,
    table: &Joined,
    range: &Range,
) -> BoxStream<'c, Result<Row, StateError>> {
    cells(connection, table, &(0..table.columns.len()).collect::<Vec<_>>(), range)
}

/// Some columns of rows in the order of the key.
fn cells<'c>(
    connection: &'c mut SqliteConnection,
    table: &Joined,
    columns: &[usize],
    range: &Range,
) -> BoxStream<'c, Result<Row, StateError>> {
    let names = columns.iter().map(|at| cell(&table.columns[*at].name)).collect::<Vec<_>>();
    let names = if names.is_empty() { "NULL".to_owned() } else { names.join(", ") };
    let sql = format!("SELECT {names} FROM {}{}{}", table.sql, condition(table, range), order(table));
    let count = columns.len();
    let row = move |row: SqliteRow| {
        let read = |at| row.try_get::<Option<Vec<u8>>, _>(at).map_err(StateError::database).map(typed);
        (0..count).map(read).collect()
    };
    let query = sqlx::query(AssertSqlSafe(sql));
    Box::pin(
        query.fetch(connection).map_err(StateError::database).and_then(move |found| std::future::ready(row(found))),
    )
}

/// Which of these texts a column holds. Bytes that are no text are none of them.
pub(super) async fn present(
    connection: &mut SqliteConnection,
    table: &str,
    column: &str,
    texts: &[String],
) -> Result<Vec<String>, StateError> {
    let name = quote(column);
    let sql = format!(
        "SELECT value FROM json_each(?1) WHERE value IN (SELECT CAST({name} AS TEXT) FROM {table} WHERE typeof({name}) <> 'blob')"
    );
    let texts = serde_json::Value::from(texts).to_string();
    let found: Vec<String> =
        sqlx::query_scalar(AssertSqlSafe(sql)).bind(texts).fetch_all(connection).await.map_err(StateError::database)?;
    Ok(found)
}

/// The sum of a column of whole numbers.
pub(super) async fn sum(
    connection: &mut SqliteConnection,
    table: &str,
    column: &str,
) -> Result<Option<String>, StateError> {
    let sql = format!("SELECT CAST(sum({}) AS TEXT) FROM {table}", quote(column));
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await.map_err(StateError::database)
}

/// A value as bytes, its type as the first of them. Text goes as bytes, because it may hold any.
fn cell(column: &str) -> String {
    let name = quote(column);
    format!(
        "CASE typeof({name}) WHEN 'null' THEN NULL WHEN 'text' THEN CAST('t' || {name} AS BLOB) \
         WHEN 'blob' THEN CAST('b' || hex({name}) AS BLOB) WHEN 'real' THEN CAST('r' || quote({name}) AS BLOB) \
         ELSE CAST('i' || {name} AS BLOB) END"
    )
}

fn typed(bytes: Option<Vec<u8>>) -> Cell {
    let Some(mut bytes) = bytes else { return Cell::null() };
    let form = match bytes.first() {
        Some(b't') => Form::Text,
        Some(b'b') => Form::Bytes,
        Some(b'r') => Form::Real,
        _ => Form::Integer,
    };
    bytes.drain(..1.min(bytes.len()));
    Cell::new(form, bytes)
}

fn condition(table: &Joined, range: &Range) -> String {
    let Some(key) = first_key(table) else { return String::new() };
    match (&range.from, &range.to) {
        (None, None) => String::new(),
        (None, Some(to)) => format!(" WHERE {key} < {to} OR {key} IS NULL"),
        (Some(from), None) => format!(" WHERE {key} >= {from}"),
        (Some(from), Some(to)) => format!(" WHERE {key} >= {from} AND {key} < {to}"),
    }
}

fn order(table: &Joined) -> String {
    let keys = table.key.iter().map(|at| key(table, *at)).collect::<Vec<_>>();
    if keys.is_empty() { String::new() } else { format!(" ORDER BY {}", keys.join(", ")) }
}

fn key(table: &Joined, column: usize) -> String {
    format!("{} COLLATE BINARY", quote(&table.columns[column].name))
}

fn first_key(table: &Joined) -> Option<String> {
    table.key.first().map(|at| key(table, *at))
}
