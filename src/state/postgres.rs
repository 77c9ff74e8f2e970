//! Reading a PostgreSQL database: every value as the text that its type is written as, in one frozen view of the data.

use std::str::FromStr;

use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Row as _};

use super::error::StateError;
use super::joined::{Joined, Row};
use super::reader::{Fingerprint, Range};
use crate::compare::rows::{Cell, Form};

/// What the harness calls itself, so that it does not take itself for the side.
pub(super) const APPLICATION: &str = "cutover-observer";
/// Tables whose fingerprints are taken by one statement.
const AT_ONCE: usize = 50;
/// How values are written, whatever the server's settings are: exact, and the same on both sides.
const SETTINGS: [(&str, &str); 9] = [
    ("TimeZone", "UTC"),
    ("DateStyle", "ISO"),
    ("IntervalStyle", "postgres"),
    ("extra_float_digits", "3"),
    ("bytea_output", "hex"),
    ("lc_monetary", "C"),
    // Nothing of the harness waits behind a side for ever.
    ("lock_timeout", "10s"),
    ("statement_timeout", "300s"),
    ("search_path", "pg_catalog"),
];

/// Connects past the delay.
pub(super) async fn connect(url: &str) -> Result<PgConnection, StateError> {
    let options = PgConnectOptions::from_str(url).map_err(|_| StateError::Address)?;
    let options = options.application_name(APPLICATION).options(SETTINGS).disable_statement_logging();
    PgConnection::connect_with(&options).await.map_err(StateError::database)
}

/// Begins to see the data as it is now.
pub(super) async fn begin(connection: &mut PgConnection) -> Result<(), StateError> {
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    connection.execute(begin).await.map(drop).map_err(StateError::database)
}

/// How many sessions of others are doing something, and a number that moves with every transaction that writes.
pub(super) async fn activity(connection: &mut PgConnection) -> Result<(i64, String), StateError> {
    let sql = "SELECT count(*), txid_snapshot_xmax(txid_current_snapshot())::text FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' \
               AND application_name <> 'cutover-observer' AND state <> 'idle'";
    sqlx::query_as(sql).fetch_one(connection).await.map_err(StateError::database)
}

/// Rows and checksum of each table. The sum of the rows' hashes does not depend on an order, so nothing is sorted.
pub(super) async fn fingerprints(
    connection: &mut PgConnection,
    tables: &[&Joined],
) -> Result<Vec<Fingerprint>, StateError> {
    let mut found = Vec::with_capacity(tables.len());
    for some in tables.chunks(AT_ONCE) {
        let one = |(at, table): (usize, &&Joined)| format!("SELECT {at}, {} FROM {}", checksum(table), table.sql);
        let sql = some.iter().enumerate().map(one).collect::<Vec<_>>().join(" UNION ALL ");
        let mut rows: Vec<(i32, i64, String)> =
            sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&mut *connection).await.map_err(StateError::database)?;
        rows.sort_by_key(|(at, _, _)| *at);
        found
            .extend(rows.into_iter().map(|(_, rows, sum)| Fingerprint { rows: rows.max(0) as u64, digest: Some(sum) }));
    }
    Ok(found)
}

/// The first column of the key at every so-manieth row: where chunks begin.
pub(super) async fn bounds(
    connection: &mut PgConnection,
    table: &Joined,
    every: u64,
) -> Result<Vec<String>, StateError> {
    let Some((key, _)) = first_key(table) else { return Ok(Vec::new()) };
    let sql = format!(
        "SELECT DISTINCT k::text COLLATE \"C\" FROM (SELECT {key} AS k, row_number() OVER (ORDER BY {key}) AS n FROM {}) AS numbered \
         WHERE n % {every} = 0 AND k IS NOT NULL",
        table.sql
    );
    let mut bounds: Vec<String> =
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(connection).await.map_err(StateError::database)?;
    if table.columns[table.key[0]].orders_by_value {
        bounds.sort_by_key(|bound| bound.parse::<i64>().unwrap_or(i64::MAX));
    } else {
        bounds.sort();
    }
    Ok(bounds)
}

/// Rows and checksum of each chunk: what is before the first bound, then from each bound to the next.
pub(super) async fn chunks(
    connection: &mut PgConnection,
    table: &Joined,
    bounds: &[String],
) -> Result<Vec<Fingerprint>, StateError> {
    let Some((key, kind)) = first_key(table) else { return Ok(Vec::new()) };
    let sql = format!(
        "SELECT coalesce(width_bucket({key}, $1::{kind}[]), 0), {} FROM {} GROUP BY 1",
        checksum(table),
        table.sql
    );
    let rows: Vec<(i32, i64, String)> = sqlx::query_as(AssertSqlSafe(sql.replace("$1", "$1::text[]")))
        .bind(bounds)
        .fetch_all(connection)
        .await
        .map_err(StateError::database)?;
    let mut found = vec![Fingerprint::empty(); bounds.len() + 1];
    for (at, rows, sum) in rows {
        let chunk = usize::try_from(at).ok().and_then(|at| found.get_mut(at));
        *chunk.ok_or(StateError::OutOfOrder)? = Fingerprint { rows: rows.max(0) as u64, digest: Some(sum) };
    }
    Ok(found)
}

