//! What the samplers saw, and the figures of any part of it. No clock, no network.
//!
//! A window is `start ≤ at < end` in ms since the start of the run; windows are the measured parts of a side's blocks
//! and do not overlap.

use super::counters::Counters;
use crate::record::Observations;
use crate::record::load::{MeanMax, Pool};
use crate::trend::median;

/// What the samplers saw of one side.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// The samples as the run record keeps them.
    pub observations: Observations,
    /// What the database did between the first sample and the end; `None`: not known.
    pub database_totals: Option<DatabaseTotals>,
    /// What went wrong with the samplers, in words, for findings.
    pub problems: Vec<String>,
    /// Growth of the pool's counters.
    pub(crate) counters: Counters,
}

/// What a PostgreSQL database did over the run, from `pg_stat_database`. Backends report with a delay of up to a
/// second. Each is `None` where the server does not count it (times: before version 14).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct DatabaseTotals {
    /// Statements were running, added up over connections.
    pub active_ms: Option<f64>,
    /// Transactions were open and waited for the client, added up over connections.
    pub idle_in_transaction_ms: Option<f64>,
    /// Transactions committed.
    pub commits: Option<u64>,
    /// Transactions rolled back.
    pub rollbacks: Option<u64>,
    /// Deadlocks.
    pub deadlocks: Option<u64>,
}

impl Record {
    /// Pool figures over windows; `None`: there is no source for them. Without a good sample in the windows, every
    /// figure is `None` and the failed samples are counted.
    ///
    /// Gauges are of the samples within the windows. Counters are differences between their values at the windows'
    /// edges, each read at the last good sample until then. Timeouts are counted over `overall` instead, from the
    /// start of the first window to the end of the last and its drain, and on to the first good sample after that:
    /// those that happen while a block drains belong to no window and must not be lost.
    pub fn pool_summary(&self, windows: &[(u64, u64)], overall: (u64, u64)) -> Option<Pool> {
        self.observations.pool_source.as_ref()?;
        let rows: Vec<Row> = self.rows().filter(|row| within(row.at_ms, windows)).collect();
        let good: Vec<&Row> = rows.iter().filter(|row| row.is_good()).collect();
        Some(Pool {
            size: mean_max(good.iter().map(|row| row.size())).mean,
            max: mean_max(good.iter().map(|row| row.max)).max,
            used: mean_max(good.iter().map(|row| row.used)),
            pending: mean_max(good.iter().map(|row| row.pending)),
            timeouts: self.counters.timeouts(overall.0, self.good_from(overall.1)),
            wait_us: self.counters.wait(windows),
            hold_us_mean: self.counters.hold_us_mean(windows),
            saturated_share: share(good.iter().filter_map(|row| row.is_saturated())),
            samples: good.len() as u64,
            samples_failed: (rows.len() - good.len()) as u64,
        })
    }

    /// How often the pool's counters started again from zero: restarts of the side.
    pub fn pool_restarts(&self) -> u32 {
        self.counters.restarts
    }

    /// Processor time of the side's processes between two instants, interpolated between neighbouring samples; `None`
    /// where the samples do not reach that far.
    pub fn cpu_ms(&self, start_ms: u64, end_ms: u64) -> Option<u64> {
        let used = self.cpu_at(end_ms)? - self.cpu_at(start_ms)?;
        Some(used.max(0.0).round() as u64)
    }

    /// Largest resident memory of the side's processes in any of the windows, in bytes.
    pub fn rss_max(&self, windows: &[(u64, u64)]) -> Option<u64> {
        let process = &self.observations.process;
        let samples = process.at_ms.iter().zip(&process.rss_bytes);
        samples.filter(|(at_ms, _)| within(**at_ms, windows)).map(|(_, rss)| *rss).max()
    }

    /// Resident memory in each window, in bytes: the median of its samples; `None` without a sample.
    pub fn rss_levels(&self, windows: &[(u64, u64)]) -> Vec<Option<f64>> {
        self.levels(&self.observations.process.rss_bytes, windows)
    }

    /// Open file descriptors in each window, likewise.
    pub fn fds_levels(&self, windows: &[(u64, u64)]) -> Vec<Option<f64>> {
        self.levels(&self.observations.process.fds, windows)
    }

