//! The students service that cutover is tried and tested on.
//!
//! One contract, two stacks: `async` awaits the database, `blocking` holds a worker thread while it waits, as
//! a synchronous SQLAlchemy `Session` in FastAPI's thread pool does. Both answer alike and behave unlike under
//! load, out of the mechanism alone. What it does wrong, it does on purpose: see [`DEFECTS`].

mod args;
mod auth;
mod classes;
mod db;
mod defects;
mod error;
mod http;
mod metrics;
mod prepare;
mod reviews;
mod serve;
mod stack;
mod students;

pub use args::ServeArgs;
pub use db::UrlError;
pub use defects::{DEFECTS, DefectError, DefectInfo, DefectSetting};
pub use error::ServeError;
pub use prepare::{PrepareError, Seed, prepare};
pub use serve::{serve, serve_on};
pub use stack::StackKind;