/// Rows in the order of the key.
pub(super) fn rows<'c>(
    connection: &'c mut PgConnection,
    table: &Joined,
    range: &Range,
) -> BoxStream<'c, Result<Row, StateError>> {
    let cells = table.columns.iter().map(|column| format!("{}::text", quote(&column.name))).collect::<Vec<_>>();
    let order = table.key.iter().map(|at| format!("{} NULLS FIRST", key(table, *at))).collect::<Vec<_>>();
    let order = if order.is_empty() { String::new() } else { format!(" ORDER BY {}", order.join(", ")) };
    let (condition, values) = condition(table, range);
    let sql = format!("SELECT ARRAY[{}]::text[] FROM {}{condition}{order}", cells.join(", "), table.sql);
    let forms: Vec<Form> = table.columns.iter().map(|column| column.form).collect();
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for value in values {
        query = query.bind(value);
    }
    let row = move |row: PgRow| {
        let cells: Vec<Option<String>> = row.try_get(0).map_err(StateError::database)?;
        let cell = |(text, form): (Option<String>, &Form)| {
            text.map_or_else(Cell::null, |text| Cell::new(*form, text.into_bytes()))
        };
        Ok(cells.into_iter().zip(&forms).map(cell).collect())
    };
    Box::pin(
        query.fetch(connection).map_err(StateError::database).and_then(move |found| std::future::ready(row(found))),
    )
}

/// Which of these texts a column holds.
pub(super) async fn present(
    connection: &mut PgConnection,
    table: &str,
    column: &str,
    texts: &[String],
) -> Result<Vec<String>, StateError> {
    let name = quote(column);
    let sql = format!("SELECT DISTINCT {name}::text FROM {table} WHERE {name}::text = ANY($1)");
    sqlx::query_scalar(AssertSqlSafe(sql)).bind(texts).fetch_all(connection).await.map_err(StateError::database)
}

/// The sum of a column of whole numbers.
pub(super) async fn sum(
    connection: &mut PgConnection,
    table: &str,
    column: &str,
) -> Result<Option<String>, StateError> {
    let sql = format!("SELECT sum({})::text FROM {table}", quote(column));
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await.map_err(StateError::database)
}

fn condition(table: &Joined, range: &Range) -> (String, Vec<String>) {
    let Some((key, kind)) = first_key(table) else { return (String::new(), Vec::new()) };
    let bound = |number: usize| format!("(${number}::text)::{kind}");
    match (&range.from, &range.to) {
        (None, None) => (String::new(), Vec::new()),
        (None, Some(to)) => (format!(" WHERE {key} < {} OR {key} IS NULL", bound(1)), vec![to.clone()]),
        (Some(from), None) => (format!(" WHERE {key} >= {}", bound(1)), vec![from.clone()]),
        (Some(from), Some(to)) => {
            (format!(" WHERE {key} >= {} AND {key} < {}", bound(1), bound(2)), vec![from.clone(), to.clone()])
        }
    }
}

/// Number of rows, and the sum of their hashes over all that is compared.
fn checksum(table: &Joined) -> String {
    let compared = table.columns.iter().zip(&table.ignored).filter(|(_, ignored)| !**ignored);
    let cells = compared.map(|(column, _)| format!("{}::text", quote(&column.name))).collect::<Vec<_>>().join(", ");
    format!("count(*), coalesce(sum(hashtextextended(ROW({cells})::text COLLATE \"C\", 0)), 0)::text")
}

/// A column of the key as it is ordered by.
fn key(table: &Joined, column: usize) -> String {
    let column = &table.columns[column];
    let name = quote(&column.name);
    if column.orders_by_value { name } else { format!("{name}::text COLLATE \"C\"") }
}

/// The first column of the key, in brackets, and the type that its bounds have.
fn first_key(table: &Joined) -> Option<(String, &'static str)> {
    let first = *table.key.first()?;
    Some(if table.columns[first].orders_by_value {
        (format!("{}::bigint", quote(&table.columns[first].name)), "bigint")
    } else {
        (format!("({})", key(table, first)), "text")
    })
}

/// A name as SQL takes it for a name, whatever is in it.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