    fn levels(&self, column: &[u64], windows: &[(u64, u64)]) -> Vec<Option<f64>> {
        let at_ms = &self.observations.process.at_ms;
        let level = |(start, end): &(u64, u64)| {
            let from = at_ms.partition_point(|at| at < start);
            let until = at_ms.partition_point(|at| at < end);
            median(column.get(from..until)?.iter().map(|value| *value as f64))
        };
        windows.iter().map(level).collect()
    }

    fn cpu_at(&self, instant_ms: u64) -> Option<f64> {
        let process = &self.observations.process;
        let after = process.at_ms.partition_point(|at_ms| *at_ms < instant_ms);
        let (next_at, next) = (*process.at_ms.get(after)?, *process.cpu_ms.get(after)? as f64);
        if next_at == instant_ms {
            return Some(next);
        }
        let before = after.checked_sub(1)?;
        let (last_at, last) = (process.at_ms[before], process.cpu_ms[before] as f64);
        Some(last + (next - last) * (instant_ms - last_at) as f64 / (next_at - last_at) as f64)
    }

    /// When the first good pool sample was taken at or after an instant.
    fn good_from(&self, instant_ms: u64) -> u64 {
        self.rows().find(|row| row.at_ms >= instant_ms && row.is_good()).map_or(instant_ms, |row| row.at_ms)
    }

    fn rows(&self) -> impl Iterator<Item = Row> {
        let pool = &self.observations.pool;
        pool.at_ms.iter().enumerate().map(|(index, at_ms)| Row {
            at_ms: *at_ms,
            used: pool.used[index],
            idle: pool.idle[index],
            max: pool.max[index],
            pending: pool.pending[index],
        })
    }

    /// Takes the pool figures from `pg_stat_activity`, for a side that tells nothing itself: connections that run a
    /// statement or hold a transaction are in use. What waits inside of the side cannot be seen there.
    pub(crate) fn pool_from_database(&mut self) {
        let database = &self.observations.database;
        let in_use = database.active.iter().zip(&database.idle_in_transaction).map(|(active, idle)| active + idle);
        let used: Vec<u64> = in_use.collect();
        let idle = database.connections.iter().zip(&used).map(|(all, used)| Some(all.saturating_sub(*used) as f64));
        let pool = &mut self.observations.pool;
        pool.at_ms.clone_from(&database.at_ms);
        pool.idle = idle.collect();
        pool.used = used.iter().map(|used| Some(*used as f64)).collect();
        for column in [&mut pool.max, &mut pool.pending, &mut pool.timeouts] {
            *column = vec![None; used.len()];
        }
        self.observations.pool_source = (!used.is_empty()).then(|| "pg_stat_activity".to_owned());
    }
}

/// One pool sample.
struct Row {
    at_ms: u64,
    used: Option<f64>,
    idle: Option<f64>,
    max: Option<f64>,
    pending: Option<f64>,
}

impl Row {
    fn is_good(&self) -> bool {
        [self.used, self.idle, self.max, self.pending].iter().any(Option::is_some)
    }

    fn size(&self) -> Option<f64> {
        Some(self.used? + self.idle?)
    }

    /// Every connection in use and a request waiting; `None`: the sample does not say.
    fn is_saturated(&self) -> Option<bool> {
        Some(self.used? >= self.max? && self.pending? > 0.0)
    }
}

fn within(at_ms: u64, windows: &[(u64, u64)]) -> bool {
    windows.iter().any(|(start, end)| (*start..*end).contains(&at_ms))
}

fn mean_max(values: impl Iterator<Item = Option<f64>>) -> MeanMax {
    let values: Vec<f64> = values.flatten().collect();
    if values.is_empty() {
        return MeanMax::default();
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    MeanMax { mean: Some(mean), max: values.into_iter().reduce(f64::max) }
}

fn share(flags: impl Iterator<Item = bool>) -> Option<f64> {
    let flags: Vec<bool> = flags.collect();
    let set = flags.iter().filter(|flag| **flag).count();
    (!flags.is_empty()).then(|| set as f64 / flags.len() as f64)
}
