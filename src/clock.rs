//! Time since the start of a run, and waiting that is finer than the millisecond of tokio's timer.

mod timer;

pub use timer::{Timer, WAKING};

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use thread_priority::{
    RealtimeThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
    thread_native_id,
};

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

/// Makes the sleeps of this thread end when they are due. Without this the kernel may add 50 µs to save power, and on a
/// busy machine a thread that is due waits for others to finish their turn: measured on two cores at 600 requests/s,
/// sleeps ended up to 1.0–2.0 ms late (P99), with real-time priority 0.08 ms. Real-time priority needs root or
/// `CAP_SYS_NICE`; without it the lag is what it is, and the record says how much.
pub fn sharpen_this_thread() {
    // Where it is refused, the dispatch lag in the record shows what it cost.
    let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
    let _ = run_before_others();
}

/// The lowest of the real-time priorities: before every ordinary thread, after everything that the system needs.
fn run_before_others() -> Result<(), thread_priority::Error> {
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy)
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
