//! The beat of the samplers: whole multiples of the interval since the start of the run.

use std::time::{Duration, Instant};

/// Where the marks are. A sampler that was held up goes on at the next mark; those it missed are not made up for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid {
    epoch: Instant,
    interval: Duration,
}

impl Grid {
    /// Marks at every interval after the epoch; an interval below 1 ms is taken as 1 ms.
    pub(crate) fn new(epoch: Instant, interval: Duration) -> Self {
        Self { epoch, interval: interval.max(Duration::from_millis(1)) }
    }

    /// Distance of the marks.
    pub(crate) const fn interval(&self) -> Duration {
        self.interval
    }

    /// Since the start of the run.
    pub(crate) fn now_ms(&self) -> u64 {
        self.epoch.elapsed().as_millis() as u64
    }

    /// Waits for the next mark; the time it really is then, in ms since the start of the run.
    pub(crate) async fn next(&self) -> u64 {
        let mark = self.mark_after(self.epoch.elapsed());
        tokio::time::sleep_until((self.epoch + mark).into()).await;
        self.now_ms()
    }

    /// Marks strictly between two instants, in ms.
    pub(crate) fn marks_between(self, from_ms: u64, until_ms: u64) -> impl Iterator<Item = u64> {
        let first = self.mark_after(Duration::from_millis(from_ms)).as_millis() as u64;
        (first..until_ms).step_by((self.interval.as_millis() as usize).max(1))
    }

    fn mark_after(&self, elapsed: Duration) -> Duration {
        let interval = self.interval.as_nanos();
        Duration::from_nanos(((elapsed.as_nanos() / interval + 1) * interval) as u64)
    }
}
