//! A connection pool that behaves as SQLAlchemy's `QueuePool` does.
//!
//! At most `pool_size + max_overflow` connections are open. Who comes when all are in use waits, first come
//! first served, at most the pool timeout; opening a connection is not part of that wait. A connection that
//! comes back while `pool_size` are idle is closed. An idle one is tested before it is handed out (pre-ping)
//! and replaced when it is older than the recycle time.
//!
//! sqlx's own pool is not used: it tests connections once more when they come back, and retries a refused
//! connection until the timeout where `QueuePool` fails at once. Both would change what is measured.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::connection::Connection;
use super::error::DbError;
use super::target::{Dialect, Target};
use crate::metrics::{Pending, PoolMetrics, Use};

/// The settings of a pool, named as SQLAlchemy names them.
#[derive(Debug, Clone)]
pub(crate) struct PoolOptions {
    /// How many connections stay open when idle.
    pub(crate) pool_size: u32,
    /// How many more may be open when in use.
    pub(crate) max_overflow: u32,
    /// How long to wait for a free connection.
    pub(crate) pool_timeout: Duration,
    /// Whether idle connections are tested before use.
    pub(crate) pre_ping: bool,
    /// At which age a connection is replaced.
    pub(crate) recycle: Duration,
    /// How long one exchange with the database may take.
    pub(crate) operation_timeout: Duration,
    /// From when on a statement is logged as slow.
    pub(crate) slow_statement: Duration,
}

impl PoolOptions {
    /// How many connections may be open.
    pub(crate) fn max_connections(&self) -> u32 {
        self.pool_size.saturating_add(self.max_overflow).max(1)
    }
}

/// A pool; clones share it.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Inner>);

struct Inner {
    target: Target,
    options: PoolOptions,
    /// One permit per connection that may be in use. Tokio's semaphore is first come, first served.
    permits: Arc<Semaphore>,
    idle: Mutex<VecDeque<Idle>>,
    /// Connections that the defect `leak-connection` took.
    leaked: Mutex<Vec<Lease>>,
    metrics: PoolMetrics,
}

struct Idle {
    connection: Connection,
    opened: Instant,
}

/// A connection in use. Dropping it closes the connection without a goodbye.
pub(crate) struct Lease {
    /// The connection itself.
    pub(crate) connection: Connection,
    opened: Instant,
    _use: Use,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    /// A pool without any connection yet.
    pub(crate) fn new(target: Target, options: PoolOptions, metrics: PoolMetrics) -> Self {
        let permits = Arc::new(Semaphore::new(options.max_connections() as usize));
        metrics.set_max(options.max_connections());
        Self(Arc::new(Inner { target, options, permits, idle: Mutex::default(), leaked: Mutex::default(), metrics }))
    }

    /// Which SQL its database takes.
    pub(crate) fn dialect(&self) -> Dialect {
        self.0.target.dialect()
    }

    /// Its settings.
    pub(crate) fn options(&self) -> &PoolOptions {
        &self.0.options
    }

    /// Takes a connection, waiting for a free one if need be.
    pub(crate) async fn acquire(&self) -> Result<Lease, DbError> {
        let asked = Instant::now();
        let permit = self.permit().await?;
        // A place is in use from here on, also while its connection is tested or opened: nobody else can have it.
        let place = Use::start(&self.0.metrics);
        let Idle { connection, opened } = self.ready_connection().await?;
        self.0.metrics.observe_wait(asked.elapsed());
        Ok(Lease { connection, opened, _use: place, _permit: permit })
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, DbError> {
        if let Ok(permit) = Arc::clone(&self.0.permits).try_acquire_owned() {
            return Ok(permit);
        }
        let _pending = Pending::start(&self.0.metrics);
        let asked = Instant::now();
        let waiting = Arc::clone(&self.0.permits).acquire_owned();
        match timeout(self.0.options.pool_timeout, waiting).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_closed)) => Err(DbError::Unavailable(sqlx::Error::PoolClosed)),
            Err(_elapsed) => {
                self.0.metrics.count_timeout();
                self.0.metrics.observe_wait(asked.elapsed());
                Err(DbError::PoolTimeout)
            }
        }
    }

    async fn ready_connection(&self) -> Result<Idle, DbError> {
        while let Some(mut idle) = self.pop_idle() {
            if idle.opened.elapsed() >= self.0.options.recycle {
                self.close_connection(idle.connection).await;
            } else if !self.0.options.pre_ping || self.answers(&mut idle.connection).await {
                return Ok(idle);
            } else {
                // As SQLAlchemy does: where one connection is dead, the others of its age are too.
                self.drop_idle();
            }
        }
        let connection = self.limited(Connection::open(&self.0.target)).await?;
        let opened = Instant::now();
        Ok(Idle { connection, opened })
    }

    async fn answers(&self, connection: &mut Connection) -> bool {
        self.limited(connection.ping()).await.is_ok()
    }

    /// Gives a connection back; it is closed when enough are idle.
    pub(crate) async fn release(&self, lease: Lease) {
        let Lease { connection, opened, _use, _permit } = lease;
        if let Some(surplus) = self.push_idle(Idle { connection, opened }) {
            self.close_connection(surplus.connection).await;
        }
    }

    /// Keeps a connection for good, as a service with a leak does.
    pub(crate) fn leak(&self, lease: Lease) {
        self.0.leaked.lock().unwrap_or_else(PoisonError::into_inner).push(lease);
    }

    /// Lets nobody in any more, waits for those who hold a connection, and closes what is open.
    pub(crate) async fn close(&self, patience: Duration) {
        self.0.leaked.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let all = self.0.options.max_connections();
        let returned = timeout(patience, self.0.permits.acquire_many(all)).await;
        if returned.is_err() {
            tracing::warn!("some sessions still hold a connection; the pool closes without them");
        }
        self.0.permits.close();
        while let Some(idle) = self.pop_idle() {
            self.close_connection(idle.connection).await;
        }
    }

    async fn close_connection(&self, connection: Connection) {
        let closing = timeout(self.0.options.operation_timeout, connection.close());
        if closing.await.is_err() {
            tracing::debug!("a connection took too long to close");
        }
    }

    async fn limited<T>(&self, operation: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, DbError> {
        match timeout(self.0.options.operation_timeout, operation).await {
            Ok(outcome) => outcome.map_err(DbError::from),
            Err(_elapsed) => Err(DbError::OperationTimeout),
        }
    }

    fn pop_idle(&self) -> Option<Idle> {
        let mut queue = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = queue.pop_front();
        self.0.metrics.set_idle(queue.len());
        idle
    }

    /// Puts a connection to the idle ones, or hands it back when they are enough.
    fn push_idle(&self, idle: Idle) -> Option<Idle> {
        let mut queue = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.len() >= self.0.options.pool_size as usize {
            return Some(idle);
        }
        queue.push_back(idle);
        self.0.metrics.set_idle(queue.len());
        None
    }

    fn drop_idle(&self) {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.0.metrics.set_idle(0);
    }
}
