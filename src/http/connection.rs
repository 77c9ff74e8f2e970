//! A connection that is kept between requests, made anew when it turns out to be closed.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Request};

use super::deadline::Deadline;
use super::http1::{self, Http1};
use super::http2::Http2;
use super::socket::Came;
use super::stream::Stream;
use super::{Failure, FailureKind, Limits, Origin};

/// What of an answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All of it.
    Body,
    /// Its headers; the body is read to its end and dropped.
    Headers,
    /// Nothing but its status and its length: headers and body are read to their end and dropped.
    Length,
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Headers as they came; none with [`Keep::Length`].
    pub headers: HeaderMap,
    /// The body; empty unless [`Keep::Body`].
    pub body: Bytes,
    /// Bytes of the body.
    pub length: usize,
}

/// One request and what became of it.
#[derive(Debug)]
pub struct Exchange {
    /// When the request was given to the connection. A connection that had to be made first counts as service time.
    pub sent: Instant,
    /// When the last byte of the answer had come to this machine, or the failure was known.
    pub done: Instant,
    /// When it was read, for a busy machine reads late.
    pub read: Instant,
    /// The request went out on a new connection, because the one that was open turned out to be closed.
    pub reconnected: bool,
    /// It had gone out on the closed one before, so the side may have got it twice.
    pub resent: bool,
    /// The answer, or why there is none.
    pub outcome: Result<Response, Failure>,
}

impl Exchange {
    /// How long the answer waited until it was read; `None`: it failed, or the kernel does not tell when it came.
    pub fn unread(&self) -> Option<Duration> {
        (self.done < self.read).then(|| self.read - self.done)
    }
}

/// One user's connection to one side.
#[derive(Debug)]
pub struct Connection {
    line: Line,
    deadline: Deadline,
    /// A request as HTTP/1.1 has it, written anew for each.
    written: Vec<u8>,
}

/// The connection apart from its timer.
#[derive(Debug)]
struct Line {
    origin: Origin,
    limits: Limits,
    open: Option<Open>,
}

#[derive(Debug)]
enum Open {
    Http1(Http1),
    Http2(Http2),
}

