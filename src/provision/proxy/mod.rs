//! A TCP proxy that puts a distance between a side and its database, and trouble where that is asked for.
//!
//! It runs on a thread of its own, so that a busy runtime elsewhere does not lengthen the delay.

mod relay;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

/// What becomes of what travels through a proxy.
#[derive(Debug, Clone, Copy)]
struct Way {
    upstream: SocketAddr,
    /// Nothing moves, in either direction, and nothing is closed.
    stalled: bool,
    /// Connections are broken off whenever this changes.
    cuts: u64,
}

/// A running proxy; dropping it closes its connections.
pub(super) struct Proxy {
    address: SocketAddr,
    way: watch::Sender<Way>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Listens on a free port of this machine for connections to `upstream`; a round trip takes `round_trip` longer.
    pub(super) fn start(upstream: SocketAddr, round_trip: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let (stop, stopped) = oneshot::channel();
        let (way, followed) = watch::channel(Way { upstream, stalled: false, cuts: 0 });
        let thread = std::thread::Builder::new().name(THREAD.to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = accept(listener, followed, round_trip / 2) => {}
                }
            });
        })?;
        Ok(Self { address, way, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Breaks every open connection off, with a reset to both ends. New ones are let through.
    pub(super) fn cut(&self) {
        self.way.send_modify(|way| way.cuts += 1);
    }

    /// From now on nothing moves, or everything does again; what was sent meanwhile arrives then.
    pub(super) fn stall(&self, stalled: bool) {
        self.way.send_modify(|way| way.stalled = stalled);
    }

    /// New connections go there: a server that is started again may be found elsewhere.
    pub(super) fn lead_to(&self, upstream: SocketAddr) {
        self.way.send_modify(|way| way.upstream = upstream);
    }
}

/// Name of the proxy's threads.
const THREAD: &str = "cutover-proxy";

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic over there has been printed; connections are closed all the same.
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, way: watch::Receiver<Way>, delay: Duration) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    loop {
        match listener.accept().await {
            Ok((client, _)) => drop(tokio::spawn(relay::relay(client, way.clone(), delay))),
            // Out of file descriptors, say: it may pass.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}
