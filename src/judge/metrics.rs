//! Finds the figure that a metric names in a record.

use super::{leaks, times};
use crate::plan::gate::{Metric, Quantity, Scope, Subject};
use crate::record::load::{Pool, StepLoad, WaitQuantiles};
use crate::record::{Parity, RunRecord, SideLoad, State};
use crate::role::Role;

/// A figure in base units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Figure {
    pub(super) value: f64,
    /// Observations that it rests on.
    pub(super) samples: u64,
    /// Observations without which it says nothing.
    pub(super) needed: u64,
}

/// Why there is no figure, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Absence {
    /// The command does not measure it.
    NotAsked(String),
    /// It should be there.
    NoData(String),
}

pub(super) type Lookup = Result<Figure, Absence>;

/// The figure that a metric names.
pub(super) fn look_up(evidence: &RunRecord, metric: &Metric) -> Lookup {
    let figure = match metric.subject {
        Subject::Parity if metric.quantity == Quantity::ParityCoverage && evidence.run.only.is_some() => {
            Err(Absence::NotAsked("`--only` leaves most of the contract out".to_owned()))
        }
        Subject::Parity if metric.quantity == Quantity::ParityCoverage && parity(evidence)?.flows_left > 0 => {
            Err(no_data("the replay was broken off"))
        }
        Subject::Parity if metric.quantity == Quantity::ParityLoadBreaking => of_load_parity(evidence),
        Subject::Parity => of_parity(parity(evidence)?, metric.quantity),
        Subject::State => of_state(evidence.state.as_ref(), metric.quantity),
        Subject::Side(role) => of_side(evidence, role, metric),
    }?;
    if figure.value.is_finite() { Ok(figure) } else { Err(no_data("the figure on record is not a number")) }
}

pub(super) fn no_data(why: impl Into<String>) -> Absence {
    Absence::NoData(why.into())
}

/// A figure that needs no number of samples to stand.
pub(super) const fn plain(value: f64, samples: u64) -> Figure {
    Figure { value, samples, needed: 0 }
}

fn parity(evidence: &RunRecord) -> Result<&Parity, Absence> {
    evidence.parity.as_ref().ok_or_else(|| match evidence.run.command.as_str() {
        "load" => Absence::NotAsked("`load` compares no answers".to_owned()),
        _ => no_data("no answers were compared: the replay did not take place"),
    })
}

fn of_parity(parity: &Parity, quantity: Quantity) -> Lookup {
    let counted = |count: u64| match parity.compared {
        0 => Err(no_data("no answers were compared")),
        compared => Ok(plain(count as f64, compared)),
    };
    match quantity {
        Quantity::ParityRequests => Ok(plain(parity.requests as f64, parity.requests)),
        Quantity::ParityCompared => counted(parity.compared),
        Quantity::ParityBreaking => counted(parity.breaking),
        Quantity::ParityRepresentation => counted(parity.representation),
        Quantity::ParityCoverage => coverage(parity),
        _ => Err(no_data("the replay does not measure this")),
    }
}

fn of_state(state: Option<&State>, quantity: Quantity) -> Lookup {
    let state = state.ok_or_else(|| no_data("the databases were not compared"))?;
    if let Some(why) = &state.skipped {
        return Err(no_data(format!("the databases were not compared: {why}")));
    }
    if let Some(why) = &state.failure {
        return Err(no_data(format!("the databases could not be compared: {why}")));
    }
    if state.looks.is_empty() {
        return Err(no_data("the databases were not compared"));
    }
    match quantity {
        Quantity::StateCompared => Ok(plain(state.compared as f64, state.compared)),
        Quantity::StateBreaking => Ok(plain(state.breaking as f64, state.compared)),
        Quantity::StateRepresentation => Ok(plain(state.representation as f64, state.compared)),
        _ => Err(no_data("comparing databases does not measure this")),
    }
}

fn of_load_parity(evidence: &RunRecord) -> Lookup {
    let load = evidence.load.as_ref().ok_or_else(|| match evidence.run.command.as_str() {
        "verify" => Absence::NotAsked("`verify` runs no load".to_owned()),
        _ => no_data("the load phase did not take place"),
    })?;
    let parity = load.parity.as_ref().ok_or_else(|| no_data("no answers were compared under load"))?;
    if !parity.is_basis() {
        return Err(no_data("of one side at least, there were no answers under load to compare"));
    }
    Ok(plain(parity.breaking as f64, parity.kept.baseline.min(parity.kept.candidate)))
}

/// Fails closed: without a contract, or with one that promises nothing, there is no coverage, rather than all or none.
fn coverage(parity: &Parity) -> Lookup {
    let coverage = parity.coverage.as_ref().ok_or_else(|| no_data("the plan names no contract"))?;
    if let Some(problem) = &coverage.problem {
        return Err(no_data(format!("the contract could not be read: {problem}")));
    }
    let nothing = || no_data("the contract promises nothing that is not excepted");
    Ok(plain(coverage.share.ok_or_else(nothing)?, parity.compared))
}

