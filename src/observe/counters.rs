//! Counters of a pool over time, kept so that any span of the run can be asked for.
//!
//! What is stored is the growth since the sample before, and only where there was any: a wait histogram of 20 buckets
//! costs a few dozen bytes per busy sample, a few MB per hour at most. A counter that falls means that the process was
//! started again; what it shows then has all grown since.

use super::mapping::{Bucket, Hold, Reading};
use crate::record::load::WaitQuantiles;

/// Growth of a pool's counters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counters {
    rows: Vec<Growth>,
    /// Upper bounds in µs in the order in which they were met.
    bounds: Vec<f64>,
    last: Last,
    /// How often a counter fell.
    pub(crate) restarts: u32,
}

/// Growth since the good sample before.
#[derive(Debug, Clone, Default)]
struct Growth {
    at_ms: u64,
    timeouts: u64,
    hold: Hold,
    /// Index of the bound and the new waits.
    waits: Box<[(u16, u32)]>,
}

/// Values at the last good sample; `None`: never seen.
#[derive(Debug, Clone, Default)]
struct Last {
    sampled: bool,
    timeouts: Option<f64>,
    hold: Option<Hold>,
    waits: Option<Vec<u64>>,
}

impl Last {
    fn after_restart(self) -> Self {
        Self {
            sampled: true,
            timeouts: self.timeouts.map(|_| 0.0),
            hold: self.hold.map(|_| Hold::default()),
            waits: self.waits.map(|_| Vec::new()),
        }
    }
}

impl Counters {
    /// Takes in a good sample; gives back how many waits were given up since the one before. The first one sets the level; a
    /// counter that appears later has grown from zero.
    pub(crate) fn push(&mut self, at_ms: u64, reading: &Reading) -> u64 {
        let waits = reading.wait.as_ref().map(|buckets| self.by_bound(buckets));
        if self.fell(reading, waits.as_deref()) {
            self.restarts += 1;
            self.last = std::mem::take(&mut self.last).after_restart();
        }
        let growth = Growth {
            at_ms,
            timeouts: self.growth_of_timeouts(reading.timeouts),
            hold: self.growth_of_hold(reading.hold),
            waits: self.growth_of_waits(waits.as_deref()),
        };
        let timeouts = growth.timeouts;
        if timeouts > 0 || growth.hold.count > 0 || !growth.waits.is_empty() {
            self.rows.push(growth);
        }
        let last = &mut self.last;
        last.sampled = true;
        last.timeouts = reading.timeouts.or(last.timeouts);
        last.hold = reading.hold.or(last.hold);
        last.waits = waits.or(last.waits.take());
        timeouts
    }

    /// Waits given up after `from` and until `until`; `None`: the source never had such a counter.
    pub(crate) fn timeouts(&self, from: u64, until: u64) -> Option<u64> {
        self.last.timeouts?;
        Some(self.rows_within(from, until).map(|row| row.timeouts).sum())
    }

    /// Mean time held over spans; `None` without a held connection.
    pub(crate) fn hold_us_mean(&self, windows: &[(u64, u64)]) -> Option<f64> {
        let rows = || windows.iter().flat_map(|(from, until)| self.rows_within(*from, *until));
        let count: u64 = rows().map(|row| row.hold.count).sum();
        (count > 0).then(|| rows().map(|row| row.hold.sum_us).sum::<f64>() / count as f64)
    }

    /// Quantiles of the wait over spans; `None`: the source never had a histogram of it.
    pub(crate) fn wait(&self, windows: &[(u64, u64)]) -> Option<WaitQuantiles> {
        self.last.waits.as_ref()?;
        let mut buckets: Vec<Bucket> =
            self.bounds.iter().map(|upper_us| Bucket { upper_us: *upper_us, count: 0 }).collect();
        for row in windows.iter().flat_map(|(from, until)| self.rows_within(*from, *until)) {
            for (index, count) in &row.waits {
                buckets[usize::from(*index)].count += u64::from(*count);
            }
        }
        buckets.sort_by(|a, b| a.upper_us.total_cmp(&b.upper_us));
        Some(quantiles(&buckets))
    }

