//! HTTP/1.1 on one connection: a request's bytes go out, the answer is read by the task that waits for it.
//!
//! No second task, no channel and no allocation stand between the two, and an answer whose headers and body nobody wants
//! is not copied. What that saves is measured by `benches/generator`.

mod body;
mod encode;
mod head;
#[cfg(test)]
mod tests;

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::socket::Came;
use super::stream::Stream;
use super::{Attempt, Failure, FailureKind, Keep, Response, Sink};
use body::Body;
pub use encode::{encode, finish};
use head::Head;

/// What a connection reads at a time, and keeps between requests; answers of most services fit.
const BUFFER: usize = 4 << 10;
/// While a longer answer comes.
const LONG_BUFFER: usize = 16 << 10;
/// A head, or a line between chunks, that is longer than this is none.
const LONGEST_HEAD: usize = 64 << 10;

/// A connection that speaks HTTP/1.1.
#[derive(Debug)]
pub(super) struct Http1 {
    stream: Stream,
    input: Input,
}

/// Bytes that came and were not looked at yet: `buffer[start..end]`.
#[derive(Debug, Default)]
struct Input {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Http1 {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, input: Input::default() }
    }

    /// Whether the next request can be sent: the other end has neither closed nor said anything unasked.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.input.start == self.input.end && self.stream.is_quiet()
    }

    /// When the last packet of the answer that was read last had come, where the kernel tells.
    pub(super) fn came(&self) -> Option<Came> {
        self.stream.came()
    }

    /// Sends a request and reads its whole answer. The second value says whether the connection may be used again.
    pub(super) async fn exchange(
        &mut self,
        request: &[u8],
        keep: Keep,
        max_body: usize,
    ) -> Result<(Response, bool), Attempt> {
        let mut sending = Sending { left: request, refused: None };
        self.first_bytes(&mut sending).await?;
        let is_head = request.starts_with(b"HEAD ");
        let (head, body) = loop {
            let (head, body) = self.head(&mut sending, keep, is_head).await?;
            // 1xx: the answer proper is still to come.
            if head.status >= 200 {
                break (head, body);
            }
        };
        let mut sink = Sink::new(keep, max_body);
        sink.expect(body.announced());
        let may_be_kept = head.keep_alive && !body.ends_with_the_connection();
        self.body(&mut sending, body, &mut sink).await?;
        let is_kept = may_be_kept && sending.is_done();
        self.input.shrink();
        let (body, length) = sink.into_parts();
        Ok((Response { status: head.status, headers: head.headers, body, length }, is_kept))
    }

    /// Writes the request and waits for the first bytes of the answer, which may come before all of it is written.
    async fn first_bytes(&mut self, sending: &mut Sending<'_>) -> Result<(), Attempt> {
        match self.read(sending).await {
            Ok(0) => Err(Attempt::unanswered(sending.refused.as_ref().map_or_else(Failure::closed, Failure::broken))),
            Ok(_) => Ok(()),
            Err(failure) => Err(Attempt::unanswered(failure)),
        }
    }

    async fn head(&mut self, sending: &mut Sending<'_>, keep: Keep, is_head: bool) -> Result<(Head, Body), Failure> {
        loop {
            if let Some((head, body)) = head::parse(self.input.bytes(), keep, is_head)? {
                self.input.start += head.length;
                return Ok((head, body));
            }
            if self.read(sending).await? == 0 {
                return Err(Failure::closed());
            }
        }
    }

    async fn body(&mut self, sending: &mut Sending<'_>, mut body: Body, sink: &mut Sink) -> Result<(), Failure> {
        loop {
            self.input.start += body.take(self.input.bytes(), sink)?;
            if body.is_whole() {
                return Ok(());
            }
            self.input.widen();
            if self.read(sending).await? == 0 {
                return if body.ends_with_the_connection() { Ok(()) } else { Err(Failure::closed()) };
            }
        }
    }

    /// Reads what there is, and goes on writing what is left of the request meanwhile: an answer, or a part of one, may
    /// come before all of it is written. 0: the connection is at its end.
    async fn read(&mut self, sending: &mut Sending<'_>) -> Result<usize, Failure> {
        let (stream, input) = (&mut self.stream, &mut self.input);
        poll_fn(|context| {
            sending.poll(stream, context);
            input.poll_fill(stream, context)
        })
        .await
    }
}

/// A request on its way.
struct Sending<'a> {
    left: &'a [u8],
    /// Why no more of it can be written. The answer may come all the same, as where a server refuses a body that is too long.
    refused: Option<io::Error>,
}

impl Sending<'_> {
    fn poll(&mut self, stream: &mut Stream, context: &mut Context<'_>) {
        if self.refused.is_none()
            && let Poll::Ready(Err(error)) = write(stream, context, &mut self.left)
        {
            self.refused = Some(error);
        }
    }

    /// Whether all of it was written.
    const fn is_done(&self) -> bool {
        self.refused.is_none() && self.left.is_empty()
    }
}

impl Input {
    fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    fn poll_fill(&mut self, stream: &mut Stream, context: &mut Context<'_>) -> Poll<Result<usize, Failure>> {
        self.make_room()?;
        let mut room = ReadBuf::new(&mut self.buffer[self.end..]);
        ready!(Pin::new(stream).poll_read(context, &mut room)).map_err(|error| Failure::broken(&error))?;
        let read = room.filled().len();
        self.end += read;
        Poll::Ready(Ok(read))
    }

    /// There is room for at least one byte afterwards.
    fn make_room(&mut self) -> Result<(), Failure> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        if self.end < self.buffer.len() {
            return Ok(());
        }
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.end >= LONGEST_HEAD {
            return Err(Failure::new(FailureKind::Malformed, format!("a head of more than {LONGEST_HEAD} bytes")));
        }
        if self.end == self.buffer.len() {
            self.buffer.resize((self.buffer.len() * 2).max(BUFFER), 0);
        }
        Ok(())
    }

    /// Takes more at a time from now on.
    fn widen(&mut self) {
        if self.buffer.len() < LONG_BUFFER {
            self.buffer.resize(LONG_BUFFER, 0);
        }
    }

    /// Gives back what only a long answer needed.
    fn shrink(&mut self) {
        if self.buffer.len() > BUFFER && self.start == self.end {
            *self = Self::default();
        }
    }
}

/// Writes what is left, and pushes it out.
fn write(stream: &mut Stream, context: &mut Context<'_>, left: &mut &[u8]) -> Poll<io::Result<()>> {
    while !left.is_empty() {
        let written = ready!(Pin::new(&mut *stream).poll_write(context, left))?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        *left = &left[written..];
    }
    Pin::new(stream).poll_flush(context)
}
