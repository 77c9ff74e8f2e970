//! Answers `GET` requests when its script says so, on a thread of its own.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cutover::clock::{Timer, sharpen_this_thread};
use cutover::http::Socket;
use hdrhistogram::Histogram;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::script::{Play, Script};

/// 165 bytes with its head.
pub(crate) const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 94\r\n\r\n\
    {\"id\":4711,\"first_name\":\"Ada\",\"last_name\":\"Lovelace\",\"email\":\"ada@example.org\",\"active\":true}\n";

/// A server that sleeps wakes so much before an answer is due, and then spins.
const EARLY: Duration = Duration::from_micros(30);

/// How a server passes the time in which it has nothing to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Idle {
    /// As servers do: an idle processor takes some 50 µs to wake up, which the client sees and the script does not tell.
    Sleep,
    /// Its processor is never idle, so requests are read when they come. Wants a core for itself.
    Spin,
}

/// A server that runs until the process ends.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// By how much answers went out after they were due, in µs.
    pub(crate) late: Arc<Mutex<Histogram<u64>>>,
}

struct Stage {
    play: Play,
    /// Answers so far, where each comes at once.
    served: Cell<u64>,
    first: Option<Instant>,
    late: Arc<Mutex<Histogram<u64>>>,
}

/// Starts a server.
pub(crate) fn start(listen: SocketAddr, script: Script, seed: u64, idle: Idle) -> std::io::Result<Server> {
    let listener = std::net::TcpListener::bind(listen)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let late = Arc::new(Mutex::new(Histogram::new(3).expect("three digits")));
    let stage = {
        let late = late.clone();
        move || Stage { play: Play::new(script, seed), served: Cell::new(0), first: None, late }
    };
    let instant = script == Script::Fixed(Duration::ZERO);
    std::thread::Builder::new().name("truth".to_owned()).spawn(move || {
        // One that spins before all others would take its core away from them for good.
        if !instant && idle == Idle::Sleep {
            sharpen_this_thread();
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let stage = Rc::new(RefCell::new(stage()));
        runtime.block_on(tokio::task::LocalSet::new().run_until(async move {
            let listener = TcpListener::from_std(listener).expect("a listener");
            if idle == Idle::Spin {
                tokio::task::spawn_local(never_idle());
            }
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(stream) = Socket::new(stream) else { continue };
                let stage = stage.clone();
                tokio::task::spawn_local(async move {
                    // A client that goes away is no business of ours.
                    let _ = if instant { at_once(stream, &stage).await } else { on_time(stream, &stage, idle).await };
                });
            }
        }));
    })?;
    Ok(Server { address, late })
}

/// With a task that is always ready the runtime looks after its sockets and timers without ever sleeping.
async fn never_idle() {
    loop {
        tokio::task::yield_now().await;
    }
}

/// Reads to the end of a request without body; `None`: the client is gone.
async fn request<'a>(stream: &mut Socket, buffer: &'a mut [u8]) -> std::io::Result<Option<&'a [u8]>> {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        filled += read;
        if buffer[..filled].ends_with(b"\r\n\r\n") {
            return Ok(Some(&buffer[..filled]));
        }
        if read == 0 || filled == buffer.len() {
            return Ok(None);
        }
    }
}

async fn at_once(mut stream: Socket, stage: &RefCell<Stage>) -> std::io::Result<()> {
    let mut buffer = [0; 4096];
    while let Some(asked) = request(&mut stream, &mut buffer).await? {
        if asked.starts_with(b"GET /served ") {
            let text = stage.borrow().served.get().to_string();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", text.len());
            stream.write_all((head + &text).as_bytes()).await?;
            continue;
        }
        stage.borrow().count();
        stream.write_all(ANSWER).await?;
    }
    Ok(())
}

async fn on_time(stream: Socket, stage: &RefCell<Stage>, idle: Idle) -> std::io::Result<()> {
    let mut stream = stream.stamped();
    let early = if idle == Idle::Sleep { EARLY } else { Duration::ZERO };
    let mut buffer = [0; 4096];
    let mut timer = Timer::new()?;
    // The last answer went out after this; a request cannot have come earlier.
    let mut quiet_since = Instant::now();
    while let Some(asked) = request(&mut stream, &mut buffer).await? {
        // Whoever wants to know whether we are there has no part in the script.
        if asked.starts_with(b"GET /health ") {
            stream.write_all(ANSWER).await?;
            continue;
        }
        // The script counts from when the request came, not from when a busy machine let us read it.
        let came = stream.came().and_then(|came| came.since(quiet_since)).unwrap_or_else(Instant::now);
        let due = stage.borrow_mut().due(came);
        timer.until(due.checked_sub(early).unwrap_or(due)).await?;
        while Instant::now() < due {
            match idle {
                Idle::Sleep => std::hint::spin_loop(),
                Idle::Spin => tokio::task::yield_now().await,
            }
        }
        quiet_since = Instant::now();
        stream.write_all(ANSWER).await?;
        stage.borrow().note(due);
    }
    Ok(())
}

impl Stage {
    fn count(&self) {
        self.served.set(self.served.get() + 1);
    }

    fn due(&mut self, now: Instant) -> Instant {
        let first = *self.first.get_or_insert(now);
        first + self.play.due(now.saturating_duration_since(first))
    }

    fn note(&self, due: Instant) {
        let late = Instant::now().saturating_duration_since(due).as_micros() as u64;
        self.late.lock().unwrap_or_else(PoisonError::into_inner).saturating_record(late);
    }
}
