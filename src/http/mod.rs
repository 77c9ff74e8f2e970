//! What a request and an answer are on the wire, with raw timestamps.
//!
//! One [`Connection`] belongs to one virtual user and carries one request at a time. No pool stands between the two:
//! it costs a lock per request, and it would hide how many connections a service really holds. Redirects are answers
//! like any other, never followed.

mod abandon;
mod connection;
mod failure;

pub use abandon::{Abandoned, send_only};
pub use connection::{Connection, Exchange, Keep, Response};
pub use failure::{Failure, FailureKind};

use std::net::SocketAddr;
use std::time::Duration;

/// Where a side listens.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Scheme, host and port as written: `http://127.0.0.1:8081`.
    pub base_url: String,
    /// Value of the `host` header.
    pub authority: String,
    /// Resolved once, so that no request waits for a name.
    pub address: SocketAddr,
}

/// Why a base URL cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OriginError {
    /// Not a URL of the form `http://host:port`.
    #[error("`{url}` is not a base URL, write it like `http://127.0.0.1:8080`")]
    Malformed {
        /// As given.
        url: String,
    },
    /// The name has no address.
    #[error("`{host}` has no address")]
    Unresolved {
        /// Host and port.
        host: String,
        /// What the resolver said.
        source: std::io::Error,
    },
}

impl Origin {
    /// Takes a base URL apart and resolves its host.
    pub async fn resolve(base_url: &str) -> Result<Self, OriginError> {
        let malformed = || OriginError::Malformed { url: base_url.to_owned() };
        let uri: http::Uri = base_url.parse().map_err(|_| malformed())?;
        if uri.scheme_str() != Some("http") {
            return Err(malformed());
        }
        let authority = uri.authority().ok_or_else(malformed)?.clone();
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(80);
        let unresolved = |source| OriginError::Unresolved { host: authority.to_string(), source };
        let address = tokio::net::lookup_host((host.as_str(), port))
            .await
            .map_err(unresolved)?
            .next()
            .ok_or_else(|| unresolved(std::io::ErrorKind::NotFound.into()))?;
        Ok(Self { base_url: base_url.trim_end_matches('/').to_owned(), authority: authority.to_string(), address })
    }
}

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
