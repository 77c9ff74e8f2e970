//! Where a side listens, and what is spoken there.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http::header::{ACCEPT, HOST};

use super::socket::Socket;
use super::tls::{self, Tls};
use crate::plan::{Speaks, Transport};

/// How long the first handshake may take, which finds out what is spoken.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Where a side listens.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Scheme, host and port as written: `http://127.0.0.1:8081`.
    pub base_url: String,
    /// Value of the `host` header.
    pub authority: String,
    /// Resolved once, so that no request waits for a name.
    pub address: SocketAddr,
    /// How its connections shake hands; `None`: there is nothing to.
    pub tls: Option<Tls>,
    /// What every connection to it speaks.
    pub protocol: Protocol,
    /// Whether an answer ends when its last packet came, by the kernel's stamp, and not when it was read. Not unless
    /// [`Origin::can_be_stamped`].
    pub is_stamped: bool,
}

/// What a connection speaks. In words: `HTTP/1.1`, `HTTP/2 over TLS 1.3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Protocol {
    /// HTTP/2, else HTTP/1.1.
    pub is_h2: bool,
    /// Version of TLS below it.
    pub tls: Option<&'static str>,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_h2 { "HTTP/2" } else { "HTTP/1.1" })?;
        self.tls.map_or(Ok(()), |version| write!(f, " over TLS {version}"))
    }
}

/// Why a side cannot be reached by its base URL.
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
        source: io::Error,
    },
    /// The host of an `https` URL is nothing that a certificate could be for.
    #[error("no certificate can be for `{host}`")]
    ServerName {
        /// As given.
        host: String,
    },
    /// The file with trusted certificates cannot be used.
    #[error("cannot use `{}` as `ca`: {problem}", file.display())]
    Ca {
        /// As the plan has it.
        file: PathBuf,
        /// Why.
        problem: String,
    },
    /// TLS cannot be set up on this machine.
    #[error("TLS cannot be set up")]
    Tls {
        /// Why.
        source: tokio_rustls::rustls::Error,
    },
    /// Nobody listens there.
    #[error(transparent)]
    Unreachable {
        /// What the system said.
        source: io::Error,
    },
    /// The side and we did not agree on a connection.
    #[error("the TLS handshake failed")]
    Handshake {
        /// What went wrong.
        source: io::Error,
        /// What to try.
        hint: Option<&'static str>,
    },
    /// The side does not speak what the plan asks for.
    #[error("the side chose HTTP/1.1, and the plan asks for HTTP/2")]
    NotHttp2,
}

impl OriginError {
    /// Whether waiting may help.
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Handshake { hint: None, .. } | Self::Unresolved { .. })
    }

    /// The error with its cause on one line.
    pub fn in_full(&self) -> String {
        use std::error::Error as _;
        match self.source() {
            Some(cause) => format!("{self}: {cause}"),
            None => self.to_string(),
        }
    }

    /// What to try, where that is known.
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Handshake { hint, .. } => *hint,
            Self::Ca { .. } => Some("a PEM file has `-----BEGIN CERTIFICATE-----` in it"),
            Self::NotHttp2 => Some("leave `protocol:` out at the side, or let it offer `h2` by ALPN"),
            _ => None,
        }
    }
}

impl Origin {
    /// Takes a base URL apart and resolves its host. The HTTP of an `https` URL is found out by a first handshake.
    ///
    /// # Errors
    /// See [`OriginError`].
    pub async fn resolve(base_url: &str) -> Result<Self, OriginError> {
        Self::resolve_over(base_url, &Transport::default()).await
    }

    /// The same, as the plan says it is to be reached.
    ///
    /// # Errors
    /// See [`OriginError`].
    pub async fn resolve_over(base_url: &str, transport: &Transport) -> Result<Self, OriginError> {
        let malformed = || OriginError::Malformed { url: base_url.to_owned() };
        let uri: http::Uri = base_url.parse().map_err(|_| malformed())?;
        let usual_port = match uri.scheme_str() {
            Some("http") => 80,
            Some("https") => 443,
            _ => return Err(malformed()),
        };
        let authority = uri.authority().ok_or_else(malformed)?.clone();
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(usual_port);
        let unresolved = |source| OriginError::Unresolved { host: authority.to_string(), source };
        let address = tokio::net::lookup_host((host.as_str(), port))
            .await
            .map_err(unresolved)?
            .next()
            .ok_or_else(|| unresolved(io::ErrorKind::NotFound.into()))?;
        let tls = if usual_port == 443 { Some(Tls::new(&host, transport)?) } else { None };
        let protocol = match &tls {
            Some(tls) => Box::pin(negotiate(tls, address, transport)).await?,
            None => Protocol { is_h2: transport.speaks == Speaks::Http2, tls: None },
        };
        let base_url = base_url.trim_end_matches('/').to_owned();
        Ok(Self { base_url, authority: authority.to_string(), address, tls, protocol, is_stamped: false })
    }

    /// Whether the kernel's stamps say when its answers ended. Where packets are lost they do not: the stamp is that of
    /// the last packet in order, which may have come before one that was sent again; none is lost within one machine.
    /// Of HTTP/2 another task reads, which may have read more than the answer that is waited for.
    pub const fn can_be_stamped(&self) -> bool {
        self.address.ip().is_loopback() && !self.protocol.is_h2
    }

    /// A `GET` request to it.
    ///
    /// # Errors
    /// The target is no path and query.
    pub fn get(&self, target: &str) -> Result<Request<Bytes>, http::Error> {
        Request::get(target).header(HOST, &self.authority).header(ACCEPT, "*/*").body(Bytes::new())
    }
}

/// What all connections to a side will speak.
async fn negotiate(tls: &Tls, address: SocketAddr, transport: &Transport) -> Result<Protocol, OriginError> {
    let late = |_| io::Error::from(io::ErrorKind::TimedOut);
    let connected = tokio::time::timeout(HANDSHAKE, Socket::connect(address)).await.map_err(late);
    let stream = connected.flatten().map_err(|source| OriginError::Unreachable { source })?;
    let shaken = tokio::time::timeout(HANDSHAKE, tls.handshake(stream)).await.map_err(late).flatten();
    let shaken = shaken.map_err(|source| OriginError::Handshake { hint: tls::hint(&source), source })?;
    let agreed = tls::negotiated(&shaken);
    if transport.speaks == Speaks::Http2 && !agreed.is_h2 {
        return Err(OriginError::NotHttp2);
    }
    Ok(Protocol { is_h2: agreed.is_h2, tls: Some(agreed.version) })
}
