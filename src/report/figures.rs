//! The figures that reports compare side by side, as data: what each is called, where it stands in the record, and why
//! it may be missing.

use super::text::{quantity, ratio};
use crate::record::load::{Load, Pool, Quantiles, SideLoad, StepLoad};
use crate::record::{GateResult, RunRecord};
use crate::role::{Pair, Role};

/// One row: a figure of both sides, what was aimed at, and the candidate's as a multiple of the baseline's.
pub(super) struct Figure<'a> {
    pub(super) name: &'static str,
    pub(super) sides: Pair<Cell>,
    pub(super) targets: Vec<&'a GateResult>,
    pub(super) ratio: String,
}

/// A value as people read it, and why it is missing where it is.
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) missing: Option<&'static str>,
}

impl Figure<'_> {
    /// Whether any side has it.
    pub(super) fn is_known(&self) -> bool {
        self.sides.iter().any(|(_, cell)| cell.missing.is_none())
    }
}

/// Where a figure stands in the record.
struct Metric {
    name: &'static str,
    /// As gates and targets spell it after `candidate.`; empty: they have no such metric.
    key: &'static str,
    unit: &'static str,
    source: Source,
    missing: &'static str,
}

/// What a figure is read from.
enum Source {
    Side(fn(&SideLoad) -> Option<f64>),
    Pool(fn(&Pool) -> Option<f64>),
}

impl Source {
    fn read(&self, side: &SideLoad) -> Option<f64> {
        match self {
            Self::Side(read) => read(side),
            Self::Pool(read) => side.pool.as_ref().and_then(read),
        }
    }
}

type Name = &'static str;

const fn metric(name: Name, key: Name, unit: Name, read: fn(&SideLoad) -> Option<f64>, missing: Name) -> Metric {
    Metric { name, key, unit, source: Source::Side(read), missing }
}

const fn of_pool(name: Name, key: Name, unit: Name, read: fn(&Pool) -> Option<f64>) -> Metric {
    Metric { name, key, unit, source: Source::Pool(read), missing: "the source has no such figure" }
}

const NO_ANSWERS: &str = "no requests in measured time";
const NO_POOL: &str = "no source of pool figures";
const NO_PROCESS: &str = "no process is known";

const METRICS: [Metric; 15] = [
    metric("response time P95", "p95", "us", |s| response(s, |times| times.p95), NO_ANSWERS),
    metric("response time P99", "p99", "us", |s| response(s, |times| times.p99), NO_ANSWERS),
    metric("throughput", "throughput", "per_second", |s| s.throughput, "no measured time"),
    metric("error rate", "error_rate", "share", |s| s.error_rate, NO_ANSWERS),
    of_pool("connections used, mean", "pool.used.mean", "count", |pool| pool.used.mean),
    of_pool("connections used, max", "pool.used.max", "count", |pool| pool.used.max),
    of_pool("connections allowed", "", "count", |pool| pool.max),
    of_pool("waits for a connection given up", "pool.timeouts", "count", |pool| {
        pool.timeouts.map(|count| count as f64)
    }),
    of_pool("wait for a connection P95", "pool.wait.p95", "us", |pool| pool.wait_us.map(|wait| wait.p95)),
    of_pool("time the pool was saturated", "pool.saturated_share", "share", |pool| pool.saturated_share),
    of_pool("connection held per use, mean", "", "us", |pool| pool.hold_us_mean),
    metric("connections that did not come back", "leak.connections", "count", leaked, "not known"),
    metric("CPU (100 % is one core)", "cpu", "share", |s| s.cpu, NO_PROCESS),
    metric("CPU time per answered request", "", "us", cpu_per_request, NO_PROCESS),
    metric("memory, largest", "rss", "bytes", |s| s.rss_bytes.map(|bytes| bytes as f64), NO_PROCESS),
];
/// Every figure of the record; nothing if there was no load.
pub(super) fn figures(record: &RunRecord) -> Vec<Figure<'_>> {
    record
        .load
        .as_ref()
        .map_or_else(Vec::new, |load| METRICS.iter().map(|metric| figure(metric, load, record)).collect())
}

