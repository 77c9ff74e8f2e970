//! The bytes below HTTP: a TCP connection, bare or within TLS.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

use super::socket::{Came, Socket};
use super::{Failure, Origin};

/// A connection to a side.
#[derive(Debug)]
pub enum Stream {
    /// Plain TCP.
    Plain(Socket),
    /// TLS over TCP.
    Tls(Box<TlsStream<Socket>>),
}

impl Stream {
    /// Connects to a side, and shakes hands where it speaks TLS.
    ///
    /// # Errors
    /// The side could not be reached, or cannot be trusted.
    pub async fn connect(origin: &Origin) -> Result<Self, Failure> {
        let stream = Socket::connect(origin.address).await.map_err(|error| Failure::connect(&error))?;
        let stream = if origin.is_stamped { stream.stamped() } else { stream };
        match &origin.tls {
            None => Ok(Self::Plain(stream)),
            Some(tls) => {
                let shaken = tls.handshake(stream).await.map_err(|error| Failure::connect(&error))?;
                Ok(Self::Tls(Box::new(shaken)))
            }
        }
    }

    /// When the last packet of what was read last had come, where the kernel tells.
    pub(super) fn came(&self) -> Option<Came> {
        match self {
            Self::Plain(stream) => stream.came(),
            Self::Tls(stream) => stream.get_ref().0.came(),
        }
    }

    /// Whether the other end has neither closed nor said anything. Costs no system call on a plain connection.
    pub(super) fn is_quiet(&mut self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_quiet(),
            // What TLS has to say for itself, such as tickets, is taken in on the way.
            Self::Tls(stream) => stream.read(&mut [0]).now_or_never().is_none(),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, to),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, to),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, from),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, from),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
