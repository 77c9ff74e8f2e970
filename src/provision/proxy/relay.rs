//! One connection through the proxy: two lines, each a queue of what is under way and when it is due.
//!
//! Bandwidth is left alone: many packets may be under way at a time, each leaves when its own time has come. While the way
//! is stalled nothing is read and nothing is handed over; when it is cut, both ends get a reset.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;

use super::Way;
use crate::clock::{Timer, WAKING};

/// Read at most so much at a time.
const CHUNK: usize = 64 * 1024;
/// A buffer with less room than this is replaced.
const SMALLEST_READ: usize = 8 * 1024;
/// So much may be under way in one direction before the sender is made to wait, as a full window would.
const WINDOW: usize = 8 * 1024 * 1024;

/// What travels along a line.
enum Packet {
    Data(Bytes),
    /// The sender is done; the other direction may go on.
    End,
    /// The sender has broken the connection off.
    Reset,
}

/// One direction.
struct Line {
    delay: Duration,
    under_way: VecDeque<(Instant, Packet)>,
    bytes: usize,
}

impl Line {
    const fn new(delay: Duration) -> Self {
        Self { delay, under_way: VecDeque::new(), bytes: 0 }
    }

    /// Sends a packet off.
    fn put(&mut self, packet: Packet) {
        if let Packet::Data(data) = &packet {
            self.bytes += data.len();
        }
        self.under_way.push_back((Instant::now() + self.delay, packet));
    }

    fn next_due(&self) -> Option<Instant> {
        self.under_way.front().map(|(due, _)| *due)
    }

    /// The first packet, if it has arrived.
    fn arrived(&self, now: Instant) -> Option<&Packet> {
        self.under_way.front().filter(|(due, _)| *due <= now + WAKING).map(|(_, packet)| packet)
    }

    /// So many bytes of the first packet were handed over.
    fn handed_over(&mut self, count: usize) {
        self.bytes -= count;
        if let Some((_, Packet::Data(data))) = self.under_way.front_mut() {
            data.advance(count);
            if data.is_empty() {
                self.under_way.pop_front();
            }
        }
    }

    const fn has_room(&self) -> bool {
        self.bytes < WINDOW
    }
}

/// Carries one connection upstream and back until both directions have ended, one side breaks it off, or it is cut.
pub(super) async fn relay(mut client: TcpStream, way: watch::Receiver<Way>, delay: Duration) {
    let opened = Instant::now();
    let Way { upstream, cuts, .. } = *way.borrow();
    let Ok(mut server) = TcpStream::connect(upstream).await else {
        break_off(&client);
        return;
    };
    let mut cut = way.clone();
    let result = tokio::select! {
        result = carry(&mut client, &mut server, &way, opened, delay) => result,
        _ = cut.wait_for(|way| way.cuts != cuts) => Err(io::ErrorKind::ConnectionAborted.into()),
    };
    if result.is_err() {
        break_off(&client);
        break_off(&server);
    }
}

async fn carry(
    client: &mut TcpStream,
    server: &mut TcpStream,
    way: &watch::Receiver<Way>,
    opened: Instant,
    delay: Duration,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    // Opening a connection takes a round trip too; our own kernel has answered for the server at once.
    Timer::new()?.until(opened + 2 * delay).await?;
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let there = forward(from_client, to_server, way.clone(), delay);
    let back = forward(from_server, to_client, way.clone(), delay);
    tokio::try_join!(there, back)?;
    Ok(())
}

/// One direction until its end.
async fn forward(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut way: watch::Receiver<Way>,
    delay: Duration,
) -> io::Result<()> {
    let mut line = Line::new(delay);
    let mut timer = Timer::new()?;
    let mut buffer = BytesMut::new();
    let mut open = true;
    loop {
        if way.borrow_and_update().stalled {
            // The proxy itself ends with whoever could change that.
            way.changed().await.map_err(io::Error::other)?;
            continue;
        }
        let now = Instant::now();
        let data = match line.arrived(now) {
            Some(Packet::Data(data)) => Some(&data[..]),
            Some(Packet::End) => return to.shutdown().await,
            Some(Packet::Reset) => return Err(io::ErrorKind::ConnectionReset.into()),
            None => None,
        };
        let may_read = open && line.has_room();
        if buffer.capacity() < SMALLEST_READ {
            buffer.reserve(CHUNK);
        }
        tokio::select! {
            biased;
            Ok(()) = way.changed() => {}
            written = to.write(data.unwrap_or_default()), if data.is_some() => line.handed_over(written?),
            waited = timer.until(line.next_due().unwrap_or(now)), if data.is_none() && line.next_due().is_some() => waited?,
            read = from.read_buf(&mut buffer), if may_read => {
                let packet = received(&read, &mut buffer);
                open = matches!(packet, Packet::Data(_));
                line.put(packet);
            }
        }
    }
}

fn received(read: &io::Result<usize>, buffer: &mut BytesMut) -> Packet {
    match read {
        Ok(0) => Packet::End,
        Ok(_) => Packet::Data(buffer.split().freeze()),
        Err(_) => Packet::Reset,
    }
}

/// Closing it now sends a reset instead of an orderly end.
fn break_off(stream: &TcpStream) {
    // A socket that can no longer be set up is closed already.
    let _ = stream.set_zero_linger();
}
