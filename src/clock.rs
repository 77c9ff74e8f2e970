//! Time since the start of a run, and waiting that is finer than the millisecond of tokio's timer.

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

/// The start of a run. Every `..._ms` of the run record counts from here.
#[derive(Debug, Clone, Copy)]
pub struct Epoch(Instant);

impl Epoch {
    /// The run starts now.
    pub fn now() -> Self {
        Self(Instant::now())
    }

    /// The instant itself.
    pub const fn instant(self) -> Instant {
        self.0
    }

    /// Whole milliseconds from the start of the run to an instant; 0 for one before it.
    pub fn ms(self, instant: Instant) -> u64 {
        instant.saturating_duration_since(self.0).as_millis() as u64
    }

    /// Whole milliseconds since the start of the run.
    pub fn elapsed_ms(self) -> u64 {
        self.ms(Instant::now())
    }
}

/// Makes the sleeps of this thread end when they are due: without this the kernel may add 50 µs to save power.
pub fn sharpen_this_thread() {
    // Where it is refused, the dispatch lag in the record shows what it cost.
    let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
}

/// Sleeps until an instant; returns at once if it has passed. Blocks the thread: for threads of their own only.
pub fn sleep_until(instant: Instant) {
    let left = instant.saturating_duration_since(Instant::now());
    if left > Duration::ZERO {
        std::thread::sleep(left);
    }
}

/// Microseconds between two instants, 0 if they are the wrong way round.
pub fn micros_between(earlier: Instant, later: Instant) -> u64 {
    u64::try_from(later.saturating_duration_since(earlier).as_micros()).unwrap_or(u64::MAX)
}
