//! Hand-made records; each rule is seen to fail once.

mod blocks;
mod early;
mod figures;
mod findings;
mod gates;
mod leaks;
mod shares;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::{Judgement, judge, judge_side};
use crate::plan::Gate;
use crate::plan::gate::{Comparison, Limit, Metric, Quantity, Scope, Subject};
use crate::record::load::{
    Block, BlockStep, Generator, LagQuantiles, Machine, MeanMax, Pool, Quantiles, Second, Sentinel, StepLoad,
    WaitQuantiles,
};
use crate::record::{Ending, Environment, Load, Parity, RunInfo, RunRecord, SCHEMA_VERSION, SideLoad, Verdict};
use crate::role::{Pair, Role};

/// A complete run in which both sides did well.
fn record() -> RunRecord {
    RunRecord {
        schema_version: SCHEMA_VERSION,
        verdict: Verdict::Invalid,
        reason: String::new(),
        run: RunInfo {
            plan: "students".to_owned(),
            plan_file: None,
            target: None,
            only: None,
            settings: Vec::new(),
            command: "run".to_owned(),
            seed: 1,
            started_at: "2026-01-01T00:00:00Z".to_owned(),
            finished_at: None,
            sides: Pair::from_fn(|role| Some(role.name().to_owned())),
            protocols: Pair::default(),
            database: String::new(),
            flows: Vec::new(),
        },
        ending: Ending::Complete,
        gates: Vec::new(),
        targets: Vec::new(),
        findings: Vec::new(),
        parity: Some(Parity { requests: 40, compared: 20, ..Parity::default() }),
        state: None,
        explore: None,
        faults: Vec::new(),
        load: Some(load()),
        search: None,
        observations: Pair { baseline: None, candidate: None },
        environment: Environment::default(),
    }
}

pub(super) fn load() -> Load {
    Load {
        arrivals: String::new(),
        model: "open".to_owned(),
        rate: Some(100.0),
        users: 100,
        block_s: 5.0,
        settle_s: 1.0,
        pairs_planned: PAIRS,
        sides: Pair::from_fn(|_| Some(side())),
        blocks: (0..PAIRS)
            .flat_map(|pair| [Role::Baseline, Role::Candidate].map(|side| (pair, side)))
            .map(|(pair, side)| block(pair, side))
            .collect(),
        generator: Generator {
            offered: Some(100.0),
            achieved: Some(99.5),
            dispatch_lag_us: Some(LagQuantiles { count: 2_000, p50: 40, p99: 300, p99_at_least: Some(290), max: 900 }),
            ..Generator::default()
        },
        parity: None,
        stopped: None,
        shards: Vec::new(),
    }
}

/// A second in which the times were what they were over the whole run.
fn block(pair: u32, side: Role) -> Block {
    let block_step = |step: usize| {
        let totals = &*STEPS[step];
        BlockStep {
            step,
            requests: 250,
            errors: 0,
            response_time_hdr: totals.response_time_hdr.clone(),
            service_time_hdr: totals.service_time_hdr.clone(),
        }
    };
    Block {
        pair,
        side,
        started_ms: 0,
        arrivals: 125,
        measured_s: 1.0,
        requests: 500,
        errors: 0,
        response_time_us: Some(times(4_000)),
        service_time_us: Some(times(4_000)),
        cpu_ms: Some(250),
        machine: Machine::default(),
        seconds: Vec::new(),
        steps: vec![block_step(0), block_step(1)],
    }
}

/// Block pairs of the record.
const PAIRS: u32 = 8;

static STEPS: [LazyLock<StepLoad>; 2] =
    [LazyLock::new(|| step("list", 1..=2_000)), LazyLock::new(|| step("get", 2_001..=4_000))];

/// 4,000 requests in 8 s, half of them to each of two steps.
fn side() -> SideLoad {
    SideLoad {
        requests: 4_000,
        errors: 4,
        error_rate: Some(0.001),
        errors_by_kind: BTreeMap::new(),
        reconnects: 0,
        resent: 0,
        throughput: Some(499.5),
        response_time_us: Some(times(4_000)),
        service_time_us: Some(times(4_000)),
        cpu: Some(0.25),
        rss_bytes: Some(50 << 20),
        pool: Some(pool()),
        measured_s: 8.0,
        steps: STEPS.iter().map(|step| (**step).clone()).collect(),
        after: None,
    }
}