fn of_side(evidence: &RunRecord, role: Role, metric: &Metric) -> Lookup {
    let load = evidence.load.as_ref().ok_or_else(|| match evidence.run.command.as_str() {
        "verify" => Absence::NotAsked("`verify` runs no load".to_owned()),
        _ => no_data("the load phase did not take place"),
    })?;
    let side = load.sides.get(role).as_ref().ok_or_else(|| no_data(format!("there is no load on the {role}")))?;
    if side.requests == 0 {
        return Err(no_data(format!("no requests were measured on the {role}")));
    }
    let process_samples = evidence.observations.get(role).as_ref().map_or(0, |seen| seen.process.at_ms.len() as u64);
    let no_process = || no_data(format!("no process is known for the {role}"));
    match metric.quantity {
        Quantity::ResponseTime(_)
        | Quantity::ResponseTimeMax
        | Quantity::ResponseTimeMean
        | Quantity::ServiceTime(_) => times::of_side(side, metric),
        Quantity::Requests | Quantity::Errors | Quantity::ErrorRate | Quantity::Throughput => of_counts(side, metric),
        Quantity::Cpu => Ok(plain(side.cpu.ok_or_else(no_process)?, process_samples)),
        Quantity::Rss => Ok(plain(side.rss_bytes.ok_or_else(no_process)? as f64, process_samples)),
        Quantity::LeakConnections | Quantity::RssSlope | Quantity::FdsSlope => leaks::of_side(side, metric.quantity),
        quantity => of_pool(pool(side, role)?, quantity),
    }
}

/// The steps that a scope names; never empty.
pub(super) fn steps<'s>(side: &'s SideLoad, scope: &Scope) -> Result<Vec<&'s StepLoad>, Absence> {
    let is_meant = |step: &&StepLoad| {
        step.flow == scope.flow && scope.step.as_ref().is_none_or(|only| *only == step.step) && step.requests > 0
    };
    let steps: Vec<_> = side.steps.iter().filter(is_meant).collect();
    if steps.is_empty() { Err(no_data("no requests were measured there")) } else { Ok(steps) }
}

fn of_counts(side: &SideLoad, metric: &Metric) -> Lookup {
    let (requests, errors) = match &metric.scope {
        None => (side.requests, side.errors),
        Some(scope) => steps(side, scope)?.iter().fold((0, 0), |sum, it| (sum.0 + it.requests, sum.1 + it.errors)),
    };
    let value = match metric.quantity {
        Quantity::Requests => requests as f64,
        Quantity::Errors => errors as f64,
        Quantity::ErrorRate => errors as f64 / requests as f64,
        _ => requests.saturating_sub(errors) as f64 / side.measured_s,
    };
    Ok(plain(value, requests))
}

fn pool(side: &SideLoad, role: Role) -> Result<&Pool, Absence> {
    let pool = side.pool.as_ref().ok_or_else(|| {
        no_data(format!("nothing tells of the {role}'s pool; say where its metrics are with `metrics:` in the plan"))
    })?;
    if pool.samples == 0 { Err(no_data(format!("no sample of the {role}'s pool succeeded"))) } else { Ok(pool) }
}

fn of_pool(pool: &Pool, quantity: Quantity) -> Lookup {
    let value = match quantity {
        Quantity::PoolWait(share) => return of_pool_wait(pool.wait_us.as_ref(), share),
        Quantity::PoolUsedMean => pool.used.mean,
        Quantity::PoolUsedMax => pool.used.max,
        Quantity::PoolPendingMax => pool.pending.max,
        Quantity::PoolTimeouts => pool.timeouts.map(|count| count as f64),
        Quantity::PoolSaturatedShare => pool.saturated_share,
        _ => return Err(no_data("a side's load does not measure this")),
    };
    value.map(|value| plain(value, pool.samples)).ok_or_else(|| no_data("the source of the pool figures has none"))
}

fn of_pool_wait(wait: Option<&WaitQuantiles>, share: f64) -> Lookup {
    let wait = wait.ok_or_else(|| no_data("the source of the pool figures has no histogram of the wait"))?;
    let kept = [(0.5, wait.p50), (0.95, wait.p95), (0.99, wait.p99)];
    let value = kept.into_iter().find(|(kept, _)| (kept - share).abs() < 1e-9).map(|(_, value)| value);
    let value = value.ok_or_else(|| {
        let asked = Quantity::PoolWait(share).name();
        no_data(format!("`pool.wait.p50`, `pool.wait.p95` and `pool.wait.p99` are on record, not `{asked}`"))
    })?;
    Ok(Figure { value, samples: wait.count, needed: times::samples_needed(share) })
}
