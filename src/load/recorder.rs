//! What the users of one block record into, all at once and without a lock.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::histogram::{Recorded, SharedHistogram, TWO_DIGITS};
use crate::record::load::Second;

/// Names of the kinds of errors, in the order of their counters.
pub(super) const ERROR_KINDS: [&str; 9] =
    ["timeout", "connect", "reset", "malformed", "too_large", "status", "capture", "unsent", "exhausted"];

/// Most windows of a block; longer blocks have longer windows.
const MAX_WINDOWS: usize = 600;

/// One request that is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// Index into the flat list of the plan's steps.
    pub step: usize,
    /// Intended start, since the start of the block.
    pub due: Duration,
    /// From the intended start to the end.
    pub response_us: u64,
    /// From sending to the end; `None`: it was never sent.
    pub service_us: Option<u64>,
    /// Status of the answer, if there was one.
    pub status: Option<u16>,
    /// Index into [`ERROR_KINDS`], if it failed.
    pub error: Option<usize>,
    /// The request went out on a new connection.
    pub reconnected: bool,
    /// It had gone out on another one before.
    pub resent: bool,
}

/// Index of an error kind by its name. Unknown names count as `capture`: the flow could not go on.
pub(super) fn error_index(kind: &str) -> usize {
    ERROR_KINDS.iter().position(|known| *known == kind).unwrap_or(6)
}

/// Counters of one block.
pub(super) struct BlockRecorder {
    settle: Duration,
    length: Duration,
    window: Duration,
    steps: Vec<StepRecorder>,
    windows: Vec<Window>,
    reconnects: AtomicU64,
    resent: AtomicU64,
}

#[derive(Default)]
struct StepRecorder {
    response: SharedHistogram,
    service: SharedHistogram,
    requests: AtomicU64,
    errors: [AtomicU64; ERROR_KINDS.len()],
    statuses: Statuses,
}

struct Statuses(Box<[AtomicU32]>);

impl Default for Statuses {
    fn default() -> Self {
        Self((0..1_000).map(|_| AtomicU32::new(0)).collect())
    }
}

/// A second, for charts: two digits are enough for them, and ten minutes of seconds fit into 7 MB.
#[derive(Default)]
struct Window {
    response: SharedHistogram<TWO_DIGITS>,
    max: AtomicU64,
    errors: AtomicU64,
}

impl Window {
    fn record(&self, sample: &Sample) {
        self.response.record(sample.response_us);
        self.max.fetch_max(sample.response_us, Relaxed);
        if sample.error.is_some() {
            self.errors.fetch_add(1, Relaxed);
        }
    }

    fn totals(&self) -> (Recorded, Second) {
        let times = self.response.snapshot();
        let seen = times.quantiles().unwrap_or_default();
        let (errors, max_us) = (self.errors.load(Relaxed), self.max.load(Relaxed));
        (times, Second { requests: seen.count, errors, p50_us: seen.p50, p95_us: seen.p95, p99_us: seen.p99, max_us })
    }
}

impl BlockRecorder {
    /// A recorder for a block of this length whose first `settle` is not counted.
    pub(super) fn new(steps: usize, settle: Duration, length: Duration) -> Self {
        let windows = (length.as_secs_f64().ceil() as usize).clamp(1, MAX_WINDOWS);
        let window = length.div_f64(windows as f64).max(Duration::from_secs(1));
        Self {
            settle,
            length,
            window,
            steps: std::iter::repeat_with(StepRecorder::default).take(steps).collect(),
            windows: std::iter::repeat_with(Window::default).take(windows).collect(),
            reconnects: AtomicU64::new(0),
            resent: AtomicU64::new(0),
        }
    }

    /// Records one request. One that was due while the service settled, or after the end of the block, is seen in the
    /// windows at most.
    pub(super) fn record(&self, sample: &Sample) {
        let window = (sample.due.as_secs_f64() / self.window.as_secs_f64()) as usize;
        if let Some(window) = self.windows.get(window) {
            window.record(sample);
        }
        // The databases know no measured time.
        if sample.resent {
            self.resent.fetch_add(1, Relaxed);
        }
        if sample.due < self.settle || sample.due >= self.length {
            return;
        }
        let step = &self.steps[sample.step];
        step.requests.fetch_add(1, Relaxed);
        step.response.record(sample.response_us);
        if let Some(service_us) = sample.service_us {
            step.service.record(service_us);
        }
        if let Some(status) = sample.status {
            step.statuses.0[usize::from(status).min(999)].fetch_add(1, Relaxed);
        }
        if let Some(error) = sample.error {
            step.errors[error].fetch_add(1, Relaxed);
        }
        if sample.reconnected {
            self.reconnects.fetch_add(1, Relaxed);
        }
    }

