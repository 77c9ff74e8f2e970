//! The database as the services see it: sessions over a pool, on PostgreSQL or SQLite.
//!
//! Knows nothing of HTTP, of the stacks, or of students.

mod connection;
mod error;
mod pool;
mod session;
mod target;
mod value;

pub(crate) use connection::Connection;
pub(crate) use error::DbError;
pub(crate) use pool::{Pool, PoolOptions};
pub(crate) use session::Session;
pub use target::UrlError;
pub(crate) use target::{Dialect, Target};
pub(crate) use value::{Timestamp, Value, values};
