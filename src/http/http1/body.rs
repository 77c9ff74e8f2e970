//! Where the body of an answer ends.

use httparse::Status;

use crate::http::{Failure, FailureKind, Sink};

/// A body that is being read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Body(State);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// So many bytes are still to come.
    Length(u64),
    /// Everything until the connection is closed.
    UntilClosed,
    /// The line with the size of the next chunk.
    Size,
    /// So many bytes of a chunk are still to come.
    Chunk(u64),
    /// The end of the line after a chunk.
    ChunkEnd,
    /// Lines after the last chunk, up to an empty one.
    Trailers,
}

impl Body {
    pub(super) const fn length(length: u64) -> Self {
        Self(State::Length(length))
    }

    pub(super) const fn until_closed() -> Self {
        Self(State::UntilClosed)
    }

    pub(super) const fn chunked() -> Self {
        Self(State::Size)
    }

    pub(super) fn is_whole(self) -> bool {
        self.0 == State::Length(0)
    }

    /// How many bytes are still to come, as far as it is said.
    pub(super) const fn announced(self) -> u64 {
        match self.0 {
            State::Length(left) => left,
            _ => 0,
        }
    }

    pub(super) fn ends_with_the_connection(self) -> bool {
        self.0 == State::UntilClosed
    }

    /// Takes what belongs to the body; gives back how many bytes that were.
    pub(super) fn take(&mut self, bytes: &[u8], sink: &mut Sink) -> Result<usize, Failure> {
        let mut taken = 0;
        while !self.is_whole() {
            let (step, next) = self.next(&bytes[taken..], sink)?;
            let is_stuck = step == 0 && next == self.0;
            taken += step;
            self.0 = next;
            if is_stuck {
                break;
            }
        }
        Ok(taken)
    }

    /// One piece: how long it is and what comes after it. The same again without a byte: more must be read first.
    fn next(&self, bytes: &[u8], sink: &mut Sink) -> Result<(usize, State), Failure> {
        match self.0 {
            State::Length(left) => {
                let data = upto(bytes, left);
                sink.take(data)?;
                Ok((data.len(), State::Length(left - data.len() as u64)))
            }
            State::UntilClosed => {
                sink.take(bytes)?;
                Ok((bytes.len(), State::UntilClosed))
            }
            State::Chunk(left) => {
                let data = upto(bytes, left);
                sink.take(data)?;
                let left = left - data.len() as u64;
                Ok((data.len(), if left == 0 { State::ChunkEnd } else { State::Chunk(left) }))
            }
            State::Size => match httparse::parse_chunk_size(bytes) {
                Ok(Status::Complete((length, 0))) => Ok((length, State::Trailers)),
                Ok(Status::Complete((length, size))) => Ok((length, State::Chunk(size))),
                Ok(Status::Partial) => Ok((0, State::Size)),
                Err(_) => Err(malformed("a chunk without a size")),
            },
            State::ChunkEnd => match bytes {
                [b'\r', b'\n', ..] => Ok((2, State::Size)),
                [] | [b'\r'] => Ok((0, State::ChunkEnd)),
                _ => Err(malformed("a chunk is longer than its size")),
            },
            State::Trailers => Ok(match bytes.iter().position(|byte| *byte == b'\n') {
                None => (0, State::Trailers),
                Some(end) if bytes[..end].iter().all(|byte| *byte == b'\r') => (end + 1, State::Length(0)),
                Some(end) => (end + 1, State::Trailers),
            }),
        }
    }
}

fn upto(bytes: &[u8], left: u64) -> &[u8] {
    let length = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
    &bytes[..length]
}

fn malformed(detail: &str) -> Failure {
    Failure::new(FailureKind::Malformed, detail)
}