    /// Requests of measured time that have ended so far, and how many of them failed.
    pub(super) fn counts(&self) -> (u64, u64) {
        self.steps.iter().fold((0, 0), |sum, step| {
            let errors: u64 = step.errors.iter().map(|count| count.load(Relaxed)).sum();
            (sum.0 + step.requests.load(Relaxed), sum.1 + errors)
        })
    }

    /// What was recorded, once nobody records any more.
    pub(super) fn finish(&self) -> BlockTotals {
        BlockTotals {
            steps: self.steps.iter().map(StepRecorder::totals).collect(),
            windows: self.windows.iter().map(Window::totals).collect(),
            reconnects: self.reconnects.load(Relaxed),
            resent: self.resent.load(Relaxed),
        }
    }
}

impl StepRecorder {
    fn totals(&self) -> StepTotals {
        let statuses = self.statuses.0.iter().enumerate();
        StepTotals {
            response: self.response.snapshot(),
            service: self.service.snapshot(),
            requests: self.requests.load(Relaxed),
            errors: self.errors.each_ref().map(|count| count.load(Relaxed)),
            statuses: statuses
                .map(|(status, count)| (status as u16, u64::from(count.load(Relaxed))))
                .filter(|(_, count)| *count > 0)
                .collect(),
        }
    }
}

/// What one block recorded.
pub(super) struct BlockTotals {
    /// Per step of the plan, flows in order.
    pub steps: Vec<StepTotals>,
    /// Response times per window of a second or more, settle time included, and what is shown of them.
    pub windows: Vec<(Recorded, Second)>,
    /// Requests that went out twice.
    pub reconnects: u64,
    /// Requests that went out twice, at any time.
    pub resent: u64,
}

/// What was recorded of one step in measured time.
#[derive(Debug, Clone, Default)]
pub(super) struct StepTotals {
    /// Response times.
    pub response: Recorded,
    /// Service times.
    pub service: Recorded,
    /// Requests that were due.
    pub requests: u64,
    /// Errors by kind, see [`ERROR_KINDS`].
    pub errors: [u64; ERROR_KINDS.len()],
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
}

impl StepTotals {
    /// Adds another block's figures.
    pub(super) fn add(&mut self, other: &Self) {
        self.response.add(&other.response);
        self.service.add(&other.service);
        self.requests += other.requests;
        for (mine, theirs) in self.errors.iter_mut().zip(other.errors) {
            *mine += theirs;
        }
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
    }

    /// Errors of all kinds.
    pub(super) fn error_count(&self) -> u64 {
        self.errors.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(due_ms: u64, error: Option<usize>) -> Sample {
        Sample {
            step: 0,
            due: Duration::from_millis(due_ms),
            response_us: 500,
            service_us: Some(400),
            status: Some(200),
            error,
            reconnected: false,
            resent: false,
        }
    }

    #[test]
    fn every_kind_of_failure_is_counted_by_its_name() {
        use crate::http::FailureKind::{Connect, Exhausted, Malformed, Reset, Timeout, TooLarge};
        for kind in [Connect, Exhausted, Malformed, Reset, Timeout, TooLarge] {
            assert_eq!(ERROR_KINDS[error_index(kind.name())], kind.name());
        }
    }

    #[test]
    fn only_what_is_due_in_measured_time_is_counted_but_every_second_is_seen() {
        let recorder = BlockRecorder::new(1, Duration::from_secs(1), Duration::from_secs(3));
        for (due_ms, error) in [(0, None), (999, Some(0)), (1_000, None), (2_999, Some(5)), (3_000, None)] {
            recorder.record(&sample(due_ms, error));
        }
        let totals = recorder.finish();
        assert_eq!(totals.steps[0].requests, 2);
        assert_eq!(totals.steps[0].error_count(), 1);
        assert_eq!(totals.steps[0].errors[error_index("status")], 1);
        assert_eq!(totals.steps[0].statuses[&200], 2);
        let seen: Vec<(u64, u64)> = totals.windows.iter().map(|(_, second)| (second.requests, second.errors)).collect();
        assert_eq!(seen, [(2, 1), (1, 0), (1, 1)]);
    }
}
