//! One unit of work on one connection, as a SQLAlchemy `Session` does it.
//!
//! A session takes its connection at its first statement and keeps it until it is closed. On PostgreSQL the
//! first statement is preceded by `BEGIN`, reads included. psycopg sends that in one packet with the
//! statement; here it is a round trip of its own, the same for both stacks. On SQLite reads run without a
//! transaction and writes in `BEGIN IMMEDIATE`, so that no reader has to become a writer half way, which is
//! where `SQLITE_BUSY` comes from.

use std::sync::Arc;
use std::time::Instant;

use sqlx::{SqlSafeStr, SqlStr};
use tokio::time::timeout;

use super::connection::Record;
use super::error::DbError;
use super::pool::{Lease, Pool};
use super::target::Dialect;
use super::value::Value;
use crate::defects::{Defect, Defects};

/// A session; [`Session::close`] must end it.
pub(crate) struct Session {
    pool: Pool,
    defects: Arc<Defects>,
    lease: Option<Lease>,
    in_transaction: bool,
    broken: bool,
}

impl Session {
    /// A session that has no connection yet.
    pub(crate) fn new(pool: Pool, defects: Arc<Defects>) -> Self {
        Self { pool, defects, lease: None, in_transaction: false, broken: false }
    }

    /// Another session on the same pool.
    pub(crate) fn another(&self) -> Self {
        Self::new(self.pool.clone(), Arc::clone(&self.defects))
    }

    /// Which SQL its database takes.
    pub(crate) fn dialect(&self) -> Dialect {
        self.pool.dialect()
    }

    /// What is wrong with this service on purpose.
    pub(crate) fn defects(&self) -> &Defects {
        &self.defects
    }

    /// Whether there is anything for [`Session::close`] to do.
    pub(crate) fn holds_connection(&self) -> bool {
        self.lease.is_some()
    }

    /// Reads every row.
    pub(crate) async fn fetch_all<T: Record>(
        &mut self,
        sql: impl SqlSafeStr,
        values: &[Value],
    ) -> Result<Vec<T>, DbError> {
        let sql = sql.into_sql_str();
        self.begin_read().await?;
        let started = Instant::now();
        let limit = self.pool.options().operation_timeout;
        let running = self.lease().connection.fetch_all(sql.clone(), values);
        let outcome = timeout(limit, running).await;
        self.settle(started, &sql, flatten(outcome))
    }

    /// Reads the first row, if there is one.
    pub(crate) async fn fetch_optional<T: Record>(
        &mut self,
        sql: impl SqlSafeStr,
        values: &[Value],
    ) -> Result<Option<T>, DbError> {
        Ok(self.fetch_all(sql, values).await?.into_iter().next())
    }

    /// Reads the row that must be there.
    pub(crate) async fn fetch_one<T: Record>(&mut self, sql: impl SqlSafeStr, values: &[Value]) -> Result<T, DbError> {
        let row = self.fetch_optional(sql, values).await?;
        row.ok_or(DbError::Other(sqlx::Error::RowNotFound))
    }

    /// Runs a statement and says how many rows it touched.
    pub(crate) async fn execute(&mut self, sql: impl SqlSafeStr, values: &[Value]) -> Result<u64, DbError> {
        let sql = sql.into_sql_str();
        self.begin_read().await?;
        let started = Instant::now();
        let limit = self.pool.options().operation_timeout;
        let running = self.lease().connection.execute(sql.clone(), values);
        let outcome = timeout(limit, running).await;
        self.settle(started, &sql, flatten(outcome))
    }

    /// To be called before the first statement that writes or locks.
    pub(crate) async fn begin_write(&mut self) -> Result<(), DbError> {
        match self.dialect() {
            Dialect::Postgres => self.begin("BEGIN").await,
            Dialect::Sqlite => self.begin("BEGIN IMMEDIATE").await,
        }
    }

    async fn begin_read(&mut self) -> Result<(), DbError> {
        match self.dialect() {
            Dialect::Postgres => self.begin("BEGIN").await,
            Dialect::Sqlite => self.connect().await,
        }
    }

    async fn begin(&mut self, sql: &'static str) -> Result<(), DbError> {
        self.connect().await?;
        if !self.in_transaction {
            self.command(sql).await?;
            self.in_transaction = true;
        }
        Ok(())
    }

    /// Makes what was written last.
    pub(crate) async fn commit(&mut self) -> Result<(), DbError> {
        self.end("COMMIT").await
    }

    /// Takes back what was written.
    pub(crate) async fn rollback(&mut self) -> Result<(), DbError> {
        self.end("ROLLBACK").await
    }

    async fn end(&mut self, sql: &'static str) -> Result<(), DbError> {
        if self.in_transaction {
            self.in_transaction = false;
            self.command(sql).await?;
        }
        Ok(())
    }

    /// Rolls back what was not committed and gives the connection back.
    pub(crate) async fn close(mut self) {
        if self.lease.is_some() && !self.broken {
            // A failure marks the connection as broken, which is all there is to do about it.
            let _ = self.rollback().await;
        }
        match self.lease.take() {
            Some(lease) if self.defects.strikes(Defect::LeakConnection) => self.pool.leak(lease),
            Some(lease) if !self.broken => self.pool.release(lease).await,
            _ => {}
        }
    }

    async fn connect(&mut self) -> Result<(), DbError> {
        if self.lease.is_none() {
            self.lease = Some(self.pool.acquire().await?);
        }
        Ok(())
    }

    async fn command(&mut self, sql: &'static str) -> Result<(), DbError> {
        let started = Instant::now();
        let limit = self.pool.options().operation_timeout;
        let running = self.lease().connection.command(sql);
        let outcome = timeout(limit, running).await;
        self.settle(started, &sql.into_sql_str(), flatten(outcome))
    }

    fn lease(&mut self) -> &mut Lease {
        self.lease.as_mut().expect("a session connects before it speaks")
    }

    fn settle<T>(&mut self, started: Instant, sql: &SqlStr, outcome: Result<T, DbError>) -> Result<T, DbError> {
        self.log(started, sql);
        if outcome.as_ref().is_err_and(DbError::breaks_connection) {
            self.broken = true;
        }
        outcome
    }

    /// The SQL holds no values, so the log holds none either.
    fn log(&self, started: Instant, sql: &SqlStr) {
        let elapsed = started.elapsed();
        if elapsed >= self.pool.options().slow_statement {
            tracing::warn!(elapsed_ms = elapsed.as_millis(), sql = sql.as_str(), "slow statement");
        }
    }
}

fn flatten<T>(outcome: Result<Result<T, sqlx::Error>, tokio::time::error::Elapsed>) -> Result<T, DbError> {
    match outcome {
        Ok(answered) => answered.map_err(DbError::from),
        Err(_elapsed) => Err(DbError::OperationTimeout),
    }
}
