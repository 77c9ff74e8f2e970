//! Waiting that is finer than tokio's millisecond.

use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// From the expiry of a timer until the woken task has sent something (measured: 35 to 50 µs). Waiting ends so much
/// earlier, so that a delay is right on average and not always too long.
pub const WAKING: Duration = Duration::from_micros(40);

/// A kernel timer that wakes one task.
#[derive(Debug)]
pub struct Timer {
    fd: AsyncFd<OwnedFd>,
    armed: Option<Instant>,
}

impl Timer {
    /// A timer that waits for nothing yet. Needs a tokio runtime around it.
    ///
    /// # Errors
    /// The process has no file descriptor left.
    #[expect(deprecated, reason = "its successor is `unsafe`; an `OwnedFd` stays open and stays the same file")]
    pub fn new() -> io::Result<Self> {
        let fd = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        Ok(Self { fd: AsyncFd::with_interest(fd, Interest::READABLE)?, armed: None })
    }

    /// Returns [`WAKING`] before `due`, or as soon after that as the machine allows. May be dropped and called again.
    ///
    /// # Errors
    /// The kernel refused, which it has no reason to.
    pub async fn until(&mut self, due: Instant) -> io::Result<()> {
        loop {
            let remaining = due.saturating_duration_since(Instant::now()).saturating_sub(WAKING);
            if remaining.is_zero() {
                return Ok(());
            }
            if self.armed != Some(due) {
                self.arm(remaining)?;
                self.armed = Some(due);
            }
            // The timer is not read: arming it again takes back its expiry, and tokio asks for edges only.
            self.fd.readable().await?.clear_ready();
        }
    }

    fn arm(&self, remaining: Duration) -> io::Result<()> {
        let value = Timespec {
            tv_sec: i64::try_from(remaining.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(remaining.subsec_nanos()),
        };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        timerfd_settime(&self.fd, TimerfdTimerFlags::empty(), &once)?;
        Ok(())
    }
}
