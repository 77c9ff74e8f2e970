//! A lock that is held on a side's database so that the side has to wait for it.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

use crate::provision::secret::Redactions;

/// Statements of the side that are under way may take so long to let us in.
const PATIENCE: Duration = Duration::from_secs(5);

/// As samplers call themselves, so that the lock is not counted among the side's sessions.
const APPLICATION: &str = "cutover-observer";

/// A lock. Dropping it closes its connection, which the database takes as the end of it; so does the end of the harness.
pub struct HeldLock(Held);

enum Held {
    Postgres(Box<PgConnection>),
    Sqlite(Box<SqliteConnection>),
}

/// Locks a table against reading and writing; on `SQLite` the whole file against writing.
///
/// # Errors
/// Why the database did not grant it, without secrets.
pub(in crate::provision) async fn lock(url: &str, table: &str) -> Result<HeldLock, String> {
    let taken = if url.starts_with("sqlite:") { file(url).await } else { server(url, table).await };
    taken.map(HeldLock).map_err(|error| {
        let mut redactions = Redactions::default();
        redactions.hide_url(url);
        redactions.redact(&error.to_string())
    })
}

async fn server(url: &str, table: &str) -> Result<Held, sqlx::Error> {
    let limit = PATIENCE.as_millis().to_string();
    let options = PgConnectOptions::from_str(url)?.options([("lock_timeout", limit.as_str())]);
    let options = options.application_name(APPLICATION).disable_statement_logging();
    let mut connection =
        tokio::time::timeout(PATIENCE, options.connect()).await.map_err(|_| sqlx::Error::PoolTimedOut)??;
    let order = format!("BEGIN; LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", quoted(table));
    connection.execute(AssertSqlSafe(order)).await?;
    Ok(Held::Postgres(Box::new(connection)))
}

async fn file(url: &str) -> Result<Held, sqlx::Error> {
    let options = SqliteConnectOptions::from_str(url)?.busy_timeout(PATIENCE).disable_statement_logging();
    let mut connection = options.connect().await?;
    connection.execute("BEGIN EXCLUSIVE").await?;
    Ok(Held::Sqlite(Box::new(connection)))
}

/// `public.students` → `"public"."students"`.
fn quoted(table: &str) -> String {
    let parts: Vec<String> = table.split('.').map(|part| format!("\"{}\"", part.replace('"', "\"\""))).collect();
    parts.join(".")
}

impl HeldLock {
    /// Gives the lock back and waits until the database has it. What fails ends with the connection.
    pub async fn release(self) {
        let released = async {
            match self.0 {
                Held::Postgres(mut connection) => {
                    let _ = connection.execute("ROLLBACK").await;
                    let _ = connection.close().await;
                }
                Held::Sqlite(mut connection) => {
                    let _ = connection.execute("ROLLBACK").await;
                    let _ = connection.close().await;
                }
            }
        };
        let _ = tokio::time::timeout(PATIENCE, released).await;
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_stays_a_name() {
        assert_eq!(super::quoted("public.students"), r#""public"."students""#);
        assert_eq!(super::quoted(r#"a"; DROP"#), r#""a""; DROP""#);
    }
}
