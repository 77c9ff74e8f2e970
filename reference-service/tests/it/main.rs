//! The service as its clients meet it: real sockets, SQLite always, PostgreSQL where a server can be started.
//!
//! Where PostgreSQL is missing its tests are named as skipped, or fail if `CUTOVER_REQUIRE_POSTGRES=1`.

mod cases;
mod concurrency;
mod contract;
mod defects;
mod mechanism;
mod pool;
mod postgres;
mod prepare;
mod shutdown;
mod support;
mod trouble;
