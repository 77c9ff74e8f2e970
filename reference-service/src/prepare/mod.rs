//! Brings a database to the state that a run starts from: the schema, and data from a number.

mod data;

use std::time::Duration;

use sqlx::migrate::{Migrate, Migrator};
use sqlx::{AssertSqlSafe, FromRow};
use thiserror::Error;

use crate::db::{Connection, Target, UrlError, Value, values};

static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");
static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");

/// Which data a database is filled with. The same seed gives the same rows, ids and instants included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed {
    /// Any number; it decides what names, credits and so on the students have.
    pub number: u64,
    /// How many students there are.
    pub students: u64,
}

impl Default for Seed {
    fn default() -> Self {
        Self { number: 1, students: 5000 }
    }
}

/// Why a database could not be prepared.
#[derive(Debug, Error)]
pub enum PrepareError {
    /// The URL is not one.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The database refuses, or is not there.
    #[error("cannot connect to {target}")]
    Connect {
        /// Which database, without its password.
        target: String,
        /// What it said.
        source: sqlx::Error,
    },
    /// The schema could not be made.
    #[error("the migrations of {target} failed")]
    Migrate {
        /// Which database, without its password.
        target: String,
        /// What it said.
        source: sqlx::migrate::MigrateError,
    },
    /// The data could not be written.
    #[error("seeding {target} failed")]
    Fill {
        /// Which database, without its password.
        target: String,
        /// What it said.
        source: sqlx::Error,
    },
    /// The database was filled from another seed before.
    #[error("{target} already holds the data of seed {number} with {students} students")]
    OtherSeed {
        /// Which database, without its password.
        target: String,
        /// The number it was filled from.
        number: i64,
        /// How many students it was filled with.
        students: i64,
    },
}

/// Migrates and seeds the database of a URL. Does nothing to one that is prepared with this seed already.
pub async fn prepare(database_url: &str, seed: &Seed) -> Result<(), PrepareError> {
    let target = Target::parse(database_url, Duration::from_mins(1))?;
    let name = target.to_string();
    let opened = Connection::open(&target).await;
    let mut connection = opened.map_err(|source| PrepareError::Connect { target: name.clone(), source })?;
    let migrated = migrate(&mut connection).await;
    migrated.map_err(|source| PrepareError::Migrate { target: name.clone(), source })?;
    fill(&mut connection, seed, &name).await?;
    connection.close().await;
    Ok(())
}

async fn migrate(connection: &mut Connection) -> Result<(), sqlx::migrate::MigrateError> {
    match connection {
        Connection::Postgres(connection) => run(&POSTGRES, &mut **connection).await,
        Connection::Sqlite(connection) => run(&SQLITE, &mut **connection).await,
    }
}

async fn run<C: Migrate>(migrator: &Migrator, connection: &mut C) -> Result<(), sqlx::migrate::MigrateError> {
    migrator.run_direct(None, connection, false).await
}

#[derive(FromRow)]
struct Filled {
    number: i64,
    students: i64,
}

async fn fill(connection: &mut Connection, seed: &Seed, target: &str) -> Result<(), PrepareError> {
    let filled = filled(connection).await;
    let failed = |source| PrepareError::Fill { target: target.to_owned(), source };
    match filled.map_err(failed)? {
        Some(Filled { number, students }) if (number, students) != stored(seed) => {
            Err(PrepareError::OtherSeed { target: target.to_owned(), number, students })
        }
        Some(_) => Ok(()),
        None => insert_everything(connection, seed).await.map_err(failed),
    }
}

async fn filled(connection: &mut Connection) -> Result<Option<Filled>, sqlx::Error> {
    let sql = sqlx::SqlSafeStr::into_sql_str("SELECT number, students FROM seeds");
    Ok(connection.fetch_all(sql, &[]).await?.pop())
}

/// The seed as the `seeds` table keeps it.
fn stored(seed: &Seed) -> (i64, i64) {
    (seed.number.cast_signed(), seed.students.cast_signed())
}

async fn insert_everything(connection: &mut Connection, seed: &Seed) -> Result<(), sqlx::Error> {
    connection.command("BEGIN").await?;
    for table in data::tables(seed) {
        insert(connection, &table).await?;
    }
    let (number, students) = stored(seed);
    let sql = sqlx::SqlSafeStr::into_sql_str("INSERT INTO seeds (number, students) VALUES ($1, $2)");
    connection.execute(sql, &values![number, students]).await?;
    connection.command("COMMIT").await?;
    connection.command("ANALYZE").await
}

/// Inserts many rows per statement, but not too many: SQLite looks `$n` up by name, one after the other.
async fn insert(connection: &mut Connection, table: &data::Table) -> Result<(), sqlx::Error> {
    let rows_per_statement = 1_000 / table.columns.len();
    for rows in table.rows.chunks(rows_per_statement) {
        let sql = insert_sql(table, rows.len());
        let values: Vec<Value> = rows.concat();
        connection.execute(sqlx::SqlSafeStr::into_sql_str(AssertSqlSafe(sql)), &values).await?;
    }
    Ok(())
}

fn insert_sql(table: &data::Table, rows: usize) -> String {
    let width = table.columns.len();
    let row = |index: usize| {
        let parameters = (1..=width).map(|column| format!("${}", index * width + column));
        format!("({})", parameters.collect::<Vec<_>>().join(", "))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!("INSERT INTO {} ({}) VALUES {}", table.name, table.columns.join(", "), rows.join(", "))
}