/// A request in the form that the connection takes.
#[derive(Clone, Copy)]
enum Outgoing<'a> {
    Written(&'a [u8]),
    Request(&'a Request<Bytes>),
}

/// Why an attempt failed, and whether another one is allowed.
#[derive(Debug)]
pub(super) struct Attempt {
    failure: Failure,
    /// No byte of the answer had come, and the connection is gone.
    is_unanswered: bool,
}

impl Attempt {
    /// The connection ended before any byte of the answer.
    pub(super) const fn unanswered(failure: Failure) -> Self {
        Self { failure, is_unanswered: true }
    }
}

impl From<Failure> for Attempt {
    fn from(failure: Failure) -> Self {
        Self { failure, is_unanswered: false }
    }
}

impl Connection {
    /// Nothing is opened before the first request.
    pub fn new(origin: Origin, limits: Limits) -> Self {
        let line = Line { origin, limits, open: None };
        Self { line, deadline: Deadline::default(), written: Vec::new() }
    }

    /// The side it goes to.
    pub const fn origin(&self) -> &Origin {
        &self.line.origin
    }

    /// Whether requests go out as text that is written beforehand, with [`Connection::write`].
    pub const fn takes_text(&self) -> bool {
        !self.line.origin.protocol.is_h2
    }

    /// Opens the connection, so that the first request need not, within a time that is at most the request's. A failure is
    /// left to that request to find.
    pub async fn open(&mut self, within: Duration) {
        if self.line.open.is_none() {
            let until = Instant::now() + self.line.limits.timeout.min(within);
            // The request that comes next finds the same failure.
            let _ = self.deadline.run(until, Box::pin(self.line.connect())).await;
        }
    }

    /// Sends one request and reads the whole answer, within the time limit. A connection that was open before and turns
    /// out to be closed is replaced once, also if it has carried no request yet: servers close what is idle.
    pub async fn exchange(&mut self, request: &Request<Bytes>, keep: Keep) -> Exchange {
        if self.takes_text() {
            self.written.clear();
            http1::encode(request, &mut self.written);
            return self.exchange_written(keep).await;
        }
        time(&mut self.deadline, &mut self.line, Outgoing::Request(request), keep).await
    }

    /// Lets a request be written as HTTP/1.1 has it, with the value of its `host` header, for
    /// [`Connection::exchange_written`] to send. Only where [`Connection::takes_text`].
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write<E>(&mut self, writer: impl FnOnce(&str, &mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        self.written.clear();
        writer(&self.line.origin.authority, &mut self.written)
    }

    /// [`Connection::exchange`] for the request that was written last.
    pub async fn exchange_written(&mut self, keep: Keep) -> Exchange {
        time(&mut self.deadline, &mut self.line, Outgoing::Written(&self.written), keep).await
    }
}

/// Does an exchange, with the time that it took.
async fn time(deadline: &mut Deadline, line: &mut Line, request: Outgoing<'_>, keep: Keep) -> Exchange {
    let sent = Instant::now();
    let timeout = line.limits.timeout;
    let mut aside = Aside::default();
    let outcome = deadline.run(sent + timeout, line.send(request, keep, &mut aside)).await.unwrap_or_else(|| {
        let detail = format!("no whole answer within {}", crate::units::format_duration(timeout));
        Err(Failure::new(FailureKind::Timeout, detail))
    });
    if outcome.is_err() {
        // Whatever is still on its way belongs to a request that nobody waits for any more.
        line.open = None;
    }
    let Aside { reconnected, resent, came } = aside;
    let done = came.filter(|_| outcome.is_ok()).and_then(|came| came.since(sent));
    let read = Instant::now();
    let done = done.unwrap_or(read);
    Exchange { sent, done, read, reconnected, resent, outcome }
}

/// What is known of an exchange besides its answer.
#[derive(Default)]
struct Aside {
    reconnected: bool,
    resent: bool,
    came: Option<Came>,
}

impl Line {
    async fn send(&mut self, request: Outgoing<'_>, keep: Keep, aside: &mut Aside) -> Result<Response, Failure> {
        let was_open = self.open.is_some();
        if let Some(Open::Http1(open)) = &mut self.open
            && !open.is_quiet()
        {
            self.open = None;
            aside.reconnected = true;
        }
        match self.attempt(request, keep, aside).await {
            Err(Attempt { is_unanswered: true, .. }) if was_open && !aside.reconnected => {
                self.open = None;
                *aside = Aside { reconnected: true, resent: true, came: None };
                self.attempt(request, keep, aside).await.map_err(|attempt| attempt.failure)
            }
            outcome => outcome.map_err(|attempt| attempt.failure),
        }
    }

    async fn attempt(&mut self, request: Outgoing<'_>, keep: Keep, aside: &mut Aside) -> Result<Response, Attempt> {
        if self.open.is_none() {
            // Apart, for what it needs is much and needed seldom.
            Box::pin(self.connect()).await?;
        }
        let max_body = self.limits.max_body;
        match (&mut self.open, request) {
            (Some(Open::Http1(open)), Outgoing::Written(bytes)) => {
                let (response, is_kept) = open.exchange(bytes, keep, max_body).await?;
                aside.came = open.came();
                if !is_kept {
                    self.open = None;
                }
                Ok(response)
            }
            (Some(Open::Http2(open)), Outgoing::Request(request)) => {
                Box::pin(open.exchange(&self.origin, request, keep, max_body)).await
            }
            _ => unreachable!("requests are written for HTTP/1.1 and for nothing else"),
        }
    }

    async fn connect(&mut self) -> Result<(), Failure> {
        if self.open.is_none() {
            let stream = Stream::connect(&self.origin).await?;
            let open = if self.origin.protocol.is_h2 {
                Open::Http2(Http2::handshake(stream).await?)
            } else {
                Open::Http1(Http1::new(stream))
            };
            self.open = Some(open);
        }
        Ok(())
    }
}