/// Targets that no figure has a row for.
pub(super) fn other_targets(record: &RunRecord) -> Vec<&GateResult> {
    let shown = |target: &GateResult| record.load.is_some() && METRICS.iter().any(|metric| aims_at(target, metric));
    record.targets.iter().filter(|target| !shown(target)).collect()
}

fn figure<'a>(metric: &Metric, load: &Load, record: &'a RunRecord) -> Figure<'a> {
    let value = |role: Role| {
        load.sides.get(role).as_ref().and_then(|side| metric.source.read(side)).filter(|value| value.is_finite())
    };
    Figure {
        name: metric.name,
        sides: Pair::from_fn(|role| cell(metric, load.sides.get(role).as_ref(), value(role))),
        targets: record.targets.iter().filter(|target| aims_at(target, metric)).collect(),
        ratio: ratio(value(Role::Baseline), value(Role::Candidate)),
    }
}

fn cell(metric: &Metric, side: Option<&SideLoad>, value: Option<f64>) -> Cell {
    let missing = match (value, side) {
        (Some(_), _) => None,
        (None, None) => Some("this side was not loaded"),
        (None, Some(side)) if matches!(metric.source, Source::Pool(_)) && side.pool.is_none() => Some(NO_POOL),
        (None, Some(_)) => Some(metric.missing),
    };
    Cell { text: quantity(value, metric.unit), missing }
}

/// The sides that have figures.
pub(super) fn loaded(load: &Load) -> Vec<Role> {
    Role::BOTH.into_iter().filter(|role| load.sides.get(*role).is_some()).collect()
}

/// Whether a target is about the candidate's value of this metric over all steps.
fn aims_at(target: &GateResult, metric: &Metric) -> bool {
    let left = target.expr.split(['<', '>', '=']).next().unwrap_or_default().trim();
    !metric.key.is_empty() && left.strip_prefix("candidate.") == Some(metric.key)
}

fn response(side: &SideLoad, read: fn(Quantiles) -> u64) -> Option<f64> {
    side.response_time_us.filter(|times| times.count > 0).map(|times| read(times) as f64)
}

fn leaked(side: &SideLoad) -> Option<f64> {
    side.after.as_ref()?.leaked_connections.map(|count| count as f64)
}

fn cpu_per_request(side: &SideLoad) -> Option<f64> {
    side.throughput.filter(|rate| *rate > 0.0).and_then(|rate| Some(side.cpu? * 1e6 / rate))
}

/// One step of the plan on both sides.
pub(super) struct StepRow<'a> {
    pub(super) flow: &'a str,
    pub(super) step: &'a str,
    pub(super) sides: Pair<Option<&'a StepLoad>>,
}

impl StepRow<'_> {
    /// A quantile of the response time in µs.
    pub(super) fn time(&self, role: Role, read: fn(Quantiles) -> u64) -> Option<u64> {
        let times = self.sides.get(role).and_then(|step| step.response_time_us)?;
        (times.count > 0).then(|| read(times))
    }
}

/// The steps in the plan's order; a side that lacks one has none there.
pub(super) fn steps(load: &Load) -> Vec<StepRow<'_>> {
    let of = |role: Role| load.sides.get(role).as_ref().map_or(&[][..], |side| &side.steps);
    let mut rows: Vec<StepRow> = of(Role::Baseline)
        .iter()
        .map(|step| StepRow {
            flow: &step.flow,
            step: &step.step,
            sides: Pair { baseline: Some(step), candidate: None },
        })
        .collect();
    for step in of(Role::Candidate) {
        let same = |row: &&mut StepRow| row.sides.candidate.is_none() && row.flow == step.flow && row.step == step.step;
        match rows.iter_mut().find(same) {
            Some(row) => row.sides.candidate = Some(step),
            None => rows.push(StepRow {
                flow: &step.flow,
                step: &step.step,
                sides: Pair { baseline: None, candidate: Some(step) },
            }),
        }
    }
    rows
}
