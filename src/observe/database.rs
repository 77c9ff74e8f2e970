//! Sampler of a side's PostgreSQL database through a connection of its own, never through the side's pool.
//!
//! A sample that fails leaves no row. The connection is made anew after a failure, at growing distances.

use std::str::FromStr;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::time::timeout;

use super::grid::Grid;
use super::{DatabaseTarget, DatabaseTotals, Error};
use crate::record::DatabaseSeries;

/// What the samplers call themselves, so that they do not count themselves.
const APPLICATION: &str = "cutover-observer";
/// Longest wait before the connection is tried again.
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);

const ACTIVITY: &str = "
    SELECT count(*),
           count(*) FILTER (WHERE state = 'active'),
           count(*) FILTER (WHERE state LIKE 'idle in transaction%'),
           count(*) FILTER (WHERE wait_event_type = 'Lock')
    FROM pg_stat_activity
    WHERE datname = $1 AND pid <> pg_backend_pid() AND backend_type = 'client backend'
      AND application_name <> 'cutover-observer'";

/// Through JSON, because servers before 14 do not have the first two columns.
const TOTALS: &str = "
    SELECT (d->>'active_time')::float8, (d->>'idle_in_transaction_time')::float8,
           (d->>'xact_commit')::float8, (d->>'xact_rollback')::float8, (d->>'deadlocks')::float8
    FROM (SELECT to_jsonb(s) AS d FROM pg_stat_database s WHERE datname = $1) AS one";

/// Connections; of these active, idle in a transaction, waiting for a lock.
pub(crate) type Activity = (i64, i64, i64, i64);
type Totals = (Option<f64>, Option<f64>, Option<f64>, Option<f64>, Option<f64>);

/// Reads `pg_stat_activity` of one database.
pub(crate) struct Sampler {
    options: PgConnectOptions,
    name: String,
    connection: Option<PgConnection>,
    retry_at: Instant,
    backoff: Duration,
    grid: Grid,
    first_totals: Option<Totals>,
    /// One row per good sample.
    pub(crate) series: DatabaseSeries,
    /// The first failure in words.
    pub(crate) failure: Option<String>,
}

impl Sampler {
    /// Nothing is connected yet. A statement may take four intervals, a connection a second.
    pub(crate) fn new(target: &DatabaseTarget, grid: Grid) -> Result<Self, Error> {
        let options = PgConnectOptions::from_str(&target.url).map_err(|_| Error::DatabaseUrl)?;
        let limit = (grid.interval() * 4).as_millis().to_string();
        Ok(Self {
            options: options
                .application_name(APPLICATION)
                .options([("statement_timeout", limit.as_str()), ("lock_timeout", limit.as_str())])
                .disable_statement_logging(),
            name: target.name.clone(),
            connection: None,
            retry_at: Instant::now(),
            backoff: grid.interval(),
            grid,
            first_totals: None,
            series: DatabaseSeries::default(),
            failure: None,
        })
    }

    /// Samples at every mark, for ever. May be dropped at any await.
    pub(crate) async fn run(&mut self) {
        loop {
            let at_ms = self.grid.next().await;
            self.sample(at_ms).await;
        }
    }

    /// What the database did between the first sample and now; `None`: it was never reached, or is not now.
    pub(crate) async fn totals(&mut self) -> Option<DatabaseTotals> {
        let first = self.first_totals?;
        let last = self.with_connection(async |connection, sampler| sampler.read_totals(connection).await).await?;
        Some(DatabaseTotals::between(first, last))
    }

    async fn sample(&mut self, at_ms: u64) {
        if self.first_totals.is_none() {
            self.first_totals =
                self.with_connection(async |connection, sampler| sampler.read_totals(connection).await).await;
        }
        if let Some(activity) = self.activity().await {
            self.push(at_ms, activity);
        }
    }

    /// One look, which leaves no row.
    pub(crate) async fn activity(&mut self) -> Option<Activity> {
        self.with_connection(async |connection, sampler| sampler.read_activity(connection).await).await
    }

    /// Does something with the connection, which is out of `self` meanwhile: if it fails, takes too long or is dropped
    /// half done, the connection goes with it.
    async fn with_connection<T>(
        &mut self,
        read: impl AsyncFnOnce(&mut PgConnection, &Self) -> Result<T, sqlx::Error>,
    ) -> Option<T> {
        let mut connection = self.connect().await?;
        match timeout(self.grid.interval() * 4, read(&mut connection, self)).await {
            Ok(Ok(value)) => {
                self.connection = Some(connection);
                self.backoff = self.grid.interval();
                Some(value)
            }
            Ok(Err(error)) => self.fail(&describe(&error)),
            Err(_) => self.fail("no answer in time"),
        }
    }

    async fn connect(&mut self) -> Option<PgConnection> {
        if let Some(connection) = self.connection.take() {
            return Some(connection);
        }
        if Instant::now() < self.retry_at {
            return None;
        }
        match timeout(Duration::from_secs(1), PgConnection::connect_with(&self.options)).await {
            Ok(Ok(connection)) => Some(connection),
            Ok(Err(error)) => self.fail(&describe(&error)),
            Err(_) => self.fail("no connection within 1 s"),
        }
    }

    fn fail<T>(&mut self, reason: &str) -> Option<T> {
        self.failure.get_or_insert_with(|| reason.to_owned());
        self.retry_at = Instant::now() + self.backoff;
        self.backoff = (self.backoff * 2).min(LONGEST_BACKOFF);
        None
    }

    async fn read_activity(&self, connection: &mut PgConnection) -> Result<Activity, sqlx::Error> {
        sqlx::query_as(ACTIVITY).bind(&self.name).fetch_one(connection).await
    }

    async fn read_totals(&self, connection: &mut PgConnection) -> Result<Totals, sqlx::Error> {
        sqlx::query_as(TOTALS).bind(&self.name).fetch_one(connection).await
    }

    fn push(&mut self, at_ms: u64, (connections, active, idle_in_transaction, waiting): Activity) {
        let series = &mut self.series;
        series.at_ms.push(at_ms);
        series.connections.push(connections.max(0) as u64);
        series.active.push(active.max(0) as u64);
        series.idle_in_transaction.push(idle_in_transaction.max(0) as u64);
        series.waiting.push(waiting.max(0) as u64);
    }
}

impl DatabaseTotals {
    fn between(first: Totals, last: Totals) -> Self {
        let grown = |first: Option<f64>, last: Option<f64>| Some((last? - first?).max(0.0));
        let count = |first, last| grown(first, last).map(|value| value as u64);
        Self {
            active_ms: grown(first.0, last.0),
            idle_in_transaction_ms: grown(first.1, last.1),
            commits: count(first.2, last.2),
            rollbacks: count(first.3, last.3),
            deadlocks: count(first.4, last.4),
        }
    }
}

/// In words that cannot hold a part of the connection string.
fn describe(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => format!("SQLSTATE {}", error.code().as_deref().unwrap_or("unknown")),
        sqlx::Error::Io(error) => error.kind().to_string(),
        sqlx::Error::RowNotFound => "there is no such database".to_owned(),
        _ => "the connection failed".to_owned(),
    }
}
