//! A body that is passed on as it comes, while its first bytes are kept.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use crate::import::Content;

/// The first bytes of a body, shared between whoever passes it on and whoever writes it down.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept(Arc<Mutex<Content>>);

impl Kept {
    fn push(&self, data: &[u8], limit: usize) {
        let mut content = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = limit.saturating_sub(content.bytes.len());
        content.bytes.extend_from_slice(&data[..data.len().min(room)]);
        content.is_cut |= data.len() > room;
    }

    fn cut(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_cut = true;
    }

    /// What was kept so far.
    pub(super) fn take(&self) -> Content {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Done once the body is at its end, or nobody reads it any more.
pub(super) trait AtEnd: Unpin + Send {
    /// The body is over.
    fn end(self);
}

impl AtEnd for () {
    fn end(self) {}
}

/// A body that is passed on.
pub(super) struct Tee<E: AtEnd> {
    inner: Incoming,
    kept: Kept,
    limit: usize,
    at_end: Option<E>,
}

impl<E: AtEnd> Tee<E> {
    /// Passes a body on and keeps its first bytes.
    pub(super) fn new(inner: Incoming, limit: usize, kept: Kept, at_end: E) -> Self {
        let mut tee = Self { inner, kept, limit, at_end: Some(at_end) };
        if tee.inner.is_end_stream() {
            tee.over();
        }
        tee
    }

    fn over(&mut self) {
        if let Some(at_end) = self.at_end.take() {
            at_end.end();
        }
    }
}

impl<E: AtEnd> Body for Tee<E> {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let tee = self.get_mut();
        let polled = Pin::new(&mut tee.inner).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    tee.kept.push(data, tee.limit);
                }
                if tee.inner.is_end_stream() {
                    tee.over();
                }
            }
            Poll::Ready(Some(Err(_))) => {
                tee.kept.cut();
                tee.over();
            }
            Poll::Ready(None) => tee.over(),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<E: AtEnd> Drop for Tee<E> {
    fn drop(&mut self) {
        if self.at_end.is_some() && !self.inner.is_end_stream() {
            self.kept.cut();
        }
        self.over();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_kept_than_the_limit_and_that_it_was_cut_is_known() {
        let kept = Kept::default();
        kept.push(b"12345", 8);
        kept.push(b"678", 8);
        assert!(!kept.0.lock().unwrap().is_cut);
        kept.push(b"9", 8);
        kept.push(b"0", 8);
        let content = kept.take();
        assert_eq!((&content.bytes[..], content.is_cut), (&b"12345678"[..], true));
    }
}
