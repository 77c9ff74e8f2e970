//! What a request and an answer are on the wire, with raw timestamps.
//!
//! One [`Connection`] belongs to one virtual user and carries one request at a time. No pool stands between the two:
//! it costs a lock per request, and it would hide how many connections a service really holds. Redirects are answers
//! like any other, never followed. HTTP/1.1 is spoken by our own code, which sends and reads in the task that waits;
//! HTTP/2 by the `h2` crate; TLS by rustls.

mod abandon;
mod connection;
mod deadline;
mod failure;
mod http1;
mod http2;
mod origin;
mod sink;
mod socket;
mod stream;
mod tls;

pub use abandon::{Abandoned, send_only};
pub use connection::{Connection, Exchange, Keep, Response};
pub use failure::{Failure, FailureKind};
pub use http1::{encode, finish};
pub use origin::{Origin, OriginError, Protocol};
pub use socket::{Came, Socket};
pub use stream::Stream;
pub use tls::Tls;

use connection::Attempt;
use sink::Sink;

use std::time::Duration;

/// What an answer may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From sending to the last byte of the answer.
    pub timeout: Duration,
    /// Largest body that is read; a larger one is a failure of its own kind.
    pub max_body: usize,
}

impl Limits {
    /// The given time, and bodies up to 32 MiB.
    pub const fn within(timeout: Duration) -> Self {
        Self { timeout, max_body: 32 << 20 }
    }
}