    fn rows_within(&self, from: u64, until: u64) -> impl Iterator<Item = &Growth> {
        let start = self.rows.partition_point(|row| row.at_ms <= from);
        self.rows[start..].iter().take_while(move |row| row.at_ms <= until)
    }

    /// Counts in the order of `bounds`, which learns the bounds that are new.
    fn by_bound(&mut self, buckets: &[Bucket]) -> Vec<u64> {
        let mut counts = vec![0; self.bounds.len()];
        for bucket in buckets {
            let known = self.bounds.iter().position(|bound| bound.total_cmp(&bucket.upper_us).is_eq());
            let index = known.unwrap_or(self.bounds.len());
            if index > usize::from(u16::MAX) {
                continue;
            }
            if known.is_none() {
                self.bounds.push(bucket.upper_us);
                counts.push(0);
            }
            counts[index] = bucket.count;
        }
        counts
    }

    fn fell(&self, reading: &Reading, waits: Option<&[u64]>) -> bool {
        let total = |counts: &[u64]| counts.iter().sum::<u64>();
        let last = &self.last;
        reading.timeouts.zip(last.timeouts).is_some_and(|(now, before)| now < before)
            || reading.hold.zip(last.hold).is_some_and(|(now, before)| now.count < before.count)
            || waits.zip(last.waits.as_deref()).is_some_and(|(now, before)| total(now) < total(before))
    }

    fn growth_of_timeouts(&self, now: Option<f64>) -> u64 {
        let now = now.unwrap_or(0.0);
        let before = self.last.timeouts.unwrap_or(if self.last.sampled { 0.0 } else { now });
        (now - before).max(0.0).round() as u64
    }

    fn growth_of_hold(&self, now: Option<Hold>) -> Hold {
        let Some(now) = now else { return Hold::default() };
        let before = self.last.hold.unwrap_or(if self.last.sampled { Hold::default() } else { now });
        Hold { sum_us: (now.sum_us - before.sum_us).max(0.0), count: now.count - before.count }
    }

    fn growth_of_waits(&self, now: Option<&[u64]>) -> Box<[(u16, u32)]> {
        let Some(now) = now.filter(|_| self.last.sampled) else { return Box::default() };
        let before = self.last.waits.as_deref().unwrap_or(&[]);
        let before = before.iter().copied().chain(std::iter::repeat(0));
        let grown = now.iter().zip(before).map(|(now, before)| now.saturating_sub(before)).enumerate();
        grown
            .filter(|(_, waits)| *waits > 0)
            .map(|(index, waits)| (index as u16, u32::try_from(waits).unwrap_or(u32::MAX)))
            .collect()
    }
}

/// Reads quantiles off buckets in ascending order. Within a bucket values are taken to lie evenly, as Prometheus'
/// `histogram_quantile` does; a quantile beyond the last finite bound is given as that bound, and `max` is `None` then.
fn quantiles(buckets: &[Bucket]) -> WaitQuantiles {
    let count = buckets.iter().map(|bucket| bucket.count).sum();
    let highest = buckets.iter().rfind(|bucket| bucket.count > 0).map_or(0.0, |bucket| bucket.upper_us);
    WaitQuantiles {
        count,
        p50: quantile(buckets, count, 0.50),
        p95: quantile(buckets, count, 0.95),
        p99: quantile(buckets, count, 0.99),
        max: highest.is_finite().then_some(highest),
    }
}

fn quantile(buckets: &[Bucket], count: u64, share: f64) -> f64 {
    let rank = share * count as f64;
    let (mut lower, mut below) = (0.0, 0.0);
    for bucket in buckets {
        let here = bucket.count as f64;
        if here > 0.0 && below + here >= rank {
            let fraction = (rank - below) / here;
            return if bucket.upper_us.is_finite() { lower + (bucket.upper_us - lower) * fraction } else { lower };
        }
        below += here;
        lower = bucket.upper_us;
    }
    0.0
}
