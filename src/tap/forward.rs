//! One request passed on to upstream, and its answer back.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri, Version};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::sync::Mutex;

use super::recorder::{Sender, Wire};
use super::tee::{AtEnd, Kept, Tee};
use super::{Counters, TapOptions, headers};
use crate::http::{Origin, Stream};
use crate::stop::Stop;

/// How long upstream may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// What all connections share.
pub(super) struct Shared {
    options: TapOptions,
    host: Option<HeaderValue>,
    sender: Sender,
    stop: Stop,
}

impl Shared {
    pub(super) fn new(options: TapOptions, sender: Sender, stop: Stop) -> Self {
        let host = HeaderValue::from_str(&options.upstream.authority).ok().filter(|_| !options.preserve_host);
        Self { options, host, sender, stop }
    }
}

type Upstream = SendRequest<Tee<()>>;
type Answer = Response<Either<Full<Bytes>, Tee<Pending>>>;

/// One connection of a client. It has one connection to upstream, kept as long as upstream keeps it, so that sessions
/// which are bound to connections stay apart.
pub(super) struct Session {
    shared: Arc<Shared>,
    /// Where the client is.
    name: String,
    upstream: Mutex<Option<Upstream>>,
}

/// An exchange whose answer is on its way.
pub(super) struct Pending {
    wire: Box<Wire>,
    request_body: Kept,
    response_body: Kept,
    sender: Sender,
}

impl AtEnd for Pending {
    fn end(mut self) {
        self.wire.request_body = self.request_body.take();
        self.wire.response_body = self.response_body.take();
        self.sender.send(self.wire);
    }
}

impl Session {
    pub(super) fn new(shared: Arc<Shared>, peer: SocketAddr) -> Self {
        Self { shared, name: peer.to_string(), upstream: Mutex::new(None) }
    }

    pub(super) async fn forward(self: Arc<Self>, request: Request<Incoming>) -> Result<Answer, Infallible> {
        let shared = &self.shared;
        let count = Counters::add(&shared.sender.counters().requests);
        if shared.options.max_requests.is_some_and(|most| count >= most) {
            shared.stop.trigger();
        }
        Ok(self.pass(request).await.unwrap_or_else(|(status, text)| {
            Counters::add(&shared.sender.counters().failed);
            own_answer(status, &text)
        }))
    }

    async fn pass(&self, mut request: Request<Incoming>) -> Result<Answer, (StatusCode, String)> {
        if request.method() == Method::CONNECT {
            let text = "cutover record is a reverse proxy: send requests to it as if it were the service".to_owned();
            return Err((StatusCode::METHOD_NOT_ALLOWED, text));
        }
        let at = SystemTime::now();
        let upgraded = headers::upgrade(request.headers()).map(|_| hyper::upgrade::on(&mut request));
        let (head, body) = request.into_parts();
        let target = target(&head.uri);
        let request_body = Kept::default();
        let mut onward = Request::new(Tee::new(body, self.shared.options.keep_body, request_body.clone(), ()));
        *onward.method_mut() = head.method.clone();
        *onward.uri_mut() = target.clone();
        *onward.headers_mut() = head.headers.clone();
        headers::request(onward.headers_mut(), self.shared.host.as_ref());
        let mut response = self.send(onward).await.map_err(|error| {
            let upstream = &self.shared.options.upstream.base_url;
            (StatusCode::BAD_GATEWAY, format!("cutover record: no answer from {upstream}: {error}"))
        })?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Ok(self.switch(upgraded, response));
        }
        *response.version_mut() = Version::HTTP_11;
        headers::strip(response.headers_mut());
        let wire = Box::new(Wire {
            session: self.name.clone(),
            at,
            method: head.method,
            target,
            request_headers: head.headers,
            request_body: crate::import::Content::default(),
            status: response.status(),
            response_headers: response.headers().clone(),
            response_body: crate::import::Content::default(),
        });
        let response_body = Kept::default();
        let pending =
            Pending { wire, request_body, response_body: response_body.clone(), sender: self.shared.sender.clone() };
        let limit = self.shared.options.keep_body;
        Ok(response.map(|body| Either::Right(Tee::new(body, limit, response_body, pending))))
    }

    /// Sends a request on the kept connection, or on a new one if that turns out to be closed before it took the request.
    async fn send(&self, request: Request<Tee<()>>) -> Result<Response<Incoming>, String> {
        let mut kept = self.upstream.lock().await;
        let mut request = request;
        if let Some(sender) = kept.as_mut()
            && sender.ready().await.is_ok()
        {
            match sender.try_send_request(request).await {
                Ok(response) => return Ok(response),
                Err(mut error) => {
                    *kept = None;
                    match error.take_message() {
                        Some(unsent) => request = unsent,
                        None => return Err(in_full(&error.into_error())),
                    }
                }
            }
        }
        let mut sender = connect(&self.shared.options.upstream).await?;
        let response = sender.send_request(request).await.map_err(|error| in_full(&error))?;
        *kept = Some(sender);
        Ok(response)
    }

    /// From here on both ends speak another protocol; nothing of it is recorded.
    fn switch(&self, client: Option<hyper::upgrade::OnUpgrade>, mut response: Response<Incoming>) -> Answer {
        let upstream = hyper::upgrade::on(&mut response);
        let stop = self.shared.stop.clone();
        if let Some(client) = client {
            tokio::spawn(async move {
                let (Ok(client), Ok(upstream)) = tokio::join!(client, upstream) else { return };
                let (mut client, mut upstream) = (TokioIo::new(client), TokioIo::new(upstream));
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut client, &mut upstream) => {}
                    () = stop.triggered() => {}
                }
            });
        }
        response.map(|_| Either::Left(Full::default()))
    }
}

fn target(uri: &Uri) -> Uri {
    uri.path_and_query().map_or_else(|| Uri::from_static("/"), |target| Uri::from(target.clone()))
}

async fn connect(origin: &Origin) -> Result<Upstream, String> {
    let stream = match tokio::time::timeout(CONNECT, Stream::connect(origin)).await {
        Ok(stream) => stream.map_err(|failure| failure.detail)?,
        Err(_) => return Err(format!("no connection within {}", crate::units::format_duration(CONNECT))),
    };
    let (sender, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| in_full(&error))?;
    // The driver ends with the connection; its error reaches the request that is under way.
    tokio::spawn(driver.with_upgrades());
    Ok(sender)
}

fn in_full(error: &hyper::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.extend([": ", &cause.to_string()]);
        source = cause.source();
    }
    text
}

/// An answer of the proxy's own, which is not recorded.
fn own_answer(status: StatusCode, text: &str) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    let mut response = Response::new(Either::Left(Full::from(format!("{text}\n"))));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
