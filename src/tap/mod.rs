//! A reverse proxy that writes down what goes through it, so that real traffic becomes a plan.
//!
//! Traffic comes first: bodies are passed on as they come, recording happens on a thread of its own behind a bounded
//! queue, and what that cannot keep up with is counted and not recorded. What is written holds no secret
//! (`import::Sealer`). Makes no plan itself.

mod forward;
mod headers;
mod recorder;
mod spool;
mod tee;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::http::Origin;
use crate::stop::Stop;

pub use recorder::Recorder;
pub use spool::{Spool, SpoolError, read_spool};

/// How long requests under way may take to end once the end was asked for.
const DRAIN: Duration = Duration::from_secs(5);

/// What is passed on, and how.
#[derive(Debug, Clone)]
pub struct TapOptions {
    /// Where requests go.
    pub upstream: Origin,
    /// The `host` header stays as the client sent it.
    pub preserve_host: bool,
    /// Bytes of each body that are kept for the record.
    pub keep_body: usize,
    /// Ends after so many requests.
    pub max_requests: Option<u64>,
}

/// What has gone through so far.
#[derive(Debug, Default)]
pub struct Counters {
    /// Requests that came.
    pub requests: AtomicU64,
    /// Exchanges that were written down.
    pub recorded: AtomicU64,
    /// Exchanges that the recorder could not keep up with.
    pub missed: AtomicU64,
    /// Exchanges that were written down no more because the disk refused.
    pub unwritten: AtomicU64,
    /// Requests that got no answer from upstream.
    pub failed: AtomicU64,
}

impl Counters {
    /// One more; gives back how many there are now.
    fn add(counter: &AtomicU64) -> u64 {
        counter.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// How many.
    pub fn get(counter: &AtomicU64) -> u64 {
        counter.load(Ordering::Relaxed)
    }
}

/// Passes requests on until the end is asked for; then those under way are given a few seconds.
pub async fn run(listener: TcpListener, options: TapOptions, recorder: &Recorder, stop: &Stop) {
    let shared = Arc::new(forward::Shared::new(options, recorder.sender(), stop.clone()));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.triggered() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                connections.spawn(serve(stream, peer, Arc::clone(&shared), stop.clone()));
            }
            // Out of descriptors, most likely: those under way will give some back.
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    let _ = tokio::time::timeout(DRAIN, async { while connections.join_next().await.is_some() {} }).await;
    connections.shutdown().await;
}

async fn serve(stream: TcpStream, peer: SocketAddr, shared: Arc<forward::Shared>, stop: Stop) {
    // Without it small answers wait for more; a socket that refuses is only slower.
    let _ = stream.set_nodelay(true);
    let session = Arc::new(forward::Session::new(shared, peer));
    let service = service_fn(move |request| forward::Session::forward(Arc::clone(&session), request));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = stop.triggered() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "a client's connection broke");
    }
}
