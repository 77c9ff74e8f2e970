//! A TCP connection that knows when what was read last had come.
//!
//! An answer waits in the kernel until somebody reads it. On a machine that is busy that is milliseconds, and they are the
//! load generator's, not the service's. The kernel notes when each packet came (`SO_TIMESTAMPNS`, socket(7)) and tells it
//! with the bytes, so an answer ends when its last packet came and not when we were let to read it.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd as _, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::sys::socket::sockopt::ReceiveTimestampns;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// A TCP connection.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    /// Whether the kernel tells when packets came.
    is_stamped: bool,
    came: Option<Came>,
}

/// When a packet came, by the clock of the kernel's stamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Came(SystemTime);

/// Room for one time stamp, aligned as the kernel writes it: its head of 16 bytes and its two numbers.
#[repr(align(8))]
struct Control([u8; 32]);

impl Socket {
    /// Connects.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn connect(address: SocketAddr) -> io::Result<Self> {
        Self::new(TcpStream::connect(address).await?)
    }

    /// A connection that is there already. Small pieces go out at once.
    ///
    /// # Errors
    /// It is no longer connected.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, is_stamped: false, came: None })
    }

    /// Asks the kernel to tell when packets come. Where it does not, an answer has come when it was read.
    #[must_use]
    pub fn stamped(self) -> Self {
        Self { is_stamped: setsockopt(&self.stream, ReceiveTimestampns, &true).is_ok(), ..self }
    }

    /// When the last packet of what was read last had come.
    pub const fn came(&self) -> Option<Came> {
        self.came
    }

    /// Whether the other end has neither closed nor said anything. Costs no system call: tokio remembers that the last
    /// read left nothing.
    pub(super) fn is_quiet(&self) -> bool {
        matches!(self.stream.try_read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }
}

impl Came {
    /// The same as an instant, if it lies between one that is past and now: it does not where the machine's clock was
    /// set meanwhile. Who is interrupted between the two clocks makes it later, and never earlier.
    pub fn since(self, past: Instant) -> Option<Instant> {
        let age = SystemTime::now().duration_since(self.0).ok()?;
        Instant::now().checked_sub(age).filter(|came| *came >= past)
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.is_stamped {
            return Pin::new(&mut this.stream).poll_read(context, to);
        }
        let fd = this.stream.as_raw_fd();
        let room = to.initialize_unfilled();
        loop {
            ready!(this.stream.poll_read_ready(context))?;
            let mut taken = None;
            let outcome = this.stream.try_io(Interest::READABLE, || {
                let (read, came) = receive(fd, room)?;
                taken = Some((read, came));
                // Less than there was room for: nothing is left to read, as tokio's own reading has it.
                if (1..room.len()).contains(&read) { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
            });
            match (taken, outcome) {
                (Some((read, came)), _) => {
                    this.came = came;
                    to.advance(read);
                    return Poll::Ready(Ok(()));
                }
                (None, Err(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
                (None, outcome) => return Poll::Ready(outcome),
            }
        }
    }
}

/// Reads what there is, and when the last packet of it came.
fn receive(fd: RawFd, room: &mut [u8]) -> io::Result<(usize, Option<Came>)> {
    let mut control = Control([0; 32]);
    let mut parts = [IoSliceMut::new(room)];
    let got = recvmsg::<()>(fd, &mut parts, Some(&mut control.0), MsgFlags::empty())?;
    let came = got.cmsgs().ok().into_iter().flatten().find_map(|message| match message {
        ControlMessageOwned::ScmTimestampns(at) => {
            let since = Duration::new(at.tv_sec().try_into().ok()?, at.tv_nsec().try_into().ok()?);
            Some(Came(UNIX_EPOCH + since))
        }
        _ => None,
    });
    Ok((got.bytes, came))
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, from)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, from)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use tokio::io::AsyncReadExt as _;

    use super::*;

    async fn pair() -> (Socket, std::net::TcpStream) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let socket = Socket::connect(listener.local_addr().expect("an address")).await.expect("a connection");
        let (mut socket, mut other) = (socket.stamped(), listener.accept().expect("the other end").0);
        // The kernel begins to stamp a moment after the first socket of the machine asked for it.
        for _ in 0..1_000 {
            other.write_all(b"x").expect("written");
            assert_eq!(socket.read_u8().await.expect("read"), b'x');
            if socket.came().is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        (socket, other)
    }

    #[tokio::test]
    async fn what_was_read_late_had_come_early() {
        let (mut socket, mut other) = pair().await;
        let sent = Instant::now();
        other.write_all(b"hello").expect("written");
        let written = Instant::now();
        // The reader is kept from its work.
        std::thread::sleep(Duration::from_millis(50));
        let mut room = [0; 16];
        assert_eq!(socket.read(&mut room).await.expect("read"), 5);
        let read = Instant::now();
        let came = socket.came().expect("a stamp").since(sent).expect("a time between");
        assert!(came <= written, "it came while it was written");
        assert!(read - came >= Duration::from_millis(50));
    }

    #[tokio::test]
    async fn the_last_packet_counts_and_nothing_is_left_unread() {
        let (mut socket, mut other) = pair().await;
        let sent = Instant::now();
        for part in ["one", "two"] {
            other.write_all(part.as_bytes()).expect("written");
            std::thread::sleep(Duration::from_millis(20));
        }
        let mut room = [0; 16];
        let mut filled = 0;
        while filled < 6 {
            filled += socket.read(&mut room[filled..]).await.expect("read");
        }
        assert_eq!(&room[..6], b"onetwo");
        let came = socket.came().expect("a stamp").since(sent).expect("a time between");
        assert!(came - sent >= Duration::from_millis(20), "the second part came later");
        assert!(socket.is_quiet());
        // Exactly as much as there is room for, then more.
        other.write_all(b"threefour").expect("written");
        let mut five = [0; 5];
        socket.read_exact(&mut five).await.expect("read");
        assert_eq!(&five, b"three");
        assert!(!socket.is_quiet(), "there is more");
    }

    #[tokio::test]
    async fn the_end_is_an_end_and_the_other_way_is_open() {
        let (mut socket, mut other) = pair().await;
        other.write_all(b"bye").expect("written");
        drop(other);
        let mut all = Vec::new();
        socket.read_to_end(&mut all).await.expect("read");
        assert_eq!(all, b"bye");
        let (mut socket, mut other) = pair().await;
        other.set_read_timeout(Some(Duration::from_secs(5))).expect("a limit");
        tokio::io::AsyncWriteExt::write_all(&mut socket, b"hi").await.expect("written");
        let mut two = [0; 2];
        other.read_exact(&mut two).expect("read");
        assert_eq!(&two, b"hi");
    }

    #[tokio::test]
    async fn a_time_that_cannot_be_is_none() {
        let sent = Instant::now().checked_sub(Duration::from_secs(5)).expect("an instant");
        let at = |ago: Duration| Came(SystemTime::now() - ago).since(sent);
        assert!(at(Duration::from_secs(2)).is_some());
        assert_eq!(at(Duration::from_secs(20)), None, "before it was asked for");
        assert_eq!(Came(SystemTime::now() + Duration::from_secs(9)).since(sent), None, "in the future");
    }
}
