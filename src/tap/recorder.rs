//! A thread that seals exchanges and writes them down, behind a queue that never makes traffic wait.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use http::{HeaderMap, Method, StatusCode, Uri};

use super::{Counters, Spool};
use crate::import::{Content, Dropped, Exchange, Sealer, unwanted};

/// Exchanges that may wait to be written down.
const QUEUE: usize = 4096;
/// What was sealed is on disk so soon.
const FLUSH: Duration = Duration::from_millis(100);

/// An exchange as the proxy saw it.
pub(super) struct Wire {
    pub(super) session: String,
    pub(super) at: SystemTime,
    pub(super) method: Method,
    pub(super) target: Uri,
    pub(super) request_headers: HeaderMap,
    pub(super) request_body: Content,
    pub(super) status: StatusCode,
    pub(super) response_headers: HeaderMap,
    pub(super) response_body: Content,
}

/// Where the proxy puts exchanges.
#[derive(Clone)]
pub(super) struct Sender {
    queue: SyncSender<Box<Wire>>,
    counters: Arc<Counters>,
}

impl Sender {
    pub(super) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Never waits: what does not fit is counted.
    pub(super) fn send(&self, wire: Box<Wire>) {
        if self.queue.try_send(wire).is_err() {
            Counters::add(&self.counters.missed);
        }
    }
}

/// Writes exchanges down until it is told to finish.
pub struct Recorder {
    sender: Sender,
    thread: JoinHandle<BTreeMap<Dropped, usize>>,
}

impl Recorder {
    /// Begins to record. `origin` is where upstream is; with `all`, pages and assets are recorded too.
    ///
    /// # Errors
    /// If no thread is to be had.
    pub fn start(spool: Spool, origin: String, all: bool, counters: Arc<Counters>) -> std::io::Result<Self> {
        let (queue, waiting) = sync_channel(QUEUE);
        let writer = Writer { spool, origin, all, counters: Arc::clone(&counters), dropped: BTreeMap::new() };
        let thread = std::thread::Builder::new().name("recorder".to_owned()).spawn(move || writer.run(&waiting))?;
        Ok(Self { sender: Sender { queue, counters }, thread })
    }

    pub(super) fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// Waits until everything in the queue is on disk. No proxy may use this recorder any more.
    /// Gives back what was not recorded, by reason.
    pub fn finish(self) -> BTreeMap<Dropped, usize> {
        drop(self.sender);
        self.thread.join().unwrap_or_default()
    }
}

struct Writer {
    spool: Spool,
    origin: String,
    all: bool,
    counters: Arc<Counters>,
    dropped: BTreeMap<Dropped, usize>,
}

impl Writer {
    fn run(mut self, waiting: &Receiver<Box<Wire>>) -> BTreeMap<Dropped, usize> {
        let mut sealer = Sealer::default();
        let mut flushed = Instant::now();
        loop {
            match waiting.recv_timeout(FLUSH) {
                Ok(wire) => self.record(&mut sealer, *wire),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if flushed.elapsed() >= FLUSH {
                self.flush();
                flushed = Instant::now();
            }
        }
        self.flush();
        self.dropped
    }

    fn record(&mut self, sealer: &mut Sealer, wire: Wire) {
        let exchange = exchange(wire, &self.origin);
        let reason = unwanted(&exchange).filter(|_| !self.all);
        match reason.map_or_else(|| sealer.seal(&exchange), Err) {
            Ok(kept) if self.spool.write(&kept).is_ok() => {
                Counters::add(&self.counters.recorded);
            }
            Ok(_) => {
                Counters::add(&self.counters.unwritten);
            }
            Err(reason) => *self.dropped.entry(reason).or_default() += 1,
        }
    }

    fn flush(&mut self) {
        if self.spool.flush().is_err() {
            Counters::add(&self.counters.unwritten);
        }
    }
}

fn exchange(wire: Wire, origin: &str) -> Exchange {
    let since = wire.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Exchange {
        session: wire.session,
        at_us: since.as_micros() as u64,
        origin: origin.to_owned(),
        method: wire.method.to_string(),
        target: wire.target.to_string(),
        request_headers: pairs(&wire.request_headers),
        request_body: wire.request_body,
        status: wire.status.as_u16(),
        response_headers: pairs(&wire.response_headers),
        response_body: wire.response_body,
    }
}

/// Values that are no text cannot be sent by a plan, and are left out.
fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let texts = headers.iter().filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
    texts.collect()
}