/// Times that are their own rank.
fn times(count: u64) -> Quantiles {
    let rank = |share: f64| (count as f64 * share) as u64;
    let (p50, p75, p90) = (rank(0.5), rank(0.75), rank(0.9));
    let (p95, p99, p999) = (rank(0.95), rank(0.99), rank(0.999));
    Quantiles { count, min: 1, p50, p75, p90, p95, p99, p999, max: count, mean: count as f64 / 2.0 }
}

fn step(name: &str, micros: std::ops::RangeInclusive<u64>) -> StepLoad {
    let count = micros.clone().count() as u64;
    StepLoad {
        flow: "browse".to_owned(),
        step: name.to_owned(),
        requests: count,
        errors: 2,
        statuses: BTreeMap::new(),
        response_time_us: Some(times(count)),
        service_time_us: Some(times(count)),
        response_time_hdr: histogram(micros.clone()),
        service_time_hdr: histogram(micros),
    }
}

fn histogram(values: impl Iterator<Item = u64>) -> String {
    let mut histogram = hdrhistogram::Histogram::<u64>::new(3).expect("three digits");
    values.for_each(|value| histogram.record(value).expect("it grows"));
    crate::record::histogram::encode(&histogram)
}

fn pool() -> Pool {
    Pool {
        size: Some(15.0),
        max: Some(15.0),
        used: MeanMax { mean: Some(12.4), max: Some(15.0) },
        pending: MeanMax { mean: Some(0.5), max: Some(3.0) },
        timeouts: Some(0),
        wait_us: Some(WaitQuantiles { count: 4_000, p50: 20.0, p95: 900.0, p99: 2_000.0, max: Some(5_000.0) }),
        hold_us_mean: None,
        saturated_share: Some(0.01),
        samples: 80,
        samples_failed: 0,
    }
}

fn candidate(quantity: Quantity) -> Metric {
    Metric { subject: Subject::Side(Role::Candidate), quantity, scope: None }
}

fn baseline(quantity: Quantity) -> Metric {
    Metric { subject: Subject::Side(Role::Baseline), quantity, scope: None }
}

fn parity(quantity: Quantity) -> Metric {
    Metric { subject: Subject::Parity, quantity, scope: None }
}

fn of(mut metric: Metric, flow: &str, step: Option<&str>) -> Metric {
    metric.scope = Some(Scope { flow: flow.to_owned(), step: step.map(str::to_owned) });
    metric
}

fn gate(source: &str, metric: Metric, comparison: Comparison, limit: f64) -> Gate {
    Gate { source: source.to_owned(), metric, comparison, limit: Limit::Literal(limit) }
}

fn at_most(metric: Metric, limit: f64) -> Gate {
    gate("at most", metric, Comparison::LessOrEqual, limit)
}

/// The judgement on one gate, and its result.
fn judge_one(record: &RunRecord, gate: Gate) -> (Judgement, crate::record::GateResult) {
    let judgement = judge(record, &[gate], &[]);
    let result = judgement.gates.last().expect("a result per gate").clone();
    (judgement, result)
}

/// A record whose candidate has so many requests and errors in each second.
fn with_seconds(seconds: &[(u64, u64)]) -> RunRecord {
    let mut record = record();
    let load = record.load.as_mut().expect("load");
    (load.block_s, load.settle_s) = (seconds.len() as f64 / f64::from(PAIRS), 0.0);
    let mut rest = seconds;
    for block in load.blocks.iter_mut().filter(|block| block.side == Role::Candidate) {
        let (own, others) = rest.split_at(seconds.len() / PAIRS as usize);
        rest = others;
        block.seconds = own
            .iter()
            .map(|(requests, errors)| Second { requests: *requests, errors: *errors, ..Second::default() })
            .collect();
    }
    let side = side_mut(&mut record, Role::Candidate);
    side.requests = seconds.iter().map(|second| second.0).sum();
    side.errors = seconds.iter().map(|second| second.1).sum();
    side.error_rate = Some(side.errors as f64 / side.requests as f64);
    record
}

fn side_mut(record: &mut RunRecord, role: Role) -> &mut SideLoad {
    record.load.as_mut().and_then(|load| load.sides.get_mut(role).as_mut()).expect("the side has load")
}
