//! Shares that are counted rather than timed: failed requests, and samples in which the pool was used up.

use crate::record::load::{Block, Load};
use crate::record::{Observations as Samples, PoolSeries};
use crate::role::Role;
use crate::statistics::{ALPHA, Evidence, Window, overdispersion, proportion_interval};

/// Length of a window of pool samples, in ms.
const WINDOW_MS: u64 = 1_000;
/// How much more load is thought of, at most, to say what would decide a gate.
const MOST_TIMES: u64 = 1_000;

/// What a share rests on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Share {
    pub(super) total: Window,
    pub(super) windows: Vec<Window>,
}

impl Share {
    /// The share's interval, wider where what counts comes in clusters.
    pub(super) fn interval(&self) -> Option<[f64; 2]> {
        proportion_interval(self.total, overdispersion(&self.windows), ALPHA)
    }

    /// After how many windows there was evidence enough that the share is above a limit.
    pub(super) fn evidence_against(&self, limit: f64) -> Option<usize> {
        let mut evidence = Evidence::new(limit);
        let seen = self.windows.iter().filter(|window| window.all > 0);
        let mut found = seen.enumerate().filter(|(_, window)| {
            evidence.observe(window.hits as f64 / window.all as f64);
            evidence.is_enough()
        });
        found.next().map(|(at, _)| at + 1)
    }

    /// How many times as much would show that the share is within a limit, if it stays as it is.
    pub(super) fn times_needed(&self, limit: f64) -> Option<u64> {
        let factor = overdispersion(&self.windows);
        let shows = |times: &u64| {
            let more = Window { all: self.total.all * times, hits: self.total.hits * times };
            proportion_interval(more, factor, ALPHA).is_some_and(|[_, high]| high <= limit)
        };
        (1..=MOST_TIMES).find(shows)
    }
}

/// Failed requests of a side per second of measured time, whether or not the machine disturbed it: see `disturbed`.
pub(super) fn failures(load: &Load, role: Role, total: Window) -> Share {
    let blocks = load.blocks.iter().filter(|block| block.side == role);
    Share { total, windows: blocks.flat_map(|block| seconds(load, block)).collect() }
}

/// Failed requests per block, for a flow or a step.
pub(super) fn failures_of_steps(load: &Load, role: Role, is_meant: impl Fn(usize) -> bool, total: Window) -> Share {
    let blocks = load.blocks.iter().filter(|block| block.side == role);
    let windows = blocks.map(|block| {
        let steps = block.steps.iter().filter(|step| is_meant(step.step));
        steps.fold(Window::default(), |sum, step| Window { all: sum.all + step.requests, hits: sum.hits + step.errors })
    });
    Share { total, windows: windows.collect() }
}

/// The seconds of a block that lie wholly in its measured time; the block itself if there are none.
fn seconds(load: &Load, block: &Block) -> Vec<Window> {
    // As they were recorded: at most so many, each of a second or more.
    let length = (load.block_s / block.seconds.len().max(1) as f64).max(1.0);
    let measured = block.seconds.iter().enumerate().filter(|(at, _)| *at as f64 * length >= load.settle_s);
    let windows: Vec<Window> =
        measured.map(|(_, second)| Window { all: second.requests, hits: second.errors }).collect();
    if windows.is_empty() { vec![Window { all: block.requests, hits: block.errors }] } else { windows }
}

/// Samples in which every connection of a side was in use and a request waited, per second of measured time.
pub(super) fn saturation(load: &Load, role: Role, samples: &Samples) -> Share {
    let windows: Vec<Window> = load
        .blocks
        .iter()
        .filter(|block| block.side == role)
        .flat_map(|block| block_seconds(load, block, &samples.pool))
        .collect();
    let total = windows
        .iter()
        .fold(Window::default(), |sum, window| Window { all: sum.all + window.all, hits: sum.hits + window.hits });
    Share { total, windows }
}

fn block_seconds(load: &Load, block: &Block, pool: &PoolSeries) -> Vec<Window> {
    let start = block.started_ms + (load.settle_s * 1e3) as u64;
    let length = (block.measured_s * 1e3) as u64;
    let mut windows = vec![Window::default(); length.div_ceil(WINDOW_MS) as usize];
    for (row, at_ms) in pool.at_ms.iter().enumerate() {
        let Some(since) = at_ms.checked_sub(start).filter(|since| *since < length) else { continue };
        let column = |column: &[Option<f64>]| column.get(row).copied().flatten();
        if let Some(is_used_up) = is_used_up(column(&pool.used), column(&pool.max), column(&pool.pending)) {
            let window = &mut windows[(since / WINDOW_MS) as usize];
            window.all += 1;
            window.hits += u64::from(is_used_up);
        }
    }
    windows
}

/// Whether every connection was in use and a request waited; `None`: not known.
pub(super) fn is_used_up(used: Option<f64>, max: Option<f64>, pending: Option<f64>) -> Option<bool> {
    Some(used? >= max? && pending? > 0.0)
}
