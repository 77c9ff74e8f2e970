//! A connection that is kept between requests, made anew when it turns out to be closed.

use std::time::Instant;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{Failure, FailureKind, Limits, Origin};

/// Whether the bytes of a body are wanted or only their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The body is given back.
    Body,
    /// The body is read to its end and dropped.
    Length,
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Headers as they came.
    pub headers: HeaderMap,
    /// The body; empty with [`Keep::Length`].
    pub body: Bytes,
    /// Bytes of the body.
    pub length: usize,
}

/// One request and what became of it.
#[derive(Debug)]
pub struct Exchange {
    /// When the request was given to the connection. A connection that had to be made first counts as service time.
    pub sent: Instant,
    /// When the last byte of the answer had come, or the failure was known.
    pub done: Instant,
    /// The request went out twice because the kept connection turned out to be closed.
    pub reconnected: bool,
    /// The answer, or why there is none.
    pub outcome: Result<Response, Failure>,
}

/// One user's connection to one side.
#[derive(Debug)]
pub struct Connection {
    origin: Origin,
    limits: Limits,
    open: Option<SendRequest<Full<Bytes>>>,
}

/// Why an attempt failed, and whether another one is allowed.
struct Attempt {
    failure: Failure,
    /// The connection had carried a request before and was closed before any byte of this answer came.
    stale: bool,
}

impl Connection {
    /// Nothing is opened before the first request.
    pub const fn new(origin: Origin, limits: Limits) -> Self {
        Self { origin, limits, open: None }
    }

    /// The side it goes to.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Opens the connection, so that the first request need not. A failure is left to that request to find.
    pub async fn open(&mut self) {
        if self.open.is_none() {
            let opened = tokio::time::timeout(self.limits.timeout, connect(&self.origin)).await;
            self.open = opened.ok().and_then(Result::ok);
        }
    }

    /// Sends one request and reads the whole answer, within the time limit. A kept connection that turns out to be
    /// closed is replaced once.
    pub async fn exchange(&mut self, request: Request<Full<Bytes>>, keep: Keep) -> Exchange {
        let sent = Instant::now();
        let mut reconnected = false;
        let timeout = self.limits.timeout;
        let outcome = match tokio::time::timeout(timeout, self.send(request, keep, &mut reconnected)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failure::new(
                FailureKind::Timeout,
                format!("no whole answer within {}", crate::units::format_duration(timeout)),
            )),
        };
        if outcome.is_err() {
            // Whatever is still on its way belongs to a request that nobody waits for any more.
            self.open = None;
        }
        Exchange { sent, done: Instant::now(), reconnected, outcome }
    }

    async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
        keep: Keep,
        reconnected: &mut bool,
    ) -> Result<Response, Failure> {
        let spare = self.open.is_some().then(|| request.clone());
        match self.attempt(request, keep).await {
            Err(Attempt { stale: true, .. }) if spare.is_some() => {
                self.open = None;
                *reconnected = true;
                self.attempt(spare.unwrap_or_default(), keep).await.map_err(|attempt| attempt.failure)
            }
            outcome => outcome.map_err(|attempt| attempt.failure),
        }
    }

    async fn attempt(&mut self, request: Request<Full<Bytes>>, keep: Keep) -> Result<Response, Attempt> {
        let fresh = self.open.is_none();
        let sender = match &mut self.open {
            Some(sender) => sender,
            closed => closed.insert(connect(&self.origin).await.map_err(|failure| Attempt { failure, stale: false })?),
        };
        // A kept connection takes the next request only once the driver has put the last answer away.
        let response = match sender.ready().await {
            Ok(()) => sender.send_request(request).await,
            Err(error) => Err(error),
        };
        let response =
            response.map_err(|error| Attempt { failure: Failure::wire(&error), stale: !fresh && !error.is_parse() })?;
        read(response, keep, self.limits.max_body).await.map_err(|failure| Attempt { failure, stale: false })
    }
}

async fn connect(origin: &Origin) -> Result<SendRequest<Full<Bytes>>, Failure> {
    let stream = TcpStream::connect(origin.address).await.map_err(|error| Failure::connect(&error))?;
    stream.set_nodelay(true).map_err(|error| Failure::connect(&error))?;
    let (sender, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| Failure::wire(&error))?;
    // The driver ends with the connection; its error reaches the request that is under way.
    tokio::spawn(driver);
    Ok(sender)
}

async fn read(response: http::Response<Incoming>, keep: Keep, max_body: usize) -> Result<Response, Failure> {
    let (head, mut body) = response.into_parts();
    let mut bytes = BytesMut::new();
    let mut only: Option<Bytes> = None;
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Failure::wire(&error))?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length > max_body {
            return Err(Failure::new(FailureKind::TooLarge, format!("body larger than {max_body} bytes")));
        }
        if keep == Keep::Body {
            // Most answers come in one piece, which need not be copied.
            match only.take() {
                None if bytes.is_empty() => only = Some(data),
                None => bytes.extend_from_slice(&data),
                Some(first) => {
                    bytes.extend_from_slice(&first);
                    bytes.extend_from_slice(&data);
                }
            }
        }
    }
    let body = only.unwrap_or_else(|| bytes.freeze());
    Ok(Response { status: head.status.as_u16(), headers: head.headers, body, length })
}
