//! HTTP/2 on one connection, one request at a time, so that both protocols are loaded alike: a virtual user is a client of
//! its own and not a stream of another's.

use std::future::poll_fn;

use bytes::Bytes;
use h2::client::{Builder, ResponseFuture, SendRequest};
use h2::{Reason, RecvStream};
use http::header::HOST;
use http::{HeaderMap, Request, Uri};

use super::stream::Stream;
use super::{Attempt, Failure, FailureKind, Keep, Origin, Response, Sink};

/// What a side may send ahead on one stream; more waits for us to have read.
const WINDOW: u32 = 1 << 20;

/// A connection that speaks HTTP/2.
#[derive(Debug)]
pub(super) struct Http2 {
    sender: SendRequest<Bytes>,
}

/// A request whose answer is to come.
#[derive(Debug)]
pub(super) struct Asked(ResponseFuture);

impl Http2 {
    pub(super) async fn handshake(stream: Stream) -> Result<Self, Failure> {
        let mut builder = Builder::new();
        builder.initial_window_size(WINDOW).initial_connection_window_size(WINDOW).enable_push(false);
        let (sender, driver) = builder.handshake(stream).await.map_err(|error| Failure::http2(&error))?;
        // The driver ends with the connection; its error reaches the request that is under way.
        tokio::spawn(driver);
        Ok(Self { sender })
    }

    /// Sends a request.
    pub(super) async fn ask(&mut self, origin: &Origin, request: &Request<Bytes>) -> Result<Asked, Failure> {
        let unsent = |error: h2::Error| Failure::http2(&error);
        poll_fn(|context| self.sender.poll_ready(context)).await.map_err(unsent)?;
        let body = request.body();
        let (answer, mut out) = self.sender.send_request(head(origin, request)?, body.is_empty()).map_err(unsent)?;
        if !body.is_empty() {
            out.send_data(body.clone(), true).map_err(unsent)?;
        }
        Ok(Asked(answer))
    }

    /// Sends a request and reads its whole answer.
    pub(super) async fn exchange(
        &mut self,
        origin: &Origin,
        request: &Request<Bytes>,
        keep: Keep,
        max_body: usize,
    ) -> Result<Response, Attempt> {
        let asked = self.ask(origin, request).await.map_err(Attempt::unanswered)?;
        let (head, body) = asked.0.await.map_err(|error| refused(&error))?.into_parts();
        let mut sink = Sink::new(keep, max_body);
        read(body, &mut sink).await?;
        let (body, length) = sink.into_parts();
        let headers = if keep == Keep::Length { HeaderMap::new() } else { head.headers };
        Ok(Response { status: head.status.as_u16(), headers, body, length })
    }
}

/// An error in place of an answer. A connection that went away, or said that it had not begun the request, may be tried anew.
fn refused(error: &h2::Error) -> Attempt {
    let failure = Failure::http2(error);
    let untouched = error.is_io() || error.is_go_away() || error.reason() == Some(Reason::REFUSED_STREAM);
    if untouched { Attempt::unanswered(failure) } else { failure.into() }
}

/// The head with its whole URL, which HTTP/2 takes `:scheme` and `:authority` from.
fn head(origin: &Origin, request: &Request<Bytes>) -> Result<Request<()>, Failure> {
    let target = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let uri: Uri = format!("{}{target}", origin.base_url)
        .parse()
        .map_err(|error| Failure::new(FailureKind::Malformed, format!("`{target}`: {error}")))?;
    let mut head = Request::new(());
    *head.method_mut() = request.method().clone();
    *head.uri_mut() = uri;
    let headers = request.headers().iter().filter(|(name, _)| *name != HOST);
    head.headers_mut().extend(headers.map(|(name, value)| (name.clone(), value.clone())));
    Ok(head)
}

async fn read(mut body: RecvStream, sink: &mut Sink) -> Result<(), Failure> {
    while let Some(data) = body.data().await {
        let data = data.map_err(|error| Failure::http2(&error))?;
        sink.take(&data)?;
        body.flow_control().release_capacity(data.len()).map_err(|error| Failure::http2(&error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
